#include "run/fit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

Scenario with(std::vector<Executor> load) {
    Scenario scenario;
    scenario.load = std::move(load);
    return scenario;
}

Executor users(std::uint32_t count, Nanoseconds begin = 0s) {
    Executor executor;
    executor.ramp = Ramp::constant(count, 10s);
    executor.max_vus = count;
    executor.start_time = begin;
    return executor;
}

constexpr std::uint64_t kGigabyte = 1'000'000'000;

TEST(Fit, RefusesAMillionUsersWithTheFigureTheyNeed) {
    const Status fits = check_fits(with({users(1'000'000)}), {}, {2 * kGigabyte, 20'000});
    ASSERT_FALSE(fits.ok());
    const std::string text = fits.error().to_string();
    EXPECT_THAT(text, HasSubstr("8.2 GB of memory (8 KiB each; 2.0 GB available)"));
    EXPECT_THAT(text, HasSubstr("1000000 file descriptors for their connections (20000 left"));
}

TEST(Fit, AsksForNoMoreThanThereIs) {
    EXPECT_TRUE(check_fits(with({users(1000)}), {}, {1000 * kBytesPerUser, 1000}).ok());
    EXPECT_FALSE(check_fits(with({users(1000)}), {}, {1000 * kBytesPerUser - 1, 1000}).ok());
    EXPECT_FALSE(check_fits(with({users(1000)}), {}, {1000 * kBytesPerUser, 999}).ok());
}

TEST(Fit, CountsConnectionsThatAreOpenAtTheSameTime) {
    const MachineLimits limits{kGigabyte, 1500};
    EXPECT_TRUE(check_fits(with({users(1000), users(1000, 10s)}), {}, limits).ok());
    EXPECT_FALSE(check_fits(with({users(1000), users(1000, 5s)}), {}, limits).ok());
}

TEST(Fit, CountsASegmentsOwnUsersAlone) {
    const MachineLimits limits{kGigabyte, 500};
    EXPECT_TRUE(check_fits(with({users(1000)}), {1, 2}, limits).ok());
    EXPECT_FALSE(check_fits(with({users(1000)}), {}, limits).ok());
}

TEST(Fit, TakesTheUserCapOfAnOpenModelForALimitNotANeed) {
    Executor open = users(1'000'000);
    open.kind = ExecutorKind::ConstantArrivalRate;
    EXPECT_TRUE(check_fits(with({open}), {}, {kGigabyte, 1000}).ok());
}

TEST(Fit, ReadsThisMachinesLimits) {
    const MachineLimits limits = read_machine_limits(0);
    EXPECT_GT(limits.memory_bytes, 1'000'000U);
    EXPECT_LT(limits.memory_bytes, 1ULL << 50U);
    EXPECT_GT(limits.descriptors, 10U);
}

}  // namespace
}  // namespace plimsoll
