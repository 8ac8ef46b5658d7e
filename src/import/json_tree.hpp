// JSON whose numbers stay as they were written: 2.0, 1.10, and ids wider than 64 bits.
#pragma once

#include "base/result.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace plimsoll::import {

struct JsonTree {
    enum class Kind { Null, Boolean, Number, String, Array, Object };

    Kind kind = Kind::Null;
    std::string text;             // Boolean and Number: as written; String: without its escapes
    std::vector<JsonTree> items;  // of an array
    std::vector<std::pair<std::string, JsonTree>> members;  // in order; a name may stand twice

    JsonTree() = default;
    JsonTree(const boost::json::value& value);    // NOLINT(google-explicit-constructor)
    JsonTree(const boost::json::object& object);  // NOLINT(google-explicit-constructor)
    JsonTree(const boost::json::array& array);    // NOLINT(google-explicit-constructor)
    [[nodiscard]] static JsonTree string(std::string text);

    [[nodiscard]] bool is_container() const { return kind == Kind::Array || kind == Kind::Object; }
    /// The member's string; "" where there is none.
    [[nodiscard]] std::string text_of(std::string_view member) const;
    [[nodiscard]] bool has(std::string_view member) const;
    /// Some object in it has a name twice.
    [[nodiscard]] bool repeats_names() const;
    /// Values in it, itself included.
    [[nodiscard]] std::size_t size() const;
};

/// Error as of parse_json.
[[nodiscard]] Result<JsonTree> parse_tree(std::string_view text, std::string_view what);

/// With each member's name as `name` makes it, and each string as `text` makes it of the name (as
/// it was) of the member that holds it, directly or in an array, and of the string; `holder` for
/// one that no member holds.
[[nodiscard]] JsonTree with_texts(
    const JsonTree& tree, const std::function<std::string(std::string_view)>& name,
    const std::function<std::string(std::string_view, std::string_view)>& text,
    std::string_view holder = {});

/// Without blanks, as a browser's JSON.stringify and Plimsoll itself write it.
[[nodiscard]] std::string compact(const JsonTree& tree);

}  // namespace plimsoll::import
