// What an expression of PromQL looks at. It is never evaluated here: that is Prometheus' work.
#pragma once

#include "alerts/prometheus_duration.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

struct LabelMatcher {
    std::string label, op, value;  // op: = != =~ !~
    [[nodiscard]] std::string text() const;
};

/// One vector selector: plimsoll_pg_backends{state="idle"}[30s] offset 5m.
struct SeriesSelector {
    std::string name;  // empty: chosen by its matchers alone
    std::vector<LabelMatcher> matchers;
    Nanoseconds range{};   // of a range vector; 0: an instant one
    Nanoseconds offset{};  // negative: it looks ahead
    /// Its function gives nothing for fewer than two samples (rate, increase ...).
    bool needs_two = false;

    /// Without range and offset.
    [[nodiscard]] std::string text() const;
};

/// A stretch of an expression that is a plain number on the right of a comparison: `> 0.8`.
struct ComparedNumber {
    std::size_t at = 0;  // of the number, in bytes
    std::size_t length = 0;
    double value = 0;
};

struct ExpressionParts {
    std::vector<SeriesSelector> selectors;
    std::vector<ComparedNumber> compared;
};

/// Error: a string, a brace or a duration that does not end, or no selector at all can be told from
/// it. What is no PromQL in other ways is left to Prometheus to say.
[[nodiscard]] Result<ExpressionParts> read_expression(std::string_view text);

}  // namespace plimsoll
