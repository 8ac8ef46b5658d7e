// Private to scenario: the names that an expression may hold.
#pragma once

#include "scenario/expression.hpp"
#include "scenario/functions.hpp"

#include <string>
#include <string_view>

namespace plimsoll {

/// ASCII.
[[nodiscard]] inline bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
[[nodiscard]] inline bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// nullptr where there is none.
[[nodiscard]] const FunctionInfo* function_named(std::string_view name);
/// What may have been meant where `name` is not known. `called`: it has arguments.
[[nodiscard]] std::string hint_for(std::string_view name, const TemplateScope& scope,
                                   bool called = false);

}  // namespace plimsoll
