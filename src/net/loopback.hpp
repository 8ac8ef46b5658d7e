// Whether an address is this machine's alone.
#pragma once

#include <string_view>

namespace plimsoll {

/// `name`: a numeric address, without brackets, or `localhost`. Any other name is not: nobody looks
/// it up.
[[nodiscard]] bool is_loopback(std::string_view name);

}  // namespace plimsoll
