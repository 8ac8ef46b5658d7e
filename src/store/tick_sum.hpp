// The ticks of one number of a segmented run's parts, as the whole run's tick.
#pragma once

#include "record/interval.hpp"
#include "record/run_info.hpp"
#include "store/run_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace plimsoll {

struct TickPart {
    const StoredTick* tick = nullptr;
    std::size_t first_shard = 0;  // of its shards, among the whole run's
};

/// Counts and histograms are sums, bucket by bucket; from the first part's begin to the last one's
/// end. `parts` is not empty, and in the order of the segments: sums of floating point numbers
/// depend on it in their last digit. Totals are not filled in.
[[nodiscard]] std::shared_ptr<Snapshot> sum_ticks(std::uint64_t number,
                                                  std::span<const TickPart> parts,
                                                  const RunInfo& whole);
/// The same where the parts' loads are added up already, in `load`.
[[nodiscard]] std::shared_ptr<Snapshot> sum_ticks(std::uint64_t number,
                                                  std::span<const TickPart> parts, TickLoad load,
                                                  const RunInfo& whole);

/// `sum` has as many endpoints, groups and checks.
void add_load(const TickLoad& part, TickLoad& sum);

}  // namespace plimsoll
