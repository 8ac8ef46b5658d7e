// What a person says of a run while it goes on.
#pragma once

#include "signal/reading.hpp"

#include <string>
#include <string_view>

namespace plimsoll {

/// A person's note ("deployed v2 here") is an event of kind Note whose text begins so: charts mark
/// it, and not what the load and the probes note by themselves.
inline constexpr std::string_view kMarkPrefix = "note: ";

[[nodiscard]] inline std::string mark_text(std::string_view note) {
    return std::string(kMarkPrefix) + std::string(note);
}
[[nodiscard]] inline bool is_mark(EventKind kind, std::string_view text) {
    return kind == EventKind::Note && text.starts_with(kMarkPrefix);
}

}  // namespace plimsoll
