// Where something of ours listens.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace plimsoll {

/// A numeric address, IPv6 without brackets, and a port (0: a free one).
using ListenAddress = std::pair<std::string, std::uint16_t>;

/// "ADDRESS:PORT" or "PORT": the address numeric, IPv6 in brackets, or localhost; 127.0.0.1 where
/// there is none. Nothing is looked up: a name that may resolve later is an error now.
[[nodiscard]] Result<ListenAddress> parse_listen(std::string_view text);

}  // namespace plimsoll
