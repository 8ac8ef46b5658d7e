// Parts of URLs.
#pragma once

#include "net/http_message.hpp"
#include "net/url.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace plimsoll {

/// All but RFC 3986's unreserved characters as %XX.
[[nodiscard]] std::string percent_encoded(std::string_view text);

/// "%2F" to "/", and '+' to a blank where `plus` is set. Malformed escapes stay as they are.
[[nodiscard]] std::string percent_decode(std::string_view text, bool plus = false);

/// The value of the first query parameter `name`, decoded.
[[nodiscard]] std::optional<std::string> query_value(const HttpRequest& request,
                                                     std::string_view name);

/// The URL's path without its query and without slashes at its end: what a path below it is put
/// behind.
[[nodiscard]] std::string base_path(const Url& url);

}  // namespace plimsoll
