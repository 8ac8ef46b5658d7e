#include "probes/postgres/activity.hpp"

#include <algorithm>
#include <strings.h>
#include <utility>

namespace plimsoll {
namespace {

bool same_word(const std::string& a, const char* b) {
    return strcasecmp(a.c_str(), b) == 0;  // the case of wait events differs between versions
}

}  // namespace

ActivitySummary summarise(const std::vector<ActivityGroup>& groups) {
    ActivitySummary summary;
    for (const ActivityGroup& group : groups) {
        summary.connections += group.backends;
        if (group.ours) {
            continue;
        }
        if (group.hidden) {
            summary.hidden += group.backends;
            continue;
        }
        summary.fresh += group.fresh;
        if (group.wait_event_type && same_word(*group.wait_event_type, "Lock")) {
            summary.blocked += group.backends;
        }
        summary.longest_transaction_s =
            std::max(summary.longest_transaction_s, group.transaction_age_s.value_or(0));
        if (group.state && group.state->starts_with("idle in transaction")) {
            summary.longest_idle_in_transaction_s = std::max(summary.longest_idle_in_transaction_s,
                                                             group.longest_in_state_s.value_or(0));
        }
    }
    return summary;
}

void CountSeries::clear() {
    for (auto& [labels, count] : counts_) {
        count = 0;
    }
}

void CountSeries::add(Labels labels, std::uint64_t count) {
    if (counts_.size() >= most_ && !counts_.contains(labels)) {
        labels.at(folded_) = "(other)";
    }
    counts_[std::move(labels)] += count;
}

void ActivitySeries::update(const std::vector<ActivityGroup>& groups) {
    for (CountSeries* series : {&backends, &waiting, &stale}) {
        series->clear();
    }
    for (const ActivityGroup& group : groups) {
        if (group.ours) {
            continue;
        }
        const std::string state = group.hidden ? "hidden" : group.state.value_or("starting");
        backends.add({group.datname, group.usename, group.application_name, state,
                      group.hidden ? "hidden" : group.wait_event_type.value_or("")},
                     group.backends);
        if (group.state == "active" && group.wait_event_type) {
            waiting.add({*group.wait_event_type, group.wait_event.value_or("")}, group.backends);
        }
        if (group.stale > 0) {
            stale.add({group.datname, group.usename, group.application_name, state}, group.stale);
        }
    }
}

}  // namespace plimsoll
