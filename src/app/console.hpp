// What the program says to its user.
#pragma once

#include "base/result.hpp"
#include "base/shown_text.hpp"

#include <cstdio>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {

/// Writes bytes as they are, at once. For our own cursor movements and colours, and documents; what
/// comes from outside has passed through shown_text before. Never fails: words that nobody reads
/// any more (`plimsoll run ... | head`) are lost, and the run they are about goes on to its
/// results. fmt::print would throw.
inline void write_out(std::FILE* to, std::string_view bytes) {
    [[maybe_unused]] const std::size_t written = std::fwrite(bytes.data(), 1, bytes.size(), to);
    std::fflush(to);
}

/// Writes to `to` what shown_text makes of it.
template <typename... Values>
void say(std::FILE* to, fmt::format_string<Values...> format, Values&&... values) {
    write_out(to, shown_text(fmt::format(format, std::forward<Values>(values)...)));
}
/// To stdout.
template <typename... Values>
void say(fmt::format_string<Values...> format, Values&&... values) {
    say(stdout, format, std::forward<Values>(values)...);
}
/// A document (a scenario, a report) to stdout: as it is, but for a terminal as say.
inline void hand_over(std::string_view document) {
    write_out(stdout, ::isatty(STDOUT_FILENO) == 1 ? shown_text(document) : std::string(document));
}
/// To stderr, on one line.
inline void complain(const Error& error) {
    say(stderr, "plimsoll: {}\n", shown_line(error.to_string()));
}

}  // namespace plimsoll
