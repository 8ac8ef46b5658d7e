#include "alerts/outcome.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace plimsoll {
namespace {

/// Firing for so much of all evaluations, and before the onset as well, tells nothing.
constexpr double kAlways = 0.95;

double seconds(std::int64_t ms) {
    return static_cast<double>(ms) / 1000;
}

/// How one phase went, seen from the onset. Seconds since the run's start.
struct PhaseFigures {
    std::optional<double> pending_s, firing_s, resolved_s;
    std::size_t false_alarms = 0;
    std::size_t firings = 0;
};

PhaseFigures figures_of(const PhaseStory& story, double onset_s, bool healthy) {
    PhaseFigures out;
    for (const RuleSpan& span : story.spans) {
        if (span.state != AlertState::Firing) {
            continue;
        }
        ++out.firings;
        const double from_s = seconds(span.from_ms);
        if (healthy || from_s < onset_s) {
            ++out.false_alarms;
            continue;
        }
        if (!out.firing_s) {
            out.firing_s = from_s;
            out.pending_s = std::max(onset_s, seconds(span.pending_ms));
            if (!span.open) {
                out.resolved_s = seconds(span.to_ms);
            }
        }
    }
    return out;
}

std::vector<ShownSpan> shown(const PhaseStory& story) {
    std::vector<ShownSpan> out;
    for (const RuleSpan& span : story.spans) {
        out.push_back({span.state == AlertState::Firing, seconds(span.from_ms), seconds(span.to_ms),
                       span.open});
    }
    return out;
}

double longest_pending_s(const ReplayedAlert& alert) {
    double longest = 0;
    for (const PhaseStory& phase : alert.phases) {
        for (const RuleSpan& span : phase.spans) {
            longest = std::max(longest, span.state == AlertState::Pending
                                            ? seconds(span.to_ms - span.from_ms)
                                            : 0.0);
        }
    }
    return longest;
}

/// Collects the figures of all phases.
struct Collected {
    std::vector<double> pending, firing, resolved, failed, slow;
    std::vector<std::pair<double, std::size_t>> by_delay;  // of those that fired: phase
    double false_alarms = 0;
};

Collected collect(const ReplayedAlert& alert, const ReplayedRun& run, AlertOutcome& out) {
    Collected all;
    const double onset_s = run.truth.onset ? run.truth.onset->at_s : 0;
    for (std::size_t i = 0; i < alert.phases.size(); ++i) {
        const PhaseFigures figures = figures_of(alert.phases[i], onset_s, !run.truth.onset);
        all.false_alarms += static_cast<double>(figures.false_alarms);
        out.flapped += figures.firings > run.truth.troubles ? 1 : 0;
        if (!figures.firing_s) {
            continue;
        }
        all.by_delay.emplace_back(*figures.firing_s, i);
        all.firing.push_back(*figures.firing_s - onset_s);
        all.pending.push_back(*figures.pending_s - onset_s);
        if (figures.resolved_s) {
            all.resolved.push_back(*figures.resolved_s - onset_s);
        }
        const auto harm = run.harm.between(onset_s, *figures.firing_s);
        all.failed.push_back(harm.failed);
        all.slow.push_back(harm.slow);
    }
    return all;
}

std::string always_remark(const AlertOutcome& out) {
    return fmt::format(
        "it fires all the time ({:.0f} % of the evaluations, healthy or not): it tells "
        "nothing apart",
        100 * out.firing_share);
}

void explain_silence(const ReplayedAlert& alert, const ReplayedRun& run, AlertOutcome& out) {
    const double longest_s = longest_pending_s(alert);
    if (longest_s > 0) {
        out.remarks.push_back(fmt::format("its condition held, but never for {}: at most {:.1f} s",
                                          prometheus_duration(alert.rule->hold), longest_s));
    } else if (out.remarks.empty() && alert.missing.empty()) {
        out.remarks.push_back(run.truth.onset ? "its condition never held: it does not see this"
                                              : "its condition never held");
    }
}

void add_remarks(const ReplayedAlert& alert, const ReplayedRun& run, const BacktestOptions& options,
                 AlertOutcome& out) {
    const double fired_at_all =
        static_cast<double>(out.fired) + out.false_alarms * static_cast<double>(out.phases);
    for (const PhaseStory& phase : alert.phases) {
        if (!phase.error.empty()) {
            out.remarks.push_back("Prometheus refuses its expression: " + phase.error);
            return;
        }
    }
    if (out.firing_share >= kAlways) {
        out.remarks.push_back(always_remark(out));
    } else if (out.flapped > 0) {
        out.remarks.push_back(
            fmt::format("it flaps: it began to fire more than {} in {} of {} phases",
                        run.truth.troubles == 1
                            ? "once"
                            : fmt::format("{} times for as many faults", run.truth.troubles),
                        out.flapped, out.phases));
    }
    if (fired_at_all == 0) {
        const std::string cannot =
            cannot_fire(*alert.rule, *alert.group, options, to_seconds(run.duration),
                        run.truth.onset ? std::optional(run.truth.onset->at_s) : std::nullopt);
        if (!cannot.empty()) {
            out.remarks.push_back(cannot);
        }
    }
    out.remarks.insert(out.remarks.end(), alert.missing.begin(), alert.missing.end());
    if (has_value_in_labels(*alert.rule)) {
        out.remarks.push_back(
            "a label of it has its value: whenever that changes it is another alert, whose `for` "
            "begins anew");
    }
    if (fired_at_all == 0) {
        explain_silence(alert, run, out);
    }
}

AlertOutcome outcome_of(const ReplayedAlert& alert, const ReplayedRun& run, std::size_t number,
                        const BacktestOptions& options) {
    AlertOutcome out;
    out.alert = alert.rule->name;
    out.group = alert.group->name;
    out.file = alert.group->file;
    out.run = number;
    if (!alert.refusal.empty()) {
        out.remarks.push_back(alert.refusal);
        return out;
    }
    out.phases = alert.phases.size();
    Collected all = collect(alert, run, out);
    out.fired = all.firing.size();
    out.resolved = all.resolved.size();
    out.pending_s = phase_range(std::move(all.pending));
    out.firing_s = phase_range(std::move(all.firing));
    out.resolved_s = phase_range(std::move(all.resolved));
    out.failed_before = phase_range(std::move(all.failed));
    out.slow_before = phase_range(std::move(all.slow));
    std::int64_t evaluations = 0;
    std::int64_t firing = 0;
    for (const PhaseStory& phase : alert.phases) {
        evaluations += phase.evaluations;
        firing += phase.firing_evaluations;
    }
    out.firing_share =
        evaluations > 0 ? static_cast<double>(firing) / static_cast<double>(evaluations) : 0;
    out.false_alarms = out.phases > 0 ? all.false_alarms / static_cast<double>(out.phases) : 0;
    std::sort(all.by_delay.begin(), all.by_delay.end());
    const std::size_t median =
        all.by_delay.empty() ? 0 : all.by_delay[all.by_delay.size() / 2].second;
    if (median < alert.phases.size()) {
        out.spans = shown(alert.phases[median]);
    }
    add_remarks(alert, run, options, out);
    return out;
}

std::vector<FalseAlarms> false_alarms_of(const AlertReport& report) {
    std::vector<FalseAlarms> out;
    for (const AlertOutcome& outcome : report.outcomes) {
        if (outcome.phases == 0) {
            continue;
        }
        auto known = std::find_if(out.begin(), out.end(), [&](const FalseAlarms& each) {
            return each.alert == outcome.alert;
        });
        if (known == out.end()) {
            known = out.insert(out.end(), {outcome.alert, 0, 0, std::nullopt, true});
        }
        known->count += outcome.false_alarms;
        known->healthy_hours += report.runs[outcome.run].healthy_s() / 3600;
    }
    for (FalseAlarms& each : out) {
        each.set_rate();
    }
    return out;
}

DemandResult judge_silence(const Demand& demand, const AlertReport& report) {
    DemandResult result{demand, true, "it did not fire"};
    for (const AlertOutcome& outcome : report.outcomes) {
        if (outcome.alert == demand.alert && result.ok &&
            (outcome.fired > 0 || outcome.false_alarms > 0)) {
            result.ok = false;
            result.why = fmt::format("it fired in the run {}", report.runs[outcome.run].id);
        }
    }
    return result;
}

DemandResult judge_delay(const Demand& demand, const AlertReport& report) {
    DemandResult result{demand, true, {}};
    double latest_s = 0;
    bool any = false;
    for (const AlertOutcome& outcome : report.outcomes) {
        const RunTruth& run = report.runs[outcome.run];
        if (outcome.alert != demand.alert || !run.onset || !result.ok) {
            continue;
        }
        any = true;
        if (outcome.fired < outcome.phases || outcome.phases == 0) {
            result.ok = false;
            result.why = fmt::format("missed in {} of {} phases of the run {}",
                                     outcome.phases - outcome.fired, outcome.phases, run.id);
        } else if (outcome.firing_s->most > *demand.within_s) {
            result.ok = false;
            result.why = fmt::format("{:.1f} s after the onset at the latest, in the run {}",
                                     outcome.firing_s->most, run.id);
        } else {
            latest_s = std::max(latest_s, outcome.firing_s->most);
        }
    }
    if (!any) {
        result.ok = false;
        result.why = "none of the runs has an onset: say when the trouble began with --onset";
    } else if (result.ok) {
        result.why = fmt::format("{:.1f} s after the onset at the latest", latest_s);
    }
    return result;
}

}  // namespace

