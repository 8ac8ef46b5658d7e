// Whether run files are segments of one run.
#pragma once

#include "store/merge_runs.hpp"
#include "store/run_reader.hpp"

#include <filesystem>
#include <span>
#include <vector>

namespace plimsoll {

struct SegmentRun {
    std::filesystem::path path;
    RunReader reader;
    /// To be added to its machine's clock, where its run measured that (fact clock.offset_s).
    Nanoseconds clock_offset{};
    [[nodiscard]] const RunInfo& info() const { return reader.info(); }
    /// When it began, by the clock that all of them were held against.
    [[nodiscard]] WallClock::time_point began() const {
        return info().start.wall + std::chrono::duration_cast<WallClock::duration>(clock_offset);
    }
};

/// Opens the runs, in order of their segments, whatever they are. Error: one cannot be read.
[[nodiscard]] Result<std::vector<SegmentRun>> open_runs(
    std::span<const std::filesystem::path> runs);
/// The same, of segments that belong together. Error: see merge_runs.
[[nodiscard]] Result<std::vector<SegmentRun>> open_segments(
    std::span<const std::filesystem::path> runs, bool partial);
/// What is missing or cut off among them. `runs` is not empty.
[[nodiscard]] MergedRun describe_segments(const std::vector<SegmentRun>& runs);

}  // namespace plimsoll
