#include "record/outcome.hpp"

#include <set>
#include <string_view>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(Outcome, EveryNameReadsBackAndNoneIsUsedTwice) {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < kOutcomeCount; ++i) {
        const auto outcome = static_cast<Outcome>(i);
        names.insert(to_string(outcome));
        EXPECT_EQ(outcome_from(to_string(outcome)), outcome);
    }
    EXPECT_EQ(names.size(), kOutcomeCount);
    EXPECT_EQ(outcome_from("status_0"), std::nullopt);
    EXPECT_EQ(outcome_from(""), std::nullopt);
}

TEST(Outcome, HasItsPublicNameAtBothEndsOfTheEnumeration) {
    EXPECT_EQ(to_string(Outcome::Ok), "ok");
    EXPECT_EQ(to_string(Outcome::Http4xx), "http_4xx");
    EXPECT_EQ(to_string(Outcome::RateLimited), "rate_limited");
    EXPECT_EQ(to_string(Outcome::ClosedEarly), "closed_early");
    EXPECT_EQ(to_string(Outcome::NotSent), "not_sent");
    EXPECT_EQ(static_cast<std::size_t>(Outcome::NotSent), kOutcomeCount - 1);
}

TEST(Outcome, EverythingButOkAndCutOffIsAFailureAndWhatWasGivenUpIsCensored) {
    std::set<Outcome> timeouts;
    for (std::size_t i = 0; i < kOutcomeCount; ++i) {
        const auto outcome = static_cast<Outcome>(i);
        EXPECT_EQ(is_failure(outcome), outcome != Outcome::Ok && outcome != Outcome::CutOff);
        EXPECT_EQ(is_censored(outcome), is_timeout(outcome) || outcome == Outcome::CutOff);
        EXPECT_FALSE(is_answer(outcome) && is_censored(outcome));
        if (is_timeout(outcome)) {
            timeouts.insert(outcome);
        }
    }
    EXPECT_EQ(timeouts,
              (std::set{Outcome::ConnectTimeout, Outcome::ResponseTimeout, Outcome::BodyTimeout}));
}

}  // namespace
}  // namespace plimsoll
