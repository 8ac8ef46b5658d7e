#include "base/units.hpp"
#include "report/charts.hpp"
#include "report/series_axis.hpp"
#include "report/text.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace plimsoll::report {
namespace {

using Points = std::vector<StoredSeries::Point>;

/// One colour per line; a chart with more lines than this begins again.
constexpr std::array<const char*, 6> kLineColours{"blue",   "orange", "green",
                                                  "purple", "sky",    "red"};

std::optional<double> last_value(const SeriesList& list) {
    return list.empty() ? std::nullopt : std::optional(list.front()->points.back().value);
}

struct Backends {
    std::vector<double> x, active, in_transaction, idle, total;
};

/// NaN where the probe did not read, 0 where it read and nothing was there.
std::vector<double> nothing_counted(const std::vector<double>& axis, const SeriesList& readings) {
    std::vector<double> counts(axis.size(), kNoValue);
    for (const auto* series : readings) {
        for (const auto& point : series->points) {
            counts[place_of(axis, point.t_s)] = 0;
        }
    }
    return counts;
}

std::vector<double>* column_of(Backends& counts, const std::string& state) {
    if (state == "active") {
        return &counts.active;
    }
    if (state.starts_with("idle in transaction")) {
        return &counts.in_transaction;
    }
    return state == "idle" ? &counts.idle : nullptr;
}

Backends count_backends(const RunData& data) {
    const auto backends = of_metric(data, metric::kPgBackends);
    // A reading without any client backend has no pg_backends value; these it always has.
    auto readings = backends;
    for (const char* always : {metric::kPgMaxConnections, metric::kPgConnectionsUsedRatio}) {
        const auto more = of_metric(data, always);
        readings.insert(readings.end(), more.begin(), more.end());
    }
    Backends counts;
    counts.x = shared_axis(readings, data.gaps);
    counts.total = nothing_counted(counts.x, readings);
    counts.active = counts.in_transaction = counts.idle = counts.total;
    for (const auto* series : backends) {
        auto* const column = column_of(counts, series->label("state"));
        for (const auto& point : series->points) {
            const auto at = place_of(counts.x, point.t_s);
            counts.total[at] += point.value;
            if (column != nullptr) {
                (*column)[at] += point.value;
            }
        }
    }
    return counts;
}

std::optional<double> pool_size(const Analysis& analysis) {
    for (const auto& finding : analysis.findings) {
        if (const auto found = finding.values.find("pool_size"); found != finding.values.end()) {
            return found->second;
        }
    }
    return std::nullopt;
}

/// The value at `t_s` of a counter, between its points; NaN outside them.
double counter_at(const Points& points, double t_s) {
    const auto after =
        std::lower_bound(points.begin(), points.end(), t_s,
                         [](const StoredSeries::Point& point, double t) { return point.t_s < t; });
    if (after == points.end()) {
        return kNoValue;
    }
    if (after == points.begin()) {
        return after->t_s - t_s < 1e-9 ? after->value : kNoValue;
    }
    const auto before = after - 1;
    const double share = (t_s - before->t_s) / (after->t_s - before->t_s);
    return before->value + share * (after->value - before->value);
}

/// CPU in cores per tick: the counter's rise over the tick's length; none within a gap or where the
/// counter began again.
std::vector<double> cores_by_tick(const StoredSeries& series, const RunData& data) {
    std::vector<double> cores;
    for (const auto& row : data.ticks) {
        // A tick at an edge of the readings is judged by the part of it that they cover.
        const double from_s = std::max(row.from_s, series.points.front().t_s);
        const double to_s = std::min(row.to_s, series.points.back().t_s);
        const bool in_gap =
            std::any_of(data.gaps.begin(), data.gaps.end(), [&](const StoredGap& gap) {
                return gap.probe == series.probe && gap.from_s < row.to_s && gap.to_s > row.from_s;
            });
        const double span_s = to_s - from_s;
        const double rise =
            span_s > 0.4 * (row.to_s - row.from_s)
                ? counter_at(series.points, to_s) - counter_at(series.points, from_s)
                : kNoValue;
        cores.push_back(in_gap || rise < 0 ? kNoValue : rise / span_s);
    }
    return cores;
}

std::string role_of(const StoredSeries& series) {
    const auto role = series.label("role");
    return role.empty() ? series.label("container") : role;
}

/// By role; containers of one role are added up where all have a value.
std::map<std::string, std::vector<double>> cores_by_role(const RunData& data) {
    std::map<std::string, std::vector<double>> roles;
    for (const auto* series : of_metric(data, metric::kContainerCpuSeconds)) {
        const auto cores = cores_by_tick(*series, data);
        auto [entry, added] = roles.try_emplace(role_of(*series), cores);
        for (std::size_t i = 0; !added && i < cores.size(); ++i) {
            entry->second[i] += cores[i];
        }
    }
    return roles;
}

struct CanaryFailures {
    std::vector<double> t_s;
    double count = 0;
};

/// When a canary's failure counter rose. It counts from 0 at the first reading.
CanaryFailures canary_failures(const RunData& data, const std::string& canary) {
    CanaryFailures failures;
    for (const auto* series : of_metric(data, metric::kCanaryFailures)) {
        if (series->label("canary") != canary) {
            continue;
        }
        double before = 0;
        for (const auto& point : series->points) {
            if (point.value > before) {
                failures.t_s.push_back(point.t_s);
                failures.count += point.value - before;
            }
            before = point.value;
        }
    }
    return failures;
}

std::set<std::string> canary_names(const RunData& data) {
    std::set<std::string> names;
    for (const char* name : {metric::kCanarySeconds, metric::kCanaryFailures}) {
        for (const auto* series : of_metric(data, name)) {
            names.insert(series->label("canary"));
        }
    }
    return names;
}

std::vector<double> on_axis(const std::vector<double>& axis, const Points& points) {
    std::vector<double> y(axis.size(), kNoValue);
    for (const auto& point : points) {
        y[place_of(axis, point.t_s)] = point.value;
    }
    return y;
}

std::string canary_message(const std::string& name, std::vector<double> values,
                           const CanaryFailures& failures) {
    std::erase_if(values, [](double value) { return std::isnan(value); });
    std::sort(values.begin(), values.end());
    std::string text = name;
    if (!values.empty()) {
        text += fmt::format(" took {} (median), at worst {}",
                            human_seconds(values[values.size() / 2]), human_seconds(values.back()));
    }
    return text + (failures.count > 0 ? fmt::format(", {} failed", figure(failures.count))
                                      : std::string(", none failed"));
}

}  // namespace

