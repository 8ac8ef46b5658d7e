// Which Plimsoll this is.
#pragma once

namespace plimsoll {

/// As in CMakeLists.txt: "0.1.0".
[[nodiscard]] constexpr const char* version() {
    return PLIMSOLL_VERSION;
}

}  // namespace plimsoll
