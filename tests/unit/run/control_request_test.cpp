#include "run/control_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using ::testing::HasSubstr;

TEST(ControlRequest, ReadsWhatIsToBeSet) {
    EXPECT_EQ(read_control_request(R"({"rate": 250})")->rate->per_second(), 250);
    EXPECT_EQ(read_control_request(R"({"rate": "600/m"})")->rate->per_second(), 10);
    EXPECT_EQ(read_control_request(R"({"rate": 0})")->rate->per_second(), 0);
    const auto users = read_control_request(R"({"executor": "a", "vus": 40})");
    EXPECT_EQ(*users->vus, 40U);
    EXPECT_EQ(*users->executor, "a");
    EXPECT_TRUE(read_control_request(R"({"stopped": true})")->stop);
}

TEST(ControlRequest, RefusesWhatCannotBe) {
    for (const char* const body :
         {"", "[]", "{}", "{\"rate\": -1}", "{\"rate\": \"5\"}", "{\"vus\": 1.5}", "{\"vus\": -1}",
          "{\"vus\": \"5\"}", "{\"vus\": 5, \"rate\": 5}", "{\"stopped\": false}",
          "{\"paused\": true}", "{\"rate\": 1e300}", "{\"executor\": \"a\"}"}) {
        EXPECT_FALSE(read_control_request(body)) << body;
    }
    EXPECT_THAT(read_control_request("{\"paused\": true}").error().to_string(),
                HasSubstr("paused"));
}

}  // namespace
}  // namespace plimsoll
