// What a user remembers between requests: captured values, and what `set` made.
#pragma once

#include <cstdint>
#include <string>

namespace plimsoll {

/// Index into Scenario::variables; each user has one Variable per name.
using VariableId = std::uint16_t;

enum class ValueType : std::uint8_t { Unset, Text, Number, Boolean, Null, Json };

/// A typed value in text form: a number as JSON writes it, true or false, an object as JSON. Reused
/// in place: assigning to `text` keeps its memory.
struct Variable {
    ValueType type = ValueType::Unset;
    std::string text;
    void clear() noexcept {
        type = ValueType::Unset;
        text.clear();
    }
};

}  // namespace plimsoll
