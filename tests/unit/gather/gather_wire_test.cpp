#include "gather/gather_wire.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

RunInfo whole() {
    RunInfo info;
    info.endpoints = {{"u", "/a", "GET"}};
    info.executors = {{"ramp", ExecutorKind::RampingArrivalRate, true, 50, {{0s, 4s, 400}}, 500}};
    info.groups = {"checkout"};
    info.checks = {"is json"};
    return info;
}

TEST(GatherWire, HelloComesBackAsItWas) {
    Hello hello;
    hello.version = "1.2.3";
    hello.segment = {2, 8};
    hello.run_id = "20260101T120000Z-beef";
    hello.scenario_sha256 = std::string(64, 'a');
    hello.seed = UINT64_MAX;
    hello.load = "l";
    hello.shards = 3;
    hello.host = "node \"7\"";
    const auto read = read_hello(to_json(hello));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->version, hello.version);
    EXPECT_EQ(read->segment, hello.segment);
    EXPECT_EQ(read->run_id, hello.run_id);
    EXPECT_EQ(read->scenario_sha256, hello.scenario_sha256);
    EXPECT_EQ(read->seed, hello.seed);
    EXPECT_EQ(read->load, hello.load);
    EXPECT_EQ(read->shards, hello.shards);
    EXPECT_EQ(read->host, hello.host);
}

TEST(GatherWire, OrdersComeBackAsTheyWere) {
    Orders orders;
    orders.start = WallClock::time_point(1'700'000'000'123'456'789ns);
    orders.have = 41;
    orders.stop = true;
    orders.why = "enough";
    orders.levels = {{1, 3, true, 12.5, WallClock::time_point(1'700'000'001s)},
                     {0, 4, false, 7, WallClock::time_point(1'700'000'002s)}};
    const auto read = read_orders(to_json(orders));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->start, orders.start);
    EXPECT_EQ(read->have, 41);
    EXPECT_TRUE(read->stop);
    EXPECT_FALSE(read->abort);
    EXPECT_EQ(read->why, "enough");
    ASSERT_EQ(read->levels.size(), 2U);
    EXPECT_EQ(read->levels[0].executor, 1U);
    EXPECT_EQ(read->levels[0].number, 3U);
    EXPECT_TRUE(read->levels[0].open);
    EXPECT_EQ(read->levels[0].level, 12.5);
    EXPECT_EQ(read->levels[1].at, orders.levels[1].at);
    const auto none = read_orders(to_json(Orders()));
    ASSERT_TRUE(none);
    EXPECT_FALSE(none->start);
    EXPECT_EQ(none->have, Orders::kNoFile);
}

TEST(GatherWire, WhatIsNoHelloIsRefused) {
    for (const char* const body : {"", "[]", "{}", "{\"protocol\": \"1\"}", "{\"protocol\": 1}",
                                   "null", "{\"protocol\": 1,"}) {
        EXPECT_FALSE(read_hello(body)) << body;
    }
    Hello hello;
    hello.run_id = "r";
    hello.segment = {3, 2};
    EXPECT_FALSE(read_hello(to_json(hello)));
    hello.segment = {0, 2};
    EXPECT_FALSE(read_hello(to_json(hello)));
    hello.segment = {1, 2};
    hello.shards = 0;
    EXPECT_FALSE(read_hello(to_json(hello)));
}

TEST(GatherWire, WhatIsNoOrderIsRefused) {
    for (const char* const body :
         {"", "{}", "{\"have\": \"1\"}", "{\"have\": 1, \"stop\": 1}",
          "{\"have\": 1, \"levels\": 7}", "{\"have\": 1, \"levels\": [{\"executor\": 0}]}",
          "{\"have\": 1, \"start_ns\": \"now\"}"}) {
        EXPECT_FALSE(read_orders(body)) << body;
    }
}

TEST(GatherWire, LoadDigestTellsEveryLoadFromAnother) {
    const std::string digest = load_digest(whole());
    EXPECT_EQ(load_digest(whole()), digest);
    std::vector<RunInfo> others(8, whole());
    others[0].executors[0].stages[0].target = 401;
    others[1].executors[0].max_users = 501;
    others[2].executors[0].stages[0].to = 5s;
    others[3].endpoints[0].method = "POST";
    others[4].groups.clear();
    others[5].checks.push_back("is quick");
    others[6].tick = 500ms;
    others[7].executors[0].start_value = 51;
    for (const RunInfo& other : others) {
        EXPECT_NE(load_digest(other), digest);
    }
    RunInfo same = whole();
    same.shards = 7;  // each machine's own
    same.id = "x";
    EXPECT_EQ(load_digest(same), digest);
}

}  // namespace
}  // namespace plimsoll
