// Who waits, and where.
#include "report/charts.hpp"
#include "report/series_axis.hpp"
#include "report/text.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace plimsoll::report {
namespace {

/// A queue in front of something; several series of it (pools, databases) are added up.
struct Queue {
    const char* metric;
    const char* label;
    const char* colour;
};
constexpr std::array<Queue, 5> kQueues{{
    {metric::kAppPoolPending, "for a connection of the application's pool", "blue"},
    {metric::kPgbouncerWaiting, "for a server of PgBouncer", "orange"},
    {metric::kPgBlockedBackends, "for a lock in the database", "red"},
    {metric::kAppWorkersQueued, "for a worker of the application", "green"},
    {metric::kTargetAcceptQueue, "to be accepted by the target", "purple"},
}};

/// All of them together at each point of `x`; kNoValue where none has a value.
std::vector<double> sum_of(const SeriesList& list, const std::vector<double>& x) {
    std::vector<double> sum(x.size(), kNoValue);
    for (const StoredSeries* const series : list) {
        for (const StoredSeries::Point& point : series->points) {
            double& at = sum[place_of(x, point.t_s)];
            at = std::isnan(at) ? point.value : at + point.value;
        }
    }
    return sum;
}

/// What the chart cannot show: those two are known from the application's own figures alone.
std::string unseen(const std::vector<std::pair<const Queue*, SeriesList>>& queues) {
    const auto seen = [&](const char* metric) {
        return std::any_of(queues.begin(), queues.end(),
                           [&](const auto& queue) { return queue.first->metric == metric; });
    };
    std::vector<const char*> places;
    if (!seen(metric::kAppPoolPending)) {
        places.push_back("pool");
    }
    if (!seen(metric::kAppWorkersQueued)) {
        places.push_back("workers");
    }
    return places.empty() ? std::string()
                          : fmt::format(
                                " Nobody looked at the application's {}: no figures of its "
                                "own were read.",
                                fmt::join(places, " and "));
}

}  // namespace

const std::set<std::string_view>& charted_metrics() {
    static const std::set<std::string_view> kMetrics = [] {
        std::set<std::string_view> names{metric::kPgBackends,
                                         metric::kPgMaxConnections,
                                         metric::kPgConnectionsUsedRatio,
                                         metric::kContainerCpuSeconds,
                                         metric::kContainerCpuLimit,
                                         metric::kCanarySeconds,
                                         metric::kCanaryFailures};
        for (const Queue& queue : kQueues) {
            names.insert(queue.metric);
        }
        return names;
    }();
    return kMetrics;
}

std::optional<Chart> waiting_chart(const RunData& data) {
    Chart chart{.id = "waiting", .title = "Who waits", .unit = "count"};
    chart.joined = true;
    std::vector<std::pair<const Queue*, SeriesList>> queues;
    SeriesList all;
    for (const Queue& queue : kQueues) {
        auto list = of_metric(data, queue.metric);
        all.insert(all.end(), list.begin(), list.end());
        if (!list.empty()) {
            queues.emplace_back(&queue, std::move(list));
        }
    }
    if (queues.empty()) {
        return std::nullopt;
    }
    chart.x = shared_axis(all, data.gaps);
    std::vector<std::string> peaks;
    std::vector<const char*> empty;
    for (const auto& [queue, list] : queues) {
        std::vector<double> sum = sum_of(list, chart.x);
        if (const double most = highest(sum); most > 0) {
            peaks.push_back(fmt::format("{} {}", figure(most), queue->label));
        } else {
            empty.push_back(queue->label);
        }
        chart.series.push_back({queue->label, queue->colour, false, false, std::move(sum)});
    }
    chart.message =
        (peaks.empty() ? fmt::format("Nobody was seen waiting {}.", fmt::join(empty, ", or "))
                       : fmt::format("At most waited: {}.", fmt::join(peaks, "; "))) +
        unseen(queues);
    return chart;
}

}  // namespace plimsoll::report
