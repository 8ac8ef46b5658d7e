// Whole numbers in as few bytes as they need (LEB128), for what is stored of histograms.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace plimsoll {

/// Appends `value`, seven bits a byte, the lowest first.
void put_varint(std::vector<std::uint8_t>& out, std::uint64_t value);

/// Takes one number off the front of `in`. Only the shortest form is taken, as put_varint writes
/// it: nothing when `in` ends too early, or holds a padded number or one of more than 64 bits.
[[nodiscard]] std::optional<std::uint64_t> take_varint(std::span<const std::uint8_t>& in);

}  // namespace plimsoll
