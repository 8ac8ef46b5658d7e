// Which rules must be evaluated before which, and what an alert is known by.
#pragma once

#include "alerts/prometheus_api.hpp"
#include "alerts/rule.hpp"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// One rule at its place.
struct PlacedRule {
    const RuleGroup* group = nullptr;
    const Rule* rule = nullptr;
    std::size_t group_index = 0;
    /// Rules of a level look at what those of lower ones record, and at the run's own series.
    std::size_t level = 0;
    /// Not empty: it cannot be evaluated after the fact, and why.
    std::string refusal = {};
};

/// In the order of the files. `rules` must outlive it.
[[nodiscard]] std::vector<PlacedRule> placed_rules(const RuleSet& rules);

/// The names that recording rules record under.
[[nodiscard]] std::set<std::string> recorded_names(const RuleSet& rules);

/// The labels of an alert: those of the series, and the rule's over them, with their simplest
/// templates filled in ({{ $labels.x }}, {{ $value }}). As text: a="b",c="d", sorted.
[[nodiscard]] std::string alert_labels(const Rule& rule, const SeriesLabels& series, double value);
/// The labels that a recording rule records a series under.
[[nodiscard]] std::string recorded_labels(const Rule& rule, const SeriesLabels& series);
/// A label of the rule has its value in it, so that it is another alert whenever that changes.
[[nodiscard]] bool has_value_in_labels(const Rule& rule);

}  // namespace plimsoll
