// The page that every HTML report is: one file with charts on one time axis.
#pragma once

#include "report/charts.hpp"

#include <string>
#include <vector>

namespace plimsoll::report {

/// What is put into the page. `title` and `version` are plain text, the others finished: markup,
/// and JSON that is safe inside a script element.
struct PageParts {
    std::string title, header, main, version, data;
};
[[nodiscard]] std::string filled_page(const PageParts& parts);

/// What the page's script draws, as JSON.
[[nodiscard]] std::string page_data(const Markers& all, double duration_s,
                                    const std::vector<Chart>& charts, const Chart& percentiles);

/// The places of the charts over time, with their sentences; and that of the distribution.
[[nodiscard]] std::string charts_section(const std::vector<Chart>& charts, const Markers& all);
[[nodiscard]] std::string percentile_section(const Chart& chart);

}  // namespace plimsoll::report
