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

TEST(ActivitySeries, GoesOnAtZeroForSetsThatAreGone) {
    ActivitySeries series;
    series.update({group("web", "active", std::nullopt, 5)});
    series.update({group("web", "idle", "Client", 5)});
    const auto& counts = series.backends.counts();
    EXPECT_EQ(counts.size(), 2U);
    EXPECT_EQ(counts.at({"shop", "app", "web", "active", ""}), 0U);
    EXPECT_EQ(counts.at({"shop", "app", "web", "idle", "Client"}), 5U);
}

TEST(ActivitySeries, NeverTakesAHiddenBackendForAnActiveOne) {
    ActivityGroup hidden = group("web", std::nullopt, std::nullopt, 4);
    hidden.hidden = true;
    ActivitySeries series;
    series.update({hidden, group("web", std::nullopt, std::nullopt, 1)});
    const auto& counts = series.backends.counts();
    EXPECT_EQ(counts.size(), 2U);
    EXPECT_EQ(counts.at({"shop", "app", "web", "hidden", "hidden"}), 4U);
    EXPECT_EQ(counts.at({"shop", "app", "web", "starting", ""}), 1U);
    EXPECT_EQ(summarise({hidden}).hidden, 4U);
}

TEST(ActivitySeries, CountsWaitsOfActiveBackendsByEvent) {
    ActivityGroup reading = group("web", "active", "IO", 2);
    reading.wait_event = "DataFileRead";
    ActivityGroup other = group("api", "active", "IO", 1);
    other.wait_event = "DataFileRead";
    ActivityGroup resting = group("web", "idle", "Client", 7);
    resting.wait_event = "ClientRead";
    ActivitySeries series;
    series.update({reading, other, resting, group("web", "active", std::nullopt, 3)});
    const std::map<CountSeries::Labels, std::uint64_t> expected{{{"IO", "DataFileRead"}, 3}};
    EXPECT_EQ(series.waiting.counts(), expected);
}

TEST(ActivitySeries, CountsThoseThatHaveDoneNothingForLong) {
    ActivityGroup held = group("web", "idle in transaction", "Client", 4);
    held.stale = 3;
    ActivityGroup ours = group("plimsoll", "idle", "Client", 2);
    ours.ours = true;
    ours.stale = 2;
    ActivitySeries series;
    series.update({held, ours, group("web", "active", std::nullopt, 3)});
    const std::map<CountSeries::Labels, std::uint64_t> expected{
        {{"shop", "app", "web", "idle in transaction"}, 3}};
    EXPECT_EQ(series.stale.counts(), expected);
    series.update({});
    EXPECT_EQ(series.stale.counts().at({"shop", "app", "web", "idle in transaction"}), 0U);
}

TEST(ActivitySeries, StaysBoundedWhenEveryProcessHasAName) {
    ActivitySeries series;
    std::vector<ActivityGroup> groups;
    for (int i = 0; i < 1000; ++i) {
        groups.push_back(group("worker-" + std::to_string(i), "active", std::nullopt, 1));
    }
    series.update(groups);
    const auto& counts = series.backends.counts();
    EXPECT_EQ(counts.size(), ActivitySeries::kMostSets + 1);
    EXPECT_EQ(counts.at({"shop", "app", "(other)", "active", ""}),
              1000 - ActivitySeries::kMostSets);
}

}  // namespace
}  // namespace plimsoll
