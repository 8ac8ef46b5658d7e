#include "lab/profile_reading.hpp"

#include "base/units.hpp"

#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

namespace plimsoll::profile {

namespace json = boost::json;

Error wrong(const std::string& where, std::string what, std::string hint) {
    return Error{std::move(what), where, std::move(hint)};
}

std::string at(const std::string& where, std::string_view key) {
    return where.empty() ? std::string(key) : fmt::format("{}.{}", where, key);
}

Status check_keys(const json::object& object, const std::string& where,
                  const std::vector<std::string_view>& known) {
    for (const auto& member : object) {
        const std::string_view key(member.key().data(), member.key().size());
        if (std::find(known.begin(), known.end(), key) == known.end()) {
            return wrong(at(where, key), "unknown key",
                         fmt::format("known: {}", fmt::join(known, ", ")));
        }
    }
    return {};
}

Status read_text(const json::object& object, const std::string& where, std::string_view key,
                 std::string& target, bool required) {
    const auto* member = object.if_contains(key);
    if (member == nullptr) {
        return required ? Status{wrong(at(where, key), "is required")} : Status{};
    }
    if (!member->is_string()) {
        return wrong(at(where, key), "must be a text");
    }
    target.assign(member->get_string().data(), member->get_string().size());
    return {};
}

Status read_int(const json::object& object, const std::string& where, std::string_view key,
                int least, int most, int& target) {
    const auto* member = object.if_contains(key);
    if (member == nullptr) {
        return {};
    }
    if (!member->is_int64() || member->get_int64() < least || member->get_int64() > most) {
        return wrong(at(where, key),
                     fmt::format("must be a whole number from {} to {}", least, most));
    }
    target = static_cast<int>(member->get_int64());
    return {};
}

Status read_time(const json::object& object, const std::string& where, std::string_view key,
                 Nanoseconds& target) {
    std::string text;
    if (const auto status = read_text(object, where, key, text); !status) {
        return status;
    }
    if (text.empty()) {
        return {};
    }
    const auto value = parse_duration(text);
    if (!value) {
        return wrong(at(where, key), value.error().what, value.error().hint);
    }
    target = *value;
    return {};
}

Status read_flag(const json::object& object, const std::string& where, std::string_view key,
                 bool& target) {
    const auto* member = object.if_contains(key);
    if (member == nullptr) {
        return {};
    }
    if (!member->is_bool()) {
        return wrong(at(where, key), "must be true or false");
    }
    target = member->get_bool();
    return {};
}

Status read_texts(const json::object& object, const std::string& where, std::string_view key,
                  std::vector<std::string>& target) {
    const auto* member = object.if_contains(key);
    if (member == nullptr) {
        return {};
    }
    const auto* list = member->if_array();
    const bool good =
        list != nullptr &&
        std::all_of(list->begin(), list->end(), [](const auto& one) { return one.is_string(); });
    if (!good) {
        return wrong(at(where, key), "must be a list of texts");
    }
    for (const auto& one : *list) {
        target.emplace_back(one.get_string().data(), one.get_string().size());
    }
    return {};
}

Status first_of(std::initializer_list<Status> all) {
    for (const Status& status : all) {
        if (!status) {
            return status;
        }
    }
    return {};
}

}  // namespace plimsoll::profile
