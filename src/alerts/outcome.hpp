// What a backtest comes to, in figures and sentences: what every format of its report shows.
#pragma once

#include "alerts/backtest.hpp"
#include "alerts/truth.hpp"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll {

/// Over the phases in which there was a value.
struct PhaseRange {
    std::size_t count = 0;
    double median = 0, least = 0, most = 0;
};
/// Absent without values.
[[nodiscard]] std::optional<PhaseRange> phase_range(std::vector<double> values);

/// A stretch in which the rule was pending or firing; seconds since the run's start.
struct ShownSpan {
    bool firing = false;
    double from_s = 0, to_s = 0;
    bool open = false;  // when the run ended
};

/// One alerting rule over one run. Times count from the onset; without one from the run's start.
struct AlertOutcome {
    std::string alert, group, file;
    std::size_t run = 0;     // index into AlertReport::runs
    std::size_t phases = 0;  // 0: it could not be replayed
    std::size_t fired = 0;   // phases in which it began to fire at or after the onset
    std::optional<PhaseRange> pending_s, firing_s;
    std::optional<PhaseRange> resolved_s;  // of those phases in which it did before the run's end
    std::size_t resolved = 0;
    std::optional<PhaseRange> failed_before, slow_before;  // requests, from the onset to firing
    /// Times that it began to fire before the onset, or in a healthy run: mean over the phases.
    double false_alarms = 0;
    std::size_t flapped = 0;           // phases in which it fired more often than there were faults
    double firing_share = 0;           // of all evaluations
    std::vector<ShownSpan> spans;      // of the phase whose delay is the median
    std::vector<std::string> remarks;  // the first explains the outcome
};

/// One alerting rule over all healthy stretches.
struct FalseAlarms {
    std::string alert;
    double count = 0;  // mean over the phases
    double healthy_hours = 0;
    /// Per hour; where none was seen, the most that it can be with 95 % confidence, 3 / hours.
    std::optional<double> per_hour;
    bool none_seen = true;

    /// From `count` and `healthy_hours` to the other two.
    void set_rate();
};

struct Demand {
    std::string alert;
    std::optional<double> within_s;  // absent: must not fire
};
struct DemandResult {
    Demand demand;
    bool ok = true;
    std::string why;  // in a sentence
};

struct AlertReport {
    std::string version;
    double scrape_s = 0, evaluation_s = 0;
    std::size_t phases = 0;
    std::optional<double> limit_s;  // that slow requests are slower than
    std::vector<RunTruth> runs;
    std::vector<AlertOutcome> outcomes;  // by run, in the order of the rules
    std::vector<FalseAlarms> false_alarms;
    std::vector<DemandResult> demands;
    std::vector<std::string> left_out;
    [[nodiscard]] bool ok() const;
};

/// Why the rule cannot fire within a run of that length, or between its onset and its end, by
/// window, offset, `for` and scrape interval alone; "" where it can.
[[nodiscard]] std::string cannot_fire(const Rule& rule, const RuleGroup& group,
                                      const BacktestOptions& options, double duration_s,
                                      std::optional<double> onset_s);

[[nodiscard]] AlertReport make_report(const RuleSet& rules, const std::vector<ReplayedRun>& runs,
                                      const BacktestOptions& options,
                                      const std::vector<Demand>& demands);

}  // namespace plimsoll
