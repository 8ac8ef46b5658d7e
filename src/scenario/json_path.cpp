#include "scenario/json_path.hpp"

#include "scenario/exact_json.hpp"
#include "scenario/json_path_parser.hpp"
#include "scenario/wording.hpp"

#include <charconv>
#include <span>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

namespace plimsoll {
namespace {

namespace json = boost::json;
using Steps = std::span<const PathStep>;

template <typename T>
bool compares(PathStep::Compare compare, const T& a, const T& b) {
    switch (compare) {
        case PathStep::Compare::Equal:
            return a == b;
        case PathStep::Compare::NotEqual:
            return !(a == b);
        case PathStep::Compare::Less:
            return a < b;
        case PathStep::Compare::LessEqual:
            return a <= b;
        case PathStep::Compare::Greater:
            return a > b;
        case PathStep::Compare::GreaterEqual:
            return a >= b;
        case PathStep::Compare::Exists:
            break;
    }
    return true;
}

// Values of different types are unequal, and neither is less (RFC 9535, 2.3.5.2.2).
bool matches_literal(const json::value& value, const PathStep& step) {
    const bool differs = step.compare == PathStep::Compare::NotEqual;
    switch (step.literal) {
        case PathStep::Literal::Text:
            return is_json_string(value)
                       ? compares(step.compare, std::string_view(value.get_string()),
                                  std::string_view(step.text))
                       : differs;
        case PathStep::Literal::Number:
            return is_json_number(value) ? compares(step.compare, json_number(value), step.number)
                                         : differs;
        case PathStep::Literal::True:
        case PathStep::Literal::False:
            return value.is_bool() ? compares(step.compare, value.get_bool() ? 1 : 0,
                                              step.literal == PathStep::Literal::True ? 1 : 0)
                                   : differs;
        case PathStep::Literal::Null:
            return value.is_null() ? compares(step.compare, 0, 0) : differs;
    }
    return false;
}

bool passes(const json::value& item, const PathStep& step) {
    const json::value* at = &item;
    for (const std::string& key : step.keys) {
        at = at->is_object() ? at->get_object().if_contains(key) : nullptr;
        if (at == nullptr) {
            return step.compare == PathStep::Compare::NotEqual;
        }
    }
    return step.compare == PathStep::Compare::Exists || matches_literal(*at, step);
}

const json::value* element(const json::value& value, std::int64_t index) {
    if (!value.is_array()) {
        return nullptr;
    }
    const json::array& array = value.get_array();
    const auto size = static_cast<std::int64_t>(array.size());
    const std::int64_t at = index < 0 ? size + index : index;
    return at >= 0 && at < size ? &array[static_cast<std::size_t>(at)] : nullptr;
}

const json::value* find_in(const json::value& value, Steps steps);

// The first of `value`'s children that has what the further steps ask for.
const json::value* find_in_children(const json::value& value, const PathStep& step, Steps rest) {
    const auto look = [&](const json::value& child) -> const json::value* {
        const bool wanted = step.kind == PathStep::Kind::All || passes(child, step);
        return wanted ? find_in(child, rest) : nullptr;
    };
    if (value.is_array()) {
        for (const json::value& child : value.get_array()) {
            if (const json::value* const found = look(child)) {
                return found;
            }
        }
    } else if (value.is_object()) {
        for (const auto& entry : value.get_object()) {
            if (const json::value* const found = look(entry.value())) {
                return found;
            }
        }
    }
    return nullptr;
}

const json::value* find_in(const json::value& value, Steps steps) {
    const json::value* at = &value;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const PathStep& step = steps[i];
        switch (step.kind) {
            case PathStep::Kind::All:
            case PathStep::Kind::Filter:
                return find_in_children(*at, step, steps.subspan(i + 1));
            case PathStep::Kind::Index:
                at = element(*at, step.index);
                break;
            case PathStep::Kind::Either:
            case PathStep::Kind::Key:
                if (at->is_object()) {
                    at = at->get_object().if_contains(step.key);
                } else {
                    at = step.kind == PathStep::Kind::Either ? element(*at, step.index) : nullptr;
                }
                break;
        }
        if (at == nullptr) {
            return nullptr;
        }
    }
    return at;
}

}  // namespace

Result<JsonPath> JsonPath::pointer(std::string_view text) {
    JsonPath path;
    const Error bad{
        fmt::format("{} is not a JSON pointer", in_quotes(text)),
        {},
        "write / before every key, e.g. /items/0/id; ~1 for a / within a key, ~0 for ~"};
    if (!text.empty() && text.front() != '/') {
        return bad;
    }
    while (!text.empty()) {
        text.remove_prefix(1);
        const std::string_view token = text.substr(0, text.find('/'));
        PathStep step;
        for (std::size_t at = 0; at < token.size(); ++at) {
            if (token[at] != '~') {
                step.key += token[at];
                continue;
            }
            ++at;
            if (at == token.size() || (token[at] != '0' && token[at] != '1')) {
                return bad;
            }
            step.key += token[at] == '0' ? '~' : '/';
        }
        const char* const last = step.key.data() + step.key.size();
        const auto [end, code] = std::from_chars(step.key.data(), last, step.index);
        const bool index = code == std::errc{} && end == last && step.key.front() != '-' &&
                           (step.key.size() == 1 || step.key.front() != '0');
        step.kind = index ? PathStep::Kind::Either : PathStep::Kind::Key;
        path.steps_.push_back(std::move(step));
        text.remove_prefix(token.size());
    }
    return path;
}

Result<JsonPath> JsonPath::path(std::string_view text) {
    auto steps = parse_json_path(text);
    if (!steps) {
        return steps.error();
    }
    JsonPath path;
    path.steps_ = *std::move(steps);
    return path;
}

const boost::json::value* JsonPath::find(const boost::json::value& root) const {
    return find_in(root, steps_);
}

}  // namespace plimsoll
