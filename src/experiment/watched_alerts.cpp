#include "experiment/watched_alerts.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {
namespace {

/// Overlapping stretches are one: an alert fires while any of its label sets does.
std::vector<FiringSpan> united(std::vector<FiringSpan> spans) {
    std::sort(spans.begin(), spans.end(),
              [](const FiringSpan& a, const FiringSpan& b) { return a.from_s < b.from_s; });
    std::vector<FiringSpan> out;
    for (const FiringSpan& span : spans) {
        if (!out.empty() && span.from_s <= out.back().to_s) {
            out.back().to_s = std::max(out.back().to_s, span.to_s);
            out.back().open = out.back().open || span.open;
        } else {
            out.push_back(span);
        }
    }
    return out;
}

double seconds(std::int64_t ms) {
    return static_cast<double>(ms) / 1000;
}

std::vector<FiringSpan> firing(const PhaseStory& story) {
    std::vector<FiringSpan> out;
    for (const RuleSpan& span : story.spans) {
        if (span.state == AlertState::Firing) {
            out.push_back({seconds(span.from_ms), seconds(span.to_ms), span.open});
        }
    }
    return out;
}

void add_remarks(const ReplayedAlert& alert, double fault_s, WatchedAlert& into) {
    if (!alert.refusal.empty()) {
        into.remarks.push_back(alert.refusal);
    }
    for (const PhaseStory& phase : alert.phases) {
        if (!phase.error.empty()) {
            into.remarks.push_back("Prometheus refuses its expression: " + phase.error);
            break;
        }
    }
    if (to_seconds(alert.rule->hold) >= fault_s) {
        into.remarks.push_back(fmt::format(
            "it cannot fire while a fault is in force: `for` is {}, and the fault lasts "
            "{:g} s",
            prometheus_duration(alert.rule->hold), fault_s));
    }
    into.remarks.insert(into.remarks.end(), alert.missing.begin(), alert.missing.end());
}

/// `Slow{job="a"}` without its labels.
std::string_view name_of(std::string_view alert) {
    return alert.substr(0, alert.find('{'));
}

}  // namespace

std::vector<WatchedAlert> watched_in(const ReplayedRun& run, double fault_s) {
    std::vector<WatchedAlert> out;
    for (const ReplayedAlert& alert : run.alerts) {
        auto known = std::find_if(out.begin(), out.end(), [&](const WatchedAlert& each) {
            return each.name == alert.rule->name;
        });
        if (known == out.end()) {
            known = out.insert(out.end(), {alert.rule->name, {}, {}});
        }
        known->phases.resize(std::max(known->phases.size(), alert.phases.size()));
        for (std::size_t i = 0; i < alert.phases.size(); ++i) {
            const auto spans = firing(alert.phases[i]);
            known->phases[i].insert(known->phases[i].end(), spans.begin(), spans.end());
            known->phases[i] = united(std::move(known->phases[i]));
        }
        add_remarks(alert, fault_s, *known);
    }
    return out;
}

std::vector<WatchedAlert> watched_in(const std::vector<AlertEpisode>& episodes, double length_s,
                                     const std::vector<std::string>& names) {
    std::vector<WatchedAlert> out;
    for (const std::string& name : names) {
        std::vector<FiringSpan> spans;
        for (const AlertEpisode& episode : episodes) {
            if (name_of(episode.alert) == name && episode.firing_s) {
                const bool before = episode.already && !episode.pending_s;
                spans.push_back({before ? -1 : *episode.firing_s,
                                 episode.resolved_s.value_or(length_s), !episode.resolved_s});
            }
        }
        out.push_back({name, {united(std::move(spans))}, {}});
    }
    return out;
}

}  // namespace plimsoll
