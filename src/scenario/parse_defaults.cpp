// What holds for every step unless it says otherwise, and the values that both may have.
#include "scenario/parts.hpp"
#include "scenario/wording.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace plimsoll {
namespace {

std::optional<Think> read_think_pair(const Item& item, Think::Kind kind, std::string_view what) {
    const auto items = item.is_list() ? item.items() : std::vector<Item>{};
    if (items.size() != 2) {
        item.fault(fmt::format("must be a list of two durations, {}", what), "e.g. [500ms, 2s]");
        return std::nullopt;
    }
    const auto a = items[0].duration();
    const auto b = items[1].duration();
    if (!a || !b) {
        return std::nullopt;
    }
    return Think{kind, *a, *b};
}

bool is_plain_word(std::string_view text) {
    constexpr std::size_t kLongest = 100;
    return !text.empty() && text.size() <= kLongest &&
           std::none_of(text.begin(), text.end(), [](char c) {
               return static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '=' || c == ',';
           });
}

}  // namespace

std::optional<Think> read_think(const Item& item) {
    constexpr std::array<std::string_view, 4> kKinds{"constant", "uniform", "normal",
                                                     "exponential"};
    constexpr std::string_view kExample = "e.g. think: 1s, or think: {uniform: [500ms, 2s]}";
    if (item.is_scalar()) {
        const auto time = item.duration();
        return time ? std::optional(Think{Think::Kind::Constant, *time, {}}) : std::nullopt;
    }
    if (!item.require_map("a duration or a map with one distribution", std::string(kExample))) {
        return std::nullopt;
    }
    const Fields fields(item, {kKinds, {}, kExample});
    const auto entries = item.named();
    if (entries.size() != 1) {
        item.fault(fmt::format("must name exactly one of {}", any_of(kKinds)),
                   std::string(kExample));
        return std::nullopt;
    }
    if (const auto pair = fields.get("uniform")) {
        auto think = read_think_pair(*pair, Think::Kind::Uniform, "shortest and longest");
        if (think && think->a > think->b) {
            pair->fault("must give the shorter duration first");
        }
        return think;
    }
    if (const auto pair = fields.get("normal")) {
        return read_think_pair(*pair, Think::Kind::Normal, "mean and standard deviation");
    }
    const auto constant = fields.get("constant");
    const auto single = constant ? constant : fields.get("exponential");
    const auto time = single ? single->duration() : std::nullopt;
    if (!time) {
        return std::nullopt;
    }
    return Think{constant ? Think::Kind::Constant : Think::Kind::Exponential, *time, {}};
}

void read_timeout(const Item& item, Nanoseconds& whole, HttpStepOptions& parts) {
    constexpr std::array<std::string_view, 4> kKeys{"connect", "first_byte", "body", "total"};
    if (!item.is_map()) {
        whole = item.positive_duration().value_or(whole);
        return;
    }
    const Fields fields(item, {kKeys});
    const auto read = [&](std::string_view key, std::optional<Nanoseconds>& into) {
        if (const auto value = fields.get(key)) {
            if (const auto time = value->positive_duration()) {
                into = *time;
            }
        }
    };
    read("connect", parts.connect);
    read("first_byte", parts.first_byte);
    read("body", parts.body);
    if (const auto total = fields.get("total")) {
        whole = total->positive_duration().value_or(whole);
    }
}

OnFail read_on_fail(const Item& item) {
    constexpr std::array<std::string_view, 4> kWords{"continue", "next_iteration", "stop_user",
                                                     "abort_run"};
    return static_cast<OnFail>(item.choice(kWords).value_or(0));
}

std::vector<std::string> read_tags(const Item& item) {
    std::vector<std::string> tags;
    if (!item.require_map("a map of tags", "e.g. tags: {team: shop}")) {
        return tags;
    }
    for (const Item::Named& entry : item.named()) {
        const auto value = entry.item.text("text");
        if (!value) {
            continue;
        }
        if (!is_plain_word(entry.name) || !is_plain_word(*value)) {
            entry.item.fault("name and value must be 1 to 100 characters without = and ,");
            continue;
        }
        tags.push_back(fmt::format("{}={}", entry.name, *value));
    }
    return tags;
}

std::optional<std::uint32_t> read_redirects(const Item& item) {
    constexpr std::uint64_t kMost = 100;
    if (item.is_scalar() && item.node().text == "false") {
        return 0;
    }
    const auto most = item.whole(0, kMost, "how many are followed; 0 or false: none");
    return most ? std::optional(static_cast<std::uint32_t>(*most)) : std::nullopt;
}

StepDefaults read_defaults(const Item& item, std::vector<Secret>& secrets) {
    constexpr std::array<std::string_view, 8> kKnown{"timeout", "headers",   "think", "expect",
                                                     "on_fail", "redirects", "http",  "tags"};
    StepDefaults defaults;
    if (!item.require_map("a map", "e.g. defaults: {timeout: 30s}")) {
        return defaults;
    }
    const Fields fields(item, {kKnown});
    if (const auto http = fields.get("http")) {
        defaults.http = read_step_http(*http);
    }
    if (const auto timeout = fields.get("timeout")) {
        read_timeout(*timeout, defaults.timeout, defaults.http);
    }
    if (const auto headers = fields.get("headers")) {
        defaults.headers = read_headers(*headers, secrets);
    }
    if (const auto wait = fields.get("think")) {
        defaults.think = read_think(*wait).value_or(Think{});
    }
    if (const auto expect = fields.get("expect")) {
        defaults.expect = read_expect(*expect);
    }
    if (const auto on_fail = fields.get("on_fail")) {
        defaults.on_fail = read_on_fail(*on_fail);
    }
    if (const auto redirects = fields.get("redirects")) {
        defaults.http.redirects = read_redirects(*redirects);
    }
    if (const auto tags = fields.get("tags")) {
        defaults.tags = read_tags(*tags);
    }
    return defaults;
}

}  // namespace plimsoll
