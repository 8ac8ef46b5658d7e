#include "engine/recording/recorder.hpp"

#include <algorithm>
#include <chrono>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

const Clock::time_point kStart = Clock::time_point(100s);

struct Kept {
    std::vector<std::unique_ptr<Interval>> intervals;
    IntervalSink sink() {
        return [this](std::unique_ptr<Interval> interval) {
            intervals.push_back(std::move(interval));
            return std::unique_ptr<Interval>();
        };
    }
};

Sample sample_at(Clock::time_point completed, EndpointId endpoint = 0) {
    Sample sample;
    sample.due = completed - 3ms;
    sample.sent = completed - 2ms;
    sample.completed = completed;
    sample.endpoint = endpoint;
    sample.status = 200;
    return sample;
}

TEST(Recorder, FilesASampleInTheTickInWhichItCompleted) {
    Kept kept;
    Recorder recorder(0, 2, kStart, 1s, kept.sink());
    recorder.record(sample_at(kStart + 999ms));
    recorder.record(sample_at(kStart + 1000ms, 1));
    recorder.record(sample_at(kStart + 3500ms));
    recorder.finish(kStart + 3600ms);
    ASSERT_EQ(kept.intervals.size(), 4U);
    EXPECT_EQ(kept.intervals[0]->endpoints[0].requests, 1U);
    EXPECT_EQ(kept.intervals[0]->endpoints[1].requests, 0U);
    EXPECT_EQ(kept.intervals[1]->endpoints[1].requests, 1U);
    EXPECT_EQ(kept.intervals[2]->endpoints[0].requests, 0U);
    EXPECT_EQ(kept.intervals[3]->endpoints[0].requests, 1U);
    EXPECT_TRUE(kept.intervals[3]->last);
    EXPECT_EQ(kept.intervals[3]->to, kStart + 3600ms);
    EXPECT_EQ(kept.intervals[0]->endpoints[0].response.max(), 3ms);
    EXPECT_EQ(kept.intervals[0]->endpoints[0].service.max(), 2ms);
    EXPECT_EQ(kept.intervals[0]->endpoints[0].send_lag.max(), 1ms);
}

TEST(Recorder, NeverEndsBeforeItsLastTickBegan) {
    Kept kept;
    Recorder recorder(0, 1, kStart, 1s, kept.sink());
    recorder.request_sent(kStart + 900ms);
    recorder.record(sample_at(kStart + 1001ms));
    recorder.request_ended(kStart + 1001ms);
    recorder.finish(kStart + 999ms);  // by a caller that looked at the clock a little earlier
    ASSERT_EQ(kept.intervals.size(), 2U);
    EXPECT_EQ(kept.intervals[1]->to, kStart + 1001ms);
    EXPECT_EQ(kept.intervals[1]->endpoints[0].requests, 1U);
    EXPECT_LE(kept.intervals[1]->state.in_flight_mean, 1.0);
    EXPECT_LE(kept.intervals[1]->state.cpu_ratio, 1.0);
}

/// CPU time on this thread.
void burn(Nanoseconds time) {
    const Nanoseconds until = thread_cpu_time() + time;
    while (thread_cpu_time() < until) {
    }
}

TEST(Recorder, CountsTheCpuTimeOfALastPartialTickOverMoreThanThatTick) {
    Kept kept;
    Recorder recorder(0, 1, kStart, 1s, kept.sink());
    burn(20ms);
    recorder.roll_to(kStart + 1s);
    burn(20ms);  // within 10 ms of the run's time: winding up
    recorder.finish(kStart + 1010ms);
    ASSERT_EQ(kept.intervals.size(), 2U);
    EXPECT_GE(kept.intervals[0]->state.cpu_ratio, 0.02);
    // 40 ms of 1.01 s. The clock of the thread may have run on for as long again.
    EXPECT_GE(kept.intervals[1]->state.cpu_ratio, 0.04 / 1.01);
    EXPECT_LT(kept.intervals[1]->state.cpu_ratio, 0.08);
}

TEST(Recorder, AveragesInFlightOverTime) {
    Kept kept;
    Recorder recorder(0, 1, kStart, 1s, kept.sink());
    recorder.request_sent(kStart + 250ms);   // one from 0.25 s ...
    recorder.request_sent(kStart + 500ms);   // two from 0.5 s ...
    recorder.request_ended(kStart + 750ms);  // one again from 0.75 s on
    recorder.request_ended(kStart + 1500ms);
    recorder.finish(kStart + 2s);
    ASSERT_EQ(kept.intervals.size(), 3U);
    EXPECT_DOUBLE_EQ(kept.intervals[0]->state.in_flight_mean, 0.25 * 1 + 0.25 * 2 + 0.25 * 1);
    EXPECT_EQ(kept.intervals[0]->state.in_flight, 1U);
    EXPECT_DOUBLE_EQ(kept.intervals[1]->state.in_flight_mean, 0.5);
    EXPECT_EQ(kept.intervals[1]->state.in_flight, 0U);
}

