// Where a series has come to rest.
#pragma once

#include <cstddef>
#include <span>

namespace plimsoll {

/// The cut, of at most `most` values at the beginning, that leaves a mean with the least standard
/// error (MSER; White, Cobb, Spratt 2000). The last few values alone always look calm: a cut near
/// the end means that it never came to rest.
[[nodiscard]] std::size_t steady_from(std::span<const double> values, std::size_t most);

}  // namespace plimsoll
