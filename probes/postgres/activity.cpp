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

const std::map<BackendSeries::Labels, std::uint64_t>& BackendSeries::update(
    const std::vector<ActivityGroup>& groups) {
    for (auto& [labels, count] : counts_) {
        count = 0;
    }
    for (const ActivityGroup& group : groups) {
        if (group.ours) {
            continue;
        }
        Labels labels{group.datname, group.usename, group.application_name,
                      group.hidden ? "hidden" : group.state.value_or("starting"),
                      group.hidden ? "hidden" : group.wait_event_type.value_or("")};
        if (counts_.size() >= kMostSets && !counts_.contains(labels)) {
            labels[2] = "(other)";
        }
        counts_[std::move(labels)] += group.backends;
    }
    return counts_;
}

}  // namespace plimsoll