std::optional<Chart> database_chart(const RunData& data, const Analysis& analysis) {
    auto counts = count_backends(data);
    if (counts.x.empty()) {
        return std::nullopt;
    }
    Chart chart{.id = "database", .title = "Database connections", .unit = "count"};
    const auto limit = last_value(of_metric(data, metric::kPgMaxConnections));
    const auto pool = pool_size(analysis);
    chart.message = fmt::format("At most {} client connections, of which at most {} were busy",
                                figure(highest(counts.total)), figure(highest(counts.active)));
    if (highest(counts.in_transaction) > 0) {
        chart.message +=
            fmt::format(" and {} idle in a transaction", figure(highest(counts.in_transaction)));
    }
    if (pool) {
        chart.lines.push_back({fmt::format("pool size {}", figure(*pool)), "purple", *pool, false});
        chart.message += fmt::format("; the application's pool ends at {}", figure(*pool));
    }
    if (limit) {
        chart.lines.push_back(
            {fmt::format("max_connections {}", figure(*limit)), "red", *limit, true});
        chart.message += fmt::format("; the server allows {}", figure(*limit));
    }
    chart.message += '.';
    chart.x = std::move(counts.x);
    chart.series.push_back({"total", "ink", false, false, std::move(counts.total)});
    chart.series.push_back({"busy (active)", "blue", false, true, std::move(counts.active)});
    if (highest(counts.in_transaction) > 0) {
        chart.series.push_back(
            {"idle in transaction", "orange", false, false, std::move(counts.in_transaction)});
    }
    chart.series.push_back({"idle", "green", true, false, std::move(counts.idle)});
    return chart;
}

std::optional<Chart> cpu_chart(const RunInfo& info, const RunData& data) {
    if (data.ticks.empty()) {
        return std::nullopt;
    }
    Chart chart{.id = "cpu", .title = "CPU by role", .unit = "cores"};
    std::vector<std::string> parts;
    std::size_t next = 0;
    for (auto& [role, cores] : cores_by_role(data)) {
        parts.push_back(fmt::format("{} {}", role, figure(highest(cores))));
        chart.series.push_back(
            {role, kLineColours[next++ % kLineColours.size()], false, false, std::move(cores)});
    }
    for (const auto* limit : of_metric(data, metric::kContainerCpuLimit)) {
        const double cores = limit->points.back().value;
        if (cores > 0) {
            chart.lines.push_back(
                {fmt::format("{} limit {}", role_of(*limit), figure(cores)), "red", cores, true});
        }
    }
    std::vector<double> generator;
    double hottest = 0;
    for (const auto& row : data.ticks) {
        chart.x.push_back((row.from_s + row.to_s) / 2);
        generator.push_back(row.generator_cpu);
        hottest = std::max(hottest, row.hottest_shard);
    }
    if (info.has_load) {
        parts.push_back(fmt::format("load generator {} (its hottest thread {})",
                                    figure(highest(generator)), percent(hottest)));
        chart.series.push_back({"load generator", "ink", true, false, std::move(generator)});
    }
    if (chart.series.empty()) {
        return std::nullopt;
    }
    chart.message = fmt::format("Peaks in cores: {}.", fmt::join(parts, ", "));
    return chart;
}

std::optional<Chart> canary_chart(const RunData& data) {
    const auto names = canary_names(data);
    if (names.empty()) {
        return std::nullopt;
    }
    const auto latencies = of_metric(data, metric::kCanarySeconds);
    Chart chart{.id = "canaries", .title = "Canaries", .unit = "seconds"};
    chart.log_switch = true;
    chart.joined = true;
    auto timed = latencies;
    const auto counters = of_metric(data, metric::kCanaryFailures);
    timed.insert(timed.end(), counters.begin(), counters.end());
    chart.x = shared_axis(timed, {});
    std::vector<std::string> parts;
    std::size_t next = 0;
    for (const auto& name : names) {
        std::vector<double> y(chart.x.size(), kNoValue);
        for (const auto* series : latencies) {
            if (series->label("canary") == name) {
                y = on_axis(chart.x, series->points);
            }
        }
        auto failures = canary_failures(data, name);
        parts.push_back(canary_message(name, y, failures));
        chart.series.push_back(
            {name, kLineColours[next++ % kLineColours.size()], false, false, std::move(y)});
        if (!failures.t_s.empty()) {
            chart.marks.push_back({name + " failed", std::move(failures.t_s)});
        }
    }
    chart.message = fmt::format("{}.", fmt::join(parts, "; "));
    return chart;
}

}  // namespace plimsoll::report
