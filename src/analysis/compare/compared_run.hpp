// One run in the form in which it is compared with others.
#pragma once

#include "analysis/compare/resample.hpp"
#include "analysis/result.hpp"
#include "analysis/run_data.hpp"
#include "analysis/signals.hpp"
#include "base/result.hpp"
#include "store/run_reader.hpp"

#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

/// A run, its analysis, and where to read its ticks again.
struct ComparedRun {
    std::string path;  // as the user gave it
    RunReader reader;
    RunData data;
    Analysis analysis;
    std::string scenario_sha256;
};
[[nodiscard]] Result<ComparedRun> open_compared(const std::string& path);

/// The end of a window that has none.
inline constexpr double kForEver = std::numeric_limits<double>::infinity();

/// The stretches of each run that are compared with each other, run by run. Of plain runs the whole
/// time, cut at the same offsets in all; of searches the steps at levels that all of them carried.
struct CellPlan {
    std::vector<std::vector<Window>> windows;  // by run
    std::vector<double> levels;                // of searches: at which they are compared
};
[[nodiscard]] CellPlan plan_cells(const std::vector<const ComparedRun*>& runs);

/// What is compared, by name: the place of everything in a SampledRun.
struct SampleNames {
    /// User class, name and method of endpoints. Distribution e + 1 is that of endpoint e, and so
    /// is its share of failures, ratio e + 2; distribution 0 and ratio 1 are of all requests.
    std::vector<EndpointInfo> endpoints;
    bool hold = false;               // the ratio after the endpoints': time in the database
    std::vector<std::string> roles;  // the ratios after that: CPU time per request
};
/// Those that every run has.
[[nodiscard]] SampleNames common_names(const std::vector<const ComparedRun*>& runs);

/// Error: what the reader reports.
[[nodiscard]] Result<SampledRun> sample_run(const ComparedRun& run, const SampleNames& names,
                                            const std::vector<Window>& windows);

}  // namespace plimsoll
