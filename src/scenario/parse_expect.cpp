// What a response must be, and what is taken from it.
#include "scenario/parts.hpp"
#include "scenario/wording.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using Wanted = ExpectDraft::Wanted;

// The key and text of {json: /id} and its like.
std::optional<Selector> read_source(const Item& item) {
    constexpr std::array<std::string_view, 6> kKeys{"json",   "regex",  "header",
                                                    "cookie", "status", "body"};
    constexpr const char* kExample =
        "e.g. id: {json: /id}, id: {regex: \"id=([0-9]+)\"} or id: {header: Location}";
    if (item.is_scalar()) {
        const std::string& text = item.node().text;
        if (text == "status" || text == "body") {
            return compile_selector(
                item, text == "body" ? Selector::Kind::Body : Selector::Kind::StatusCode, "");
        }
        if (text.starts_with('/') || text.starts_with('$')) {
            const auto path = item.text("a JSON pointer");
            return path ? compile_selector(item,
                                           path->starts_with('$') ? Selector::Kind::JsonPath
                                                                  : Selector::Kind::JsonPointer,
                                           *path)
                        : std::nullopt;
        }
    }
    if (!item.require_map("a map that says where the value stands", kExample)) {
        return std::nullopt;
    }
    const Fields fields(item, {kKeys});
    const auto entries = item.named();
    if (entries.size() != 1) {
        item.fault(fmt::format("must name exactly one of {}", any_of(kKeys)), kExample);
        return std::nullopt;
    }
    const Item& value = entries.front().item;
    const std::string& key = entries.front().name;
    if (fields.has_unknown()) {
        return std::nullopt;
    }
    if (key == "status" || key == "body") {
        static_cast<void>(value.boolean());
        return compile_selector(
            value, key == "body" ? Selector::Kind::Body : Selector::Kind::StatusCode, "");
    }
    const auto text = value.text();
    if (!text) {
        return std::nullopt;
    }
    if (key == "json") {
        return compile_selector(
            value, text->starts_with('$') ? Selector::Kind::JsonPath : Selector::Kind::JsonPointer,
            *text);
    }
    return compile_selector(value,
                            key == "regex"    ? Selector::Kind::Regex
                            : key == "header" ? Selector::Kind::Header
                                              : Selector::Kind::Cookie,
                            *text);
}

}  // namespace

ExpectDraft read_expect(const Item& item) {
    constexpr std::array<std::string_view, 6> kKnown{"status", "json", "headers",
                                                     "body",   "size", "duration"};
    ExpectDraft expect;
    if (!item.require_map("a map of what the response must be", "e.g. expect: {status: 200}")) {
        return expect;
    }
    const Fields fields(item, {kKnown});
    if (item.named().empty()) {
        item.fault("says nothing; leave it out or write what the response must be",
                   "e.g. expect: {status: 200}");
    }
    if (const auto status = fields.get("status")) {
        expect.statuses = read_statuses(*status);
    }
    read_conditions(fields, expect.checks);
    if (const auto duration = fields.get("duration")) {
        if (const auto longest = duration->positive_duration()) {
            Wanted one;
            one.what = fmt::format("takes at most {}", format_duration(*longest));
            one.check.op = Check::Op::Time;
            one.check.high = static_cast<double>(longest->count());
            expect.checks.push_back(std::move(one));
        }
    }
    return expect;
}

Until read_until(const Item& item) {
    constexpr std::array<std::string_view, 7> kKnown{"json", "status", "headers", "body",
                                                     "size", "every",  "max"};
    constexpr std::uint64_t kMostPolls = 1'000'000;
    constexpr const char* kExample = "e.g. until: {json: {/status: running}, every: 1s, max: 10}";
    Until until;
    if (!item.require_map("a map with a condition", kExample)) {
        return until;
    }
    const Fields fields(item, {kKnown});
    std::vector<Wanted> wanted;
    const std::size_t before = item.context().faults.size();
    read_conditions(fields, wanted);
    if (const auto status = fields.get("status")) {
        read_status_condition(*status, wanted);
    }
    if (wanted.empty() && item.context().faults.size() == before && !fields.has_unknown()) {
        item.fault("has no condition; one of json, status, headers, body or size is needed",
                   kExample);
    }
    for (Wanted& one : wanted) {
        one.check.id = kUncounted;
        until.conditions.push_back(std::move(one.check));
    }
    if (const auto every = fields.get("every")) {
        until.every = every->duration().value_or(until.every);
    }
    if (const auto max = fields.get("max")) {
        until.max = static_cast<std::uint32_t>(
            max->whole(1, kMostPolls, "it counts polls, e.g. max: 10").value_or(until.max));
    }
    return until;
}

std::vector<Capture> read_captures(const Item& item) {
    std::vector<Capture> captures;
    if (!item.require_map("a map of variables to where their values stand",
                          "e.g. capture: {id: {json: /id}}")) {
        return captures;
    }
    for (const Item::Named& entry : item.named()) {
        const auto variable = variable_named(entry.item.at_key(), entry.name);
        auto selector = read_source(entry.item);
        if (variable && selector) {
            captures.push_back({*variable, entry.name, *std::move(selector)});
        }
    }
    return captures;
}

std::vector<Check> name_checks(const std::vector<Wanted>& wanted, const std::string& endpoint,
                               Scenario& scenario) {
    std::vector<Check> checks;
    for (const Wanted& one : wanted) {
        const std::string name = fmt::format("{}: {}", endpoint, one.what);
        const auto found = std::find(scenario.checks.begin(), scenario.checks.end(), name);
        Check check = one.check;
        check.id = static_cast<CheckId>(found - scenario.checks.begin());
        if (found == scenario.checks.end()) {
            scenario.checks.push_back(name);
        }
        checks.push_back(std::move(check));
    }
    return checks;
}

}  // namespace plimsoll
