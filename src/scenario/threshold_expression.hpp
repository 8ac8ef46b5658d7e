// The expression of a threshold: p(95)<500ms, rate<1%, count<100.
#pragma once

#include "base/result.hpp"
#include "record/threshold.hpp"

#include <string_view>

namespace plimsoll {

/// Reads `text` into `threshold`, whose metric decides which statistics it has and in what unit the
/// limit stands. On error `threshold` is unchanged.
[[nodiscard]] Status parse_threshold(std::string_view text, Threshold& threshold);

}  // namespace plimsoll
