// What a comparison of two sides' runs came to: data alone, for whatever prints it.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// Worse and Better: beyond the interval and beyond the tolerance. Same: what can be excluded is
/// any change beyond the tolerance, or what is certain is a change within it. TooLittle: neither;
/// longer or more runs would tell.
enum class RowVerdict { Better, Worse, Same, TooLittle };
inline constexpr std::array<std::string_view, 4> kRowVerdictNames{"better", "worse", "same",
                                                                  "too_little_data"};
[[nodiscard]] constexpr std::string_view to_string(RowVerdict verdict) {
    return kRowVerdictNames[static_cast<std::size_t>(verdict)];
}

/// Of a row's values: what they count.
enum class RowUnit { Seconds, Rate, Users, Share };
inline constexpr std::array<std::string_view, 4> kRowUnitNames{"seconds", "rate", "users", "share"};
[[nodiscard]] constexpr std::string_view to_string(RowUnit unit) {
    return kRowUnitNames[static_cast<std::size_t>(unit)];
}

struct CompareRow {
    std::string group;  // "all requests", an endpoint, "database", "CPU"
    std::string name;   // "response p95", "failed" ...
    RowUnit unit = RowUnit::Seconds;
    bool more_is_better = false;
    std::optional<double> base, now;
    /// Of Share, the difference of the two; else their ratio less one. Absent: it cannot be told.
    std::optional<double> change;
    std::array<double, 2> interval{};  // of `change`; all rows' hold together with 95 %
    /// The least change that counts, as `change`: the tolerance, or more where it is below what can
    /// be measured.
    double tolerated = 0;
    /// How runs of one side differ from each other, as `change`; where a side has several.
    std::optional<double> run_spread = std::nullopt;
    RowVerdict verdict = RowVerdict::TooLittle;
    std::string why;  // where it is not plain from the figures
};

/// What was compared, of one run.
struct ComparedRunInfo {
    std::string id, scenario, version, started, verdict;
    double duration_s = 0;
};

struct CompareResult {
    std::vector<ComparedRunInfo> base, now;
    double tolerance = 0.05;
    std::vector<CompareRow> rows;
    std::vector<std::string> changed;  // verdicts, thresholds and findings that differ: sentences
    std::vector<std::string> notes;    // how it was compared, and what speaks against trusting it
    std::vector<std::string> forced;   // why it would have been refused

    [[nodiscard]] std::size_t count(RowVerdict verdict) const;
    [[nodiscard]] bool regressed() const { return count(RowVerdict::Worse) > 0; }
};

}  // namespace plimsoll
