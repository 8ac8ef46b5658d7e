// How faults are written: reading and writing the text form.
#include "base/units.hpp"
#include "lab/fault_catalogue.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <vector>

#include <fmt/format.h>

namespace plimsoll {
namespace {

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
std::string suggest(std::string_view text, const std::vector<std::string_view>& known) {
    const auto nearest = std::min_element(known.begin(), known.end(), [&](auto a, auto b) {
        return edit_distance(text, a) < edit_distance(text, b);
    });
    if (nearest != known.end() && edit_distance(text, *nearest) <= 1 + nearest->size() / 3) {
        return fmt::format("did you mean `{}`?", *nearest);
    }
    return fmt::format("known: {}", fmt::join(known, ", "));
}

Result<const FaultType*> find_type(std::string_view name) {
    std::vector<std::string_view> known;
    for (const FaultType& type : fault_types()) {
        if (type.name == name) {
            return &type;
        }
        known.push_back(type.name);
    }
    return Error{fmt::format("unknown fault \"{}\"", name), "fault", suggest(name, known)};
}

Result<const FaultKey*> find_key(const FaultType& type, std::string_view name) {
    std::vector<std::string_view> known;
    for (const FaultKey& key : type.keys) {
        if (key.name == name) {
            return &key;
        }
        known.push_back(key.name);
    }
    return Error{fmt::format("unknown key \"{}\"", name), "fault", suggest(name, known)};
}

/// A plain decimal number in front of `text`; the rest stays in it.
std::optional<double> take_number(std::string_view& text) {
    double value = 0;
    const auto [end, problem] =
        std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    if (problem != std::errc{} || !std::isfinite(value)) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

std::optional<double> read_bytes(std::string_view text) {
    const auto number = take_number(text);
    if (!number) {
        return std::nullopt;
    }
    constexpr std::array<std::pair<std::string_view, double>, 4> kSizes{
        {{"B", 1}, {"KiB", 1024}, {"MiB", 1024.0 * 1024}, {"GiB", 1024.0 * 1024 * 1024}}};
    for (const auto& [unit, size] : kSizes) {
        if (text == unit) {
            return *number * size;
        }
    }
    return std::nullopt;
}

std::optional<double> read_value(FaultUnit unit, std::string_view text) {
    switch (unit) {
        case FaultUnit::Count: {
            const auto number = take_number(text);
            return number && text.empty() && *number == std::floor(*number) ? number : std::nullopt;
        }
        case FaultUnit::Number: {
            const auto number = take_number(text);
            return text.empty() ? number : std::nullopt;
        }
        case FaultUnit::Share: {
            const auto number = take_number(text);
            return number && text == "%" ? std::optional(*number / 100) : std::nullopt;
        }
        case FaultUnit::Bytes:
            return read_bytes(text);
        case FaultUnit::Rate: {
            const auto rate = parse_rate(text);
            return rate ? std::optional(rate->per_second()) : std::nullopt;
        }
        case FaultUnit::Flag:
            return text == "yes"  ? std::optional(1.0)
                   : text == "no" ? std::optional(0.0)
                                  : std::nullopt;
        case FaultUnit::Duration: {
            const auto duration = parse_duration(text);
            return duration ? std::optional(to_seconds(*duration)) : std::nullopt;
        }
    }
    return std::nullopt;
}

std::string show(FaultUnit unit, double value) {
    switch (unit) {
        case FaultUnit::Duration:
            return format_duration(from_seconds(value));
        case FaultUnit::Share:
            return fmt::format("{}%", value * 100);
        case FaultUnit::Rate:
            return fmt::format("{}/s", value);
        case FaultUnit::Bytes:
            return fmt::format("{:.0f}B", value);
        default:
            return fmt::format("{}", value);
    }
}

std::string_view form(FaultUnit unit) {
    switch (unit) {
        case FaultUnit::Count:
            return "a whole number";
        case FaultUnit::Number:
            return "a number";
        case FaultUnit::Duration:
            return "a time with its unit, as 20ms or 2s,";
        case FaultUnit::Bytes:
            return "a size in B, KiB, MiB or GiB";
        case FaultUnit::Share:
            return "a share in %";
        case FaultUnit::Rate:
            return "a rate, as 50/s,";
        case FaultUnit::Flag:
            break;
    }
    return "yes or no";
}

}  // namespace

Result<double> parse_fault_value(const FaultKey& key, std::string_view text) {
    const auto value = read_value(key.unit, text);
    if (value && *value >= key.least && *value <= key.most) {
        return *value;
    }
    if (key.unit == FaultUnit::Flag) {
        return Error{fmt::format("{} must be yes or no, got \"{}\"", key.name, text), "fault", {}};
    }
    return Error{fmt::format("{} must be {} from {} to {}, got \"{}\"", key.name, form(key.unit),
                             show(key.unit, key.least), show(key.unit, key.most), text),
                 "fault",
                 {}};
}

Result<LabFault> LabFault::parse(std::string_view text) {
    const auto colon = text.find(':');
    const auto type = find_type(text.substr(0, colon));
    if (!type) {
        return type.error();
    }
    LabFault fault;
    fault.type_ = *type;
    std::string_view rest = colon == std::string_view::npos ? "" : text.substr(colon + 1);
    while (!rest.empty()) {
        const auto comma = rest.find(',');
        const std::string_view pair = rest.substr(0, comma);
        rest = comma == std::string_view::npos ? "" : rest.substr(comma + 1);
        const auto equals = pair.find('=');
        if (equals == std::string_view::npos) {
            return Error{fmt::format("expected key=value, got \"{}\"", pair), "fault",
                         fmt::format("for example {}", fault.type_->example)};
        }
        const auto key = find_key(*fault.type_, pair.substr(0, equals));
        if (!key) {
            return key.error();
        }
        const std::string_view value = pair.substr(equals + 1);
        if (const auto read = parse_fault_value(**key, value); !read) {
            return read.error();
        }
        fault.given_[(*key)->name] = std::string(value);
    }
    for (const FaultKey& key : fault.type_->keys) {
        if (key.required && !fault.given_.contains(key.name)) {
            return Error{fmt::format("{} needs a {}", fault.name(), key.name), "fault",
                         fmt::format("for example {}", fault.type_->example)};
        }
    }
    return fault;
}

std::optional<double> LabFault::find(std::string_view key) const {
    for (const FaultKey& known : type_->keys) {
        if (known.name == key) {
            const auto given = given_.find(key);
            return read_value(known.unit, given == given_.end() ? known.fallback
                                                                : std::string_view(given->second));
        }
    }
    return std::nullopt;
}

std::string LabFault::to_string() const {
    std::string text(type_->name);
    char separator = ':';
    for (const FaultKey& key : type_->keys) {
        if (const auto given = given_.find(key.name); given != given_.end()) {
            text += fmt::format("{}{}={}", separator, key.name, given->second);
            separator = ',';
        }
    }
    return text;
}

}  // namespace plimsoll
