#include "ui/live_run.hpp"

#include "analysis/latency.hpp"
#include "analysis/load_level.hpp"
#include "report/chart_json.hpp"
#include "report/charts.hpp"
#include "report/json_text.hpp"
#include "report/text.hpp"
#include "signal/mark.hpp"
#include "ui/verdict_json.hpp"

#include <algorithm>
#include <sys/resource.h>

#include <fmt/format.h>

namespace plimsoll {
namespace {

namespace json = boost::json;
using report::plotted;

std::string_view kind_of(const StoredEvent& event) {
    return is_mark(event.kind, event.text) ? "marked" : name_of(event.kind);
}

json::array events_json(const std::vector<StoredEvent>& events) {
    json::array all;
    for (const StoredEvent& event : events) {
        const bool marked = is_mark(event.kind, event.text);
        const std::string_view text =
            std::string_view(event.text).substr(marked ? kMarkPrefix.size() : 0);
        all.push_back(json::object{{"t", plotted(event.t_s)},
                                   {"kind", kind_of(event)},
                                   {"text", report::clean_text(text)}});
    }
    return all;
}

json::array executors_json(const RunInfo& run) {
    json::array all;
    for (const ExecutorInfo& executor : run.executors) {
        json::array stages;
        for (const StageInfo& stage : executor.stages) {
            stages.push_back(json::object{{"from_s", to_seconds(stage.from)},
                                          {"to_s", to_seconds(stage.to)},
                                          {"target", stage.target}});
        }
        all.push_back(json::object{{"name", executor.name},
                                   {"kind", to_string(executor.kind)},
                                   {"open", executor.open},
                                   {"steered", is_steered(executor.kind)},
                                   {"max_users", executor.max_users},
                                   {"start_value", executor.start_value},
                                   {"stages", std::move(stages)}});
    }
    return all;
}

}  // namespace

LiveRun::LiveRun(Feed& feed, LiveRunOptions options) : feed_(feed), options_(options) {}

LiveRun::~LiveRun() = default;

void LiveRun::begin(const RunInfo& run, std::span<const ProbeInfo> probes) {
    const std::lock_guard lock(feed_.mutex());
    run_ = run;
    probes_.assign(probes.begin(), probes.end());
    data_.emplace(run_, probes_);
    tables_.emplace(run_);
    shown_.open_model = is_open_model(run_);
    const FeedMessage message = begin_message();
    feed_.publish(message.event, message.data);
}

void LiveRun::set_source(std::filesystem::path folder, std::function<std::vector<bool>()> paused) {
    const std::lock_guard lock(feed_.mutex());
    folder_ = std::move(folder);
    paused_ = std::move(paused);
    judge_ = std::make_unique<JudgeSoFar>(
        folder_, options_.judge_every,
        [this] {
            const std::lock_guard held(feed_.mutex());
            return feed_.wanted(Clock::now());
        },
        [this](std::shared_ptr<const Analysis> analysis) { hear(std::move(analysis), false); });
}

void LiveRun::hear(std::shared_ptr<const Analysis> analysis, bool final) {
    const std::lock_guard lock(feed_.mutex());
    if (judged_final_ || !analysis) {
        return;
    }
    judged_ = analysis;
    judged_final_ = final;
    judged_at_s_ = analysis->duration_s;
    shown_ = *analysis;
    if (feed_.wanted(Clock::now())) {
        feed_.publish("verdict", report::script_json(verdict_json()));
    }
}

json::value LiveRun::verdict_json() const {
    return judged_ ? json::value(plimsoll::verdict_json(*judged_, judged_at_s_, judged_final_))
                   : json::value(nullptr);
}

void LiveRun::on_snapshot(const SnapshotPtr& snapshot) {
    const std::lock_guard lock(feed_.mutex());
    latest_ = snapshot;
    latest_delta_ = snapshot->merged_delta();
    phase_ = phase_ == "starting" ? "running" : phase_;
    data_->add_tick(*snapshot, latest_delta_);
    tables_->add_tick(*snapshot);
    tell_tick();
}

void LiveRun::on_reading(std::size_t probe, const Reading& reading) {
    const std::lock_guard lock(feed_.mutex());
    data_->add_reading(probe, reading);
    const double now_s = data_->seconds(reading.at);
    if (run_.has_load || now_s - told_at_s_ < to_seconds(run_.tick)) {
        return;
    }
    phase_ = "running";
    data_->add_empty_tick(told_at_s_, now_s);
    told_at_s_ = now_s;
    tell_tick();
}

void LiveRun::on_gap(std::size_t probe, const Gap& gap) {
    const std::lock_guard lock(feed_.mutex());
    data_->add_gap(probe, gap);
}

void LiveRun::on_event(const Event& event) {
    const std::lock_guard lock(feed_.mutex());
    data_->add_event(event);
    new_events_.push_back(data_->data().events.back());
    if (event.kind == EventKind::Stopped && !end_) {
        phase_ = "stopping";
    }
}

void LiveRun::on_verdict(const VerdictPtr& verdict) {
    const std::lock_guard lock(feed_.mutex());
    verdict_ = verdict;
}

void LiveRun::on_load_end() {
    const std::lock_guard lock(feed_.mutex());
    phase_ = "stopping";
    if (judge_) {
        judge_->stop();  // the run's own verdict follows
    }
    tell_tick();
}

/// The counts of now, and beside them what the latest analysis found.
void LiveRun::refresh_charts(json::object& message) {
    if (latest_) {
        EndpointStats total = latest_->merged_total();
        shown_.requests = total.requests;
        shown_.failed = total.failed;
        shown_.duration_s = data_->seconds(latest_->to);
        shown_.response = summarise_latency(total.response, total.censored.count());
        shown_.service = summarise_latency(total.service, total.censored_service.count());
        data_->set_total(std::move(total));
    }
    charts_.tell(report::time_charts(run_, data_->data(), shown_), message);
    json::object markers = report::markers_json(report::markers(run_, data_->data(), shown_));
    std::string text = report::script_json(markers);
    if (text != told_markers_) {
        told_markers_ = std::move(text);
        message["markers"] = std::move(markers);
    }
    charts_told_ = true;
}

void LiveRun::tell_tick() {
    if (!feed_.wanted(Clock::now())) {
        feed_.forget();
        charts_told_ = false;
        new_events_.clear();
        return;
    }
    json::object message{{"state", state()}};
    refresh_charts(message);
    if (!new_events_.empty()) {
        message["events"] = events_json(new_events_);
        new_events_.clear();
    }
    if (tables_->take_errors_changed()) {
        message["errors"] = tables_->errors();
    }
    if (latest_) {
        message["endpoints"] = tables_->rows(*latest_);
    }
    feed_.publish("tick", report::script_json(message));
}

void LiveRun::end(const LiveEnd& end, std::shared_ptr<const Analysis> analysis) {
    hear(std::move(analysis), true);
    const std::lock_guard lock(feed_.mutex());
    end_ = end;
    phase_ = "over";
    paused_ = nullptr;  // what it asks goes with the run
    if (judge_) {
        judge_->stop();
    }
    tell_tick();
    feed_.publish("over", report::script_json(over_json()));
}

/// Those that wait for the next tick come with it, also to a new viewer.
std::vector<StoredEvent> LiveRun::told_events() const {
    const auto& events = data_->data().events;
    const std::size_t told = events.size() - std::min(events.size(), new_events_.size());
    return {events.begin(), events.begin() + static_cast<std::ptrdiff_t>(told)};
}

FeedMessage LiveRun::begin_message() {
    if (!data_) {
        return {"idle", "{}"};
    }
    if (!charts_told_) {
        json::object unused;
        refresh_charts(unused);
    }
    json::array probes;
    for (const ProbeInfo& probe : probes_) {
        probes.push_back(json::object{{"name", probe.name}});
    }
    json::object message{
        {"run", run_json()},
        {"executors", executors_json(run_)},
        {"endpoints", tables_->endpoints()},
        {"checks", report::texts_of(run_.checks)},
        {"probes", std::move(probes)},
        {"charts", charts_.whole()},
        {"markers", report::markers_json(report::markers(run_, data_->data(), shown_))},
        {"state", state()},
        {"events", events_json(told_events())},
        {"errors", tables_->errors()},
        {"verdict", verdict_json()},
        {"over", over_json()}};
    return {"begin", report::script_json(message)};
}

Status LivePageExporter::start(const RunInfo& run, std::span<const ProbeInfo> probes) {
    static_cast<void>(::setpriority(PRIO_PROCESS, 0, kBehindTheLoad));  // of this thread alone
    live_->begin(run, probes);
    return {};
}

}  // namespace plimsoll
