// How values become text that people read, and how text from outside becomes harmless in a format.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace plimsoll::report {

/// Valid UTF-8 without control characters but tab and newline ("\r\n" becomes "\n"). What a server
/// sent can hold any bytes; what is not text becomes U+FFFD, once per broken byte.
[[nodiscard]] std::string clean_text(std::string_view bytes);

/// The same on one line: runs of white space become one space.
[[nodiscard]] std::string one_line(std::string_view bytes);

/// At most `limit` characters of `text` (valid UTF-8), with "…" where something was cut.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t limit);

/// Cleaned, and inert between tags and inside quoted attributes of HTML and XML.
[[nodiscard]] std::string escape_markup(std::string_view bytes);

/// The same for a long name: where it has to be broken, it is broken between its words.
[[nodiscard]] std::string breakable_markup(std::string_view name);

/// Cleaned, on one line, and inert in a Markdown table cell or sentence.
[[nodiscard]] std::string escape_markdown(std::string_view bytes);

/// 1,234,567
[[nodiscard]] std::string grouped(std::uint64_t count);
/// Three significant digits without an exponent: 1,234 · 252 · 25.2 · 2.52 · 0.00252 · 0
[[nodiscard]] std::string figure(double value);
/// A ratio as "0.078 %"; 0 is "0 %".
[[nodiscard]] std::string percent(double ratio);
/// Seconds since the run's start: "40.9 s", "12 min 5 s", "1 h 2 min".
[[nodiscard]] std::string clock_text(double seconds);
/// "12.3 MiB"
[[nodiscard]] std::string bytes_text(double bytes);
/// Unix time to "2026-01-31T12:00:00Z".
[[nodiscard]] std::string utc_time(std::int64_t unix_seconds);

}  // namespace plimsoll::report
