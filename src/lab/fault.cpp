#include "lab/fault.hpp"

#include "base/units.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <vector>

namespace plimsoll {
namespace {

constexpr std::array<FaultDescription, 3> kFaults{{
    {"none", "a pool of 64 connections, enough for any load this machine can make"},
    {"app-pool:size=N[,hold=TIME]",
     "a pool of N connections; a request that waits 2 s for one is answered 503"},
    {"max-connections[:limit=N,hold=TIME]",
     "no pool, a new connection for each request, while PostgreSQL allows N in all"},
}};

constexpr std::array<std::string_view, 3> kNames = {"none", "app-pool", "max-connections"};

/// How many single-character changes turn `a` into `b` (Levenshtein 1966).
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), 0U);
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

/// "did you mean `x`?" when one is near, else what there is to choose from.
std::string suggest(std::string_view text, std::span<const std::string_view> known) {
    const auto nearest = std::min_element(known.begin(), known.end(), [&](auto a, auto b) {
        return edit_distance(text, a) < edit_distance(text, b);
    });
    if (nearest != known.end() && edit_distance(text, *nearest) <= 1 + nearest->size() / 3) {
        return "did you mean `" + std::string(*nearest) + "`?";
    }
    std::string all = "known:";
    for (const auto name : known) {
        all += (all.back() == ':' ? " " : ", ") + std::string(name);
    }
    return all;
}

Result<int> parse_count(std::string_view key, std::string_view text, int least, int most) {
    int value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc{} || end != text.data() + text.size() || value < least ||
        value > most) {
        return Error{std::string(key) + " must be a whole number from " + std::to_string(least) +
                         " to " + std::to_string(most) + ", got \"" + std::string(text) + "\"",
                     "fault",
                     {}};
    }
    return value;
}

Status set_hold(FaultSpec& fault, std::string_view text) {
    const auto hold = parse_duration(text);
    if (!hold) {
        return Error{"hold: " + hold.error().what, "fault", "for example hold=20ms"};
    }
    if (*hold > std::chrono::minutes(1)) {
        return Error{"hold must be at most 1m, got \"" + std::string(text) + "\"", "fault", {}};
    }
    fault.hold = *hold;
    return {};
}

std::vector<std::string_view> keys_of(FaultSpec::Kind kind) {
    switch (kind) {
        case FaultSpec::Kind::AppPool:
            return {"size", "hold"};
        case FaultSpec::Kind::MaxConnections:
            return {"limit", "hold"};
        case FaultSpec::Kind::None:
            break;
    }
    return {"hold"};
}

Status set_key(FaultSpec& fault, std::string_view key, std::string_view value) {
    const auto known = keys_of(fault.kind);
    if (std::find(known.begin(), known.end(), key) == known.end()) {
        return Error{"unknown key \"" + std::string(key) + "\"", "fault", suggest(key, known)};
    }
    if (key == "hold") {
        return set_hold(fault, value);
    }
    const bool size = key == "size";
    const auto count = size ? parse_count(key, value, 1, 500) : parse_count(key, value, 6, 1000);
    if (!count) {
        return count.error();
    }
    (size ? fault.pool_size : fault.limit) = *count;
    return {};
}

Result<FaultSpec> start_with(std::string_view name) {
    FaultSpec fault;
    if (name == "app-pool") {
        fault.kind = FaultSpec::Kind::AppPool;
    } else if (name == "max-connections") {
        fault.kind = FaultSpec::Kind::MaxConnections;
    } else if (name != "none") {
        return Error{"unknown fault \"" + std::string(name) + "\"", "fault", suggest(name, kNames)};
    }
    return fault;
}

}  // namespace

std::string FaultSpec::to_string() const {
    std::string text = "none";
    std::string separator = ":";
    if (kind == Kind::AppPool) {
        text = "app-pool:size=" + std::to_string(pool_size);
        separator = ",";
    } else if (kind == Kind::MaxConnections) {
        text = "max-connections:limit=" + std::to_string(limit);
        separator = ",";
    }
    return hold ? text + separator + "hold=" + format_duration(*hold) : text;
}

int FaultSpec::max_connections() const {
    // 3 reserved slots, probes and canaries, and some room to look in by hand.
    return kind == Kind::MaxConnections ? limit : std::max(100, pool_size + 20);
}

Result<FaultSpec> parse_fault(std::string_view text) {
    const auto colon = text.find(':');
    auto parsed = start_with(text.substr(0, colon));
    if (!parsed) {
        return parsed.error();
    }
    FaultSpec fault = *parsed;
    std::string_view rest = colon == std::string_view::npos ? "" : text.substr(colon + 1);
    bool sized = false;
    while (!rest.empty()) {
        const auto comma = rest.find(',');
        const std::string_view pair = rest.substr(0, comma);
        rest = comma == std::string_view::npos ? "" : rest.substr(comma + 1);
        const auto equals = pair.find('=');
        if (equals == std::string_view::npos) {
            return Error{"expected key=value, got \"" + std::string(pair) + "\"", "fault",
                         "for example app-pool:size=5,hold=20ms"};
        }
        const std::string_view key = pair.substr(0, equals);
        sized = sized || key == "size";
        if (const auto status = set_key(fault, key, pair.substr(equals + 1)); !status) {
            return status.error();
        }
    }
    if (fault.kind == FaultSpec::Kind::AppPool && !sized) {
        return Error{"app-pool needs a size", "fault", "for example app-pool:size=5"};
    }
    return fault;
}

std::span<const FaultDescription> list_faults() {
    return kFaults;
}

}  // namespace plimsoll
