#include "record/interval.hpp"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

constexpr Clock::time_point kStart{100s};

Sample sample(Nanoseconds lag, Nanoseconds service, Outcome outcome = Outcome::Ok,
              std::uint16_t status = 200) {
    Sample s;
    s.due = kStart;
    s.sent = kStart + lag;
    s.completed = kStart + lag + service;
    s.outcome = outcome;
    s.status = status;
    s.bytes_sent = 100;
    s.bytes_received = 1'000;
    return s;
}

TEST(EndpointStats, TellsResponseServiceAndSendLagApart) {
    EndpointStats stats;
    stats.record(sample(2ms, 30ms));
    EXPECT_EQ(stats.send_lag.max(), 2ms);
    EXPECT_EQ(stats.service.max(), 30ms);
    EXPECT_EQ(stats.response.max(), 32ms);
}

TEST(EndpointStats, CountsByStatusAndOutcome) {
    EndpointStats stats;
    stats.record(sample(0ms, 1ms));
    stats.record(sample(0ms, 1ms, Outcome::Http5xx, 503));
    stats.record(sample(0ms, 1ms, Outcome::Http5xx, 500));
    stats.record(sample(0ms, 1ms));
    stats.record(sample(0ms, 1ms, Outcome::CheckFailed, 200));
    stats.record(sample(0ms, 1ms, Outcome::ConnectRefused, 0));

    EXPECT_EQ(stats.requests, 6U);
    EXPECT_EQ(stats.failed, 4U);
    EXPECT_EQ(stats.bytes_sent, 600U);
    EXPECT_EQ(stats.bytes_received, 6'000U);
    EXPECT_THAT(stats.statuses,
                ElementsAre(StatusCount{200, Outcome::Ok, 2}, StatusCount{503, Outcome::Http5xx, 1},
                            StatusCount{500, Outcome::Http5xx, 1},
                            StatusCount{200, Outcome::CheckFailed, 1},
                            StatusCount{0, Outcome::ConnectRefused, 1}));
    EXPECT_EQ(stats.count(Outcome::Ok), 2U);
    EXPECT_EQ(stats.count(Outcome::Http5xx), 2U);
    EXPECT_EQ(stats.count(Outcome::Dns), 0U);
}

TEST(EndpointStats, KnowsWhichTimesAreLowerBounds) {
    EndpointStats stats;
    stats.record(sample(2ms, 30ms));
    EXPECT_TRUE(stats.censored.empty());
    stats.record(sample(2ms, 200ms, Outcome::ResponseTimeout, 0));
    stats.record(sample(3ms, 50ms, Outcome::CutOff, 0));
    Sample unresolved = sample(0ms, 100ms, Outcome::Dns, 0);
    unresolved.given_up = true;  // a name that was not looked up in time, not one that is unknown
    stats.record(unresolved);
    stats.record(sample(0ms, 1ms, Outcome::Dns, 0));

    EXPECT_EQ(stats.requests, 5U);
    EXPECT_EQ(stats.failed, 3U);  // what was cut off is not known to have failed
    EXPECT_EQ(stats.response.count(), 5U);
    EXPECT_EQ(stats.censored.count(), 3U);
    EXPECT_EQ(stats.censored.get().sum(), 202ms + 53ms + 100ms);
    EXPECT_EQ(stats.censored_service.get().sum(), 200ms + 50ms + 100ms);
    EXPECT_EQ(stats.cut_off.count(), 1U);
    EXPECT_EQ(stats.cut_off.get().max(), 53ms);

    EndpointStats twice = stats;
    twice.merge(stats);
    EXPECT_EQ(twice.censored.count(), 6U);
    EXPECT_EQ(twice.cut_off.get().sum(), 106ms);
    twice.clear();
    EXPECT_TRUE(twice.censored.empty() && twice.censored_service.empty() && twice.cut_off.empty());
}

TEST(EndpointStats, MergesToWhatRecordingIntoOneGives) {
    EndpointStats one;
    EndpointStats even;
    EndpointStats odd;
    for (int i = 0; i < 100; ++i) {
        const Sample s =
            sample(Nanoseconds(i * 1'000), Nanoseconds(i * 77'777),
                   i % 3 == 0 ? Outcome::Http4xx : Outcome::Ok, i % 3 == 0 ? 404 : 200);
        one.record(s);
        (i % 2 == 0 ? even : odd).record(s);
    }
    even.merge(odd);
    EXPECT_EQ(even.requests, one.requests);
    EXPECT_EQ(even.failed, one.failed);
    EXPECT_EQ(even.bytes_sent, one.bytes_sent);
    EXPECT_EQ(even.bytes_received, one.bytes_received);
    EXPECT_THAT(even.statuses, testing::UnorderedElementsAreArray(one.statuses));
    EXPECT_TRUE(even.response == one.response);
    EXPECT_TRUE(even.service == one.service);
    EXPECT_TRUE(even.send_lag == one.send_lag);
}

TEST(EndpointStats, ClearForgetsEverything) {
    EndpointStats stats;
    stats.record(sample(1ms, 1ms, Outcome::BodyTimeout, 200));
    stats.clear();
    EXPECT_EQ(stats.requests, 0U);
    EXPECT_EQ(stats.failed, 0U);
    EXPECT_EQ(stats.bytes_sent, 0U);
    EXPECT_EQ(stats.bytes_received, 0U);
    EXPECT_TRUE(stats.statuses.empty());
    EXPECT_TRUE(stats.response.empty());
    EXPECT_TRUE(stats.service.empty());
    EXPECT_TRUE(stats.send_lag.empty());
}

TEST(LoadCounts, MergeAddsEveryCount) {
    LoadCounts a;
    LoadCounts b;
    std::uint64_t next = 1;
    for (const LoadCount& count : kLoadCounts) {
        a.*count.value = next;
        b.*count.value = 100 * next++;
    }
    b.merge(a);
    next = 1;
    for (const LoadCount& count : kLoadCounts) {
        EXPECT_EQ(b.*count.value, 101 * next++) << count.name;
    }
    // Each member has a row of its own: no two rows share one.
    EXPECT_EQ(b.arrivals_due, 101U);
    EXPECT_EQ(b.out_of_data, 101 * kLoadCounts.size());
}

TEST(LoadCounts, TellWhyIterationsWereNotSent) {
    LoadCounts counts;
    counts.not_sent(NotSentReason::UserCap) = 4;
    counts.not_sent(NotSentReason::Generator) = 5;
    EXPECT_EQ(counts.not_sent_user_cap, 4U);
    EXPECT_EQ(counts.not_sent_generator, 5U);
    EXPECT_EQ(counts.not_sent(), 9U);
}

TEST(Interval, ClearKeepsTheShardAndTheEndpointsPlaces) {
    Interval interval;
    interval.shard = 3;
    interval.tick = 7;
    interval.last = true;
    interval.endpoints.resize(2);
    interval.endpoints[1].record(sample(1ms, 1ms));
    interval.counts.arrivals_due = 5;
    interval.state.users = 5;
    interval.errors.emplace_back();
    interval.traces.emplace_back();

    interval.clear();

    EXPECT_EQ(interval.shard, 3U);
    EXPECT_FALSE(interval.last);
    ASSERT_EQ(interval.endpoints.size(), 2U);
    EXPECT_EQ(interval.endpoints[1].requests, 0U);
    EXPECT_EQ(interval.counts.arrivals_due, 0U);
    EXPECT_EQ(interval.state.users, 0U);
    EXPECT_TRUE(interval.errors.empty());
    EXPECT_TRUE(interval.traces.empty());
}

TEST(Snapshot, MergesItsEndpoints) {
    Snapshot snapshot;
    snapshot.delta.resize(2);
    snapshot.total.resize(2);
    snapshot.delta[0].record(sample(0ms, 1ms));
    snapshot.delta[1].record(sample(0ms, 5ms, Outcome::Http5xx, 500));
    snapshot.total[0].record(sample(0ms, 1ms));

    const EndpointStats delta = snapshot.merged_delta();
    EXPECT_EQ(delta.requests, 2U);
    EXPECT_EQ(delta.failed, 1U);
    EXPECT_EQ(delta.response.max(), 5ms);
    EXPECT_EQ(snapshot.merged_total().requests, 1U);
    EXPECT_EQ(Snapshot().merged_total().requests, 0U);
}

}  // namespace
}  // namespace plimsoll
