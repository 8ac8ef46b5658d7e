// From what is asked for to a run with everything open.
#include "base/log.hpp"
#include "engine/calibrate.hpp"
#include "engine/single_run.hpp"
#include "net/http_server.hpp"
#include "run/fit.hpp"
#include "run/local_load.hpp"
#include "run/probe_setup.hpp"
#include "run/run_folder.hpp"
#include "run/run_id.hpp"
#include "run/run_parts.hpp"
#include "store/run_writer.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace plimsoll {
namespace {

constexpr std::chrono::seconds kProbeStartWithin{5};
constexpr std::chrono::milliseconds kCalibration{300};

/// Who has no readings yet, and why: one server that is down is one sentence, however many probes
/// look at it.
std::vector<std::string> missing_readings(const std::vector<Status>& statuses,
                                          const std::vector<ProbeInfo>& probes) {
    std::vector<std::pair<std::string, std::vector<std::string>>> down;
    for (std::size_t i = 0; i < statuses.size(); ++i) {
        if (statuses[i]) {
            continue;
        }
        const std::string why = statuses[i].error().to_string();
        auto same = std::find_if(down.begin(), down.end(),
                                 [&](const auto& entry) { return entry.first == why; });
        same = same == down.end() ? down.insert(same, {why, {}}) : same;
        same->second.push_back(probes[i].name);
    }
    std::vector<std::string> sentences;
    for (const auto& [why, names] : down) {
        sentences.push_back(
            fmt::format("no readings yet from {}: {}", fmt::join(names, ", "), why));
    }
    return sentences;
}

}  // namespace

void RunParts::describe_run() {
    run_ = describe(scenario_, options_.segment);
    run_.start = {Clock::now(), WallClock::now()};
    run_.id = options_.id.empty() ? make_run_id(run_.start.wall) : options_.id;
    run_.version = options_.version;
    run_.seed = options_.seed;
    run_.shards = options_.shards;
    run_.tags = options_.tags;
    if (!options_.judge_thresholds) {
        run_.thresholds.clear();
    }
}

std::filesystem::path RunParts::folder() const {
    return options_.folder ? *options_.folder
                           : options_.results / (run_.id + "-" + run_.scenario_name);
}

Status RunParts::check() {
    const bool own_load = !options_.make_load;
    if (Status fits = own_load ? check_fits(scenario_, options_.segment,
                                            read_machine_limits(own_descriptors()))
                               : Status();
        !fits) {
        return fits;
    }
    if (Status made = make_parts(); !made) {
        return made;
    }
    if (Status free = options_.resume ? Status() : check_run_folder(folder()); !free) {
        return free;
    }
    return own_load ? Engine(scenario_, run_, {}).check() : Status();
}

Status RunParts::make_parts() {
    if (options_.probe) {
        auto probes = make_probes(scenario_.probes, scenario_.target, options_.connect_canary_dsn);
        if (!probes) {
            return probes.error();
        }
        made_probes_ = *std::move(probes);
    }
    if (options_.more_probes) {
        auto more = options_.more_probes();
        if (!more) {
            return more.error();
        }
        std::move(more->begin(), more->end(), std::back_inserter(made_probes_));
    }
    auto exporters = make_exporters(scenario_.exports, true);
    if (!exporters) {
        return exporters.error();
    }
    made_exporters_ = *std::move(exporters);
    if (options_.more_exporters) {
        for (ExporterPtr& each : options_.more_exporters()) {
            made_exporters_.before_run_file.push_back(std::move(each));
        }
    }
    return {};
}

/// What the run itself opens, whatever the load does: the run file and the reports, the shards'
/// event loops, name lookups, probes, and the clients of our own ports.
std::uint64_t RunParts::own_descriptors() const {
    constexpr std::uint64_t kFiles = 24;
    constexpr std::uint64_t kOfShard = 2;
    const std::uint64_t ports =
        (scenario_.exports.prometheus ? 1U : 0U) + (options_.control ? 1U : 0U);
    return kFiles + kOfShard * run_.shards + ports * kOwnPortConnections +
           options_.more_descriptors;
}

EngineOptions RunParts::engine_options() {
    EngineOptions options;
    options.reserved_descriptors = own_descriptors();
    options.trace_share = trace_share_of(scenario_.exports);
    options.traceparent = traceparent_of(scenario_.exports);
    options.on_note = [this](std::string text) { announce(EventKind::Note, std::move(text)); };
    options.on_abort = [this](const std::string& reason) {
        stops_.push({StopKind::AbortRun, "on_fail: abort_run: " + reason, true});
    };
    options.shared = shared_;
    return options;
}

bool RunParts::run_once(const char* what, const UserClass& user) {
    SingleRunOptions options;
    options.shared = shared_;
    options.traceparent = traceparent_of(scenario_.exports);
    options.stop = [this, before = stops_.interrupts()] { return stops_.interrupts() > before; };
    const auto ran = run_single(scenario_, user, run_, std::move(options));
    if (!ran) {
        listener_.on_error({fmt::format("{} failed: {}", what, ran.error().what), ran.error().where,
                            ran.error().hint});
        return false;
    }
    for (const SingleRequest& request : ran->requests) {
        Event event{request.sample.completed, EventKind::Note,
                    fmt::format("{}: {}", what, describe(request, scenario_))};
        if (exporters_) {
            exporters_->push_event(event);
        } else {
            setup_events_.push_back(std::move(event));
        }
    }
    if (!ran->ok) {
        listener_.on_error({fmt::format("{} failed: {}", what, ran->failure), {}, {}});
        return false;
    }
    shared_ = ran->variables;
    return true;
}

