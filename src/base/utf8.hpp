// Text from outside (names, labels, what a server sent) as UTF-8, which our output formats demand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace plimsoll {

/// U+FFFD, which stands for what is no text.
inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

/// Length in bytes of the UTF-8 sequence at the front of `text`; 0 where there is none (RFC 3629,
/// section 4: no overlong forms, no surrogates, nothing above U+10FFFF).
[[nodiscard]] std::size_t utf8_length(std::string_view text) noexcept;

/// `bytes` with each byte that is part of no sequence replaced by U+FFFD. Control characters stay.
[[nodiscard]] std::string valid_utf8(std::string_view bytes);

/// Appends the UTF-8 of a code point, also where that is no character: what comes from outside may
/// name any.
void append_code_point(std::uint32_t code, std::string& text);

}  // namespace plimsoll
