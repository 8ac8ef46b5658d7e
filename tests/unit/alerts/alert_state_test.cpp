#include "alerts/alert_state.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t kEvery = 15'000;

/// Evaluates every 15 s; each letter of `story` is an evaluation: those of a, b, ... that are in
/// it.
AlertMachine told(Nanoseconds hold, Nanoseconds keep, const std::vector<std::string>& story) {
    AlertMachine machine(hold, keep);
    std::int64_t at = 0;
    for (const std::string& names : story) {
        std::vector<std::string> present;
        for (const char name : names) {
            present.emplace_back(1, name);
        }
        machine.evaluate(at, present);
        at += kEvery;
    }
    return machine;
}

std::vector<std::string> words(const AlertMachine& machine) {
    std::vector<std::string> out;
    for (const AlertChange& change : machine.changes()) {
        const char* const state = change.to == AlertState::Firing    ? "firing"
                                  : change.to == AlertState::Pending ? "pending"
                                                                     : "inactive";
        out.push_back(change.alert + " " + state + " " + std::to_string(change.at_ms / 1000));
    }
    return out;
}

TEST(AlertMachine, FiresAtOnceWithoutAFor) {
    EXPECT_THAT(words(told(0s, 0s, {"", "a", "a", ""})),
                ElementsAre("a firing 15", "a inactive 45"));
}

TEST(AlertMachine, FiresAtTheFirstEvaluationThatHasItForLongEnough) {
    // 20 s are not over at 15 s, but at 30 s: ⌈20/15⌉ · 15 s after it got pending at 15 s.
    EXPECT_THAT(words(told(20s, 0s, {"", "a", "a", "a", "a"})),
                ElementsAre("a pending 15", "a firing 45"));
    EXPECT_THAT(words(told(30s, 0s, {"", "a", "a", "a", "a"})),
                ElementsAre("a pending 15", "a firing 45"));
    EXPECT_THAT(words(told(31s, 0s, {"", "a", "a", "a", "a"})),
                ElementsAre("a pending 15", "a firing 60"));
}

TEST(AlertMachine, BeginsAnewAfterOneEvaluationWithoutIt) {
    EXPECT_THAT(words(told(30s, 0s, {"a", "a", "", "a", "a", "a"})),
                ElementsAre("a pending 0", "a inactive 30", "a pending 45", "a firing 75"));
}

TEST(AlertMachine, KeepsFiringFromTheFirstEvaluationWithoutItOn) {
    // Missing from 15 s on: 30 s are over at 45 s.
    EXPECT_THAT(words(told(0s, 30s, {"a", "", "", "", ""})),
                ElementsAre("a firing 0", "a inactive 45"));
    // Back at 30 s, so the time begins anew at 45 s.
    EXPECT_THAT(words(told(0s, 30s, {"a", "", "a", "", "", "", ""})),
                ElementsAre("a firing 0", "a inactive 75"));
}

TEST(AlertMachine, KeepsNoPendingAlert) {
    EXPECT_THAT(words(told(30s, 60s, {"a", ""})), ElementsAre("a pending 0", "a inactive 15"));
}

TEST(AlertMachine, HasOneAlertForEachSetOfLabels) {
    const AlertMachine machine = told(15s, 0s, {"a", "ab", "b", "b"});
    EXPECT_THAT(words(machine), ElementsAre("a pending 0", "b pending 15", "a firing 15",
                                            "a inactive 30", "b firing 30"));
    EXPECT_EQ(machine.state(), AlertState::Firing);
}

TEST(SpansOf, JoinAlertsThatFollowEachOther) {
    const AlertMachine machine = told(15s, 0s, {"a", "ab", "b", "b", ""});
    const auto spans = spans_of(machine.changes(), 90'000);
    ASSERT_EQ(spans.size(), 2U);
    EXPECT_EQ(spans[0].state, AlertState::Pending);
    EXPECT_EQ(spans[0].from_ms, 0);
    EXPECT_EQ(spans[0].to_ms, 15'000);
    EXPECT_EQ(spans[1].state, AlertState::Firing);
    EXPECT_EQ(spans[1].pending_ms, 0);
    EXPECT_EQ(spans[1].to_ms, 60'000);
    EXPECT_FALSE(spans[1].open);
}

TEST(SpansOf, EndWithTheRunWhereNothingElseEndedThem) {
    const auto spans = spans_of(told(0s, 0s, {"", "a", "a"}).changes(), 40'000);
    ASSERT_EQ(spans.size(), 1U);
    EXPECT_TRUE(spans[0].open);
    EXPECT_EQ(spans[0].to_ms, 40'000);
    EXPECT_THAT(spans_of({}, 40'000), IsEmpty());
}

}  // namespace
}  // namespace plimsoll
