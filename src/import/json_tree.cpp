#include "import/json_tree.hpp"

#include "import/json_access.hpp"
#include "scenario/digest.hpp"

#include <algorithm>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace plimsoll::import {
namespace {

namespace json = boost::json;
using Error_code = boost::system::error_code;

// What the parser found, put together; numbers by their characters.
class Builder {
public:
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

    bool on_document_begin(Error_code& /*failed*/) { return true; }
    bool on_document_end(Error_code& /*failed*/) { return true; }
    bool on_object_begin(Error_code& /*failed*/) { return open(JsonTree::Kind::Object); }
    bool on_object_end(std::size_t /*size*/, Error_code& /*failed*/) { return close(); }
    bool on_array_begin(Error_code& /*failed*/) { return open(JsonTree::Kind::Array); }
    bool on_array_end(std::size_t /*size*/, Error_code& /*failed*/) { return close(); }
    bool on_key_part(json::string_view part, std::size_t /*size*/, Error_code& /*failed*/) {
        return more(part);
    }
    bool on_key(json::string_view part, std::size_t /*size*/, Error_code& /*failed*/) {
        more(part);
        keys_.push_back(std::move(text_));
        text_.clear();
        return true;
    }
    bool on_string_part(json::string_view part, std::size_t /*size*/, Error_code& /*failed*/) {
        return more(part);
    }
    bool on_string(json::string_view part, std::size_t /*size*/, Error_code& /*failed*/) {
        more(part);
        return leaf(JsonTree::Kind::String);
    }
    bool on_number_part(json::string_view part, Error_code& /*failed*/) { return more(part); }
    bool on_int64(std::int64_t /*n*/, json::string_view part, Error_code& /*failed*/) {
        more(part);
        return leaf(JsonTree::Kind::Number);
    }
    bool on_uint64(std::uint64_t /*n*/, json::string_view part, Error_code& /*failed*/) {
        more(part);
        return leaf(JsonTree::Kind::Number);
    }
    bool on_double(double /*n*/, json::string_view part, Error_code& /*failed*/) {
        more(part);
        return leaf(JsonTree::Kind::Number);
    }
    bool on_bool(bool flag, Error_code& /*failed*/) {
        more(flag ? "true" : "false");
        return leaf(JsonTree::Kind::Boolean);
    }
    bool on_null(Error_code& /*failed*/) { return leaf(JsonTree::Kind::Null); }
    bool on_comment_part(json::string_view /*part*/, Error_code& /*failed*/) { return true; }
    bool on_comment(json::string_view /*part*/, Error_code& /*failed*/) { return true; }

    JsonTree release() { return std::move(root_); }

private:
    bool more(json::string_view part) {
        text_.append(part.data(), part.size());
        return true;
    }
    bool open(JsonTree::Kind kind) {
        JsonTree tree;
        tree.kind = kind;
        open_.push_back(std::move(tree));
        return true;
    }
    bool close() {
        JsonTree done = std::move(open_.back());
        open_.pop_back();
        place(std::move(done));
        return true;
    }
    bool leaf(JsonTree::Kind kind) {
        JsonTree tree;
        tree.kind = kind;
        tree.text = std::move(text_);
        text_.clear();
        place(std::move(tree));
        return true;
    }
    void place(JsonTree tree) {
        if (open_.empty()) {
            root_ = std::move(tree);
        } else if (open_.back().kind == JsonTree::Kind::Array) {
            open_.back().items.push_back(std::move(tree));
        } else {
            open_.back().members.emplace_back(std::move(keys_.back()), std::move(tree));
            keys_.pop_back();
        }
    }

    std::vector<JsonTree> open_;
    std::vector<std::string> keys_;  // of open objects: the name whose value comes next
    std::string text_;
    JsonTree root_;
};

// As the scenario's own bodies have it.
std::string in_quotes(const std::string& text) {
    std::string quoted = text;
    escape_json(0, quoted);
    return "\"" + quoted + "\"";
}

}  // namespace

