#include "probes/postgres/blockers.hpp"

#include "probes/postgres/sql_text.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace plimsoll {

std::vector<std::string> BlockerTally::add(const std::vector<BlockedBy>& sample) {
    std::vector<std::string> notes;
    const bool any_end = std::any_of(sample.begin(), sample.end(),
                                     [](const BlockedBy& row) { return !row.blocker_waits; });
    std::map<Key, std::set<int>> waiters;
    samples_ += sample.empty() ? 0U : 1U;
    for (const BlockedBy& row : sample) {
        if (any_end && row.blocker_waits) {
            continue;
        }
        Key key(fold_literals(row.blocker_sql), row.blocker_state, fold_literals(row.waiter_sql));
        if (!pairs_.contains(key)) {
            if (pairs_.size() >= kMostPairs) {
                continue;
            }
            notes.push_back(fmt::format(
                "pid {} ({}{}{}, its transaction {:.1f} s old) blocks pid {}: {} | waiting: {}",
                row.blocker_pid, row.blocker_state,
                row.blocker_application.empty() ? "" : ", application ", row.blocker_application,
                row.blocker_age_s, row.waiter_pid, std::get<0>(key), std::get<2>(key)));
        }
        Pair& pair = pairs_[key];
        pair.longest_s = std::max(pair.longest_s, row.blocker_age_s);
        pair.application = row.blocker_application;
        waiters[std::move(key)].insert(row.waiter_pid);
    }
    for (const auto& [key, pids] : waiters) {
        Pair& pair = pairs_[key];
        ++pair.samples;
        pair.waiters = std::max<std::uint64_t>(pair.waiters, pids.size());
    }
    return notes;
}

std::vector<std::pair<std::string, std::string>> BlockerTally::facts() const {
    std::vector<std::pair<std::string, std::string>> facts;
    if (samples_ == 0) {
        return facts;
    }
    facts.emplace_back("blocking.samples", std::to_string(samples_));
    std::vector<std::pair<Key, Pair>> order(pairs_.begin(), pairs_.end());
    std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
        return a.second.samples > b.second.samples;
    });
    order.resize(std::min(order.size(), kMostFacts));
    std::size_t number = 0;
    for (const auto& [key, pair] : order) {
        const std::string prefix = fmt::format("blocking.{}.", ++number);
        facts.emplace_back(prefix + "samples", std::to_string(pair.samples));
        facts.emplace_back(prefix + "waiters", std::to_string(pair.waiters));
        facts.emplace_back(prefix + "blocker_state", std::get<1>(key));
        facts.emplace_back(prefix + "blocker_application", pair.application);
        facts.emplace_back(prefix + "longest_s", fmt::format("{:.3f}", pair.longest_s));
        facts.emplace_back(prefix + "blocker_sql", std::get<0>(key));
        facts.emplace_back(prefix + "waiter_sql", std::get<2>(key));
    }
    return facts;
}

}  // namespace plimsoll
