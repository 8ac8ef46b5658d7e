#include "report/compare_charts.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <string_view>

#include <fmt/format.h>

namespace plimsoll::report {
namespace {

/// The values of `y` over `x`, at the times of `axis` (which holds all of `x`): none in between.
std::vector<double> spread_over(const std::vector<double>& axis, const std::vector<double>& x,
                                const std::vector<double>& y) {
    std::vector<double> values(axis.size(), kNoValue);
    std::size_t at = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        while (at < axis.size() && axis[at] < x[i]) {
            ++at;
        }
        if (at < axis.size()) {
            values[at] = y[i];
        }
    }
    return values;
}

/// Those series of two charts that `wanted` names and both have, on one axis.
Chart overlaid(const Chart& base, const Chart& now, const std::vector<std::string_view>& wanted) {
    Chart chart{.id = now.id, .title = now.title, .unit = now.unit};
    chart.log_switch = now.log_switch;
    chart.joined = true;  // each run has times of its own
    std::set_union(base.x.begin(), base.x.end(), now.x.begin(), now.x.end(),
                   std::back_inserter(chart.x));
    const auto found = [](const Chart& in, std::string_view label) {
        return std::find_if(in.series.begin(), in.series.end(),
                            [&](const ChartSeries& series) { return series.label == label; });
    };
    for (const ChartSeries& is : now.series) {
        const bool asked =
            wanted.empty() || std::find(wanted.begin(), wanted.end(), is.label) != wanted.end();
        const auto was = found(base, is.label);
        if (!asked || (was == base.series.end() && !wanted.empty())) {
            continue;
        }
        if (was != base.series.end()) {
            chart.series.push_back({is.label + ", base", is.colour, true, false,
                                    spread_over(chart.x, base.x, was->y)});
        }
        chart.series.push_back(
            {is.label + ", now", is.colour, false, false, spread_over(chart.x, now.x, is.y)});
    }
    chart.message = fmt::format("Base, dashed: {} Now: {}", base.message, now.message);
    return chart;
}

/// The failures of all kinds together, which the runs need not share.
Chart with_failures(Chart chart, const RunData& data) {
    std::vector<double> failed;
    std::size_t row = 0;
    for (const double middle_s : chart.x) {
        while (row < data.ticks.size() && data.ticks[row].to_s <= middle_s) {
            ++row;
        }
        double rate = 0;
        for (std::size_t i = 0; row < data.ticks.size() && i < kOutcomeCount; ++i) {
            rate += is_failure(static_cast<Outcome>(i)) ? data.ticks[row].outcome_rate[i] : 0;
        }
        failed.push_back(rate);
    }
    chart.series.push_back({"requests failed", "red", false, false, std::move(failed)});
    return chart;
}

const Chart* chart_of(const std::vector<Chart>& charts, std::string_view id) {
    const auto found = std::find_if(charts.begin(), charts.end(),
                                    [&](const Chart& chart) { return chart.id == id; });
    return found == charts.end() ? nullptr : &*found;
}

}  // namespace

std::vector<Chart> overlaid_charts(const ChartedRun& base, const ChartedRun& now) {
    struct Wanted {
        const char* id;
        std::vector<std::string_view> series;  // empty: all
    };
    // Every line stands twice: fewer kinds than in one run's report, or nobody could read them.
    const std::vector<Wanted> kWanted{
        {"rate", {"requests succeeded", "requests failed"}},
        {"latency", {"response p99", "response p50"}},
        {"in_flight", {"requests in flight"}},
        {"database", {}},
        {"cpu", {}},
    };
    const auto was = time_charts(base.info, base.data, base.analysis);
    const auto is = time_charts(now.info, now.data, now.analysis);
    std::vector<Chart> charts;
    for (const Wanted& wanted : kWanted) {
        const Chart* const before = chart_of(was, wanted.id);
        const Chart* const after = chart_of(is, wanted.id);
        if (before == nullptr || after == nullptr) {
            continue;
        }
        const bool rate = std::string_view(wanted.id) == "rate";
        Chart chart = rate ? overlaid(with_failures(*before, base.data),
                                      with_failures(*after, now.data), wanted.series)
                           : overlaid(*before, *after, wanted.series);
        if (!chart.series.empty()) {
            charts.push_back(std::move(chart));
        }
    }
    return charts;
}

Chart overlaid_percentiles(const ChartedRun& base, const ChartedRun& now) {
    return overlaid(percentile_chart(base.data, base.analysis),
                    percentile_chart(now.data, now.analysis), {"response time"});
}

}  // namespace plimsoll::report
