// Every fault the lab can plant: its name, its keys, what it does and what one should see.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace plimsoll {

/// What a key's value is, and so how it is written. Inside, durations are seconds, sizes bytes,
/// shares 0 to 1, rates per second, flags 0 or 1.
enum class FaultUnit { Count, Number, Duration, Bytes, Share, Rate, Flag };

struct FaultKey {
    std::string_view name;
    FaultUnit unit;
    std::string_view fallback;  // as written; empty: none, the key then has no value
    double least;
    double most;
    std::string_view meaning;
    bool required = false;
};

struct FaultType {
    std::string_view name;
    std::span<const FaultKey> keys;
    std::string_view plants;   // what is done to the service
    std::string_view expect;   // what one should see from outside
    std::string_view example;  // a whole fault, as written
};

/// All types, in the order of the documentation. Static.
[[nodiscard]] std::span<const FaultType> fault_types();

/// One fault as written: "app-pool:size=5", "app-cpu:burn=20ms". A value.
class LabFault {
public:
    /// Error: an unknown fault or key (with the nearest known one as hint), a value out of range, a
    /// required key that is missing.
    [[nodiscard]] static Result<LabFault> parse(std::string_view text);

    [[nodiscard]] const FaultType& type() const { return *type_; }
    [[nodiscard]] std::string_view name() const { return type_->name; }
    /// The value of `key` in its unit, the default where it was not given; nothing where there is
    /// neither.
    [[nodiscard]] std::optional<double> find(std::string_view key) const;
    /// As `find`, for keys that have a default or are required.
    [[nodiscard]] double number(std::string_view key) const { return find(key).value_or(0); }
    [[nodiscard]] int count(std::string_view key) const { return static_cast<int>(number(key)); }
    [[nodiscard]] bool flag(std::string_view key) const { return number(key) != 0; }
    [[nodiscard]] Nanoseconds duration(std::string_view key) const {
        return from_seconds(number(key));
    }
    /// Whether `key` was given.
    [[nodiscard]] bool has(std::string_view key) const { return given_.contains(key); }
    /// What was given, in the order of the catalogue; reads back to the same fault.
    [[nodiscard]] std::string to_string() const;

private:
    const FaultType* type_ = nullptr;
    std::map<std::string_view, std::string, std::less<>> given_;  // as written
};

/// One value, read by its unit. Error: not of that form or out of range; `what` names the key.
[[nodiscard]] Result<double> parse_fault_value(const FaultKey& key, std::string_view text);

/// For `--list-faults`.
[[nodiscard]] std::string fault_manual();

}  // namespace plimsoll
