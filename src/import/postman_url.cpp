#include "import/postman_url.hpp"

#include "import/json_access.hpp"
#include "import/secrets.hpp"

#include <algorithm>
#include <utility>

#include <boost/json/serialize.hpp>

namespace plimsoll::import {

namespace json = boost::json;

std::string scalar_text(const json::value* value) {
    const bool scalar = value != nullptr && (value->is_number() || value->is_bool());
    return scalar ? json::serialize(*value) : text_at(value);
}

std::string postman_url(const json::value* url) {
    if (url == nullptr || url->is_string()) {
        return text_at(url);
    }
    const auto joined = [&](const char* key, const char* mark) {
        std::string text = text_at(url, key);
        for (const json::value& part : items_at(url, key)) {
            const std::string one = part.is_string() ? text_at(&part) : text_at(&part, "value");
            text += (&part == items_at(url, key).data() ? "" : mark) + one;
        }
        return text;
    };
    const std::string host = joined("host", ".");
    if (host.empty()) {
        return text_at(url, "raw");
    }
    const std::string protocol = text_at(url, "protocol");
    const std::string port = text_at(url, "port");
    const std::string path = joined("path", "/");
    std::string text = (protocol.empty() ? "" : protocol + "://") + host +
                       (port.empty() ? "" : ":" + port) +
                       (path.empty() || path.starts_with('/') ? "" : "/") + path;
    char mark = '?';
    for (const json::value& pair : items_at(url, "query")) {
        if (true_at(find(&pair, "disabled"))) {
            continue;
        }
        const json::value* const value = find(&pair, "value");
        text += std::exchange(mark, '&') + text_at(&pair, "key");
        text += value != nullptr && value->is_string() ? "=" + text_at(value) : "";
    }
    if (mark == '?' && !text_at(url, "query").empty()) {  // 2.0
        text += "?" + text_at(url, "query");
    }
    return text;
}

std::string with_path_variables(const std::string& raw, const json::value* url) {
    std::map<std::string, std::string> values;
    for (const json::value& entry : items_at(url, "variable")) {
        const std::string key = text_at(&entry, "key");
        const std::string id = key.empty() ? text_at(&entry, "id") : key;
        values[id] = scalar_text(find(&entry, "value"));
    }
    const std::size_t query = std::min(raw.find_first_of("?#"), raw.size());
    std::string result;
    for (std::size_t at = 0; at < query;) {
        const std::size_t end = std::min(raw.find('/', at + 1), query);
        const std::string segment = raw.substr(at, end - at);
        const auto known =
            segment.starts_with("/:") ? values.find(segment.substr(2)) : values.end();
        if (known == values.end()) {
            result += segment;
        } else {
            result += "/" + (known->second.empty() ? "{{" + known->first + "}}" : known->second);
        }
        at = end;
    }
    return result + raw.substr(query);
}

std::string resolve_variables(std::string text,
                              const std::map<std::string, std::string>& variables) {
    constexpr int kMost = 200;  // of a variable that leads to itself
    std::size_t at = 0;
    for (int replaced = 0; replaced < kMost; ++replaced) {
        const std::size_t open = text.find("{{", at);
        const std::size_t close = open == std::string::npos ? open : text.find("}}", open);
        if (close == std::string::npos) {
            break;
        }
        const std::string name = text.substr(open + 2, close - open - 2);
        const auto known = variables.find(name);
        const bool plain = known != variables.end() && !known->second.empty() &&
                           !is_secret_name(name) &&
                           known->second.find("{{" + name + "}}") == std::string::npos;
        if (plain) {
            text.replace(open, close - open + 2, known->second);
            at = open;
        } else {
            at = close + 2;
        }
    }
    return text;
}

}  // namespace plimsoll::import
