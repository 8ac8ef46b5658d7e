#include "store/histogram_pack.hpp"

#include "base/random.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

void expect_round_trip(const Histogram& histogram) {
    const auto packed = pack_histogram(histogram);
    const auto back = unpack_histogram(packed);
    ASSERT_TRUE(back.ok()) << back.error().to_string();
    EXPECT_EQ(back->encode(), histogram.encode());
    EXPECT_EQ(back.value(), histogram);
}

TEST(HistogramPack, GivesBackTheSameHistogram) {
    expect_round_trip({});
    for (const int n : {1, 2, 20, 1000}) {
        for (const double spread : {0.0, 0.1, 1.0, 6.0}) {
            Histogram histogram;
            Random random(7, static_cast<std::uint64_t>(n), 0);
            for (int i = 0; i < n; ++i) {
                histogram.record(from_seconds(0.02 * std::exp(spread * (random.uniform() - 0.5))));
            }
            expect_round_trip(histogram);
        }
    }
}

TEST(HistogramPack, GivesBackTheExtremes) {
    Histogram histogram;
    histogram.record_n(Nanoseconds(0), 1);
    histogram.record_n(Nanoseconds(1), std::uint64_t{1} << 40);
    histogram.record_n(std::chrono::hours(2), 3);  // beyond the last bucket
    expect_round_trip(histogram);
}

TEST(HistogramPack, TakesLessThanAByteForABucketInABusySecond) {
    Histogram histogram;
    for (int i = 0; i < 256; ++i) {
        histogram.record(std::chrono::microseconds(16384 + 64 * i));
    }
    // 16 to 32 ms is one power of two of 128 buckets: 2 values in each, none empty.
    EXPECT_LT(pack_histogram(histogram).size(), 128U);
    EXPECT_GE(histogram.encode().size(), 256U);
}

TEST(HistogramPack, RefusesWhatItDidNotWrite) {
    Histogram histogram;
    histogram.record(std::chrono::milliseconds(5));
    histogram.record(std::chrono::milliseconds(9));
    const auto good = pack_histogram(histogram);
    for (std::size_t size = 0; size < good.size(); ++size) {
        EXPECT_FALSE(unpack_histogram({good.data(), size}).ok()) << size;
    }
    auto longer = good;
    longer.push_back(0);
    EXPECT_FALSE(unpack_histogram(longer).ok());
    auto other = good;
    other[0] = 9;
    EXPECT_FALSE(unpack_histogram(other).ok());
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        Random random(seed, 0, 0);
        std::vector<std::uint8_t> noise(random.between(1, 60));
        for (auto& byte : noise) {
            byte = static_cast<std::uint8_t>(random());
        }
        noise[0] = 1;
        const auto result = unpack_histogram(noise);  // any answer, but no crash
        if (result.ok()) {
            EXPECT_TRUE(unpack_histogram(pack_histogram(result.value())).ok());
        }
    }
}

}  // namespace
}  // namespace plimsoll
