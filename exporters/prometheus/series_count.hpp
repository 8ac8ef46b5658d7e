// What a run costs a Prometheus, before it begins.
#pragma once

#include "base/clock.hpp"
#include "record/run_info.hpp"

#include <cstddef>
#include <span>

namespace plimsoll {

struct SeriesCount {
    std::size_t series = 0;   // of the load at the run's start, before any request
    std::size_t buckets = 0;  // of each histogram, +Inf included
};
/// `buckets`: as bucket_bounds takes them.
[[nodiscard]] SeriesCount series_count(const RunInfo& run,
                                       std::span<const Nanoseconds> buckets = {});

}  // namespace plimsoll
