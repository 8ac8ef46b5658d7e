// Queue, batches, retries and counts, against a transport and a clock of the test's own.
#include "exporters/otlp/otlp_exporter.hpp"

#include <numeric>

#include <gmock/gmock.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

RunInfo run_info() {
    RunInfo run;
    run.id = "r1";
    run.version = "0.1.0";
    run.target = "http://127.0.0.1:8080";
    run.start = WallAnchor::now();
    run.endpoints = {{"reader", "/x", "GET"}};
    run.user_classes = {"reader"};
    return run;
}

class OtlpQueue : public testing::Test {
protected:
    OtlpQueue() {
        options_.endpoint = parse_url("http://127.0.0.1:4318/v1/traces").value();
        options_.headers = {{"authorization", "Bearer s3cret"}};
    }

    OtlpExporter& exporter() {
        if (!exporter_) {
            OtlpTime time{[this] { return now_; },
                          [this](Nanoseconds wait) {
                              slept_.push_back(wait);
                              now_ += wait;
                          }};
            exporter_ = std::make_unique<OtlpExporter>(
                options_,
                [this](const HttpRequest&, Clock::time_point deadline) { return answer(deadline); },
                std::move(time));
            EXPECT_TRUE(exporter_->start(run_info(), {}));
        }
        return *exporter_;
    }

    Result<HttpResponse> answer(Clock::time_point deadline) {
        tries_.push_back(now_);
        deadlines_.push_back(deadline - now_);
        now_ += transport_takes_;
        Result<HttpResponse> reply = replies_.empty() ? HttpResponse{200, {}, ""} : replies_[0];
        if (!replies_.empty()) {
            replies_.erase(replies_.begin());
        }
        return reply;
    }

    /// A tick with `iterations` traces of one request each: two spans apiece.
    void tick(std::size_t iterations, bool last = false) {
        auto snapshot = std::make_shared<Snapshot>();
        snapshot->from = now_;
        now_ += 1s;
        snapshot->to = now_;
        snapshot->last = last;
        IterationTrace trace;
        trace.requests.resize(1);
        snapshot->traces.assign(iterations, trace);
        exporter().on_snapshot(snapshot);
    }

    static std::uint64_t sum(const OtlpStats& s) {
        return s.sent + s.rejected + s.failed + s.dropped + s.waiting;
    }

    OtlpOptions options_;
    Clock::time_point now_ = Clock::now();
    std::vector<Result<HttpResponse>> replies_;  // 200 when used up
    Nanoseconds transport_takes_{};
    std::vector<Clock::time_point> tries_;
    std::vector<Nanoseconds> deadlines_;
    std::vector<Nanoseconds> slept_;
    std::unique_ptr<OtlpExporter> exporter_;
};

TEST_F(OtlpQueue, SendsATicksSpansWithinASecondInBatchesOfAtMost512) {
    tick(300);
    EXPECT_EQ(tries_.size(), 2U);  // 512 and 88
    const OtlpStats stats = exporter().stats();
    EXPECT_EQ(stats.sent, 600U);
    EXPECT_EQ(stats.batches, 2U);
    EXPECT_EQ(stats.waiting, 0U);
    EXPECT_EQ(stats.last_error, "");
    EXPECT_EQ(deadlines_[0], 10s);
}

TEST_F(OtlpQueue, WaitsForASecondsWorthWhereTicksAreShort) {
    options_.batch_age = 3s;
    tick(1);
    tick(1);
    EXPECT_THAT(tries_, IsEmpty());
    EXPECT_EQ(exporter().stats().waiting, 4U);
    tick(1);
    EXPECT_EQ(tries_.size(), 1U);
    EXPECT_EQ(exporter().stats().sent, 6U);
}

TEST_F(OtlpQueue, SendsNothingWhenThereIsNothing) {
    tick(0);
    exporter().finish(now_ + 1s);
    EXPECT_THAT(tries_, IsEmpty());
}

TEST_F(OtlpQueue, RetriesAfterWhatTheServerAsksWithoutBlockingTheCall) {
    replies_ = {HttpResponse{503, {{"retry-after", "2"}}, ""}};
    tick(1);
    const auto first = tries_.at(0);
    EXPECT_THAT(slept_, IsEmpty());
    EXPECT_EQ(exporter().stats().waiting, 2U);
    EXPECT_EQ(exporter().stats().last_error, "HTTP status 503");
    tick(1);  // 1 s later: too early
    EXPECT_EQ(tries_.size(), 1U);
    tick(0);  // 2 s later
    ASSERT_EQ(tries_.size(), 3U);
    EXPECT_EQ(tries_[1] - first, 2s);
    EXPECT_EQ(exporter().stats().sent, 4U);
    EXPECT_EQ(exporter().stats().retries, 1U);
}

TEST_F(OtlpQueue, TriesAgainOnAReadingToo) {
    replies_ = {HttpResponse{429, {{"retry-after", "0"}}, ""}};
    tick(1);
    EXPECT_EQ(exporter().stats().sent, 2U);  // a wait of 0: at once
    replies_ = {HttpResponse{429, {{"retry-after", "1"}}, ""}};
    tick(1);
    now_ += 1s;
    exporter().on_reading(0, {}, {});
    EXPECT_EQ(exporter().stats().sent, 4U);
}

