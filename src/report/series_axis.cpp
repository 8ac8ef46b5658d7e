#include "report/series_axis.hpp"

#include <algorithm>
#include <cmath>

namespace plimsoll::report {

SeriesList of_metric(const RunData& data, std::string_view metric) {
    SeriesList found;
    for (const auto& series : data.series) {
        if (series.metric == metric && !series.points.empty()) {
            found.push_back(&series);
        }
    }
    return found;
}

std::vector<double> shared_axis(const SeriesList& list, const std::vector<StoredGap>& gaps) {
    std::vector<double> axis;
    for (const auto* series : list) {
        for (const auto& point : series->points) {
            axis.push_back(point.t_s);
        }
    }
    for (const auto& gap : gaps) {
        const bool ours = std::any_of(list.begin(), list.end(), [&](const StoredSeries* series) {
            return series->probe == gap.probe;
        });
        if (ours) {
            axis.push_back((gap.from_s + gap.to_s) / 2);
        }
    }
    std::sort(axis.begin(), axis.end());
    axis.erase(std::unique(axis.begin(), axis.end()), axis.end());
    return axis;
}

std::size_t place_of(const std::vector<double>& axis, double t_s) {
    return static_cast<std::size_t>(std::lower_bound(axis.begin(), axis.end(), t_s) - axis.begin());
}

double highest(const std::vector<double>& values) {
    double most = 0;
    for (const double value : values) {
        most = std::isnan(value) ? most : std::max(most, value);
    }
    return most;
}

}  // namespace plimsoll::report
