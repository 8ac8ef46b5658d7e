// How far a share of counted events can be trusted.
#pragma once

#include <array>
#include <cstdint>

namespace plimsoll {

/// The 95 % interval of a share of `hits` in `n` by Wilson's score (JASA 1927): right also for the
/// rarest events, where hits ± 2 √hits is not. {0, 1} for n = 0.
[[nodiscard]] std::array<double, 2> wilson_interval(std::uint64_t hits, std::uint64_t n);
/// The same with `z` standard deviations to each side, for samples that count less than once each.
[[nodiscard]] std::array<double, 2> wilson_interval(double hits, double n, double z);

}  // namespace plimsoll
