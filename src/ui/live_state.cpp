// What a live run says of itself: the run, and how it stands.
#include "report/chart_json.hpp"
#include "report/json_text.hpp"
#include "ui/live_run.hpp"
#include "ui/tick_figures.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {
namespace {

namespace json = boost::json;
using report::plotted;

}  // namespace

json::value LiveRun::over_json() const {
    if (!end_) {
        return nullptr;
    }
    const auto text_or_null = [](const std::string& text) {
        return text.empty() ? json::value(nullptr) : json::value(text);
    };
    return json::object{{"t", latest_ ? plotted(data_->seconds(latest_->to)) : json::value(0)},
                        {"folder", text_or_null(folder_.filename().string())},
                        {"report", text_or_null(end_->report)},
                        {"exit_code", end_->exit_code},
                        {"error", text_or_null(end_->error)}};
}

json::object LiveRun::run_json() const {
    const auto started =
        std::chrono::duration_cast<std::chrono::milliseconds>(run_.start.wall.time_since_epoch());
    const std::string folder = folder_.filename().string();
    return {{"id", run_.id},
            {"folder", folder.empty() ? json::value(nullptr) : json::value(folder)},
            {"scenario", run_.scenario_name},
            {"target", run_.target},
            {"version", run_.version},
            {"seed", run_.seed},
            {"started_ms", started.count()},
            {"planned_s", to_seconds(run_.planned_duration)},
            {"has_load", run_.has_load},
            {"open_model", shown_.open_model},
            {"find", options_.find},
            {"tags", report::texts_of(run_.tags)},
            {"segment",
             run_.segment.is_whole()
                 ? json::value(nullptr)
                 : json::value(fmt::format("{}/{}", run_.segment.number, run_.segment.count))},
            {"tick_s", to_seconds(run_.tick)}};
}

void LiveRun::add_figures(json::object& state) const {
    const double span_s = to_seconds(latest_->to - latest_->from);
    const double tick_s = to_seconds(run_.tick);
    double offered = 0;
    for (std::size_t i = 0; i < latest_->executors.size() && i < run_.executors.size(); ++i) {
        offered += run_.executors[i].open ? latest_->executors[i].offered : 0;
    }
    const EndpointStats& delta = latest_delta_;
    std::uint64_t requests = 0;
    std::uint64_t failed = 0;
    std::uint64_t cut_off = 0;
    for (const EndpointStats& total : latest_->total) {
        requests += total.requests;
        failed += total.failed;
        cut_off += total.cut_off.count();
    }
    state["offered"] = shown_.open_model ? plotted(offered) : json::value(nullptr);
    state["achieved"] = plotted(rate_of(ended(delta), span_s, tick_s));
    state["failed_rate"] = plotted(rate_of(delta.failed, span_s, tick_s));
    state["p50_s"] = plotted(quantile_of(delta.response, 0.5));
    state["p95_s"] = plotted(quantile_of(delta.response, 0.95));
    state["p99_s"] = plotted(quantile_of(delta.response, 0.99));
    state["send_lag_p99_s"] = plotted(quantile_of(delta.send_lag, 0.99));
    state["in_flight"] = latest_->state.in_flight;
    state["users"] = latest_->state.users;
    state["users_max"] = latest_->state.users_max;
    state["requests"] = requests;
    state["failed"] = failed;
    state["failed_ratio"] =
        requests > 0 ? plotted(static_cast<double>(failed) / static_cast<double>(requests))
                     : json::value(0);
    state["cut_off"] = cut_off;
    state["not_sent"] = latest_->total_counts.not_sent();
}

/// Where each executor stands; and whether all that can be paused is.
void LiveRun::add_executors(json::object& state) const {
    const std::vector<bool> paused = paused_ ? paused_() : std::vector<bool>();
    bool any_steered = false;
    bool all_paused = true;
    json::array executors;
    for (std::size_t i = 0; i < run_.executors.size(); ++i) {
        const ExecutorInfo& executor = run_.executors[i];
        const bool steered = is_steered(executor.kind);
        const bool is_paused = i < paused.size() && paused[i];
        any_steered = any_steered || steered;
        all_paused = all_paused && (is_paused || !steered);
        const ExecutorState now =
            latest_ && i < latest_->executors.size() ? latest_->executors[i] : ExecutorState{};
        const std::size_t stages = executor.stages.size();
        executors.push_back(json::object{
            {"stage", steered ? now.stage / 2 + 1 : std::min<std::size_t>(now.stage + 1, stages)},
            {"stages", steered ? now.stage / 2 + 1 : stages},
            {"asked", plotted(now.offered)},
            {"paused", is_paused},
            {"over", latest_ != nullptr && !steered && now.stage >= stages}});
    }
    state["paused"] = any_steered && all_paused;
    state["executors"] = std::move(executors);
}

json::object LiveRun::state() const {
    const double t_s = latest_ ? data_->seconds(latest_->to) : told_at_s_;
    json::object state{
        {"t", plotted(t_s)}, {"phase", phase_}, {"planned_s", to_seconds(run_.planned_duration)}};
    for (const char* const figure : {"offered", "achieved", "failed_rate", "p50_s", "p95_s",
                                     "p99_s", "send_lag_p99_s", "in_flight", "users", "users_max",
                                     "requests", "failed", "failed_ratio", "cut_off", "not_sent"}) {
        state[figure] = nullptr;
    }
    if (latest_) {
        add_figures(state);
    }
    add_executors(state);
    json::array thresholds;
    if (verdict_) {
        for (const auto& [text, ok] : verdict_->thresholds) {
            thresholds.push_back(json::object{{"text", text}, {"ok", ok}});
        }
    }
    state["thresholds"] = std::move(thresholds);
    state["viewers"] = feed_.viewers();
    return state;
}

}  // namespace plimsoll
