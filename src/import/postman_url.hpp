// A collection's URLs: their parts, path variables and {{variables}}.
#pragma once

#include <map>
#include <string>

#include <boost/json/value.hpp>

namespace plimsoll::import {

/// The URL as text: from its parts where it has them, for `raw` is only what was shown. Disabled
/// parts of the query are left out.
[[nodiscard]] std::string postman_url(const boost::json::value* url);

/// :name takes the value that the collection has for it, wherever it is a whole segment.
[[nodiscard]] std::string with_path_variables(const std::string& raw,
                                              const boost::json::value* url);

/// {{name}} replaced wherever `variables` say its value, in values too. Others stay, and so do
/// those whose names are those of secrets.
[[nodiscard]] std::string resolve_variables(std::string text,
                                            const std::map<std::string, std::string>& variables);

/// Text, or a number or truth as it is written.
[[nodiscard]] std::string scalar_text(const boost::json::value* value);

}  // namespace plimsoll::import
