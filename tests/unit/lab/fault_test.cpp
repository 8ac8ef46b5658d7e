#include "lab/fault.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

std::string error_of(std::string_view text) {
    const auto fault = parse_fault(text);
    return fault ? "accepted" : fault.error().to_string();
}

TEST(ParseFault, ReadsEveryForm) {
    EXPECT_EQ(parse_fault("none")->kind, FaultSpec::Kind::None);
    EXPECT_EQ(parse_fault("none")->pool_size, 64);
    const auto pool = parse_fault("app-pool:size=12,hold=20ms");
    ASSERT_TRUE(pool.ok());
    EXPECT_EQ(pool->kind, FaultSpec::Kind::AppPool);
    EXPECT_EQ(pool->pool_size, 12);
    EXPECT_EQ(pool->hold, 20ms);
    EXPECT_EQ(parse_fault("app-pool:size=5")->hold, std::nullopt);
    const auto storm = parse_fault("max-connections:hold=1s,limit=15");
    ASSERT_TRUE(storm.ok());
    EXPECT_EQ(storm->kind, FaultSpec::Kind::MaxConnections);
    EXPECT_EQ(storm->limit, 15);
    EXPECT_EQ(storm->hold, 1s);
    EXPECT_EQ(parse_fault("max-connections")->limit, 15);
}

TEST(ParseFault, WritesWhatItReadsBack) {
    for (const char* text :
         {"none", "none:hold=5ms", "app-pool:size=5", "app-pool:size=12,hold=20ms",
          "max-connections:limit=20", "max-connections:limit=30,hold=1.5s"}) {
        const auto fault = parse_fault(text);
        ASSERT_TRUE(fault.ok()) << text;
        EXPECT_EQ(fault->to_string(), text);
    }
}

TEST(ParseFault, SuggestsTheNearestName) {
    EXPECT_EQ(error_of("app-poll:size=5"),
              "fault: unknown fault \"app-poll\" (did you mean `app-pool`?)");
    EXPECT_EQ(error_of("max-connection"),
              "fault: unknown fault \"max-connection\" (did you mean `max-connections`?)");
    EXPECT_EQ(error_of("earthquake").substr(0, 75),
              "fault: unknown fault \"earthquake\" (known: none, app-pool, max-connections, ");
    EXPECT_EQ(error_of("app-cpu"),
              "fault: app-cpu is planted by plimsoll lab only (here: none, app-pool, "
              "max-connections)");
    EXPECT_EQ(error_of("app-pool:sise=5"), "fault: unknown key \"sise\" (did you mean `size`?)");
    EXPECT_EQ(error_of("none:size=5"), "fault: unknown key \"size\" (known: hold)");
}

TEST(ParseFault, ExplainsBadValues) {
    EXPECT_EQ(error_of("app-pool"),
              "fault: app-pool needs a size (for example app-pool:size=5,hold=20ms)");
    EXPECT_EQ(error_of("app-pool:size=0"),
              "fault: size must be a whole number from 1 to 500, got \"0\"");
    EXPECT_EQ(error_of("app-pool:size=5x"),
              "fault: size must be a whole number from 1 to 500, got \"5x\"");
    EXPECT_EQ(error_of("max-connections:limit=5"),
              "fault: limit must be a whole number from 6 to 1000, got \"5\"");
    EXPECT_EQ(error_of("app-pool:5"),
              "fault: expected key=value, got \"5\" (for example app-pool:size=5,hold=20ms)");
    EXPECT_EQ(error_of("app-pool:size=5,hold=2m"),
              "fault: hold must be a time with its unit, as 20ms or 2s, from 0s to 1m, got \"2m\"");
    EXPECT_EQ(error_of("app-pool:size=5,hold=20"),
              "fault: hold must be a time with its unit, as 20ms or 2s, from 0s to 1m, got \"20\"");
}

TEST(FaultSpec, AsksForAServerThatMakesItTheBottleneck) {
    EXPECT_EQ(parse_fault("max-connections:limit=15")->max_connections(), 15);
    EXPECT_EQ(parse_fault("app-pool:size=5")->max_connections(), 100);
    EXPECT_EQ(parse_fault("app-pool:size=200")->max_connections(), 220);
}

}  // namespace
}  // namespace plimsoll
