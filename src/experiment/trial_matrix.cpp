#include "experiment/trial_matrix.hpp"

#include <algorithm>

namespace plimsoll {
namespace {

/// The end of what belongs to a trial: the next fault, or the repetition's end.
double end_of(const Repetition& run, std::size_t trial) {
    return trial + 1 < run.trials.size() ? run.trials[trial + 1].planted_s : run.length_s;
}

bool is_blind(const Repetition& run, double from_s, double to_s) {
    return std::any_of(run.blind.begin(), run.blind.end(),
                       [&](const auto& gap) { return gap.first < to_s && gap.second > from_s; });
}

/// Collects the observations of one cell.
class CellCount {
public:
    explicit CellCount(double settle_s) : settle_s_(settle_s) {}

    void add(const Repetition& run, std::size_t number, const std::vector<FiringSpan>& spans) {
        const Trial& trial = run.trials[number];
        const double end_s = std::min(trial.healed_s + settle_s_, end_of(run, number));
        const FiringSpan* first = nullptr;
        for (const FiringSpan& span : spans) {
            if (span.from_s < trial.planted_s && span.to_s > trial.planted_s) {
                ++cell_.unclear;
                return;
            }
            if (first == nullptr && span.from_s >= trial.planted_s && span.from_s < end_s) {
                first = &span;
            }
        }
        if (first == nullptr && is_blind(run, trial.planted_s, end_s)) {
            ++cell_.unclear;
            return;
        }
        ++cell_.n;
        if (first == nullptr) {
            ++cell_.missed;
            return;
        }
        if (first->from_s > trial.healed_s) {
            ++cell_.late;
            return;
        }
        ++cell_.fired;
        delays_.push_back(first->from_s - trial.planted_s);
        // The last that it fired for this fault.
        const FiringSpan* last = first;
        for (const FiringSpan& span : spans) {
            last = span.from_s >= first->from_s && span.from_s < end_s ? &span : last;
        }
        if (!last->open) {
            resolved_.push_back(last->to_s - trial.healed_s);
        }
    }
    [[nodiscard]] MatrixCell take() {
        cell_.delay_s = phase_range(std::move(delays_));
        cell_.resolved_s = phase_range(std::move(resolved_));
        return std::move(cell_);
    }
    MatrixCell& cell() { return cell_; }

private:
    double settle_s_;
    MatrixCell cell_;
    std::vector<double> delays_, resolved_;
};

/// The stretches in which whatever begins to fire does so without a cause.
std::vector<std::pair<double, double>> healthy_stretches(const Repetition& run, double settle_s) {
    std::vector<std::pair<double, double>> out;
    double from_s = 0;
    for (const Trial& trial : run.trials) {
        out.emplace_back(from_s, trial.planted_s);
        from_s = trial.healed_s + settle_s;
    }
    out.emplace_back(from_s, run.length_s);
    std::erase_if(out, [](const auto& each) { return each.second <= each.first; });
    return out;
}

FalseAlarms false_alarms_of(const ExperimentResult& result, std::size_t alert) {
    FalseAlarms out{result.alerts[alert], 0, 0, std::nullopt, true};
    for (const Repetition& run : result.runs) {
        const auto& phases = run.alerts[alert].phases;
        for (const auto& [from_s, to_s] : healthy_stretches(run, result.settle_s)) {
            if (phases.empty() || is_blind(run, from_s, to_s)) {
                continue;
            }
            out.healthy_hours += (to_s - from_s) / 3600;
            for (const auto& spans : phases) {
                const auto begun =
                    std::count_if(spans.begin(), spans.end(),
                                  [&, from = from_s, to = to_s](const FiringSpan& span) {
                                      return span.from_s >= from && span.from_s < to;
                                  });
                out.count += static_cast<double>(begun) / static_cast<double>(phases.size());
            }
        }
    }
    out.set_rate();
    return out;
}

void collect_remarks(ExperimentResult& result) {
    for (const Repetition& run : result.runs) {
        for (const WatchedAlert& alert : run.alerts) {
            for (const std::string& remark : alert.remarks) {
                const std::pair entry{alert.name, remark};
                if (std::find(result.remarks.begin(), result.remarks.end(), entry) ==
                    result.remarks.end()) {
                    result.remarks.push_back(entry);
                }
            }
        }
    }
}

}  // namespace

std::vector<Trial> played_trials(const std::vector<StoredEvent>& events,
                                 const std::vector<std::string>& faults, double fault_s) {
    constexpr double kWhole = 0.9;  // healing takes a call; one that was cut short is no trial
    std::vector<Trial> out;
    std::optional<Trial> open;
    for (const StoredEvent& event : events) {
        for (std::size_t fault = 0; fault < faults.size(); ++fault) {
            if (event.kind == EventKind::FaultPlanted && event.text == "planted " + faults[fault]) {
                open = Trial{fault, event.t_s, 0};
            } else if (event.kind == EventKind::FaultHealed && open && open->fault == fault &&
                       event.text == "healed " + faults[fault]) {
                open->healed_s = event.t_s;
                if (open->healed_s - open->planted_s >= kWhole * fault_s) {
                    out.push_back(*open);
                }
                open.reset();
            }
        }
    }
    return out;
}

void judge_trials(ExperimentResult& result) {
    result.trials.assign(result.faults.size(), 0);
    for (const Repetition& run : result.runs) {
        for (const Trial& trial : run.trials) {
            ++result.trials[trial.fault];
        }
    }
    if (!result.runs.empty()) {
        for (const WatchedAlert& alert : result.runs.front().alerts) {
            result.alerts.push_back(alert.name);
        }
    }
    for (std::size_t fault = 0; fault < result.faults.size(); ++fault) {
        for (std::size_t alert = 0; alert < result.alerts.size(); ++alert) {
            CellCount count(result.settle_s);
            count.cell().fault = fault;
            count.cell().alert = result.alerts[alert];
            for (const Repetition& run : result.runs) {
                for (std::size_t i = 0; i < run.trials.size(); ++i) {
                    for (const auto& spans : run.alerts[alert].phases) {
                        if (run.trials[i].fault == fault) {
                            count.add(run, i, spans);
                        }
                    }
                }
            }
            result.cells.push_back(count.take());
        }
    }
    for (std::size_t alert = 0; alert < result.alerts.size(); ++alert) {
        result.false_alarms.push_back(false_alarms_of(result, alert));
    }
    collect_remarks(result);
}

}  // namespace plimsoll