JsonTree::JsonTree(const json::object& object) : kind(Kind::Object) {
    for (const auto& [name, member] : object) {
        members.emplace_back(std::string(name), JsonTree(member));
    }
}

JsonTree::JsonTree(const json::array& array) : kind(Kind::Array) {
    for (const json::value& item : array) {
        items.emplace_back(item);
    }
}

JsonTree::JsonTree(const json::value& value) {
    if (const auto* const object = value.if_object()) {
        *this = JsonTree(*object);
    } else if (const auto* const array = value.if_array()) {
        *this = JsonTree(*array);
    } else if (const auto* const string = value.if_string()) {
        *this = JsonTree::string(std::string(*string));
    } else if (const double* const number = value.if_double()) {
        kind = Kind::Number;
        text = fmt::format("{}", *number);  // the shortest that reads back the same
    } else if (!value.is_null()) {
        kind = value.is_bool() ? Kind::Boolean : Kind::Number;
        text = json::serialize(value);
    }
}

JsonTree JsonTree::string(std::string text) {
    JsonTree tree;
    tree.kind = Kind::String;
    tree.text = std::move(text);
    return tree;
}

std::string JsonTree::text_of(std::string_view member) const {
    for (const auto& [name, value] : members) {
        if (name == member && value.kind == Kind::String) {
            return value.text;
        }
    }
    return {};
}

bool JsonTree::has(std::string_view member) const {
    return std::any_of(members.begin(), members.end(),
                       [&](const auto& one) { return one.first == member; });
}

bool JsonTree::repeats_names() const {
    std::vector<std::string_view> names;
    for (const auto& [name, member] : members) {
        names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return std::adjacent_find(names.begin(), names.end()) != names.end() ||
           std::any_of(items.begin(), items.end(),
                       [](const JsonTree& item) { return item.repeats_names(); }) ||
           std::any_of(members.begin(), members.end(),
                       [](const auto& member) { return member.second.repeats_names(); });
}

std::size_t JsonTree::size() const {
    std::size_t count = 1;
    for (const JsonTree& item : items) {
        count += item.size();
    }
    for (const auto& [name, member] : members) {
        count += member.size();
    }
    return count;
}

Result<JsonTree> parse_tree(std::string_view text, std::string_view what) {
    text = without_mark(text);
    json::parse_options options;
    options.max_depth = kDeepestJson;
    json::basic_parser<Builder> parser(options);
    Error_code failed;
    const std::size_t read = parser.write_some(false, text.data(), text.size(), failed);
    if (failed || !is_blank(text.substr(read))) {
        return not_json(text, read, what, failed ? failed.message() : std::string());
    }
    return parser.handler().release();
}

JsonTree with_texts(const JsonTree& tree, const std::function<std::string(std::string_view)>& name,
                    const std::function<std::string(std::string_view, std::string_view)>& text,
                    std::string_view holder) {
    JsonTree result = tree;
    for (auto& [key, member] : result.members) {
        member = with_texts(member, name, text, key);
        key = name(key);
    }
    for (JsonTree& item : result.items) {
        item = with_texts(item, name, text, holder);
    }
    if (tree.kind == JsonTree::Kind::String) {
        result.text = text(holder, tree.text);
    }
    return result;
}

std::string compact(const JsonTree& tree) {
    std::string text;
    switch (tree.kind) {
        case JsonTree::Kind::Null:
            return "null";
        case JsonTree::Kind::Boolean:
        case JsonTree::Kind::Number:
            return tree.text;
        case JsonTree::Kind::String:
            return in_quotes(tree.text);
        case JsonTree::Kind::Array:
            for (const JsonTree& item : tree.items) {
                text += (text.empty() ? "" : ",") + compact(item);
            }
            return "[" + text + "]";
        case JsonTree::Kind::Object:
            break;
    }
    for (const auto& [name, member] : tree.members) {
        text += (text.empty() ? "" : ",") + in_quotes(name) + ":" + compact(member);
    }
    return "{" + text + "}";
}

}  // namespace plimsoll::import
