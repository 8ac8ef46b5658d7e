// Which threshold and which `for` would have been better: the frontier of delay against false
// alarms.
#pragma once

#include "alerts/outcome.hpp"

#include <optional>
#include <string>
#include <vector>

namespace plimsoll {

/// What is tried. Empty: as the rule has it.
struct SweepRanges {
    std::vector<double> thresholds;
    std::vector<Nanoseconds> holds;
};

/// Reads "threshold=50..95,for=0s..5m", either part alone, or lists with "|": "for=0s|30s|5m". A
/// range is ten thresholds, and six times from its start to its end. Error: what is wrong with
/// which part.
[[nodiscard]] Result<SweepRanges> parse_sweep(const std::string& text);

struct SweepVariant {
    std::string alert;                // the rule that it is a variant of
    std::string name;                 // its own: that of its outcomes
    std::optional<double> threshold;  // absent: the rule has no number to sweep
    Nanoseconds hold{};
    bool as_it_is = false;  // what the rule file has
};

struct SweptRules {
    RuleSet rules;  // recording rules as they are, and every variant as an alerting rule
    std::vector<SweepVariant> variants;
};
/// The threshold is the number that the expression compares with, where it is one alone. Error: no
/// rule has one, though thresholds are swept, or there would be too many variants.
[[nodiscard]] Result<SweptRules> sweep_rules(const RuleSet& rules, const SweepRanges& ranges);

struct SweepPoint {
    SweepVariant variant;
    std::optional<PhaseRange> delay_s;    // of all runs with an onset; absent: missed in all
    std::size_t fired = 0, expected = 0;  // phases of runs with an onset
    double false_alarms = 0;
    std::optional<double> per_hour;  // false alarms; 0 where none was seen; absent: nothing healthy
    bool best = false;               // on the frontier: nothing is sooner and quieter
    bool knee = false;               // the proposal
};
struct AlertSweep {
    std::string alert;
    std::vector<SweepPoint> points;
    std::string proposal;  // in a sentence
};

/// By alert, points by their delay. The frontier is of those that fire in every phase after every
/// onset, or where none does, in as many as any. The knee is the point of it that is farthest from
/// the line between its ends, with both axes from 0 to 1.
[[nodiscard]] std::vector<AlertSweep> judge_sweep(const SweptRules& swept,
                                                  const AlertReport& report);

}  // namespace plimsoll
