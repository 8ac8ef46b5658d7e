// Several segments of one run, put together again.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace plimsoll {

struct MergeOptions {
    /// Also where segments are missing or were cut off. What comes out says so.
    bool partial = false;
};

struct MergedRun {
    std::uint32_t segments = 0;          // of the whole run
    std::vector<std::uint32_t> missing;  // their numbers
    std::vector<std::uint32_t> cut_off;  // those whose run never came to its end, or
                                         // was stopped while others went on
    double skew_s = 0;                   // from the first segment's start to the last one's
    double missing_share = 0;  // of the load, 0-1: of segments that are missing or cut off
};

/// Writes the run file `into` from the segments' run files (or run folders) `runs`. Counts and
/// histograms of a tick are the sums over the segments, each counted from its own start: exactly
/// what one run of all segments would have counted. Probes that several segments had are taken as
/// one that looked more often, on the first segment's clock.
///
/// Error: a file cannot be read, the runs are no segments of one run (another scenario, load, seed
/// or number of segments), a segment is there twice, or it is missing or cut off and `partial` was
/// not asked for; it names the run and nothing is left behind.
[[nodiscard]] Result<MergedRun> merge_runs(std::span<const std::filesystem::path> runs,
                                           const std::filesystem::path& into,
                                           const MergeOptions& options);

}  // namespace plimsoll