void FalseAlarms::set_rate() {
    none_seen = count == 0;
    if (healthy_hours > 0) {
        // The rule of three: with none seen in T hours, 3 / T bounds the rate at 95 %.
        per_hour = (none_seen ? 3 : count) / healthy_hours;
    }
}

std::optional<PhaseRange> phase_range(std::vector<double> values) {
    if (values.empty()) {
        return std::nullopt;
    }
    std::sort(values.begin(), values.end());
    const std::size_t middle = values.size() / 2;
    const double median =
        values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    return PhaseRange{values.size(), median, values.front(), values.back()};
}

bool AlertReport::ok() const {
    return std::all_of(demands.begin(), demands.end(),
                       [](const DemandResult& each) { return each.ok; });
}

std::string cannot_fire(const Rule& rule, const RuleGroup& group, const BacktestOptions& options,
                        double duration_s, std::optional<double> onset_s) {
    const double every_s = to_seconds(group.interval.value_or(options.evaluation));
    const double scrape_s = to_seconds(options.scrape);
    const double hold_s = std::ceil(to_seconds(rule.hold) / every_s) * every_s;
    double sight_s = 0;
    for (const SeriesSelector& selector : rule.parts.selectors) {
        if (selector.needs_two && selector.range < options.scrape) {
            return fmt::format(
                "it cannot fire: the window {} of {} never holds the two samples that it needs, {} "
                "apart",
                prometheus_duration(selector.range), selector.text(),
                prometheus_duration(options.scrape));
        }
        sight_s =
            std::max(sight_s, to_seconds(selector.offset) + (selector.needs_two ? scrape_s : 0));
    }
    const std::string parts = fmt::format(
        "{}{}",
        rule.hold > Nanoseconds{} ? fmt::format("`for` is {}", prometheus_duration(rule.hold))
                                  : "it has no `for`",
        sight_s > 0 ? fmt::format(", it sees nothing for the first {}",
                                  prometheus_duration(from_seconds(sight_s)))
                    : "");
    if (sight_s + hold_s >= duration_s) {
        return fmt::format("it cannot fire in this run: {}, and the run is {:.0f} s long", parts,
                           duration_s);
    }
    if (onset_s && hold_s >= duration_s - *onset_s) {
        return fmt::format("it cannot fire for this: {}, and the run ends {:.0f} s after the onset",
                           parts, duration_s - *onset_s);
    }
    return {};
}

AlertReport make_report(const RuleSet& rules, const std::vector<ReplayedRun>& runs,
                        const BacktestOptions& options, const std::vector<Demand>& demands) {
    AlertReport report;
    report.scrape_s = to_seconds(options.scrape);
    report.evaluation_s = to_seconds(options.evaluation);
    report.phases = phases_of(rules, options).size();
    report.left_out = rules.left_out;
    for (std::size_t i = 0; i < runs.size(); ++i) {
        report.runs.push_back(runs[i].truth);
        report.runs.back().duration_s = to_seconds(runs[i].duration);
        if (runs[i].harm.limit_s()) {
            report.limit_s = runs[i].harm.limit_s();
        }
        for (const ReplayedAlert& alert : runs[i].alerts) {
            report.outcomes.push_back(outcome_of(alert, runs[i], i, options));
        }
    }
    report.false_alarms = false_alarms_of(report);
    for (const Demand& demand : demands) {
        report.demands.push_back(demand.within_s ? judge_delay(demand, report)
                                                 : judge_silence(demand, report));
    }
    return report;
}

}  // namespace plimsoll
