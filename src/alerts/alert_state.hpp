// The state machine of an alerting rule, as Prometheus runs it (rules/alerting.go, 2.42).
#pragma once

#include "base/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace plimsoll {

enum class AlertState { Inactive, Pending, Firing };

/// An alert of the rule, one for each set of labels, changed its state.
struct AlertChange {
    std::int64_t at_ms = 0;  // of the evaluation
    std::string alert;       // its labels
    AlertState to = AlertState::Inactive;
    /// Since when its condition has held without a break, for Pending and Firing.
    std::int64_t active_ms = 0;
};

/// Pure arithmetic: told at each evaluation which label sets the expression gave.
///
/// An alert is pending from the evaluation that first has it, and firing at the first one that has
/// it `hold` or more later: at once where `hold` is 0. One evaluation without it ends a pending
/// one; a firing one stays for `keep_firing` after the first evaluation without it.
class AlertMachine {
public:
    AlertMachine(Nanoseconds hold, Nanoseconds keep_firing);

    /// Times rise from call to call. `present` has each label set once.
    void evaluate(std::int64_t at_ms, std::span<const std::string> present);

    [[nodiscard]] const std::vector<AlertChange>& changes() const { return changes_; }
    /// The state of the rule: that of its most advanced alert.
    [[nodiscard]] AlertState state() const;

private:
    struct Active {
        AlertState state = AlertState::Pending;
        std::int64_t since_ms = 0;
        std::int64_t missing_since_ms = -1;  // -1: there
        std::uint64_t seen = 0;
    };
    void note(std::int64_t at_ms, const std::string& alert, AlertState to, std::int64_t since_ms);
    [[nodiscard]] bool keeps(Active& active, std::int64_t at_ms) const;

    std::int64_t hold_ms_;
    std::int64_t keep_ms_;
    std::uint64_t evaluations_ = 0;
    std::map<std::string, Active> active_;
    std::vector<AlertChange> changes_;
};

/// When a rule as a whole was pending or firing: an alert of it, whichever.
struct RuleSpan {
    AlertState state = AlertState::Firing;
    std::int64_t from_ms = 0;
    std::int64_t to_ms = 0;       // end_ms where it was open
    bool open = false;            // until the end
    std::int64_t pending_ms = 0;  // of a firing one: since when the alert that began it was pending
};
/// In order; spans of both states do not overlap.
[[nodiscard]] std::vector<RuleSpan> spans_of(const std::vector<AlertChange>& changes,
                                             std::int64_t end_ms);

}  // namespace plimsoll