/// Before anything of the run exists: it takes a third of a second and counts in nothing.
void RunParts::measure_ceiling() {
    if (!options_.calibrate) {
        return;
    }
    const auto ceiling = calibrate(scenario_, kCalibration);
    if (!ceiling) {
        spdlog::info("no ceiling reason=\"{}\"", ceiling.error().to_string());
        return;
    }
    ceiling_ = ceiling->per_shard() * run_.shards;
}

void RunParts::start_probes() {
    ProbeSink sink;
    sink.on_reading = [this](std::size_t probe, const Reading& reading, const ProbeHealth& health) {
        exporters_->push_reading(probe, reading, health);
        judge_->on_reading(probe_infos_[probe], reading);
        if (options_.pilot != nullptr) {
            options_.pilot->on_reading(probe_infos_[probe], reading);
        }
        for (const std::string& note : reading.notes) {
            announce(EventKind::Note, probe_infos_[probe].name + ": " + note);
        }
        for (const Event& event : reading.events) {
            exporters_->push_event(event);
        }
        listener_.on_reading(probe, reading);
    };
    sink.on_gap = [this](std::size_t probe, const Gap& gap, const ProbeHealth& health) {
        exporters_->push_gap(probe, gap, health);
        announce(EventKind::ProbeGap,
                 fmt::format("{}: {} ({})", gap.probe, gap.open ? "no readings" : "readings again",
                             gap.reason));
    };
    probes_.emplace(std::move(made_probes_), std::move(sink));
    const auto statuses = probes_->start(kProbeStartWithin);
    probe_infos_ = probes_->infos();
    // The run goes on without them: their absence is a gap, and the verdict says what is missing.
    for (const std::string& sentence : missing_readings(statuses, probe_infos_)) {
        listener_.on_trouble(sentence);
    }
}

std::optional<RunEnd> RunParts::start_control() {
    control_ = std::make_unique<LoadControl>(LoadControl::Load{
        scenario_, run_, *load_, stops_,
        [this](EventKind kind, std::string text) { announce(kind, std::move(text)); }});
    if (!options_.control) {
        return std::nullopt;
    }
    if (const Status served = control_->serve(options_.control->first, options_.control->second);
        !served) {
        listener_.on_error(served.error());
        return RunEnd::PortInUse;
    }
    return std::nullopt;
}

std::optional<RunEnd> RunParts::start_exporters() {
    exporters_.emplace(std::move(made_exporters_), make_run_file_exporter(folder() / "run.db"));
    exporters_->run_file().resume(options_.resume);
    const auto refused = exporters_->start(run_, probe_infos_);
    if (!refused) {
        tell_verdict();
        return std::nullopt;
    }
    listener_.on_error(refused->error);
    return refused->port ? RunEnd::PortInUse : RunEnd::SetupFailed;
}

void RunParts::make_load() {
    const LoadContext context{
        scenario_,
        run_,
        folder(),
        stops_,
        [this](const Event& event) {
            exporters_->push_event(event);
            listener_.on_event(event);
        },
        [this](const std::string& sentence) { listener_.on_trouble(sentence); }};
    if (options_.make_load) {
        load_ = options_.make_load(context);
        return;
    }
    LocalLoad::Gate gate;
    if (options_.start_gate) {
        gate = [this] { return options_.start_gate(run_, stops_); };
    }
    load_ = std::make_unique<LocalLoad>(context, engine_options(), std::move(gate));
}

/// Fixes t = 0. Nothing: it is.
std::optional<RunEnd> RunParts::name_start() {
    const StartTime start = load_->begin_at();
    if (stops_.interrupts() > 0) {
        stopped_ = StopKind::Interrupted;
        return RunEnd::Stopped;
    }
    if (const auto* const refused = std::get_if<NoStart>(&start)) {
        listener_.on_error(refused->error);
        return refused->invalid_input ? RunEnd::InvalidInput : RunEnd::Unreachable;
    }
    run_.start = std::get<WallAnchor>(start);
    return std::nullopt;
}

/// From a target that is looked for to all that the run needs, open. Nothing: it is.
std::optional<RunEnd> RunParts::open_all() {
    make_load();
    if (const Status prepared = load_->prepare(); !prepared) {
        if (stops_.interrupts() > 0) {
            stopped_ = StopKind::Interrupted;
            return RunEnd::Stopped;
        }
        listener_.on_error(prepared.error());
        return RunEnd::Unreachable;
    }
    run_.shards = load_->shards();
    measure_ceiling();
    listener_.on_begin(run_, probe_infos_);
    start_probes();
    if (stops_.interrupts() > 0) {
        stopped_ = StopKind::Interrupted;
        return RunEnd::Stopped;
    }
    if (const auto refused = name_start()) {
        return refused;
    }
    if (const Status made = options_.resume ? Status() : make_run_folder(folder()); !made) {
        listener_.on_error(made.error());
        return RunEnd::InvalidInput;
    }
    judge_.emplace(run_);
    auto refused = start_control();
    if (!refused) {
        refused = start_exporters();
    }
    if (refused) {
        std::error_code not_empty;
        std::filesystem::remove(folder(), not_empty);
    } else if (options_.more_facts) {
        exporters_->run_file().write_facts(options_.more_facts());
    }
    return refused;
}

}  // namespace plimsoll
