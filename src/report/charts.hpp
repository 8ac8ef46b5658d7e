// What the charts of report.html show. Pure: from run data and analysis to numbers and sentences.
#pragma once

#include "analysis/result.hpp"
#include "record/run_info.hpp"
#include "report/downsample.hpp"
#include "report/run_data.hpp"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::report {

/// `colour` is a token of the palette in report.css: blue, sky, green, orange, red, purple, ink,
/// grey.
struct ChartSeries {
    std::string label;
    std::string colour;
    bool dashed = false;
    bool filled = false;
    std::vector<double> y;
};

/// A level drawn across the whole chart, such as a limit.
struct ChartLine {
    std::string label;
    std::string colour;
    double value = 0;
    bool far = false;  // may lie off the scale until the reader asks for it
};

/// Moments that get a small cross at the top edge, such as failures of a canary.
struct ChartMarks {
    std::string label;
    std::vector<double> t_s;
};

struct Chart {
    std::string id;  // stable: rate, latency, heatmap, in_flight, database, waiting, cpu,
                     // canaries, percentiles
    std::string title;
    std::string unit;          // rate, seconds, count, cores
    std::string message = {};  // what the chart shows, in words: its text alternative
    std::vector<double> x = {};
    std::vector<ChartSeries> series = {};
    std::vector<ChartLine> lines = {};
    std::vector<ChartMarks> marks = {};
    bool log_switch = false;
    /// Of a heatmap: the rows' bounds, ascending, one more than series: series i has, per x, how
    /// many per second lay in [edges[i], edges[i + 1]). Empty: series are lines.
    std::vector<double> edges = {};
    bool joined = false;  // lines run on over missing values: series with clocks of their own
};

/// A stretch of time (`from` < `to`) or a moment.
struct Marker {
    double t_s = 0;
    double from_s = 0, to_s = 0;
    std::string label;
};
struct Markers {
    std::optional<Marker> broke;  // the breaking point; from..to from the interval of its load
    std::optional<Marker> cause;  // the first finding's onset
    std::vector<Marker> stages;   // boundaries inside the run
    std::vector<Marker> gaps;     // times without readings
    std::vector<Marker> events;   // faults, crossed thresholds, stops, what a person noted
};

[[nodiscard]] Markers markers(const RunInfo& info, const RunData& data, const Analysis& analysis);

/// The charts over time, in the order of the page; those without data are left out.
[[nodiscard]] std::vector<Chart> time_charts(const RunInfo& info, const RunData& data,
                                             const Analysis& analysis);
/// Response times as a heatmap over time, all endpoints together; nothing without a response.
[[nodiscard]] std::optional<Chart> heatmap_chart(const RunData& data);
/// The names of all metrics of probes that the charts over time are made of.
[[nodiscard]] const std::set<std::string_view>& charted_metrics();
/// Response and service time over the percentile; `x` is −log10(1 − q), so 1 is p90, 2 is p99. Ends
/// where the samples no longer support the percentile, or timeouts begin.
[[nodiscard]] Chart percentile_chart(const RunData& data, const Analysis& analysis);

/// The parts of `time_charts` that come from probes (charts_probes.cpp, charts_waiting.cpp).
[[nodiscard]] std::optional<Chart> database_chart(const RunData& data, const Analysis& analysis);
[[nodiscard]] std::optional<Chart> cpu_chart(const RunInfo& info, const RunData& data);
[[nodiscard]] std::optional<Chart> waiting_chart(const RunData& data);
[[nodiscard]] std::optional<Chart> canary_chart(const RunData& data);

}  // namespace plimsoll::report
