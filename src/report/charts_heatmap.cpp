// Response times over time, as how many took how long.
#include "base/units.hpp"
#include "report/charts.hpp"
#include "report/text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll::report {

std::optional<Chart> heatmap_chart(const RunData& data) {
    std::size_t first = kHeatRows;
    std::size_t last = 0;
    for (const TickRow& row : data.ticks) {
        for (std::size_t i = 0; i < kHeatRows; ++i) {
            if (row.heat_rate[i] > 0) {
                first = std::min(first, i);
                last = std::max(last, i);
            }
        }
    }
    if (first == kHeatRows) {
        return std::nullopt;
    }
    Chart chart{
        .id = "heatmap", .title = "Response times by how many took how long", .unit = "seconds"};
    const auto edges = heat_edges();
    chart.edges.assign(edges.begin() + static_cast<std::ptrdiff_t>(first),
                       edges.begin() + static_cast<std::ptrdiff_t>(last) + 2);
    for (const TickRow& row : data.ticks) {
        chart.x.push_back((row.from_s + row.to_s) / 2);
    }
    double most = 0;
    std::size_t fullest = first;
    for (std::size_t i = first; i <= last; ++i) {
        std::vector<double> y;
        y.reserve(data.ticks.size());
        double sum = 0;
        for (const TickRow& row : data.ticks) {
            y.push_back(row.heat_rate[i]);
            sum += row.heat_rate[i] * (row.to_s - row.from_s);
        }
        fullest = sum > most ? i : fullest;
        most = std::max(most, sum);
        chart.series.push_back(
            {fmt::format("{} to {}", human_seconds(edges[i]), human_seconds(edges[i + 1])), "blue",
             false, true, std::move(y)});
    }
    chart.message = fmt::format("From {} to {}; most responses took {} to {}.",
                                human_seconds(edges[first]), human_seconds(edges[last + 1]),
                                human_seconds(edges[fullest]), human_seconds(edges[fullest + 1]));
    return chart;
}

}  // namespace plimsoll::report
