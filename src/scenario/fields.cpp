// Maps with fixed keys, and what to say about a key that is not one of them.
#include "scenario/reader.hpp"
#include "scenario/wording.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace plimsoll {
namespace {

struct Foreign {
    std::string_view key;
    std::string_view meant;   // our word for it; empty where there is none
    std::string_view advice;  // what to do instead
};
constexpr std::string_view kNoPreallocation =
    "leave it out: users start as they are needed, up to max_vus";
constexpr std::string_view kUnitInRate =
    "leave it out and write the unit with the rate, e.g. rate: 200/s";
constexpr std::string_view kMethodAsKey =
    "write the method as the key and the path as its value, e.g. get: /health";
// Keys of k6 and Locust that have no counterpart of a similar name.
constexpr std::array kForeign{
    Foreign{"preAllocatedVUs", {}, kNoPreallocation},
    Foreign{"pre_allocated_vus", {}, kNoPreallocation},
    Foreign{"timeUnit", {}, kUnitInRate},
    Foreign{"time_unit", {}, kUnitInRate},
    Foreign{"exec", {}, "leave it out: flows belong to user classes, see users"},
    Foreign{"scenarios", "load", {}},
    Foreign{"stages", {}, "stages belong to an executor in the list under load"},
    Foreign{"options", {}, "leave it out: what k6 has under options stands at the top level here"},
    Foreign{"delayAbortEval", "delay_abort", {}},
    Foreign{"delay_abort_eval", "delay_abort", {}},
    Foreign{"url", {}, kMethodAsKey},
    Foreign{"method", {}, kMethodAsKey},
    Foreign{"host", "target", {}},
    Foreign{"base_url", "target", {}},
    Foreign{"wait_time", "think", {}},
    Foreign{"sleep", "think", {}},
    Foreign{"tasks", "flow", {}},
    Foreign{"steps", "flow", {}},
    Foreign{"checks", "expect", {}},
    Foreign{"on_start", "user_start", {}},
    Foreign{"on_stop", "user_stop", {}},
    Foreign{"operationName", "operation", {}},
    Foreign{"extract", "capture", {}},
    Foreign{"params", "query", {}},
    Foreign{"repeat", {}, "repeat is a step of its own: {repeat: 3, steps: [{get: /a}]}"},
    Foreign{"if", {}, "if is a step of its own: {if: \"${n} > 1\", then: [{get: /a}]}"},
    Foreign{"group", {}, "group is a step of its own: {group: checkout, steps: [{get: /a}]}"},
    Foreign{"set", {}, "set is a step of its own: {set: {page: 1}}"},
    Foreign{"parallel", {}, "parallel is a step of its own: {parallel: [{get: /a}, {get: /b}]}"},
    Foreign{"<<", {}, "merge keys are not supported; repeat the keys"},
};

const Foreign* foreign(std::string_view key) {
    const auto* const found = std::find_if(kForeign.begin(), kForeign.end(),
                                           [&](const Foreign& f) { return f.key == key; });
    return found == kForeign.end() ? nullptr : found;
}

// Which known key an unknown one stands for; empty when none.
std::string_view meant_by(std::string_view key, const Keys& keys) {
    if (const auto near = nearest(key, keys.known); !near.empty()) {
        return near;
    }
    const Foreign* const other = foreign(key);
    const bool known_here = other != nullptr && std::find(keys.known.begin(), keys.known.end(),
                                                          other->meant) != keys.known.end();
    return known_here ? other->meant : std::string_view{};
}

std::string hint_for_unknown(std::string_view key, const Keys& keys) {
    if (const auto meant = meant_by(key, keys); !meant.empty()) {
        return fmt::format("did you mean {}?", meant);
    }
    if (const auto near = nearest(key, keys.later); !near.empty()) {
        return fmt::format("{} is not supported yet", near);
    }
    if (const Foreign* const other = foreign(key); other != nullptr && !other->advice.empty()) {
        return std::string(other->advice);
    }
    if (!keys.advice.empty()) {
        return std::string(keys.advice);
    }
    return fmt::format("known here: {}", fmt::join(keys.known, ", "));
}

bool contains(std::span<const std::string_view> words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

Fields::Fields(const Item& map, const Keys& keys) : map_(map), entries_(map.named()) {
    if (map.context().on_map) {
        map.context().on_map(map.path(), keys.known);
    }
    for (const Item::Named& entry : entries_) {
        if (contains(keys.known, entry.name)) {
            continue;
        }
        const Item at_key = entry.item.at_key();
        if (contains(keys.later, entry.name)) {
            at_key.fault("is not supported yet; leave it out");
        } else {
            at_key.fault("unknown key", hint_for_unknown(entry.name, keys));
            unknown_ = true;
            meant_.push_back(meant_by(entry.name, keys));
        }
    }
}

std::optional<Item> Fields::get(std::string_view key) const {
    const auto found = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const Item::Named& entry) { return entry.name == key; });
    return found == entries_.end() ? std::nullopt : std::optional(found->item);
}

std::optional<Item> Fields::require(std::string_view key, std::string_view example) const {
    auto item = get(key);
    if (!item && !contains(meant_, key)) {
        map_.fault(fmt::format("{} is missing", key), fmt::format("e.g. {}", example));
    }
    return item;
}

}  // namespace plimsoll
