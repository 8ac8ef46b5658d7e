// Endpoint names without ids.
#pragma once

#include <string>
#include <string_view>

namespace plimsoll::import {

/// Whether a path's segment names one thing of many: a number, a UUID, a hash, a long token.
[[nodiscard]] bool is_id(std::string_view segment);

/// A path as an endpoint's name: query and fragment cut off, ids and ${...} folded to {id}.
[[nodiscard]] std::string endpoint_name(std::string_view path);

}  // namespace plimsoll::import
