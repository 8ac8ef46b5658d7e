// The renderers that need more than the analysis, from run data already read. Inside src/report.
#pragma once

#include "analysis/result.hpp"
#include "record/run_info.hpp"
#include "report/run_data.hpp"

#include <array>
#include <string>
#include <utility>

namespace plimsoll::report {

[[nodiscard]] std::string html_page(const RunInfo& info, const RunData& data,
                                    const Analysis& analysis);

/// File name's end ("_stats.csv") and content, one per CSV file.
using CsvFiles = std::array<std::pair<std::string, std::string>, 4>;
[[nodiscard]] CsvFiles csv_files(const RunInfo& info, const RunData& data,
                                 const Analysis& analysis);

/// The tables and lists of the page (html_tables.cpp).
[[nodiscard]] std::string html_tables(const RunInfo& info, const RunData& data,
                                      const Analysis& analysis);

/// Those of what happened in the run and around it (html_run_tables.cpp).
[[nodiscard]] std::string html_run_tables(const RunInfo& info, const RunData& data,
                                          const Analysis& analysis);

/// What a run that searched for the capacity found (html_capacity.cpp); empty for others.
[[nodiscard]] std::string html_capacity(const Analysis& analysis);
/// The part of it that shows how the target scales, and what would bind next (html_scaling.cpp).
[[nodiscard]] std::string html_scaling(const FindResult& find, const CapacityDetail& detail);

/// What each resource could carry at most (html_resources.cpp); empty where nothing broke.
[[nodiscard]] std::string html_resources(const Analysis& analysis);

}  // namespace plimsoll::report
