// Private to scenario: what the functions of expressions make, apart from the expressions.
#pragma once

#include "base/random.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace plimsoll {

void append_uuid(Random& random, std::string& out);
/// `form` is an index into kTimeForms.
void append_time(std::int64_t unix_ns, std::uint16_t form, std::string& out);

/// UTF-8 characters.
[[nodiscard]] std::size_t characters_in(std::string_view text);
/// The part of `text` from character `from` on, of at most `count` characters.
[[nodiscard]] std::string_view slice(std::string_view text, std::size_t from, std::size_t count);

/// These change `out` from `begin` on. ASCII letters only.
void change_case(std::size_t begin, bool upper, std::string& out);
void trim(std::size_t begin, std::string& out);

}  // namespace plimsoll
