// The alerts of a recorded run, as a Prometheus that watched it would have raised them.
#pragma once

#include "alerts/alert_state.hpp"
#include "alerts/rule.hpp"
#include "alerts/rule_order.hpp"
#include "alerts/truth.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

struct BacktestOptions {
    Nanoseconds scrape = std::chrono::seconds(15);
    /// Of groups that name none: Prometheus' global evaluation_interval.
    Nanoseconds evaluation = std::chrono::seconds(15);
    /// In how many ways scrapes and evaluations may lie to the run; 0: one for each second of the
    /// longer interval, from 2 to 8.
    std::size_t phases = 0;
    /// Instead of several phases the one of a server that is known: when its first scrape and its
    /// first evaluation came, after the run's start.
    std::optional<Nanoseconds> scrape_at, evaluate_at;
    std::vector<std::pair<std::string, std::string>> target_labels{{"job", "plimsoll"},
                                                                   {"instance", "127.0.0.1:9464"}};
    std::optional<double> onset_s;  // of all runs: the user's own word
    std::function<bool()> stopped;  // asked between steps; true: give up
    /// Told what is known of a run before it is replayed; may be empty.
    std::function<void(const RunTruth&)> begin;
    std::function<void(const std::string&)> progress;  // a line for people; may be empty
};

/// When scrapes and evaluations come, after the run's start. The first phase has all at 0; the
/// others are spread evenly over both intervals (a rank-1 lattice), and groups among each other.
struct ReplayPhase {
    Nanoseconds scrape{};
    std::vector<Nanoseconds> evaluation;  // of each group
};
[[nodiscard]] std::vector<ReplayPhase> phases_of(const RuleSet& rules,
                                                 const BacktestOptions& options);

/// How one alerting rule fared in one phase. Milliseconds since the run's start.
struct PhaseStory {
    std::vector<RuleSpan> spans;
    std::vector<AlertChange> changes;
    std::int64_t first_evaluation_ms = 0;
    std::int64_t evaluations = 0;
    std::int64_t firing_evaluations = 0;
    std::string error;  // what Prometheus says of the expression; empty: nothing
};

struct ReplayedAlert {
    const RuleGroup* group = nullptr;
    const Rule* rule = nullptr;
    std::string refusal;  // why it was not replayed; empty: it was
    std::vector<PhaseStory> phases;
    /// Of its selectors, those that found no series, in a sentence each.
    std::vector<std::string> missing;
};

struct ReplayedRun {
    RunTruth truth;
    HarmCurve harm;
    Nanoseconds duration{};
    std::int64_t start_ms = 0;  // Unix time
    std::vector<ReplayedAlert> alerts;
};

/// Replays all rules over one run. Error: Prometheus is not there or fails, or the run cannot be
/// read; what is wrong with one rule is kept with it.
[[nodiscard]] Result<ReplayedRun> replay_alerts(const RuleSet& rules, const std::string& run,
                                                const BacktestOptions& options);

}  // namespace plimsoll