TEST(KeptRequests, AreTheSlowestWhateverTheOrderInWhichTheyCome) {
    for (const bool rising : {true, false}) {
        KeptRequests kept(1);
        for (int i = 0; i < 100; ++i) {
            const Nanoseconds took = std::chrono::milliseconds(rising ? i : 99 - i);
            if (IterationTrace* place = kept.place_for(took)) {
                place->requests.resize(1);
                place->requests[0].due = kStart;
                place->requests[0].completed = kStart + took;
            }
        }
        std::vector<IterationTrace> out;
        kept.hand_over(out);
        kept.hand_over(out);  // nothing is left for the next tick
        std::vector<Nanoseconds> times;
        for (const IterationTrace& each : out) {
            EXPECT_EQ(each.reason, TraceReason::Slow);
            times.push_back(each.requests[0].completed - kStart);
        }
        std::sort(times.begin(), times.end());
        EXPECT_EQ(times, (std::vector<Nanoseconds>{95ms, 96ms, 97ms, 98ms, 99ms}));
    }
}

TEST(KeptRequests, OfFailuresSayHowManyEachStandsFor) {
    KeptRequests kept(2);  // half of the cap each
    std::size_t places = 0;
    for (int i = 0; i < 40; ++i) {
        places += kept.place_for_error() != nullptr ? 1U : 0U;
    }
    EXPECT_EQ(places, KeptRequests::kErrors / 2);
    std::vector<IterationTrace> out;
    kept.hand_over(out);
    ASSERT_EQ(out.size(), places);
    EXPECT_DOUBLE_EQ(out.front().weight, 4.0);
}

TEST(KeptRequests, OfSeveralShardsAreCutToTheSlowestOfAll) {
    std::vector<IterationTrace> traces(12);
    for (std::size_t i = 0; i < traces.size(); ++i) {
        traces[i].reason = i < 2 ? TraceReason::Error : TraceReason::Slow;
        traces[i].requests.resize(1);
        traces[i].requests[0].due = kStart;
        traces[i].requests[0].completed = kStart + std::chrono::milliseconds((i * 7) % 12);
    }
    keep_slowest(traces);
    ASSERT_EQ(traces.size(), 2 + KeptRequests::kSlowest);
    for (std::size_t i = 2; i < traces.size(); ++i) {
        // i * 7 mod 12 of 2 ... 11 without 0 and 7: the highest five are 11, 10, 9, 8, 6.
        EXPECT_GE(traces[i].requests[0].completed - kStart, 6ms);
    }
}

TEST(Recorder, KeepsOneSpecimenPerKindOfFailure) {
    Kept kept;
    Recorder recorder(0, 1, kStart, 1s, kept.sink());
    Sample failed = sample_at(kStart + 10ms);
    failed.status = 503;
    failed.outcome = Outcome::Http5xx;
    recorder.record_error(failed, "request 17 timed out after 2000 ms");
    recorder.record_error(failed, "request 4711 timed out after 2001 ms");
    recorder.record_error(failed, "pool exhausted");
    recorder.finish(kStart + 1s);
    ASSERT_EQ(kept.intervals[0]->errors.size(), 2U);
    EXPECT_EQ(kept.intervals[0]->errors[0].count, 2U);
    EXPECT_EQ(kept.intervals[0]->errors[0].text, "request 17 timed out after 2000 ms");
}

TEST(Recorder, CountsFailuresBeyondTheSpecimensItKeeps) {
    Kept kept;
    Recorder recorder(0, 1, kStart, 1s, kept.sink());
    Sample failed = sample_at(kStart + 10ms);
    failed.outcome = Outcome::Http5xx;
    for (int i = 0; i < 100; ++i) {
        recorder.record_error(failed, std::string(static_cast<std::size_t>(i) + 1, 'x'));
    }
    recorder.finish(kStart + 1s);
    EXPECT_EQ(kept.intervals[0]->errors.size() + kept.intervals[0]->counts.errors_unsampled, 100U);
}

TEST(Fingerprint, FoldsNumbersAndIds) {
    EXPECT_EQ(fingerprint("id 12 at 3f2504e04f8941d3"), fingerprint("id 999 at 0a1b2c3d4e5f6071"));
    EXPECT_NE(fingerprint("pool exhausted"), fingerprint("pool exhauster"));
    EXPECT_EQ(fingerprint(""), fingerprint(""));
}

}  // namespace
}  // namespace plimsoll
