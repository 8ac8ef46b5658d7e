// Whether a value fits a JSON Schema, as far as OpenAPI descriptions use it.
#pragma once

#include <string_view>

#include <boost/json/value.hpp>

namespace plimsoll::import {

/// What a $ref of `root` points to, or `value` itself; nullptr where that leads nowhere.
[[nodiscard]] const boost::json::value* resolve_reference(const boost::json::value& root,
                                                          const boost::json::value* value);
/// Whether null may stand: `nullable` of 3.0, a type of 3.1.
[[nodiscard]] bool takes_null(const boost::json::value& schema);
/// `type`, or the first of a list of types that is not null; "" where nothing says it.
[[nodiscard]] std::string_view type_of(const boost::json::value& schema);

/// What is not understood (a pattern that RE2 does not know, if/then, not) counts as met. Members
/// that are read-only need not be there.
[[nodiscard]] bool fits(const boost::json::value& root, const boost::json::value& value,
                        const boost::json::value* schema, int depth = 0);

}  // namespace plimsoll::import
