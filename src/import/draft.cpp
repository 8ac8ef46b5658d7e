#include "import/draft.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll::import {

void Draft::sort_notes() {
    std::sort(notes.begin(), notes.end());
    notes.erase(std::unique(notes.begin(), notes.end()), notes.end());
}

void LeftOut::note(Draft& draft) const {
    for (const auto& [what, count] : counts_) {
        draft.notes.push_back(fmt::format("left out: {} {}{}", count, what, count == 1 ? "" : "s"));
    }
}

}  // namespace plimsoll::import
