// The token that a request carries.
#pragma once

#include "net/http_message.hpp"

#include <optional>
#include <string_view>

namespace plimsoll {

/// What follows "Bearer " in the header Authorization, or nothing. Valid as long as `headers` is
/// neither changed nor destroyed.
[[nodiscard]] std::optional<std::string_view> bearer_token(const HttpHeaders& headers);

}  // namespace plimsoll
