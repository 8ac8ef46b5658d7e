#include "report/alerts_words.hpp"

#include "base/units.hpp"
#include "report/text.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

namespace plimsoll::report {
namespace {

std::string count_text(double count) {
    return grouped(static_cast<std::uint64_t>(std::llround(std::max(count, 0.0))));
}

std::string onset_text(const Onset& onset) {
    const std::string interval =
        onset.interval && (*onset.interval)[0] != (*onset.interval)[1]
            ? fmt::format(" (between {} and {})", clock_text((*onset.interval)[0]),
                          clock_text((*onset.interval)[1]))
            : "";
    return fmt::format("{} by {}{}", clock_text(onset.at_s), onset.source, interval);
}

/// First those that told, then those that only lied, then the silent ones.
int rank_of(const AlertOutcome& outcome) {
    return outcome.fired > 0 ? 0 : outcome.false_alarms > 0 ? 1 : 2;
}

}  // namespace

std::string delay_text(const std::optional<PhaseRange>& range) {
    if (!range) {
        return "never";
    }
    return range->least == range->most
               ? fmt::format("{:.1f} s", range->median)
               : fmt::format("{:.1f} s ({:.1f}-{:.1f})", range->median, range->least, range->most);
}

std::string fired_text(const AlertOutcome& outcome) {
    return outcome.phases == 0 ? "" : fmt::format("{} of {}", outcome.fired, outcome.phases);
}

std::string hurt_text(const AlertReport& report, const AlertOutcome& outcome) {
    if (!outcome.failed_before) {
        return "–";
    }
    std::string text = count_text(outcome.failed_before->median) + " failed";
    if (report.limit_s && outcome.slow_before) {
        text += fmt::format(", {} slower than {}", count_text(outcome.slow_before->median),
                            human_seconds(*report.limit_s));
    }
    return text;
}

std::string false_alarm_text(const FalseAlarms& alarms) {
    if (!alarms.per_hour) {
        return "not known: no run here has a healthy stretch";
    }
    return alarms.none_seen ? fmt::format("none in {:.2f} h (at most {}/h)", alarms.healthy_hours,
                                          figure(*alarms.per_hour))
                            : fmt::format("{}/h ({} in {:.2f} h)", figure(*alarms.per_hour),
                                          figure(alarms.count), alarms.healthy_hours);
}

std::string truth_text(const RunTruth& run) {
    if (!run.onset) {
        return "no trouble in it is known: whatever fires is a false alarm";
    }
    if (run.onset->kind == Onset::Kind::PlantedBefore) {
        return run.onset->source + " was there before the load, so times count from its start; " +
               (run.others.empty() ? "nothing shows since when it hurt"
                                   : "it began to hurt at " + onset_text(run.others.front()));
    }
    std::string text = "trouble since " + onset_text(*run.onset);
    for (const Onset& other : run.others) {
        text += "; also " + onset_text(other);
    }
    return text;
}

std::string after_hurt_text(const RunTruth& run, const AlertOutcome& outcome) {
    if (!run.onset || run.onset->kind != Onset::Kind::PlantedBefore || run.others.empty() ||
        !outcome.firing_s) {
        return {};
    }
    const double after_s = outcome.firing_s->median - (run.others.front().at_s - run.onset->at_s);
    return fmt::format("{:.1f} s {} it began to hurt", std::abs(after_s),
                       after_s < 0 ? "before" : "after");
}

std::string method_text(const AlertReport& report) {
    return fmt::format(
        "Times are medians and ranges over {} phases: scrapes every {:g} s and evaluations (every "
        "{:g} s where a group names no interval) may begin at any moment. They count from the "
        "onset "
        "to the alert; group_wait of an Alertmanager comes on top.",
        report.phases, report.scrape_s, report.evaluation_s);
}

std::string alerts_headline(const AlertReport& report) {
    std::set<std::string> told;
    std::set<std::string> lied;
    std::set<std::string> all;
    bool trouble = false;
    for (const AlertOutcome& outcome : report.outcomes) {
        all.insert(outcome.alert);
        if (outcome.fired > 0 && report.runs[outcome.run].onset) {
            told.insert(outcome.alert);
        }
        if (outcome.false_alarms > 0) {
            lied.insert(outcome.alert);
        }
    }
    for (const RunTruth& run : report.runs) {
        trouble = trouble || run.onset.has_value();
    }
    const std::string lies =
        lied.empty() ? "no false alarm" : fmt::format("{} gave false alarms", lied.size());
    return trouble ? fmt::format("{} of {} alerts told of the trouble, {}", told.size(), all.size(),
                                 lies)
                   : fmt::format("{} alerts in healthy runs: {}", all.size(), lies);
}

std::string demand_text(const DemandResult& result) {
    const std::string what = result.demand.within_s
                                 ? fmt::format("{} must fire within {:g} s", result.demand.alert,
                                               *result.demand.within_s)
                                 : fmt::format("{} must not fire", result.demand.alert);
    return what + ": " + result.why;
}

std::vector<const SweepPoint*> points_worth_reading(const AlertSweep& sweep) {
    std::vector<const SweepPoint*> out;
    for (const SweepPoint& point : sweep.points) {
        if (point.best || point.variant.as_it_is) {
            out.push_back(&point);
        }
    }
    return out;
}

std::string per_hour_text(const SweepPoint& point) {
    return point.per_hour ? fmt::format("{} false/h", figure(*point.per_hour))
                          : "false alarms not known";
}

std::string point_mark(const SweepPoint& point) {
    std::string mark = point.knee ? "proposed" : point.best ? "on the frontier" : "";
    if (point.variant.as_it_is) {
        mark += mark.empty() ? "as it is" : ", as it is";
    }
    return mark;
}

std::vector<const AlertOutcome*> outcomes_of(const AlertReport& report, std::size_t run) {
    std::vector<const AlertOutcome*> out;
    for (const AlertOutcome& outcome : report.outcomes) {
        if (outcome.run == run) {
            out.push_back(&outcome);
        }
    }
    std::stable_sort(out.begin(), out.end(), [](const AlertOutcome* a, const AlertOutcome* b) {
        const int ranks = rank_of(*a) - rank_of(*b);
        if (ranks != 0 || rank_of(*a) != 0) {
            return ranks < 0;
        }
        return a->firing_s->median < b->firing_s->median;
    });
    return out;
}

}  // namespace plimsoll::report
