// How the load and its generator stand.
#include "signal/metric_table.hpp"

#include <algorithm>

namespace plimsoll {
namespace {

template <std::uint32_t ShardState::*kWhich>
void of_state(const Look& look, SeriesWriter& to) {
    to.value({}, look.now.state.*kWhich);
}

/// Without an executor that schedules arrivals there is no offered rate: no series, not a zero.
void offered_rate(const Look& look, SeriesWriter& to) {
    const std::size_t known = std::min(look.run.executors.size(), look.now.executors.size());
    double offered = 0;
    bool open = false;
    for (std::size_t i = 0; i < look.run.executors.size(); ++i) {
        open = open || look.run.executors[i].open;
        offered += look.run.executors[i].open && i < known ? look.now.executors[i].offered : 0;
    }
    if (open) {
        to.value({}, look.now.last ? 0 : offered);  // at the end it asks for nothing any more
    }
}

void stages(const Look& look, SeriesWriter& to) {
    for (std::size_t i = 0; i < look.run.executors.size(); ++i) {
        const ExecutorInfo& executor = look.run.executors[i];
        for (std::size_t stage = 0; stage < executor.stages.size(); ++stage) {
            const bool now = i < look.now.executors.size() && look.now.executors[i].stage == stage;
            to.value({executor.name, std::to_string(stage)}, now ? 1 : 0);
        }
    }
}

void cpu(const Look& look, SeriesWriter& to) {
    for (std::size_t i = 0; i < look.now.shards.size(); ++i) {
        to.value({std::to_string(i)}, look.now.shards[i].cpu_ratio);
    }
}

void loop_lag(const Look& look, SeriesWriter& to) {
    to.value({}, to_seconds(look.now.state.loop_lag_max));
}

void late_sends(const Look& look, SeriesWriter& to) {
    to.count({}, look.late_sends);
}

/// Where nobody looked there is no series, not a made-up number.
void sockets_left(const Look& look, SeriesWriter& to) {
    if (look.now.state.sockets_left != ShardState::kSocketsUnknown) {
        to.count({}, look.now.state.sockets_left);
    }
}

}  // namespace

std::vector<MetricRow> load_state_metrics() {
    using enum MetricType;
    constexpr auto kLoad = MetricPlace::Load;
    return {
        {{"plimsoll_in_flight_requests",
          Gauge,
          "Requests sent and not finished at the end of the last tick.",
          {},
          "requests"},
         kLoad,
         of_state<&ShardState::in_flight>},
        {{"plimsoll_vus",
          Gauge,
          "Simulated users alive; with arrivals by schedule, the busy ones.",
          {},
          "users"},
         kLoad,
         of_state<&ShardState::users>},
        {{"plimsoll_vus_max",
          Gauge,
          "Most simulated users allowed or prepared at once.",
          {},
          "users"},
         kLoad,
         of_state<&ShardState::users_max>},
        {{"plimsoll_connections_open", Gauge, "Open connections to the target.", {}, "connections"},
         kLoad,
         of_state<&ShardState::connections_open>},
        {{"plimsoll_offered_rate",
          Gauge,
          "Iterations per second that the schedule asks for now, all open executors together.",
          {},
          "iterations per second"},
         kLoad,
         offered_rate},
        {{"plimsoll_stage",
          Gauge,
          "1 for the stage that each executor is in, 0 for its other stages.",
          {"executor", "stage"}},
         kLoad,
         stages},
        {{"plimsoll_generator_cpu_ratio",
          Gauge,
          "CPU time of each load-generating thread over wall time in the last tick, 0-1.",
          {"shard"},
          "ratio"},
         kLoad,
         cpu},
        {{"plimsoll_generator_loop_lag_seconds",
          Gauge,
          "Latest that a due timer ran in the last tick, worst shard.",
          {},
          "seconds"},
         kLoad,
         loop_lag},
        {{"plimsoll_generator_late_sends_total",
          Counter,
          "Requests sent more than 1 ms after they were due.",
          {},
          "requests"},
         kLoad,
         late_sends},
        {{"plimsoll_generator_sockets_left",
          Gauge,
          "Connections that could still be opened: the lower of file descriptors and local ports "
          "towards the target.",
          {},
          "connections"},
         kLoad,
         sockets_left},
    };
}

}  // namespace plimsoll
