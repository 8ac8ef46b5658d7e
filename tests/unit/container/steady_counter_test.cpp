#include "probes/container/steady_counter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using ::testing::Optional;

TEST(SteadyCounter, NeverFallsAndCountsARecoveryOnce) {
    SteadyCounter counter;
    EXPECT_DOUBLE_EQ(counter.update(100), 100);
    EXPECT_DOUBLE_EQ(counter.update(103), 103);
    EXPECT_DOUBLE_EQ(counter.update(53), 103);   // a child's 50 s are between two places
    EXPECT_DOUBLE_EQ(counter.update(105), 105);  // and back: 2 s are new, not 52
    EXPECT_DOUBLE_EQ(counter.update(15), 105);   // 90 s lost for good: nobody waited for it
    EXPECT_DOUBLE_EQ(counter.update(16), 105);
    EXPECT_DOUBLE_EQ(counter.update(18), 107);  // goes on at once, not after another 90 s
    counter.rebase();
    EXPECT_DOUBLE_EQ(counter.update(5000), 107);
    EXPECT_DOUBLE_EQ(counter.update(5001), 108);
}

CgroupSample quota_sample(const char* quota, double periods, double throttled) {
    CgroupSample sample;
    sample.quota = quota;
    sample.periods = periods;
    sample.throttled_periods = throttled;
    sample.throttled_s = throttled / 10;
    return sample;
}

TEST(SteadyCgroup, GoesOnFromWhereItWasWhenAnotherCgroupsQuotaBinds) {
    SteadyCgroup steady;
    CgroupSample none;
    steady.update(none);
    EXPECT_EQ(none.periods, std::nullopt);
    CgroupSample first = quota_sample("/a", 100, 20);
    steady.update(first);
    EXPECT_THAT(first.periods, Optional(100));
    CgroupSample second = quota_sample("/a/b", 9000, 700);
    steady.update(second);
    EXPECT_THAT(second.periods, Optional(100));  // 8,900 periods of another's are not news
    EXPECT_THAT(second.throttled_periods, Optional(20));
    CgroupSample third = quota_sample("/a/b", 9010, 709);
    steady.update(third);
    EXPECT_THAT(third.periods, Optional(110));
    EXPECT_THAT(third.throttled_periods, Optional(29));
    EXPECT_THAT(third.throttled_s, Optional(::testing::DoubleNear(2.9, 1e-9)));
}

TEST(SteadyCgroup, CountsNeitherKillsNorPressureOfTheCgroupThatItMovedTo) {
    SteadyCgroup steady;
    const auto sample = [](double cpu, double kills, double some) {
        CgroupSample made;
        made.cpu_s = cpu;
        made.oom_kills = kills;
        made.pressure[0] = {some, some / 2};
        return made;
    };
    CgroupSample before = sample(5, 1, 10);
    steady.update(before);
    steady.rebase_limits();
    CgroupSample moved = sample(6, 40, 300);
    steady.update(moved);
    EXPECT_THAT(moved.cpu_s, Optional(6));  // the process' own, whatever cgroup it is in
    EXPECT_THAT(moved.oom_kills, Optional(1));
    EXPECT_THAT(moved.pressure[0].some_s, Optional(10));
    CgroupSample after = sample(7, 41, 302);
    steady.update(after);
    EXPECT_THAT(after.oom_kills, Optional(2));
    EXPECT_THAT(after.pressure[0].some_s, Optional(12));
    EXPECT_THAT(after.pressure[0].full_s, Optional(6));
}

}  // namespace
}  // namespace plimsoll
