// A capacity search against the clock of its own ticks: how long each step is held, and what is
// done between steps. Pure: ticks in, levels out.
#pragma once

#include "analysis/capacity/search.hpp"
#include "analysis/capacity/step.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll {

struct FindOptions {
    SearchOptions search;
    StepGoal goal;
    bool open = true;        // levels are arrivals per second; else users in a loop
    double budget_s = 1800;  // no step begins that would not end within it
    double timeout_s = 30;   // the target's longest
    double window_s = 0;     // every step is held for at least so long
};

class FindConductor {
public:
    FindConductor(FindOptions options, const RunInfo& info);

    /// The level to hold now.
    [[nodiscard]] double level() const { return level_; }
    [[nodiscard]] bool finished() const { return finished_; }
    /// Takes the latest tick; `level_since_s` is from when on the level held. A tick that began
    /// before it belongs to no step. The step that ended with it, if one did.
    [[nodiscard]] std::optional<StepResult> on_tick(const StepTick& tick, double level_since_s);
    /// A probe's metric over a time; may stay unset.
    void set_probe_values(decltype(StepQuestion::probe_value) values) {
        probe_values_ = std::move(values);
    }
    [[nodiscard]] const StepGoal& goal() const { return options_.goal; }
    /// What is being done, in a few words: "step 4, bisection at 160/s", "settling at 80/s".
    [[nodiscard]] std::string doing() const;
    /// Seconds that the rest takes, about.
    [[nodiscard]] double left_s() const;
    /// Ends the search with what is known.
    void stop(std::string why);
    [[nodiscard]] FindResult result() const;

private:
    [[nodiscard]] StepQuestion question() const;
    /// How long a hurried search takes to its end; to recover from a step that failed.
    [[nodiscard]] double confirmations_s() const;
    [[nodiscard]] double settling_s() const;
    [[nodiscard]] bool only_confirmations_fit(double now_s) const;
    [[nodiscard]] double shortest_s(const CapacitySearch::Step& step) const;
    [[nodiscard]] bool is_quick(StepKind kind) const;
    [[nodiscard]] bool clearly_too_much(const StepTick& tick) const;
    [[nodiscard]] std::optional<StepResult> hold(const StepTick& tick);
    [[nodiscard]] StepResult end_step(StepResult step);
    void begin_next(double now_s);
    void settle(const StepTick& tick);
    void begin_settling(double now_s);
    [[nodiscard]] double settle_level() const;
    [[nodiscard]] bool is_calm(const StepTick& tick) const;
    void give_up_settling(double now_s);

    enum class Phase { Holding, Settling, Pausing };
    FindOptions options_;
    const RunInfo& info_;
    CapacitySearch search_;
    decltype(StepQuestion::probe_value) probe_values_;
    double level_ = 0;
    bool finished_ = false;
    Phase phase_ = Phase::Holding;
    std::vector<StepTick> ticks_;                   // of the step that is held
    std::map<double, std::vector<StepTick>> held_;  // steady ticks by level
    unsigned extended_ = 0;                         // how often the step was made longer
    double settling_since_s_ = 0;
    unsigned calm_ticks_ = 0;
    bool paused_once_ = false;
    double baseline_response_s_ = 0;
    double baseline_in_flight_ = 0;
    FindResult result_;
};

}  // namespace plimsoll
