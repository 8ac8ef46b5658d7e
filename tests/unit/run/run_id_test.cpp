#include "run/run_id.hpp"

#include <gmock/gmock.h>

namespace plimsoll {
namespace {

TEST(RunId, SaysWhenTheRunBegan) {
    EXPECT_THAT(make_run_id(WallClock::from_time_t(1'767'268'800)),
                testing::MatchesRegex("20260101T120000Z-[0-9a-f]{4}"));
}

TEST(RunId, HoldsNothingThatAFolderOrALabelCouldTripOver) {
    for (const std::string good : {"nightly-42", "a", "20260101T120000Z-3fa9", "v1.2_x"}) {
        EXPECT_TRUE(check_run_id(good, "--run-id").ok()) << good;
    }
    for (const std::string& bad : {std::string(), std::string("a b"), std::string("../x"),
                                   std::string("ż"), std::string(101, 'a')}) {
        EXPECT_FALSE(check_run_id(bad, "--run-id").ok()) << bad;
    }
}

TEST(Tag, IsAKeyAndAValue) {
    EXPECT_TRUE(check_tag("env=ci").ok());
    EXPECT_TRUE(check_tag("env=").ok());
    EXPECT_FALSE(check_tag("env").ok());
    EXPECT_FALSE(check_tag("=ci").ok());
}

}  // namespace
}  // namespace plimsoll
