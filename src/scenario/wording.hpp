// Words for error messages: quoting what was written, and guessing what was meant.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace plimsoll {

/// `text` in double quotes, control characters escaped, cut to about 60 bytes.
[[nodiscard]] std::string in_quotes(std::string_view text);

/// Letters to insert, delete, replace or swap with their neighbour to get from `a` to `b`, case
/// ignored (optimal string alignment distance).
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate that `word` most likely meant; empty when none is near. `startRate` is near
/// `start_rate`.
[[nodiscard]] std::string_view nearest(std::string_view word,
                                       std::span<const std::string_view> candidates);

/// "a, b or c".
[[nodiscard]] std::string any_of(std::span<const std::string_view> words);

}  // namespace plimsoll
