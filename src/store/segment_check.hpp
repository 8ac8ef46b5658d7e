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
    [[nodiscard]] const RunInfo& info() const { return reader.info(); }
};

/// Opens the runs, in order of their segments. Error: see merge_runs.
[[nodiscard]] Result<std::vector<SegmentRun>> open_segments(
    std::span<const std::filesystem::path> runs, bool partial);
/// What is missing or cut off among them. `runs` is not empty.
[[nodiscard]] MergedRun describe_segments(const std::vector<SegmentRun>& runs);

}  // namespace plimsoll