TEST_F(OtlpQueue, NeverRetriesWhatWouldBeRefusedAgain) {
    for (const int status : {400, 401, 404, 413, 500}) {
        replies_ = {HttpResponse{status, {{"retry-after", "1"}}, "\x08\x03\x12\x05wrong"}};
        tick(1);
        EXPECT_EQ(exporter().stats().last_error,
                  "HTTP status " + std::to_string(status) + ": wrong");
        now_ += 60s;
        exporter().on_reading(0, {}, {});
    }
    EXPECT_EQ(tries_.size(), 5U);
    EXPECT_EQ(exporter().stats().failed, 10U);
    EXPECT_EQ(exporter().stats().retries, 0U);
}

TEST_F(OtlpQueue, CountsSpansThatAnAcceptingCollectorRejects) {
    replies_ = {HttpResponse{200, {}, std::string("\x0a\x05\x08\x03\x12\x01x")}};
    tick(2);
    const OtlpStats stats = exporter().stats();
    EXPECT_EQ(stats.sent, 1U);
    EXPECT_EQ(stats.rejected, 3U);
    EXPECT_EQ(stats.last_error, "3 spans rejected: x");
}

TEST_F(OtlpQueue, GivesABatchUpAfterAMinuteOfNoReply) {
    replies_.assign(100, Error{"connection refused", "127.0.0.1:4318"});
    tick(1);
    for (int i = 0; i < 300; ++i) {
        now_ += 200ms;
        exporter().on_reading(0, {}, {});
    }
    const OtlpStats stats = exporter().stats();
    EXPECT_EQ(stats.failed, 2U);
    EXPECT_EQ(stats.waiting, 0U);
    EXPECT_THAT(stats.last_error, HasSubstr("127.0.0.1:4318: connection refused"));
    EXPECT_LT(tries_.back() - tries_.front(), 60s);
    EXPECT_GE(tries_.size(), 5U);
    EXPECT_LE(tries_.size(), 8U);
}

TEST_F(OtlpQueue, BoundsTheQueueAndCountsWhatItDrops) {
    options_.queue_spans = 10;
    replies_.assign(100, Error{"connection refused"});
    tick(3);  // 6 spans, now the batch that waits for its retry
    tick(8);  // 16 spans: 10 wait, 6 are dropped
    const OtlpStats stats = exporter().stats();
    EXPECT_EQ(stats.waiting, 16U);
    EXPECT_EQ(stats.dropped, 6U);
    EXPECT_EQ(sum(stats), 22U);
}

TEST_F(OtlpQueue, WaitsForRetriesAtTheEndUntilTheDeadline) {
    replies_ = {HttpResponse{503, {{"retry-after", "3"}}, ""}};
    tick(1, true);
    exporter().finish(now_ + 10s);
    EXPECT_THAT(slept_, ElementsAre(3s));
    EXPECT_EQ(exporter().stats().sent, 2U);
}

TEST_F(OtlpQueue, DropsAtTheDeadlineWhatIsLeft) {
    replies_.assign(1000, Error{"connection refused"});
    tick(400, true);
    exporter().finish(now_ + 5s);
    const OtlpStats stats = exporter().stats();
    EXPECT_EQ(stats.dropped, 800U);
    EXPECT_EQ(stats.waiting, 0U);
    EXPECT_LE(std::accumulate(slept_.begin(), slept_.end(), Nanoseconds{}), 5s);
}

TEST_F(OtlpQueue, ComesBackFromFinishWhenEveryTryOutlastsTheDeadline) {
    replies_.assign(1000, Error{"timed out"});
    tick(1);
    transport_takes_ = 10s;
    exporter().finish(now_ + 3s);
    EXPECT_EQ(exporter().stats().dropped, 2U);
    exporter().finish(now_ - 1s);
    EXPECT_EQ(exporter().stats().dropped, 2U);
}

TEST_F(OtlpQueue, NeverLetsATryOutlastTheEnd) {
    options_.batch_age = 1h;
    tick(1);
    exporter().finish(now_ + 4s);
    EXPECT_THAT(deadlines_, ElementsAre(4s));
}

TEST_F(OtlpQueue, SendsNothingWhenDisabled) {
    options_.disabled = true;
    tick(5, true);
    exporter().finish(now_ + 1s);
    EXPECT_THAT(tries_, IsEmpty());
    EXPECT_EQ(sum(exporter().stats()), 0U);
}

TEST_F(OtlpQueue, KeepsHeaderValuesOutOfErrors) {
    replies_ = {HttpResponse{401,
                             {},
                             "\x12\x17"
                             "bad token Bearer s3cret"}};
    tick(1);
    EXPECT_THAT(exporter().stats().last_error, Not(HasSubstr("s3cret")));
    EXPECT_THAT(exporter().stats().last_error, HasSubstr("bad token ***"));
}

TEST_F(OtlpQueue, ShowsRecordsThatNeverReachedIt) {
    exporter().on_dropped(4);
    EXPECT_EQ(exporter().stats().records_dropped, 4U);
}

}  // namespace
}  // namespace plimsoll
