#include "probes/postgres/activity.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

ActivityGroup group(std::string app, std::optional<std::string> state,
                    std::optional<std::string> wait, std::uint64_t backends) {
    ActivityGroup made;
    made.datname = "shop";
    made.usename = "app";
    made.application_name = std::move(app);
    made.state = std::move(state);
    made.wait_event_type = std::move(wait);
    made.backends = backends;
    return made;
}

TEST(ActivitySummary, CountsOurOwnConnectionsOnlyAsConnections) {
    ActivityGroup ours = group("plimsoll", "idle in transaction", "Lock", 2);
    ours.ours = true;
    ours.transaction_age_s = 50;
    ours.longest_in_state_s = 50;
    const ActivitySummary summary = summarise({group("web", "active", std::nullopt, 5), ours});
    EXPECT_EQ(summary.connections, 7U);
    EXPECT_EQ(summary.blocked, 0U);
    EXPECT_EQ(summary.longest_transaction_s, 0);
    EXPECT_EQ(summary.longest_idle_in_transaction_s, 0);
}

TEST(ActivitySummary, TakesTheOldestTransactionAndTheLongestIdleOne) {
    ActivityGroup active = group("web", "active", "lock", 3);
    active.transaction_age_s = 9;
    active.longest_in_state_s = 9;
    ActivityGroup idle = group("web", "idle in transaction", "Client", 1);
    idle.transaction_age_s = 7;
    idle.longest_in_state_s = 4;
    ActivityGroup aborted = group("web", "idle in transaction (aborted)", "Client", 1);
    aborted.transaction_age_s = 6;
    aborted.longest_in_state_s = 5;
    ActivityGroup resting = group("web", "idle", "Client", 1);
    resting.longest_in_state_s = 1000;
    const ActivitySummary summary = summarise({active, idle, aborted, resting});
    EXPECT_EQ(summary.blocked, 3U);  // whatever the case of the wait event
    EXPECT_EQ(summary.longest_transaction_s, 9);
    EXPECT_EQ(summary.longest_idle_in_transaction_s, 5);
}

TEST(BackendSeries, GoesOnAtZeroForSetsThatAreGone) {
    BackendSeries series;
    series.update({group("web", "active", std::nullopt, 5)});
    const auto& counts = series.update({group("web", "idle", "Client", 5)});
    EXPECT_EQ(counts.size(), 2U);
    EXPECT_EQ(counts.at({"shop", "app", "web", "active", ""}), 0U);
    EXPECT_EQ(counts.at({"shop", "app", "web", "idle", "Client"}), 5U);
}

TEST(BackendSeries, NeverTakesAHiddenBackendForAnActiveOne) {
    ActivityGroup hidden = group("web", std::nullopt, std::nullopt, 4);
    hidden.hidden = true;
    BackendSeries series;
    const auto& counts = series.update({hidden, group("web", std::nullopt, std::nullopt, 1)});
    EXPECT_EQ(counts.size(), 2U);
    EXPECT_EQ(counts.at({"shop", "app", "web", "hidden", "hidden"}), 4U);
    EXPECT_EQ(counts.at({"shop", "app", "web", "starting", ""}), 1U);
    EXPECT_EQ(summarise({hidden}).hidden, 4U);
}

TEST(BackendSeries, StaysBoundedWhenEveryProcessHasAName) {
    BackendSeries series;
    std::vector<ActivityGroup> groups;
    for (int i = 0; i < 1000; ++i) {
        groups.push_back(group("worker-" + std::to_string(i), "active", std::nullopt, 1));
    }
    const auto& counts = series.update(groups);
    EXPECT_EQ(counts.size(), BackendSeries::kMostSets + 1);
    EXPECT_EQ(counts.at({"shop", "app", "(other)", "active", ""}), 1000 - BackendSeries::kMostSets);
}

}  // namespace
}  // namespace plimsoll
