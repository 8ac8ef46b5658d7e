// The sentences that every format of an alert report shares. Inside src/report.
#pragma once

#include "alerts/outcome.hpp"
#include "alerts/sweep.hpp"

#include <string>
#include <vector>

namespace plimsoll::report {

/// "31.5 s (24.0-38.0)": median and range; "never" without a value.
[[nodiscard]] std::string delay_text(const std::optional<PhaseRange>& range);
/// "6 of 8"; empty where it was replayed in no phase.
[[nodiscard]] std::string fired_text(const AlertOutcome& outcome);
/// "1,203 failed, 2,044 slower than 500 ms"; "–" where it did not fire.
[[nodiscard]] std::string hurt_text(const AlertReport& report, const AlertOutcome& outcome);
/// "none in 0.50 h (at most 6/h)", "4/h (2 in 0.50 h)"; without healthy time that they are not
/// known.
[[nodiscard]] std::string false_alarm_text(const FalseAlarms& alarms);
/// When the trouble began, and who says so; or that the run is healthy.
[[nodiscard]] std::string truth_text(const RunTruth& run);
/// "14.2 s after it began to hurt": of a fault that was there before the load, and of which the run
/// shows since when it hurt. Else empty.
[[nodiscard]] std::string after_hurt_text(const RunTruth& run, const AlertOutcome& outcome);
/// How scrapes and evaluations were: for a line below the tables.
[[nodiscard]] std::string method_text(const AlertReport& report);
/// In one line: how many alerts told of the trouble.
[[nodiscard]] std::string alerts_headline(const AlertReport& report);
[[nodiscard]] std::string demand_text(const DemandResult& result);

/// The points worth reading of a sweep: the frontier, and what the rule file has.
[[nodiscard]] std::vector<const SweepPoint*> points_worth_reading(const AlertSweep& sweep);
/// "0.67 false/h", "false alarms not known".
[[nodiscard]] std::string per_hour_text(const SweepPoint& point);
/// "proposed", "as it is", "" ...
[[nodiscard]] std::string point_mark(const SweepPoint& point);

/// The outcomes of one run: those that fired first, by their delay, then those that lied, then the
/// silent ones.
[[nodiscard]] std::vector<const AlertOutcome*> outcomes_of(const AlertReport& report,
                                                           std::size_t run);

}  // namespace plimsoll::report
