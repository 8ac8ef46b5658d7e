#include "lab/profile_value.hpp"

#include "lab/password_hash.hpp"

#include <algorithm>
#include <array>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace plimsoll {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 3> kWithName = {"path", "query", "header"};
constexpr std::array<std::string_view, 3> kAlone = {"token", "hash", "random"};

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> parts;
    while (true) {
        const auto dot = text.find('.');
        parts.emplace_back(text.substr(0, dot));
        if (dot == std::string_view::npos) {
            return parts;
        }
        text.remove_prefix(dot + 1);
    }
}

json::value walk(const json::value& from, const std::vector<std::string>& parts) {
    const json::value* at = &from;
    for (const std::string& part : parts) {
        const auto* object = at->if_object();
        at = object == nullptr ? nullptr : object->if_contains(part);
        if (at == nullptr) {
            return nullptr;
        }
    }
    return *at;
}

json::value text_or_null(const std::optional<std::string>& text) {
    return text ? json::value(json::string(text->data(), text->size())) : json::value(nullptr);
}

std::optional<std::string> token_of(const HttpRequest& request) {
    constexpr std::string_view kBearer = "Bearer ";
    const std::string* header = find_header(request.headers, "Authorization");
    if (header == nullptr || !header->starts_with(kBearer)) {
        return std::nullopt;
    }
    return header->substr(kBearer.size());
}

}  // namespace

Result<ProfileValue> ProfileValue::parse(std::string_view text,
                                         const std::vector<std::string>& steps) {
    ProfileValue value;
    std::string_view source = text;
    if (const auto equals = source.find('='); equals != std::string_view::npos) {
        value.fallback_ = std::string(source.substr(equals + 1));
        source = source.substr(0, equals);
    } else if (source.ends_with('?')) {
        value.optional_ = true;
        source.remove_suffix(1);
    }
    value.text_ = std::string(source);
    value.parts_ = split(source);
    value.source_ = value.parts_.front();
    value.parts_.erase(value.parts_.begin());
    const auto is_in = [&](const auto& known) {
        return std::find(known.begin(), known.end(), value.source_) != known.end();
    };
    const bool good = (is_in(kWithName) && value.parts_.size() == 1) ||
                      (is_in(kAlone) && value.parts_.empty()) || value.source_ == "body" ||
                      is_in(steps);
    if (!good) {
        return Error{fmt::format("\"{}\" is no source of a value", text),
                     {},
                     "path.NAME, query.NAME, header.NAME, body.NAME, token, hash, random, or "
                     "STEP.COLUMN of an earlier step"};
    }
    return value;
}

json::value ProfileValue::read_json(const ProfileRequest& request) const {
    json::value found;
    if (source_ == "body") {
        found = walk(request.body, parts_);
    } else if (source_ == "path") {
        const auto one = std::find_if(request.path.begin(), request.path.end(),
                                      [&](const auto& entry) { return entry.first == parts_[0]; });
        found = one == request.path.end() ? json::value(nullptr) : text_or_null(one->second);
    } else if (source_ == "query") {
        found = text_or_null(query_value(request.http, parts_[0]));
    } else if (source_ == "header") {
        const std::string* header = find_header(request.http.headers, parts_[0]);
        found = header == nullptr ? json::value(nullptr) : text_or_null(*header);
    } else if (source_ == "token") {
        found = text_or_null(token_of(request.http));
    } else if (source_ == "hash") {
        found = text_or_null(request.hash);
    } else if (source_ == "random") {
        found = text_or_null(random_token());
    } else if (const auto row = request.rows.find(source_); row != request.rows.end()) {
        found = walk(row->second, parts_);
    }
    return found.is_null() && fallback_ ? text_or_null(*fallback_) : found;
}

Result<PgParam> ProfileValue::read(const ProfileRequest& request) const {
    const json::value found = read_json(request);
    if (found.is_null()) {
        return optional_ ? Result<PgParam>(PgParam{})
                         : Result<PgParam>(Error{"is missing", text_, {}});
    }
    if (const auto* text = found.if_string()) {
        if (text->find('\0') != json::string::npos) {
            return Error{"must not contain a zero byte", text_, {}};
        }
        return PgParam(std::string(text->data(), text->size()));
    }
    return PgParam(json::serialize(found));
}

json::value fill_shape(const json::value& shape, const ProfileRequest& request) {
    if (const auto* text = shape.if_string()) {
        const std::string_view all(text->data(), text->size());
        if (all.starts_with("$$")) {
            return text_or_null(std::string(all.substr(1)));
        }
        if (all.starts_with("$")) {
            std::vector<std::string> steps;
            for (const auto& entry : request.rows) {
                steps.push_back(entry.first);
            }
            const auto value = ProfileValue::parse(all.substr(1), steps);
            return value ? value->read_json(request) : json::value(nullptr);
        }
    } else if (const auto* list = shape.if_array()) {
        json::array filled;
        for (const auto& item : *list) {
            filled.push_back(fill_shape(item, request));
        }
        return filled;
    } else if (const auto* object = shape.if_object()) {
        json::object filled;
        for (const auto& member : *object) {
            filled[member.key()] = fill_shape(member.value(), request);
        }
        return filled;
    }
    return shape;
}

Status check_shape(const json::value& shape, const std::vector<std::string>& steps) {
    if (const auto* text = shape.if_string()) {
        const std::string_view all(text->data(), text->size());
        if (all.starts_with('$') && !all.starts_with("$$")) {
            const auto value = ProfileValue::parse(all.substr(1), steps);
            return value ? Status{} : Status{value.error()};
        }
    } else if (const auto* list = shape.if_array()) {
        for (const auto& item : *list) {
            if (const auto status = check_shape(item, steps); !status) {
                return status;
            }
        }
    } else if (const auto* object = shape.if_object()) {
        for (const auto& member : *object) {
            if (const auto status = check_shape(member.value(), steps); !status) {
                return status;
            }
        }
    }
    return {};
}

}  // namespace plimsoll
