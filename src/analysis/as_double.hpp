// Counts in arithmetic.
#pragma once

#include <cstdint>

namespace plimsoll {

[[nodiscard]] constexpr double as_double(std::uint64_t n) {
    return static_cast<double>(n);
}

}  // namespace plimsoll
