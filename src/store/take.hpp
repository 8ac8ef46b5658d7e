// Several results one after the other, of which the first error ends it all.
#pragma once

#include "base/result.hpp"

#include <utility>

namespace plimsoll {

/// The value into `into`; false: it is an error, which `status` has then.
template <typename T>
bool take(Result<T> from, T& into, Status& status) {
    if (!from) {
        status = from.error();
        return false;
    }
    into = std::move(from).value();
    return true;
}

}  // namespace plimsoll
