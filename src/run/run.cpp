#include "run/run.hpp"

#include "analysis/analyse.hpp"
#include "run/linger.hpp"
#include "run/run_parts.hpp"
#include "run/run_verdict.hpp"
#include "store/run_writer.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

namespace plimsoll {
namespace {

/// What a probe has learnt since the run file was begun.
void add_new_facts(const ProbeInfo& now, const ProbeInfo& then,
                   std::map<std::string, std::string>& facts) {
    for (const auto& fact : now.facts) {
        if (std::find(then.facts.begin(), then.facts.end(), fact) == then.facts.end()) {
            facts[now.name + "." + fact.first] = fact.second;
        }
    }
}

}  // namespace

void RunParts::tell_verdict() {
    if (exporters_->hears_verdict()) {
        RunVerdict so_far;
        so_far.thresholds = judge_->states();
        exporters_->push_verdict(std::make_shared<const RunVerdict>(std::move(so_far)));
    }
}

/// What was set while the run went on, for whoever reads it.
void RunParts::record_stages() {
    for (std::uint32_t i = 0; i < scenario_.load.size(); ++i) {
        if (is_steered(scenario_.load[i].kind)) {
            exporters_->run_file().write_stages(i, load_->steered(i).stages);
        }
    }
}

void RunParts::hear_of_late(const std::vector<std::string>& exporters) {
    for (const std::string& name : exporters) {
        listener_.on_trouble(fmt::format("exporter {} did not finish in time", name));
    }
}

/// Ends everything but the metrics endpoint, which a scraper may still want to read.
void RunParts::wind_up() {
    std::map<std::string, std::string> facts = load_->facts();
    probes_->stop();
    exporters_->push_load_end();
    if (ceiling_) {
        facts["generator.ceiling_rate"] = fmt::format("{:.1f}", *ceiling_);
    }
    const auto learnt = probes_->infos();
    for (std::size_t i = 0; i < learnt.size(); ++i) {
        add_new_facts(learnt[i], probe_infos_[i], facts);
    }
    if (options_.pilot != nullptr) {
        facts.merge(options_.pilot->facts());
    }
    if (options_.more_facts) {
        facts.merge(options_.more_facts());
    }
    hear_of_late(exporters_->finish());
    facts.merge(exporters_->delivery_facts());
    record_stages();
    RunFileWriter& file = exporters_->run_file();
    if (const Status whole = load_->complete(file); !whole) {
        listener_.on_error(whole.error());
        listener_.on_trouble("what came late is missing from the figures below");
    }
    file.write_facts(facts);
    if (const auto error = file.last_error()) {
        listener_.on_error(*error);
        listener_.on_trouble(
            fmt::format("{} writes to the run file failed: what they held is missing from every "
                        "figure below",
                        file.failed_writes()));
    }
}

void RunParts::judge(RunOutcome& outcome) {
    auto reader = RunReader::open(outcome.folder);
    if (!reader) {
        listener_.on_error(reader.error());
        return;
    }
    auto analysis = analyse(*reader);
    if (!analysis) {
        listener_.on_error(analysis.error());
        return;
    }
    outcome.reader.emplace(*std::move(reader));
    outcome.analysis = *std::move(analysis);
    exporters_->push_verdict(std::make_shared<const RunVerdict>(verdict_of(*outcome.analysis)));
}

/// What was sent after the run was judged counts too: thresholds, findings, the ends of series.
void RunParts::tell_of_deliveries(RunOutcome& outcome) {
    outcome.deliveries = exporters_->deliveries();
    exporters_->run_file().write_facts(exporters_->delivery_facts());
    if (!outcome.analysis) {
        return;
    }
    for (const auto& [name, counts] : outcome.deliveries) {
        outcome.analysis->generator.exporters[name] = {counts.sent, counts.retried, counts.rejected,
                                                       counts.dropped};
        outcome.analysis->generator.dropped[name] = counts.dropped;
    }
}

RunOutcome RunParts::execute() {
    RunOutcome outcome;
    describe_run();
    if (const Status good = check(); !good) {
        listener_.on_error(good.error());
        outcome.end = RunEnd::InvalidInput;
        return outcome;
    }
    const bool has_setup = !scenario_.setup.steps.empty();
    // Before t = 0, and before anything is open that would have to be closed again.
    if (has_setup && !run_once("setup", scenario_.setup)) {
        if (stops_.interrupts() > 0) {
            outcome.stopped = StopKind::Interrupted;
        }
        outcome.end = outcome.stopped ? RunEnd::Stopped : RunEnd::SetupFailed;
        return outcome;
    }
    const bool has_teardown = !scenario_.teardown.steps.empty();
    if (const auto refused = open_all()) {
        outcome.end = *refused;
        outcome.stopped = stopped_;
        probes_.reset();
        exporters_.reset();
        // It cleans up after setup, whatever became of the run.
        if (has_setup && has_teardown) {
            [[maybe_unused]] const bool ok = run_once("teardown", scenario_.teardown);
        }
        return outcome;
    }
    listener_.on_control(*control_, folder());
    listener_.on_open(exporters_->endpoint(), control_->url());
    for (Event event : setup_events_) {
        event.at = std::max(event.at, run_.start.mono);  // a run's file begins there
        exporters_->push_event(event);
    }
    probes_->begin();
    drive();
    run_length_ = Clock::now() - run_.start.mono;
    outcome.folder = folder();
    outcome.stopped = stopped_;
    outcome.end = stopped_ ? RunEnd::Stopped : RunEnd::Completed;
    if (has_teardown && !run_once("teardown", scenario_.teardown) && !stopped_) {
        outcome.end = RunEnd::TeardownFailed;
    }
    wind_up();
    outcome.failed_writes = exporters_->run_file().failed_writes();
    judge(outcome);
    hear_of_late(exporters_->finish_judged());
    tell_of_deliveries(outcome);
    return outcome;
}

void RunParts::linger(std::optional<Nanoseconds> time) {
    // Whoever ended the run does not wait for its endpoint.
    if (!exporters_ || exporters_->endpoint().empty() || stops_.interrupts() > 0) {
        hear_of_late(exporters_ ? exporters_->close_endpoint() : std::vector<std::string>());
        return;
    }
    const auto now = Clock::now();
    const Linger end(exporters_->scrapes(), now);
    const auto until = now + time.value_or(end.limit());
    const auto seen = [&] { return !time && end.has_been_seen(exporters_->scrapes()); };
    while (Clock::now() < until && !seen() &&
           !stops_.wait_for_interrupt(0, std::min(until, Clock::now() + kLoopPeriod))) {
    }
    const Linger all(exporters_->scrapes(), Clock::now());
    if (const auto warning = all.too_few_scrapes(*run_length_)) {
        listener_.on_trouble(*warning);
    }
    hear_of_late(exporters_->close_endpoint());
}

void RunParts::keep() {
    while (!stops_.wait_for_interrupt(0, Clock::now() + std::chrono::seconds(60))) {
    }
    hear_of_late(exporters_ ? exporters_->close_endpoint() : std::vector<std::string>());
}

Run::Run(const Scenario& scenario, RunOptions options, StopQueue& stops, RunListener& listener)
    : parts_(std::make_unique<RunParts>(scenario, std::move(options), stops, listener)) {}
Run::~Run() = default;

RunOutcome Run::execute() {
    return parts_->execute();
}
std::string Run::endpoint() const {
    return parts_->endpoint();
}
void Run::linger(std::optional<Nanoseconds> time) {
    parts_->linger(time);
}
void Run::keep() {
    parts_->keep();
}

}  // namespace plimsoll
