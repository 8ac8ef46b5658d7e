// Every expected figure is worked out by hand beside it.
#include "deploy/capacity_plan.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30U;

LoadDemand arrivals(double per_s, double response_s = 0.02) {
    LoadDemand demand;
    demand.iterations_per_s = demand.arrivals_per_s = per_s;
    demand.response_s = response_s;
    demand.request_bytes = 500;
    demand.response_bytes = 4000;
    return demand;
}

SegmentSize machine() {
    SegmentSize size;
    size.cores = 8;
    size.memory_bytes = 8 * kGiB;
    size.descriptors = 524'288;
    size.ports = 28'232;
    size.target_addresses = 4;
    size.ceiling_per_core = 100'000;
    return size;
}

const CapacityNeed& need(const CapacityPlan& plan, const std::string& name) {
    const auto found = std::find_if(plan.needs.begin(), plan.needs.end(),
                                    [&](const CapacityNeed& each) { return each.name == name; });
    EXPECT_NE(found, plan.needs.end()) << name;
    return *found;
}

TEST(PlanCapacity, DividesTheRateByHalfTheCeilingOfHalfTheCores) {
    // 8 cores: 4 load threads × 100,000/s / 2 = 200,000/s; 2,000,000 / 200,000 = 10.
    const CapacityPlan plan = plan_capacity(arrivals(2e6), machine());
    EXPECT_DOUBLE_EQ(need(plan, "cpu").per_segment, 200'000);
    EXPECT_EQ(need(plan, "cpu").segments, 10);
    EXPECT_EQ(plan.segments, 10);
    EXPECT_EQ(plan.needs[plan.binding].name, "cpu");
    EXPECT_TRUE(plan.fits());
    EXPECT_EQ(need(plan, "cpu").arithmetic,
              "4 load threads of 8 cores × 100 000/s × ½ = 200 000 requests/s");
    // One more request a second is one more segment.
    EXPECT_EQ(plan_capacity(arrivals(2e6 + 1), machine()).segments, 11);
}

TEST(PlanCapacity, CountsEveryRequestOfAnIteration) {
    LoadDemand demand = arrivals(100'000);
    demand.shape.requests = 5;  // 500,000 requests/s of 200,000: 3 segments
    EXPECT_EQ(plan_capacity(demand, machine()).segments, 3);
}

TEST(PlanCapacity, HasUsersByLittlesLawAndRoomForBursts) {
    // 2,000,000/s × 20 ms = 40,000 busy; 2 × √40,000 = 400 more.
    EXPECT_DOUBLE_EQ(users_at_once(arrivals(2e6)), 40'400);
    LoadDemand thinking = arrivals(100, 0.05);
    thinking.shape = {2, 0.9};  // 100/s × (2 × 50 ms + 900 ms) = 100; 2 × √100 = 20
    EXPECT_DOUBLE_EQ(users_at_once(thinking), 120);
    LoadDemand looping;
    looping.looping_users = 5000;
    EXPECT_DOUBLE_EQ(users_at_once(looping), 5000);
}

TEST(PlanCapacity, HoldsSoManyUsersInMemory) {
    LoadDemand demand = arrivals(10'000, 100);  // 1,000,000 busy + 2,000
    SegmentSize size = machine();
    size.target_addresses = 1000;
    size.memory_bytes = kGiB;
    // (1 GiB − 128 MiB) / 8 KiB = 939,524,096 / 8,192 = 114,688 users; 1,002,000 / 114,688 = 8.7.
    const CapacityPlan plan = plan_capacity(demand, size);
    EXPECT_DOUBLE_EQ(need(plan, "memory").per_segment, 114'688);
    EXPECT_EQ(plan.segments, 9);
    EXPECT_EQ(plan.needs[plan.binding].name, "memory");
    // 448 MiB of test data are in each: 448 MiB / 8 KiB = 57,344 users; 17.5.
    demand.data_bytes = std::uint64_t{448} << 20U;
    EXPECT_EQ(plan_capacity(demand, size).segments, 18);
}

TEST(PlanCapacity, HasADescriptorForEachUser) {
    SegmentSize size = machine();
    size.descriptors = 1024;  // 64 and 2 for each of 4 load threads are its own: 952
    const CapacityPlan plan = plan_capacity(arrivals(2e6), size);  // 40,400 / 952 = 42.4
    EXPECT_DOUBLE_EQ(need(plan, "descriptors").per_segment, 952);
    EXPECT_EQ(plan.segments, 43);
    EXPECT_EQ(plan.needs[plan.binding].name, "descriptors");
}

TEST(PlanCapacity, HasALocalPortForEachConnectionToOneAddress) {
    SegmentSize size = machine();
    size.target_addresses = 1;
    LoadDemand demand = arrivals(200'000, 1);  // 200,000 + 2 × √200,000 = 200,894.4
    const CapacityPlan one = plan_capacity(demand, size);
    EXPECT_DOUBLE_EQ(one.users, 200'895);
    EXPECT_EQ(need(one, "ports").segments, 8);  // 200,895 / 28,232 = 7.1
    size.local_addresses = 4;                   // 1.8
    EXPECT_EQ(need(plan_capacity(demand, size), "ports").segments, 2);
    size.ports = 0;  // a unix socket
    EXPECT_THAT(plan_capacity(demand, size).needs, SizeIs(3));
}

TEST(PlanCapacity, CountsPortsThatClosedConnectionsKeep) {
    SegmentSize size = machine();
    size.target_addresses = 1;
    LoadDemand demand =
        arrivals(1000, 0.1);  // 100 + 20 users, and 1,000/s × 60 s = 60,000 in TIME_WAIT
    demand.keeps_connections = false;
    const CapacityPlan plan = plan_capacity(demand, size);
    EXPECT_DOUBLE_EQ(need(plan, "ports").needed, 60'120);
    EXPECT_EQ(plan.segments, 3);  // 60,120 / 28,232 = 2.1
    EXPECT_THAT(need(plan, "ports").arithmetic, HasSubstr("1 000 requests/s × 60 s of TIME_WAIT"));
}

TEST(PlanCapacity, CountsPacketsOnTheWire) {
    EXPECT_DOUBLE_EQ(packet_bits(0), 0);
    EXPECT_DOUBLE_EQ(packet_bits(1448), 12'000);  // one packet of 1,500 bytes
    EXPECT_DOUBLE_EQ(packet_bits(1449), 12'424);  // and one of 53
    SegmentSize size = machine();
    size.bandwidth_bits = 1e9;
    const CapacityPlan plan = plan_capacity(arrivals(100'000), size);
    // Out: 500 + 52 for the request, and 2 acknowledgements of 52 for the response's 3 packets: 656
    // bytes.
    EXPECT_DOUBLE_EQ(plan.bits_out, 100'000 * 656 * 8.0);
    // In: 4,000 + 3 × 52, and 1 acknowledgement: 4,208 bytes, 3.37 Gbit/s.
    EXPECT_DOUBLE_EQ(plan.bits_in, 100'000 * 4208 * 8.0);
    EXPECT_EQ(need(plan, "bandwidth_out").segments, 1);
    EXPECT_EQ(need(plan, "bandwidth_in").segments, 4);
    EXPECT_EQ(plan.segments, 4);
}

TEST(PlanCapacity, RefusesMoreSegmentsThanThereAre) {
    SegmentSize size = machine();
    size.most_segments = 9;
    const CapacityPlan plan = plan_capacity(arrivals(2e6), size);
    ASSERT_THAT(plan.refusals, SizeIs(1));
    EXPECT_EQ(plan.refusals[0].to_string(),
              "cpu: 10 segments are needed and 9 are there: 4 load threads of 8 cores × 100 000/s "
              "× ½ = 200 000 "
              "requests/s (more cores for each segment (--cores), or more segments)");
    size.most_segments = 10;
    EXPECT_TRUE(plan_capacity(arrivals(2e6), size).fits());
}

TEST(PlanCapacity, RefusesWhatNoNumberOfSegmentsHolds) {
    SegmentSize size = machine();
    size.memory_bytes = std::uint64_t{64} << 20U;  // less than the program takes itself
    size.descriptors = 72;                         // all of them its own
    const CapacityPlan plan = plan_capacity(arrivals(1000), size);
    ASSERT_THAT(plan.refusals, SizeIs(2));
    EXPECT_EQ(plan.refusals[0].where, "memory");
    EXPECT_THAT(plan.refusals[0].what, HasSubstr("64 MiB − 128 MiB of its own"));
    EXPECT_EQ(plan.refusals[1].where, "descriptors");
    EXPECT_THAT(plan.refusals[1].hint, HasSubstr("ulimit -n"));
}

TEST(PlanCapacity, RefusesARateThatMaxVusCannotCarry) {
    LoadDemand demand = arrivals(2e6);
    demand.most_users = 1000;  // 1,000 / 20 ms = 50,000/s
    const CapacityPlan plan = plan_capacity(demand, machine());
    ASSERT_THAT(plan.refusals, SizeIs(1));
    EXPECT_THAT(
        plan.refusals[0].to_string(),
        AllOf(HasSubstr(
                  "max_vus: 1 000 users at most, each busy for 20.0 ms an iteration, carry 50 000 "
                  "iterations/s, not 2 000 000"),
              HasSubstr("raise max_vus to 40 400")));
    demand.most_users = 40'000;
    EXPECT_TRUE(plan_capacity(demand, machine()).fits());
}

TEST(PlanCapacity, RefusesMoreSegmentsThanUsers) {
    LoadDemand demand;
    demand.looping_users = 3;
    demand.iterations_per_s = 1e6;  // 5 segments of 200,000/s
    const CapacityPlan plan = plan_capacity(demand, machine());
    ASSERT_THAT(plan.refusals, SizeIs(1));
    EXPECT_EQ(plan.refusals[0].what,
              "3 users make load on as many segments at most, and 5 are needed");
}

TEST(PlanCapacity, GivesOneCoreOneLoadThread) {
    SegmentSize size = machine();
    size.cores = 1;
    EXPECT_EQ(size.shards(), 1);
    size.cores = 3;
    EXPECT_EQ(size.shards(), 1);
    size.cores = 16;
    EXPECT_EQ(size.shards(), 8);
    size.cores = 1;  // 50,000/s
    EXPECT_EQ(plan_capacity(arrivals(100'000), size).segments, 2);
}

}  // namespace
}  // namespace plimsoll
