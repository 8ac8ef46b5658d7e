// Parts of URLs.
#pragma once

#include "net/url.hpp"

#include <string>
#include <string_view>

namespace plimsoll {

/// All but RFC 3986's unreserved characters as %XX.
[[nodiscard]] std::string percent_encoded(std::string_view text);

/// The URL's path without its query and without slashes at its end: what a path below it is put
/// behind.
[[nodiscard]] std::string base_path(const Url& url);

}  // namespace plimsoll
