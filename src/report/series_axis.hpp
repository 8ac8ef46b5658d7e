// Series of probes as columns over one time axis. Inside src/report.
#pragma once

#include "report/run_data.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace plimsoll::report {

using SeriesList = std::vector<const StoredSeries*>;

/// Those of a metric that have points.
[[nodiscard]] SeriesList of_metric(const RunData& data, std::string_view metric);

/// All times of the series, and one in the middle of each of the probe's gaps, where no column has
/// a value. Ascending.
[[nodiscard]] std::vector<double> shared_axis(const SeriesList& list,
                                              const std::vector<StoredGap>& gaps);
/// Where `t_s` stands on an axis that has it.
[[nodiscard]] std::size_t place_of(const std::vector<double>& axis, double t_s);

/// The highest value; 0 where none is known or above it.
[[nodiscard]] double highest(const std::vector<double>& values);

}  // namespace plimsoll::report
