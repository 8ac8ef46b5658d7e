// Comparing secrets.
#pragma once

#include <cstddef>
#include <string_view>

namespace plimsoll {

/// Takes as long for any `given` of the same length.
[[nodiscard]] inline bool equal_in_constant_time(std::string_view given, std::string_view secret) {
    if (given.size() != secret.size()) {
        return false;
    }
    unsigned difference = 0;
    for (std::size_t i = 0; i < secret.size(); ++i) {
        const unsigned one = static_cast<unsigned char>(given[i]);
        const unsigned other = static_cast<unsigned char>(secret[i]);
        difference |= one ^ other;
    }
    // Whatever the optimiser knows of it, it must have seen every byte.
    const volatile unsigned seen = difference;
    return seen == 0;
}

}  // namespace plimsoll
