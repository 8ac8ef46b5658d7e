// What an experiment came to: for each fault and each alert, how late it fired and how often.
#pragma once

#include "alerts/outcome.hpp"
#include "store/run_reader.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

/// A stretch in which an alert fired; seconds since the repetition's start. One that fired before
/// the repetition began is from below 0.
struct FiringSpan {
    double from_s = 0, to_s = 0;
    bool open = false;  // when the repetition ended
};

/// What one alert did in one repetition: once where a server watched, else in each replayed phase.
struct WatchedAlert {
    std::string name;
    std::vector<std::vector<FiringSpan>> phases;
    std::vector<std::string> remarks;
};

/// A fault that was planted, was in force for its whole time, and was healed.
struct Trial {
    std::size_t fault = 0;  // index into ExperimentResult::faults
    double planted_s = 0, healed_s = 0;
};

/// One run with each fault in it.
struct Repetition {
    std::string run_id, path;
    double length_s = 0;
    std::vector<Trial> trials;  // in order of time
    std::vector<WatchedAlert> alerts;
    std::vector<std::pair<double, double>> blind;  // times in which nobody watched
};

/// One alert against one fault. `n` observations: of each trial one, or one for each phase.
struct MatrixCell {
    std::size_t fault = 0;
    std::string alert;
    std::size_t n = 0;
    std::size_t fired = 0;              // while the fault was in force
    std::size_t late = 0;               // only after it was healed
    std::size_t missed = 0;             // not at all
    std::size_t unclear = 0;            // it still fired from before, or nobody watched: not in `n`
    std::optional<PhaseRange> delay_s;  // from planted to firing
    std::optional<PhaseRange> resolved_s;  // from healed to resolved; below 0: while in force
};

struct ExperimentResult {
    std::string name, version;
    bool live = false;  // a server watched; else rules were replayed
    double healthy_s = 0, fault_s = 0, settle_s = 0;
    double scrape_s = 0;     // of a replay
    std::size_t phases = 1;  // likewise
    std::uint64_t seed = 1;
    std::size_t repetitions = 0;  // planned
    bool stopped = false;         // before all were done
    std::vector<std::string> faults;
    std::vector<std::size_t> trials;  // by fault: that are judged
    std::vector<std::string> alerts;
    std::vector<MatrixCell> cells;  // by fault, then by alert
    std::vector<FalseAlarms> false_alarms;
    std::vector<std::pair<std::string, std::string>> remarks;  // alert, sentence
    std::vector<Repetition> runs;
    [[nodiscard]] const MatrixCell& cell(std::size_t fault, std::size_t alert) const {
        return cells[fault * alerts.size() + alert];
    }
};

/// The trials that were played whole, by the events of the run: `planted NAME` and `healed NAME`,
/// with about `fault_s` between them.
[[nodiscard]] std::vector<Trial> played_trials(const std::vector<StoredEvent>& events,
                                               const std::vector<std::string>& faults,
                                               double fault_s);

/// Judges `result.runs`, whose alerts all have the same names in the same order: fills `trials`,
/// `alerts`, `cells`, `false_alarms` and `remarks`. Pure.
///
/// An alert that begins to fire while the fault is in force has told of it. One that begins later,
/// within `settle_s` of its healing, is late; it is no false alarm, as the fault caused it. What
/// begins to fire in the rest of the healthy time is one.
void judge_trials(ExperimentResult& result);

}  // namespace plimsoll
