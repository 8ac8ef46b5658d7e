#include "report/chart_json.hpp"

#include "report/downsample.hpp"

#include <algorithm>
#include <cmath>

namespace plimsoll::report {
namespace {

namespace json = boost::json;

json::object marker_json(const Marker& marker) {
    return {{"t", plotted(marker.t_s)},
            {"from", plotted(marker.from_s)},
            {"to", plotted(marker.to_s)},
            {"label", marker.label}};
}

json::array marker_list(const std::vector<Marker>& markers) {
    constexpr std::size_t kMost = 200;  // more would only blacken the charts
    json::array array;
    for (std::size_t i = 0; i < markers.size() && i < kMost; ++i) {
        array.push_back(marker_json(markers[i]));
    }
    return array;
}

json::value optional_marker(const std::optional<Marker>& marker) {
    return marker ? json::value(marker_json(*marker)) : json::value(nullptr);
}

}  // namespace

json::value plotted(double value) {
    if (!std::isfinite(value)) {
        return nullptr;
    }
    if (value == 0) {
        return 0;
    }
    const double scale = std::pow(10, 3 - std::floor(std::log10(std::abs(value))));
    return std::round(value * scale) / scale;
}

json::array plotted(std::span<const double> values) {
    json::array array;
    array.reserve(values.size());
    for (const double value : values) {
        array.push_back(plotted(value));
    }
    return array;
}

json::array times(std::span<const double> values_s) {
    json::array array;
    array.reserve(values_s.size());
    for (const double value_s : values_s) {
        array.push_back(std::round(value_s * 1000) / 1000);
    }
    return array;
}

json::array lines_json(const std::vector<ChartLine>& lines) {
    json::array array;
    for (const auto& line : lines) {
        array.push_back(json::object{{"label", line.label},
                                     {"colour", line.colour},
                                     {"value", plotted(line.value)},
                                     {"far", line.far}});
    }
    return array;
}

json::array marks_json(const std::vector<ChartMarks>& marks) {
    json::array array;
    for (const auto& mark : marks) {
        // A mark per bucket is as dense as a chart can show.
        const auto thin = downsample({mark.t_s, {}}, kChartBuckets);
        array.push_back(json::object{{"label", mark.label}, {"t", times(thin.x)}});
    }
    return array;
}

json::object chart_json(const Chart& chart) {
    json::array series;
    for (const auto& one : chart.series) {
        series.push_back(json::object{{"label", one.label},
                                      {"colour", one.colour},
                                      {"dashed", one.dashed},
                                      {"filled", one.filled},
                                      {"y", plotted(one.y)}});
    }
    json::object object{{"id", chart.id},
                        {"kind", chart.edges.empty() ? "lines" : "heatmap"},
                        {"title", chart.title},
                        {"message", chart.message},
                        {"unit", chart.unit},
                        {"joined", chart.joined},
                        {"log_switch", chart.log_switch},
                        {"x", times(chart.x)},
                        {"series", std::move(series)},
                        {"lines", lines_json(chart.lines)},
                        {"marks", marks_json(chart.marks)}};
    if (!chart.edges.empty()) {
        object["edges"] = plotted(chart.edges);
    }
    return object;
}

json::object markers_json(const Markers& all) {
    return {{"broke", optional_marker(all.broke)},
            {"cause", optional_marker(all.cause)},
            {"stages", marker_list(all.stages)},
            {"gaps", marker_list(all.gaps)},
            {"events", marker_list(all.events)}};
}

Chart thinned(Chart chart) {
    Columns columns{std::move(chart.x), {}};
    for (auto& series : chart.series) {
        columns.y.push_back(std::move(series.y));
    }
    columns = chart.edges.empty() ? downsample(std::move(columns), kChartBuckets)
                                  : average(std::move(columns), kChartBuckets);
    chart.x = std::move(columns.x);
    for (std::size_t i = 0; i < chart.series.size(); ++i) {
        chart.series[i].y = std::move(columns.y[i]);
    }
    return chart;
}

}  // namespace plimsoll::report
