// What the program says to its user.
#pragma once

#include "base/result.hpp"

#include <cstdio>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {

/// Writes to `to` at once. Never fails: words that nobody reads any more (`plimsoll run ... |
/// head`) are lost, and the run they are about goes on to its results. fmt::print would throw.
template <typename... Values>
void say(std::FILE* to, fmt::format_string<Values...> format, Values&&... values) {
    const std::string text = fmt::format(format, std::forward<Values>(values)...);
    [[maybe_unused]] const std::size_t written = std::fwrite(text.data(), 1, text.size(), to);
    std::fflush(to);
}
/// To stdout.
template <typename... Values>
void say(fmt::format_string<Values...> format, Values&&... values) {
    say(stdout, format, std::forward<Values>(values)...);
}
/// To stderr.
inline void complain(const Error& error) {
    say(stderr, "plimsoll: {}\n", error.to_string());
}

}  // namespace plimsoll
