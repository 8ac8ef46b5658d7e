// What a capacity search came to: data alone, for reports and for the run file.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// A quantity that lies between `low` and `high` with 90 % confidence, so beyond either alone with
/// 95 %. `high` is infinite where the samples allow no upper bound.
struct Estimate {
    double low = 0;
    double value = 0;
    double high = 0;
};

enum class StepKind { Baseline, Doubling, Descent, Bisection, Confirmation };
inline constexpr std::array<std::string_view, 5> kStepKindNames{"baseline", "doubling", "descent",
                                                                "bisection", "confirmation"};
[[nodiscard]] constexpr std::string_view to_string(StepKind kind) {
    return kStepKindNames[static_cast<std::size_t>(kind)];
}

/// Edge: the samples do not tell. Void: the generator was at its limit, so the step says nothing
/// about the target.
enum class StepVerdict { Pass, Fail, Edge, Void };
inline constexpr std::array<std::string_view, 4> kStepVerdictNames{"pass", "fail", "edge", "void"};
[[nodiscard]] constexpr std::string_view to_string(StepVerdict verdict) {
    return kStepVerdictNames[static_cast<std::size_t>(verdict)];
}

/// What the step showed, from its steady part on.
struct StepResult {
    StepKind kind = StepKind::Baseline;
    double level = 0;             // arrivals per second, or users
    double from_s = 0, to_s = 0;  // the whole step
    double warm_up_s = 0;         // of it, left out
    StepVerdict verdict = StepVerdict::Edge;
    bool leans_pass = false;  // by the figures alone, whatever their intervals
    bool piled_up = false;    // it failed because requests piled up or found no user
    std::string why;          // what decided, in one sentence
    /// Of a confirmation: the verdict on all that was ever held at its level, taken together.
    StepVerdict together = StepVerdict::Edge;
    std::uint64_t requests = 0;
    double rate = 0;             // completed requests per second
    double iterations_rate = 0;  // completed iterations per second
    double in_flight = 0;        // requests, mean
    double response_s = 0;       // mean
    Estimate p99_s, failed_ratio;
};

enum class SearchEnd {
    Searching,
    Found,           // carried at `lo`, not carried at `hi`
    AtMost,          // even the lowest level tried was not carried
    AtLeast,         // the highest level allowed was carried
    GeneratorLimit,  // above `lo` the generator was the limit
};
inline constexpr std::array<std::string_view, 5> kSearchEndNames{"searching", "found", "at_most",
                                                                 "at_least", "generator_limit"};
[[nodiscard]] constexpr std::string_view to_string(SearchEnd end) {
    return kSearchEndNames[static_cast<std::size_t>(end)];
}

struct SearchResult {
    SearchEnd end = SearchEnd::Searching;
    std::optional<double> lo;  // highest level carried
    std::optional<double> hi;  // lowest level above it that was not
    unsigned confirmed = 0;    // of `confirmations` repeats of lo that passed
    unsigned confirmations = 0;
};

/// What a search came to: all that reports need. Kept in the run file as JSON.
struct FindResult {
    SearchResult search;
    bool open = true;
    double precision = 0;
    std::vector<std::string> goals;  // as a person reads them
    std::vector<StepResult> steps;   // in the order in which they were held
    double requests_per_iteration = 1;
    /// After a failed step, at half of what is carried: the longest that it took until response
    /// times were those of the baseline again. Absent where no step failed.
    std::optional<double> recovery_s;
    bool metastable = false;  // it stayed broken at half load
    std::string stopped;      // why the search ended early; empty: it did not
};

}  // namespace plimsoll
