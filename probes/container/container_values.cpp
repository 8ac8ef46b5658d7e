#include "probes/container/container_values.hpp"

#include "signal/names.hpp"

#include <initializer_list>
#include <optional>
#include <utility>

namespace plimsoll {
namespace {

enum Metric : std::uint32_t {
    Cpu,
    CpuLimit,
    Periods,
    Throttled,
    ThrottledTime,
    Memory,
    MemoryLimit,
    OomKills,
    Pressures,
    Running,
    ExitCode,
    Restarts,
    Network
};

}  // namespace

std::vector<MetricDescriptor> describe_container_metrics() {
    using enum MetricType;
    const std::vector<std::string> labels{"container", "role"};
    return {
        {metric::kContainerCpuSeconds, Counter, "CPU time used.", labels},
        {metric::kContainerCpuLimit, Gauge, "CPU quota in cores.", labels},
        {metric::kContainerPeriods, Counter, "Quota periods in which it wanted to run.", labels},
        {metric::kContainerThrottled, Counter, "Quota periods in which it was held back.", labels},
        {metric::kContainerThrottledSeconds, Counter, "Time held back by the quota, all CPUs.",
         labels},
        {metric::kContainerMemory, Gauge, "Memory in use, without droppable file cache.", labels},
        {metric::kContainerMemoryLimit, Gauge, "Memory limit.", labels},
        {metric::kContainerOomKills, Counter, "Processes killed for lack of memory.", labels},
        {metric::kContainerPressure,
         Counter,
         "Time in which some or all tasks stalled for want of a resource.",
         {"container", "role", "resource", "share"}},
        {metric::kContainerRunning, Gauge, "1 while the container runs.", labels},
        {metric::kContainerExitCode, Gauge, "How it ended, while it does not run; 137 is killed.",
         labels},
        {metric::kContainerRestarts, Counter, "Restarts by the container engine.", labels},
        {metric::kContainerNetwork,
         Counter,
         "Bytes through the container's own network.",
         {"container", "role", "direction"}},
    };
}

void add_container_values(const ContainerFigures& figures, const std::string& role,
                          Reading& reading) {
    const std::vector<std::string> labels{figures.name, role};
    const auto add = [&](Metric metric, const std::optional<double>& value,
                         std::initializer_list<const char*> more = {}) {
        if (value) {
            std::vector<std::string> all = labels;
            all.insert(all.end(), more.begin(), more.end());
            reading.values.push_back({metric, std::move(all), *value});
        }
    };
    add(Cpu, figures.cpu_s);
    add(CpuLimit, figures.limit_cores);
    add(Periods, figures.periods);
    add(Throttled, figures.throttled_periods);
    add(ThrottledTime, figures.throttled_s);
    add(Memory, figures.working_set_bytes);
    add(MemoryLimit, figures.memory_limit_bytes);
    add(OomKills, figures.oom_kills);
    for (std::size_t i = 0; i < kPressureResources.size(); ++i) {
        add(Pressures, figures.pressure[i].some_s, {kPressureResources[i], "some"});
        add(Pressures, figures.pressure[i].full_s, {kPressureResources[i], "full"});
    }
    if (figures.running) {
        add(Running, *figures.running ? 1 : 0);
    }
    if (figures.exit_code) {
        add(ExitCode, *figures.exit_code);
    }
    add(Restarts, figures.restarts);
    add(Network, figures.received_bytes, {"received"});
    add(Network, figures.sent_bytes, {"sent"});
}

}  // namespace plimsoll
