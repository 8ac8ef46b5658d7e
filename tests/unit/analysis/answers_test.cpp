#include "analysis/answers.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Ten seconds of constant load, tick by tick.
class Load {
public:
    explicit Load(bool open = true) {
        data_.info.endpoints = {{"reader", "/a", "GET"}};
        data_.info.executors = {
            {"load",
             open ? ExecutorKind::ConstantArrivalRate : ExecutorKind::ConstantVus,
             open,
             10,
             {{Nanoseconds(0), seconds(10), 10}},
             10}};
        data_.totals.resize(1);
        data_.duration_s = data_.load_end_s = 10;
        data_.counts.iterations_started = 1;
        data_.counts.connects_ok = 1;
        for (int k = 0; k < 10; ++k) {
            TickFacts tick;
            tick.from_s = k;
            tick.to_s = k + 1;
            data_.ticks.push_back(tick);
        }
    }
    Load& add(Outcome outcome, int times, int age_ms, int from_s = 0, int to_s = 10) {
        for (int i = 0; i < times; ++i) {
            Sample sample;
            sample.completed = sample.due + milliseconds(age_ms);
            sample.outcome = outcome;
            data_.totals[0].record(sample);
            data_.all.record(sample);
            const int at = from_s + i * (to_s - from_s) / times;
            TickFacts& tick = data_.ticks[static_cast<std::size_t>(at)];
            tick.requests += outcome == Outcome::CutOff ? 0U : 1U;
            if (is_answer(outcome)) {
                ++tick.answered;
                const double until_s = from_s + (i + 1.0) * (to_s - from_s) / times;
                data_.last_answer_s = std::max(data_.last_answer_s.value_or(0), until_s);
            }
        }
        data_.counts.interrupted = data_.all.cut_off.count();
        return *this;
    }
    RunData& data() { return data_; }
    [[nodiscard]] AnswerResult judged() const { return judge_answers(data_); }

private:
    RunData data_;
};

TEST(Answers, AreAllThatAHealthyRunNeeds) {
    const AnswerResult result =
        Load().add(Outcome::Ok, 90, 10).add(Outcome::Http5xx, 10, 10).judged();
    EXPECT_TRUE(result.ok);
    EXPECT_EQ(result.answered, 100U);  // an error is an answer
    EXPECT_EQ(result.unanswered, 0U);
    EXPECT_EQ(result.why, "");
}

TEST(Answers, OfAHealthyLoopThatIsCutOffPassAndAreMentioned) {
    const AnswerResult result =
        Load(false).add(Outcome::Ok, 95, 100).add(Outcome::CutOff, 5, 60, 9).judged();
    EXPECT_TRUE(result.ok);
    EXPECT_EQ(result.unknown, 5U);
    EXPECT_EQ(result.why,
              "5 of 100 requests were never answered: 5 were cut off at the end, the oldest after "
              "60.0 ms, which is no longer than answers took");
}

TEST(Answers, MissingForMoreThanATenthDoNotPass) {
    EXPECT_TRUE(Load().add(Outcome::Ok, 90, 10).add(Outcome::ClosedEarly, 10, 10).judged().ok);
    const AnswerResult result =
        Load().add(Outcome::Ok, 89, 10).add(Outcome::ClosedEarly, 11, 10).judged();
    EXPECT_FALSE(result.ok);
    EXPECT_FALSE(result.none);
    EXPECT_EQ(result.why,
              "11 of 100 requests were never answered: 11 lost the connection inside the "
              "answer");
}

TEST(Answers, ThatStopHalfWayDoNotPassHoweverFewRequestsHang) {
    // A closed loop: five users answered a thousand times, then each waits for the end.
    const AnswerResult result =
        Load(false).add(Outcome::Ok, 1000, 5, 0, 5).add(Outcome::CutOff, 5, 5000, 9).judged();
    EXPECT_FALSE(result.ok);
    EXPECT_DOUBLE_EQ(result.silent_s, 5);
    EXPECT_EQ(result.why,
              "5 of 1005 requests were never answered: 5 were cut off at the end, the oldest after "
              "5.00 s; the last answer came 5.00 s before the end of the load");
}

TEST(Answers, OfOneHangingRequestAmongManyPass) {
    EXPECT_TRUE(Load().add(Outcome::Ok, 1000, 5).add(Outcome::CutOff, 1, 9000, 9).judged().ok);
    EXPECT_TRUE(
        Load().add(Outcome::Ok, 1000, 5).add(Outcome::ResponseTimeout, 1, 900, 9).judged().ok);
}

TEST(Answers, AreNotMissedWhereFewWereDue) {
    // Four answers in seven seconds; in the last three, less than two would have come.
    EXPECT_TRUE(
        Load(false).add(Outcome::Ok, 40, 5, 0, 7).add(Outcome::CutOff, 1, 3, 9).judged().ok);
    const auto sparse = Load(false).add(Outcome::Ok, 4, 5, 0, 7).add(Outcome::CutOff, 1, 2000, 9);
    Load copy = sparse;
    copy.add(Outcome::Ok, 10, 5, 0, 7);
    EXPECT_FALSE(copy.judged().ok);  // six were missed
}

TEST(Answers, ThatNeverCameSayWhyAndWhetherTheTargetWasThere) {
    const AnswerResult silent = Load().add(Outcome::ResponseTimeout, 20, 200).judged();
    EXPECT_FALSE(silent.ok);
    EXPECT_TRUE(silent.none);
    EXPECT_FALSE(silent.unreachable);
    EXPECT_EQ(silent.why, "all 20 requests were never answered: 20 got no response header in time");
    Load refused;
    refused.data().counts.connects_ok = 0;
    refused.data().counts.connects_failed = 1;
    refused.add(Outcome::ConnectRefused, 1, 1);
    EXPECT_TRUE(refused.judged().unreachable);
    EXPECT_EQ(refused.judged().why,
              "the only request was never answered: 1 got no connection: it was refused");
}

TEST(Answers, OfARunThatSentNothingDoNotPass) {
    const AnswerResult result = Load().judged();
    EXPECT_FALSE(result.ok);
    EXPECT_EQ(result.why, "nothing was answered: not one request was sent");
    Load idle;  // a segment without a part of the load
    idle.data().counts.iterations_started = 0;
    EXPECT_TRUE(idle.judged().ok);
}

}  // namespace
}  // namespace plimsoll
