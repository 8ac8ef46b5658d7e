#include "base/result.hpp"

#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(Error, ShowsWhereWhatAndHintAndLeavesOutWhatIsEmpty) {
    EXPECT_EQ((Error{"must be above 0", "a.yaml:3:1", "try 1"}).to_string(),
              "a.yaml:3:1: must be above 0 (try 1)");
    EXPECT_EQ((Error{"must be above 0", "a.yaml:3:1"}).to_string(), "a.yaml:3:1: must be above 0");
    EXPECT_EQ((Error{"must be above 0", {}, "try 1"}).to_string(), "must be above 0 (try 1)");
    EXPECT_EQ((Error{"must be above 0"}).to_string(), "must be above 0");
}

TEST(Result, HoldsAValue) {
    Result<std::string> result(std::string("abc"));
    ASSERT_TRUE(result.ok());
    EXPECT_TRUE(static_cast<bool>(result));
    EXPECT_EQ(*result, "abc");
    EXPECT_EQ(result->size(), 3U);
    *result += "d";
    EXPECT_EQ(result.value(), "abcd");
}

TEST(Result, HoldsAnError) {
    const Result<std::string> result(Error{"no", "here", "there"});
    ASSERT_FALSE(result.ok());
    EXPECT_FALSE(static_cast<bool>(result));
    EXPECT_EQ(result.error().to_string(), "here: no (there)");
}

TEST(Result, GivesUpAMoveOnlyValue) {
    Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
    const std::unique_ptr<int> taken = *std::move(result);
    EXPECT_EQ(*taken, 7);
}

TEST(Status, IsSuccessUnlessGivenAnError) {
    const Status good;
    EXPECT_TRUE(good.ok());
    const Status bad = Error{"disk is full"};
    ASSERT_FALSE(bad.ok());
    EXPECT_EQ(bad.error().what, "disk is full");
}

#ifndef NDEBUG
TEST(ResultDeathTest, AssertsWhenTheOtherSideIsRead) {
    const Result<int> error(Error{"no"});
    const Result<int> value(1);
    EXPECT_DEATH(static_cast<void>(error.value()), "ok\\(\\)");
    EXPECT_DEATH(static_cast<void>(value.error()), "ok\\(\\)");
}
#endif

}  // namespace
}  // namespace plimsoll
