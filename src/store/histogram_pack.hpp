// A histogram's bytes, smaller: most of a run file is histograms of one second.
#pragma once

#include "base/result.hpp"
#include "record/histogram.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace plimsoll {

/// Histogram::encode writes two bytes or more per bucket; a second's worth of one endpoint has few
/// buckets with mostly a count of one, which needs some bits. So gaps between buckets become Rice
/// codes and counts Elias gamma codes. Lossless: the histogram that comes back encodes to the same
/// bytes. docs/run-file.md gives the format.
[[nodiscard]] std::vector<std::uint8_t> pack_histogram(const Histogram& histogram);
/// Its parts, which may yet contradict each other: for Histogram::add. Error: as below.
[[nodiscard]] Result<Histogram::Parts> unpack_parts(std::span<const std::uint8_t> bytes);
/// Error: not what pack_histogram writes.
[[nodiscard]] Result<Histogram> unpack_histogram(std::span<const std::uint8_t> bytes);

}  // namespace plimsoll
