// Charts and marks as the script of the pages reads them. Inside src/report and src/ui.
#pragma once

#include "report/charts.hpp"

#include <span>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace plimsoll::report {

/// Four significant digits, more than a pixel shows; null where there is no value.
[[nodiscard]] boost::json::value plotted(double value);
[[nodiscard]] boost::json::array plotted(std::span<const double> values);
/// Seconds, to the millisecond.
[[nodiscard]] boost::json::array times(std::span<const double> values_s);

/// Everything of it; docs/ui.md names the keys.
[[nodiscard]] boost::json::object chart_json(const Chart& chart);
/// The parts that may change while it grows.
[[nodiscard]] boost::json::array lines_json(const std::vector<ChartLine>& lines);
[[nodiscard]] boost::json::array marks_json(const std::vector<ChartMarks>& marks);

[[nodiscard]] boost::json::object markers_json(const Markers& all);

/// So many stretches of time are told apart in a chart: finer than its pixels.
inline constexpr std::size_t kChartBuckets = 600;
/// The chart with at most 2·kChartBuckets points: see downsample.hpp.
[[nodiscard]] Chart thinned(Chart chart);

}  // namespace plimsoll::report
