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
    EXPECT_TRUE(*read_control_request(R"({"paused": true})")->paused);
    EXPECT_FALSE(*read_control_request(R"({"paused": false, "executor": "a"})")->paused);
    EXPECT_EQ(*read_control_request(R"({"note": "deployed v2 \u00fc"})")->note, "deployed v2 ü");
    const auto both = read_control_request(R"({"note": "now", "rate": 5})");
    EXPECT_EQ(*both->note, "now");
    EXPECT_EQ(both->rate->per_second(), 5);
}

TEST(ControlRequest, RefusesWhatCannotBe) {
    for (const char* const body :
         {"", "[]", "{}", "{\"rate\": -1}", "{\"rate\": \"5\"}", "{\"vus\": 1.5}", "{\"vus\": -1}",
          "{\"vus\": \"5\"}", "{\"vus\": 5, \"rate\": 5}", "{\"stopped\": false}",
          "{\"paused\": 1}", "{\"paused\": true, \"rate\": 5}", "{\"rate\": 1e300}",
          "{\"executor\": \"a\"}", "{\"note\": \"\"}", "{\"note\": \"  \"}", "{\"note\": 5}",
          "{\"note\": \"a\\nb\"}", "{\"pace\": 5}"}) {
        EXPECT_FALSE(read_control_request(body)) << body;
    }
    EXPECT_THAT(read_control_request("{\"pace\": true}").error().to_string(), HasSubstr("pace"));
    const std::string longest(kLongestNote, 'x');
    EXPECT_TRUE(read_control_request("{\"note\": \"" + longest + "\"}"));
    EXPECT_FALSE(read_control_request("{\"note\": \"" + longest + "x\"}"));
}

}  // namespace
}  // namespace plimsoll
