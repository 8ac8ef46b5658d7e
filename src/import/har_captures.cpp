#include "import/har_captures.hpp"

#include "import/bodies.hpp"
#include "import/json_access.hpp"
#include "import/naming.hpp"
#include "import/request_text.hpp"

#include <algorithm>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace plimsoll::import {
namespace {

namespace json = boost::json;

std::string leaf(const json::value& value) {
    const auto* const string = value.if_string();
    return string != nullptr                       ? std::string(*string)
           : value.is_int64() || value.is_uint64() ? json::serialize(value)
                                                   : std::string();
}

bool is_sent_back(std::string_view name, const std::string& text) {
    const std::string word = lower_case(name);
    const bool id = (word == "id" || word.ends_with("_id") || name.ends_with("Id") ||
                     word == "uuid" || word == "key" || word == "slug") &&
                    is_id(text);
    return id || (text.size() >= 6 && is_secret_name(name)) || (text.size() >= 20 && is_id(text));
}

std::string escaped(std::string_view key) {  // RFC 6901
    std::string result;
    for (const char c : key) {
        result += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    }
    return result;
}

}  // namespace

void HarCaptures::offer(const json::value& raw, std::size_t step, Secrets& secrets) {
    const std::string type = lower_case(text_at(&raw, "response", "content", "mimeType"));
    std::string text = text_at(&raw, "response", "content", "text");
    if (text_at(&raw, "response", "content", "encoding") == "base64") {
        text = from_base64(text).value_or("");
    }
    if (type.find("json") == std::string::npos || text.empty()) {
        return;
    }
    if (const auto parsed = parse_json(text, "a response")) {
        walk(*parsed, "", "", step, secrets, 0);
    }
}

void HarCaptures::add_captures(std::vector<DraftStep>& steps, const Secrets& secrets) const {
    for (const auto& [offer, variable] : secrets.taken()) {
        steps[offers_[offer].step].captures.emplace_back(variable, offers_[offer].pointer);
    }
}

void HarCaptures::walk(const json::value& value, const std::string& pointer, std::string_view name,
                       std::size_t step, Secrets& secrets, int depth) {
    constexpr int kDeepest = 6;
    constexpr std::size_t kMost = 2000;
    if (depth > kDeepest || offers_.size() > kMost) {
        return;
    }
    if (const auto* const object = value.if_object()) {
        for (const auto& [key, member] : *object) {
            walk(member, pointer + "/" + escaped(key), key, step, secrets, depth + 1);
        }
    } else if (const auto* const array = value.if_array()) {
        for (std::size_t i = 0; i < std::min<std::size_t>(array->size(), 3); ++i) {
            walk((*array)[i], fmt::format("{}/{}", pointer, i), name, step, secrets, depth + 1);
        }
    } else if (const std::string text = leaf(value); is_sent_back(name, text)) {
        secrets.offer(name, text, offers_.size());
        offers_.push_back({step, pointer});
    }
}

}  // namespace plimsoll::import
