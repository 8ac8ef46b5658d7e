#include "import/draft.hpp"

#include <fmt/format.h>

namespace plimsoll::import {

void LeftOut::note(Draft& draft) const {
    for (const auto& [what, count] : counts_) {
        draft.notes.push_back(fmt::format("left out: {} {}{}", count, what, count == 1 ? "" : "s"));
    }
}

}  // namespace plimsoll::import
