#include "load/arrivals.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

std::vector<ArrivalCursor::Arrival> all(const Ramp& ramp, ArrivalProcess process,
                                        std::uint64_t seed) {
    std::vector<ArrivalCursor::Arrival> arrivals;
    ArrivalCursor cursor(ramp, process, seed);
    while (const auto arrival = cursor.next()) {
        arrivals.push_back(*arrival);
    }
    return arrivals;
}

TEST(DueOffset, StaysOnTheScheduleAfterAnHourAtAnAwkwardRate) {
    EXPECT_EQ(due_offset(3 * 3600, Rate::per_second(3)), 1h);  // 10,800 arrivals / 3 per s
}

TEST(DueOffset, IsTheIndexOverTheRate) {
    EXPECT_EQ(due_offset(0, Rate::per_second(50)), 0ns);
    EXPECT_EQ(due_offset(1, Rate::per_second(50)), 20ms);
    EXPECT_EQ(due_offset(1, Rate::per_second(3)), 333333333ns);
    EXPECT_EQ(due_offset(2, Rate::per_second(3)), 666666667ns);
    EXPECT_EQ(due_offset(7, Rate::per_second(0.1)), 70s);
    EXPECT_EQ(due_offset(90, Rate::per_second(1.5 / 60)), 1h);
}

TEST(DueOffset, IsExactAfterAYearAtAHighRate) {
    constexpr std::uint64_t kSeconds = 365ULL * 86400;
    EXPECT_EQ(due_offset(kSeconds * 150'000, Rate::per_second(150'000)), 365 * 24h);
    // 7 does not divide 1e9: (7n + 1) / 7 s after n seconds is n s + 142,857,143 ns, rounded.
    EXPECT_EQ(due_offset(kSeconds * 7 + 1, Rate::per_second(7)), 365 * 24h + 142857143ns);
}

TEST(DueOffset, IsNeverWhereTheRateIsZeroOrTheTimeTooLong) {
    EXPECT_EQ(due_offset(1, Rate::per_second(0)), Nanoseconds::max());
    EXPECT_EQ(due_offset(0, Rate::per_second(0)), Nanoseconds::max());
    EXPECT_EQ(due_offset(UINT64_MAX, Rate::per_second(1e-3)), Nanoseconds::max());
}

TEST(ArrivalCursor, SpacesAConstantRateEvenlyAndStopsBeforeTheEnd) {
    const Ramp ramp = Ramp::constant(3, 2s);
    const auto arrivals = all(ramp, ArrivalProcess::Uniform, 1);
    ASSERT_EQ(arrivals.size(), 6U);  // 3/s for 2 s; the seventh would be due at the end
    for (std::uint64_t i = 0; i < 6; ++i) {
        EXPECT_EQ(arrivals[i].index, i);
        EXPECT_EQ(arrivals[i].due, due_offset(i, Rate::per_second(3)));
    }
}

TEST(ArrivalCursor, StaysEmptyAfterTheLastArrival) {
    const Ramp ramp = Ramp::constant(1, 1s);
    ArrivalCursor cursor(ramp, ArrivalProcess::Uniform, 1);
    EXPECT_TRUE(cursor.next().has_value());
    EXPECT_FALSE(cursor.next().has_value());
    EXPECT_FALSE(cursor.next().has_value());
}

TEST(ArrivalCursor, FollowsARampFromZero) {
    const Ramp ramp(0, {{10s, 10}});  // the integral is t²/2, so arrival i is due at √(2i) s
    const auto arrivals = all(ramp, ArrivalProcess::Uniform, 1);
    ASSERT_EQ(arrivals.size(), 50U);
    EXPECT_EQ(arrivals[0].due, 0s);
    EXPECT_EQ(arrivals[2].due, 2s);
    EXPECT_EQ(arrivals[8].due, 4s);
    EXPECT_EQ(arrivals[18].due, 6s);
    EXPECT_EQ(arrivals[1].due, 1414213562ns);  // √2 s
}

TEST(ArrivalCursor, CountsAsManyArrivalsAsTheRampHoldsOnTheWayDownToo) {
    EXPECT_EQ(all(Ramp(10, {{10s, 0}}), ArrivalProcess::Uniform, 1).size(), 50U);
    EXPECT_EQ(all(Ramp(0.3, {{10s, 0.1}, {30s, 0}}), ArrivalProcess::Uniform, 1).size(), 4U);
    EXPECT_EQ(all(Ramp(7, {{1s, 11}, {3s, 0}, {1s, 0}}), ArrivalProcess::Uniform, 1).size(), 26U);
    EXPECT_TRUE(all(Ramp::constant(0, 10s), ArrivalProcess::Uniform, 1).empty());
    EXPECT_TRUE(all(Ramp::constant(0, 10s), ArrivalProcess::Poisson, 1).empty());
    EXPECT_TRUE(all(Ramp(1, {}), ArrivalProcess::Uniform, 1).empty());
}

