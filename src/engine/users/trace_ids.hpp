// The ids of a traced iteration and its requests, all drawn from one number.
#pragma once

#include <array>
#include <cstdint>

namespace plimsoll {

/// See User::trace_stem. Never zeros, which would be no id.
[[nodiscard]] std::array<std::uint8_t, 16> trace_id(std::uint64_t stem);
/// Of the iteration itself.
[[nodiscard]] std::array<std::uint8_t, 8> iteration_span_id(std::uint64_t stem);
/// Of its request number `request` (0, 1 ...).
[[nodiscard]] std::array<std::uint8_t, 8> request_span_id(std::uint64_t stem,
                                                          std::uint32_t request);

}  // namespace plimsoll
