#include "base/random.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15ULL;

// Outputs of the reference splitmix64.c (Vigna, prng.di.unimi.it) for two seeds.
TEST(Mix64, GivesTheReferenceVectorOfSeed0) {
    EXPECT_EQ(mix64(0), 0xe220a8397b1dcdafULL);
    EXPECT_EQ(mix64(1 * kGolden), 0x6e789e6aa1b965f4ULL);
    EXPECT_EQ(mix64(2 * kGolden), 0x06c45d188009454fULL);
}

TEST(Mix64, GivesTheReferenceVectorOfSeed1234567) {
    constexpr std::array<std::uint64_t, 5> kExpected{6457827717110365317ULL, 3203168211198807973ULL,
                                                     9817491932198370423ULL, 4593380528125082431ULL,
                                                     16408922859458223821ULL};
    for (std::size_t i = 0; i < kExpected.size(); ++i) {
        EXPECT_EQ(mix64(1234567 + i * kGolden), kExpected[i]) << "output " << i;
    }
}

TEST(Random, DrawsTheSameForTheSameSeedStreamAndIndex) {
    Random a(1, 2, 3);
    Random b(1, 2, 3);
    for (int i = 0; i < 1000; ++i) {
        ASSERT_EQ(a(), b());
    }
}

TEST(Random, DrawsDifferentlyWhenOneArgumentDiffers) {
    std::set<std::uint64_t> firsts;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        for (std::uint64_t stream = 0; stream < 20; ++stream) {
            for (std::uint64_t index = 0; index < 20; ++index) {
                firsts.insert(Random(seed, stream, index)());
            }
        }
    }
    EXPECT_EQ(firsts.size(), 20U * 20U * 20U);
}

TEST(Random, MeetsTheStandardsRequirementsOnAGenerator) {
    static_assert(std::uniform_random_bit_generator<Random>);
    std::vector<int> numbers(100);
    std::iota(numbers.begin(), numbers.end(), 0);
    std::vector<int> shuffled = numbers;
    std::shuffle(shuffled.begin(), shuffled.end(), Random(7, 0, 0));
    EXPECT_NE(shuffled, numbers);
    EXPECT_TRUE(std::is_permutation(shuffled.begin(), shuffled.end(), numbers.begin()));
}

TEST(Random, UniformStaysBelowOneAndHasTheRightMeanAndVariance) {
    constexpr int kDraws = 100'000;
    Random random(42, 0, 0);
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < kDraws; ++i) {
        const double x = random.uniform();
        ASSERT_GE(x, 0.0);
        ASSERT_LT(x, 1.0);
        sum += x;
        squares += x * x;
    }
    const double mean = sum / kDraws;
    // Standard error of the mean is sqrt(1/12 / n) = 0.0009; five of them.
    EXPECT_NEAR(mean, 0.5, 0.0046);
    EXPECT_NEAR(squares / kDraws - mean * mean, 1.0 / 12, 0.002);
}

// The first draw of neighbouring indices is what arrivals and users are made of.
TEST(Random, FirstDrawsOfConsecutiveIndicesAreUniformAndUncorrelated) {
    constexpr std::uint64_t kDraws = 100'000;
    std::array<int, 10> cells{};
    double products = 0;
    double previous = Random(1, 0, 0).uniform() - 0.5;
    for (std::uint64_t index = 1; index <= kDraws; ++index) {
        const double x = Random(1, 0, index).uniform();
        ++cells.at(static_cast<std::size_t>(x * 10));
        products += previous * (x - 0.5);
        previous = x - 0.5;
    }
    double chi_squared = 0;
    for (const int cell : cells) {
        chi_squared += (cell - kDraws / 10.0) * (cell - kDraws / 10.0) / (kDraws / 10.0);
    }
    EXPECT_LT(chi_squared, 27.9);  // 9 degrees of freedom, p = 0.001
    // The correlation of n independent pairs has standard deviation 1/sqrt(n) = 0.0032.
    EXPECT_LT(std::abs(products / kDraws * 12), 0.016);
}

TEST(Random, BetweenReachesBothEndsAndNothingBeyond) {
    Random random(3, 0, 0);
    std::array<int, 6> seen{};
    for (int i = 0; i < 60'000; ++i) {
        const std::uint64_t face = random.between(1, 6);
        ASSERT_GE(face, 1U);
        ASSERT_LE(face, 6U);
        ++seen.at(face - 1);
    }
    for (const int count : seen) {
        EXPECT_NEAR(count, 10'000, 500);  // standard deviation 91
    }
}

TEST(Random, BetweenHandlesASingleValueAndTheWholeRange) {
    Random random(3, 0, 0);
    EXPECT_EQ(random.between(9, 9), 9U);
    std::uint64_t all_ones = 0;
    for (int i = 0; i < 1000; ++i) {
        all_ones |= random.between(0, Random::max());
    }
    EXPECT_EQ(all_ones, Random::max());
}

}  // namespace
}  // namespace plimsoll