TEST(ArrivalCursor, SendsNothingInAPause) {
    const Ramp ramp(0, {{2s, 0}, {0s, 10}, {1s, 10}, {0s, 0}, {5s, 0}, {0s, 10}, {1s, 10}});
    const auto arrivals = all(ramp, ArrivalProcess::Uniform, 1);
    ASSERT_EQ(arrivals.size(), 20U);
    EXPECT_EQ(arrivals[0].due, 2s);  // the first pause ends
    EXPECT_EQ(arrivals[9].due, 2900ms);
    EXPECT_EQ(arrivals[10].due, 8s);  // the second pause ends
    EXPECT_EQ(arrivals[19].due, 8900ms);
}

TEST(ArrivalCursor, ShardsPartitionTheArrivalsExactly) {
    const Ramp ramp(5, {{3s, 200}, {2s, 200}, {3s, 0}});
    for (const auto process : {ArrivalProcess::Uniform, ArrivalProcess::Poisson}) {
        const auto whole = all(ramp, process, 42);
        constexpr std::uint64_t kShards = 3;
        std::vector<ArrivalCursor::Arrival> joined;
        for (std::uint64_t shard = 0; shard < kShards; ++shard) {
            for (const auto& arrival : all(ramp, process, 42)) {  // a walker of its own
                if (arrival.index % kShards == shard) {
                    joined.push_back(arrival);
                }
            }
        }
        std::sort(joined.begin(), joined.end(),
                  [](const auto& a, const auto& b) { return a.index < b.index; });
        ASSERT_EQ(joined.size(), whole.size());
        for (std::size_t i = 0; i < whole.size(); ++i) {
            ASSERT_EQ(joined[i].index, i);
            ASSERT_EQ(joined[i].due, whole[i].due);
        }
    }
}

TEST(ArrivalCursor, DrawsOtherPoissonArrivalsForAnotherSeed) {
    const Ramp ramp = Ramp::constant(100, 10s);
    const auto first = all(ramp, ArrivalProcess::Poisson, 1);
    const auto again = all(ramp, ArrivalProcess::Poisson, 1);
    const auto other = all(ramp, ArrivalProcess::Poisson, 2);
    ASSERT_EQ(first.size(), again.size());
    EXPECT_TRUE(std::equal(first.begin(), first.end(), again.begin(),
                           [](const auto& a, const auto& b) { return a.due == b.due; }));
    EXPECT_NE(first.front().due, other.front().due);
}

TEST(ArrivalCursor, PoissonGapsAreExponentialByKolmogorovSmirnov) {
    constexpr double kRate = 1000;
    const Ramp ramp = Ramp::constant(kRate, 100s);
    const auto arrivals = all(ramp, ArrivalProcess::Poisson, 7);
    // A Poisson count of mean 100,000 has a standard deviation of 316; five of them either way.
    EXPECT_NEAR(static_cast<double>(arrivals.size()), 100'000, 5 * 316);

    std::vector<double> gaps;
    Nanoseconds last{};
    for (const auto& arrival : arrivals) {
        gaps.push_back(to_seconds(arrival.due - last));
        last = arrival.due;
    }
    std::sort(gaps.begin(), gaps.end());
    const auto n = static_cast<double>(gaps.size());
    double distance = 0;
    for (std::size_t i = 0; i < gaps.size(); ++i) {
        const double expected = 1 - std::exp(-kRate * gaps[i]);
        const auto rank = static_cast<double>(i);
        distance = std::max({distance, expected - rank / n, (rank + 1) / n - expected});
    }
    EXPECT_LT(distance, 1.63 / std::sqrt(n));  // the 1 % critical value for large n
}

TEST(ArrivalCursor, PoissonArrivalsFollowTheRampByChiSquare) {
    const Ramp ramp(0, {{20s, 1000}, {20s, 0}});  // a tent of 20,000 arrivals
    const auto arrivals = all(ramp, ArrivalProcess::Poisson, 11);
    // Cut where the integral passes each twentieth: every cell expects 1,000, given the total.
    constexpr std::size_t kCells = 20;
    std::vector<double> counts(kCells, 0);
    for (const auto& arrival : arrivals) {
        // The tent's integral, written out here: 25·t² up, then 20,000 − 25·(40 − t)² down.
        const double t = to_seconds(arrival.due);
        const double area = t <= 20 ? 25 * t * t : 20'000 - 25 * (40 - t) * (40 - t);
        counts[std::min(kCells - 1, static_cast<std::size_t>(area / 1000))] += 1;
    }
    const double expected = static_cast<double>(arrivals.size()) / kCells;
    double chi_square = 0;
    for (const double count : counts) {
        chi_square += (count - expected) * (count - expected) / expected;
    }
    EXPECT_LT(chi_square, 36.19);  // 1 % critical value, 19 degrees of freedom
    EXPECT_GT(chi_square, 6.84);   // and not suspiciously even: 0.5 % from below
}

TEST(ArrivalCursor, PoissonArrivalsNeverRunBackwards) {
    const Ramp ramp(0, {{3s, 500}, {2s, 0}, {2s, 0}, {1s, 500}});
    Nanoseconds last{};
    for (const auto& arrival : all(ramp, ArrivalProcess::Poisson, 3)) {
        ASSERT_GE(arrival.due, last);
        ASSERT_TRUE(arrival.due < 5s || arrival.due >= 7s);  // the pause
        ASSERT_LT(arrival.due, ramp.duration());
        last = arrival.due;
    }
}

}  // namespace
}  // namespace plimsoll
