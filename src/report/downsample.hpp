// Makes hours of data fit a screen without hiding a spike.
#pragma once

#include <cstddef>
#include <vector>

namespace plimsoll::report {

/// Several columns over one ascending axis; NaN where a column has no value.
struct Columns {
    std::vector<double> x;
    std::vector<std::vector<double>> y;  // each as long as x
};

/// Leaves up to 2·`buckets` rows as they are. Else cuts the axis into `buckets` equal stretches and
/// keeps two rows of each: every column's minimum and maximum there, in the order in which they
/// came. A column without any value in a stretch has none after.
[[nodiscard]] Columns downsample(Columns columns, std::size_t buckets);

/// The same, but one row of each stretch, with the means of the columns: for what is added up by
/// the eye, as a heatmap is.
[[nodiscard]] Columns average(Columns columns, std::size_t buckets);

}  // namespace plimsoll::report
