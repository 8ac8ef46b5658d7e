// How a parameter's value stands in a path, a query or a header: OpenAPI 3's `style` and `explode`,
// Swagger 2's `collectionFormat`.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/value.hpp>

namespace plimsoll::import {

/// A name and a value, neither encoded.
using TextPair = std::pair<std::string, std::string>;

/// The value in one piece, as in a path or a header: lists with commas, unless the style says
/// another mark. Strings of `value` are template text.
[[nodiscard]] std::string simple_text(const boost::json::value& of,
                                      const boost::json::value& value);
/// The same for a path: what would end its segment is percent-encoded.
[[nodiscard]] std::string path_text(const boost::json::value& of, const boost::json::value& value);
/// As name=value&..., percent-encoded; several pairs where the style has each item by itself.
[[nodiscard]] std::string query_text(const boost::json::value& of, const boost::json::value& value);
/// The pairs of a form.
[[nodiscard]] std::vector<TextPair> form_pairs(const boost::json::value& of,
                                               const boost::json::value& value);

/// Percent-encodes what must not stand in a URL, and is no expression of ours.
[[nodiscard]] std::string escape_rest(std::string_view text);

}  // namespace plimsoll::import
