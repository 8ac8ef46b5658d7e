#include "record/histogram.hpp"

#include "base/random.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kHour_ns = 3'600'000'000'000;

/// A latency-like spread: log-uniform from 1 µs to 1 h.
std::uint64_t draw_log_uniform(Random& random) {
    const double exponent = std::log(1e3) + random.uniform() * (std::log(3.6e12) - std::log(1e3));
    return static_cast<std::uint64_t>(std::exp(exponent));
}

std::vector<std::uint64_t> draw_many(std::size_t count, std::uint64_t stream) {
    Random random(20'240'101, stream, 0);
    std::vector<std::uint64_t> values(count);
    std::generate(values.begin(), values.end(), [&] { return draw_log_uniform(random); });
    return values;
}

Histogram histogram_of(const std::vector<std::uint64_t>& values) {
    Histogram histogram;
    for (const std::uint64_t ns : values) {
        histogram.record(Nanoseconds(static_cast<std::int64_t>(ns)));
    }
    return histogram;
}

/// What a histogram with this value between two far ones reads it back as.
std::uint64_t read_back(std::uint64_t ns) {
    Histogram histogram;
    histogram.record(0ns);
    histogram.record(Nanoseconds(static_cast<std::int64_t>(ns)));
    histogram.record(Nanoseconds::max());
    return static_cast<std::uint64_t>(histogram.quantile(0.5).count());
}

/// Nearest rank on the values themselves.
std::uint64_t oracle_quantile(const std::vector<std::uint64_t>& sorted, std::size_t per_mille) {
    const std::size_t rank = (per_mille * sorted.size() + 999) / 1000;
    return sorted[std::max<std::size_t>(rank, 1) - 1];
}

TEST(Histogram, IsEmptyAtFirst) {
    const Histogram histogram;
    EXPECT_TRUE(histogram.empty());
    EXPECT_EQ(histogram.count(), 0U);
    EXPECT_EQ(histogram.min(), 0ns);
    EXPECT_EQ(histogram.max(), 0ns);
    EXPECT_EQ(histogram.sum(), 0ns);
    EXPECT_EQ(histogram.mean(), 0ns);
    EXPECT_EQ(histogram.quantile(0.99), 0ns);
    EXPECT_EQ(histogram.count_at_most(1h), 0U);
    EXPECT_TRUE(histogram.buckets().empty());
}

TEST(Histogram, KeepsCountSumMinAndMaxExactly) {
    Histogram histogram;
    histogram.record(1'234'567ns);
    histogram.record(89ns);
    histogram.record_n(5s, 3);
    EXPECT_EQ(histogram.count(), 5U);
    EXPECT_EQ(histogram.sum(), 15s + 1'234'567ns + 89ns);
    EXPECT_EQ(histogram.min(), 89ns);
    EXPECT_EQ(histogram.max(), 5s);
    EXPECT_EQ(histogram.mean(), Nanoseconds(15'001'234'656 / 5));
    EXPECT_EQ(histogram.quantile(0), 89ns);
    EXPECT_EQ(histogram.quantile(1), 5s);
}

TEST(Histogram, CountsANegativeDurationAsZero) {
    Histogram histogram;
    histogram.record(-5ms);
    EXPECT_EQ(histogram.count(), 1U);
    EXPECT_EQ(histogram.min(), 0ns);
    EXPECT_EQ(histogram.max(), 0ns);
    EXPECT_EQ(histogram.sum(), 0ns);
}

TEST(Histogram, RecordsNothingZeroTimes) {
    Histogram histogram;
    histogram.record_n(3s, 0);
    EXPECT_TRUE(histogram == Histogram());
    histogram.record(5s);
    EXPECT_EQ(histogram.min(), 5s);
    EXPECT_EQ(histogram.max(), 5s);
}

// The bound is promised from 1,024 ns on: 1/256 of the value.
TEST(Histogram, ReadsEveryMagnitudeBackWithinTheRelativeErrorBound) {
    double worst = 0;
    const auto check = [&](std::uint64_t ns) {
        const double error =
            std::abs(static_cast<double>(read_back(ns)) - static_cast<double>(ns)) /
            static_cast<double>(ns);
        worst = std::max(worst, error);
        ASSERT_LE(error, 1.0 / 256) << ns << " ns";
    };
    for (double x = 1'024; x < static_cast<double>(kHour_ns); x *= 1.0007) {
        check(static_cast<std::uint64_t>(x));
    }
    for (std::uint64_t power = 1'024; power < kHour_ns; power *= 2) {
        check(power);
        check(power + 1);
        check(2 * power - 1);
    }
    for (std::uint64_t ns = 1'024; ns <= 4'096; ++ns) {
        check(ns);
    }
    check(kHour_ns);
    EXPECT_GT(worst, 1.0 / 300);  // the bound is tight: the lowest value of an octave's bucket
}

TEST(Histogram, ReadsBelow1024NanosecondsBackWithinFour) {
    for (std::uint64_t ns = 1; ns < 1'024; ++ns) {
        const auto error = static_cast<std::int64_t>(read_back(ns)) - static_cast<std::int64_t>(ns);
        ASSERT_LE(std::abs(error), 4) << ns << " ns";
    }
}

TEST(Histogram, BucketsTileTheRangeWithoutGapOrOverlap) {
    EXPECT_EQ(Histogram::bucket_lower_ns(0), 0U);
    for (std::size_t bucket = 0; bucket < Histogram::kBuckets; ++bucket) {
        const std::uint64_t lower = Histogram::bucket_lower_ns(bucket);
        const std::uint64_t upper = Histogram::bucket_lower_ns(bucket + 1);
        ASSERT_LT(lower, upper);
        ASSERT_EQ(Histogram::bucket_of(lower), bucket);
        ASSERT_EQ(Histogram::bucket_of(upper - 1), bucket);
    }
    EXPECT_GT(Histogram::bucket_lower_ns(Histogram::kBuckets), kHour_ns);
}

TEST(Histogram, CountsWhatIsTooLongInTheLastBucketAndKeepsItsMax) {
    Histogram histogram;
    histogram.record(20h);
    histogram.record(100h);
    ASSERT_EQ(histogram.buckets().size(), 1U);
    EXPECT_EQ(histogram.buckets()[0].count, 2U);
    EXPECT_EQ(histogram.buckets()[0].upper_ns, std::uint64_t{1} << 42);
    EXPECT_EQ(histogram.max(), 100h);
    EXPECT_EQ(histogram.quantile(0.5), 20h);  // kept within [min, max]
}

TEST(Histogram, QuantilesAgreeWithTheSortedValues) {
    for (const std::size_t count : {1U, 2U, 3U, 10U, 99U, 100U, 101U, 1'000U, 20'000U}) {
        std::vector<std::uint64_t> values = draw_many(count, count);
        const Histogram histogram = histogram_of(values);
        std::sort(values.begin(), values.end());
        for (std::size_t per_mille = 0; per_mille <= 1000; ++per_mille) {
            const auto expected = static_cast<double>(oracle_quantile(values, per_mille));
            const double q = static_cast<double>(per_mille) / 1000;
            const auto got = static_cast<double>(histogram.quantile(q).count());
            ASSERT_NEAR(got, expected, expected / 256 + 1) << "q " << q << " of " << count;
        }
    }
}

TEST(Histogram, QuantilesNeverFallNorLeaveMinAndMax) {
    const Histogram histogram = histogram_of(draw_many(5'000, 77));
    Nanoseconds previous = histogram.min();
    for (int i = 0; i <= 10'000; ++i) {
        const Nanoseconds value = histogram.quantile(i / 10'000.0);
        ASSERT_GE(value, previous);
        ASSERT_LE(value, histogram.max());
        previous = value;
    }
    EXPECT_EQ(histogram.quantile(-1), histogram.min());
    EXPECT_EQ(histogram.quantile(2), histogram.max());
}

TEST(Histogram, MergingGivesExactlyWhatRecordingIntoOneGives) {
    const std::vector<std::uint64_t> values = draw_many(10'000, 5);
    const Histogram one = histogram_of(values);

    for (const std::size_t shards : {1U, 2U, 3U, 8U, 64U}) {
        std::vector<Histogram> parts(shards);
        for (std::size_t i = 0; i < values.size(); ++i) {
            parts[i % shards].record(Nanoseconds(static_cast<std::int64_t>(values[i])));
        }
        Histogram forwards;
        Histogram backwards;
        for (std::size_t i = 0; i < shards; ++i) {
            forwards.merge(parts[i]);
            backwards.merge(parts[shards - 1 - i]);
        }
        EXPECT_TRUE(forwards == one) << shards;
        EXPECT_TRUE(backwards == one) << shards;
        EXPECT_EQ(forwards.encode(), one.encode()) << shards;
    }
}

TEST(Histogram, AddingPartsGivesExactlyWhatMergingGives) {
    Histogram added;
    Histogram merged;
    for (unsigned part = 0; part < 50; ++part) {
        const Histogram one = histogram_of(draw_many(part, part + 1));
        EXPECT_TRUE(added.add(one.parts()));
        merged.merge(one);
    }
    EXPECT_EQ(added, merged);
}

TEST(Histogram, PartsThatContradictEachOtherAddNothing) {
    Histogram one;
    one.record(Nanoseconds(5'000));
    one.record(Nanoseconds(70'000));
    Histogram into = one;
    const auto refused = [&](auto&& change) {
        Histogram::Parts parts = one.parts();
        change(parts);
        EXPECT_FALSE(into.add(parts));
        EXPECT_EQ(into, one);
    };
    refused([](auto& parts) { ++parts.count; });
    refused([](auto& parts) { parts.min_ns = 1; });
    refused([](auto& parts) { parts.max_ns = 1'000'000; });
    refused([](auto& parts) { parts.sum_ns = 1; });
    refused([](auto& parts) { parts.runs.back().count = 0; });
    refused([](auto& parts) { parts.runs.back().gap = Histogram::kBuckets; });
    refused([](auto& parts) { parts.runs.clear(); });
}

TEST(Histogram, MergingAnEmptyOneChangesNothing) {
    Histogram histogram = histogram_of(draw_many(100, 6));
    const Histogram before = histogram;
    histogram.merge(Histogram());
    EXPECT_TRUE(histogram == before);

    Histogram cleared = before;
    cleared.clear();
    histogram.merge(cleared);
    EXPECT_TRUE(histogram == before);
    cleared.merge(before);
    EXPECT_TRUE(cleared == before);
}

TEST(Histogram, ClearForgetsEverything) {
    Histogram histogram = histogram_of(draw_many(100, 7));
    histogram.clear();
    EXPECT_TRUE(histogram == Histogram());
    EXPECT_TRUE(histogram.buckets().empty());
    histogram.record(3ms);
    EXPECT_EQ(histogram.min(), 3ms);
    EXPECT_EQ(histogram.max(), 3ms);
    EXPECT_EQ(histogram.quantile(0.5), 3ms);
}

TEST(Histogram, IsRightAgainAfterOneTickWithAVeryLongValue) {
    Histogram tick;
    for (int i = 0; i < 3; ++i) {
        tick.clear();
        tick.record(1ms);
        Histogram total;
        if (i == 1) {
            tick.record(30s);
        }
        total.merge(tick);
        EXPECT_EQ(total.count(), i == 1 ? 2U : 1U);
        EXPECT_EQ(total.max(), i == 1 ? Nanoseconds(30s) : Nanoseconds(1ms));
        EXPECT_EQ(total.buckets().size(), total.count());
    }
}

TEST(Histogram, CopiesShareNothing) {
    Histogram original;
    original.record(1ms);
    Histogram copy = original;
    copy.record(1ms);
    EXPECT_EQ(original.buckets()[0].count, 1U);
    EXPECT_EQ(copy.buckets()[0].count, 2U);
    Histogram& alias = copy;
    copy = alias;
    EXPECT_EQ(copy.count(), 2U);
    copy = original;
    EXPECT_TRUE(copy == original);
}

TEST(Histogram, AssignedOverAnotherHoldsNothingOfIt) {
    const Histogram low = histogram_of({2'000, 3'000, 1'000'000});
    const Histogram high = histogram_of({500'000'000, 1'000'000});
    Histogram assigned = low;
    for (const Histogram* from : {&high, &low, &high}) {
        assigned = *from;
        EXPECT_EQ(assigned, *from);
        EXPECT_EQ(assigned.encode(), from->encode());
    }
    assigned = Histogram();
    EXPECT_EQ(assigned, Histogram());
    assigned.merge(low);
    EXPECT_EQ(assigned.encode(), low.encode());
}

TEST(Histogram, DiffersWhenOneBucketOrOneExactFigureDiffers) {
    Histogram a;
    Histogram b;
    a.record(1ms);
    b.record(2ms);
    EXPECT_FALSE(a == b);
    b.clear();
    b.record(1ms + 1ns);  // the same bucket, another sum
    EXPECT_FALSE(a == b);
}

TEST(Histogram, BucketsComeInOrderAndHoldAllCounts) {
    const Histogram histogram = histogram_of(draw_many(3'000, 8));
    std::uint64_t total = 0;
    std::uint64_t previous_upper = 0;
    for (const Histogram::Bucket& bucket : histogram.buckets()) {
        ASSERT_LE(previous_upper, bucket.lower_ns);
        ASSERT_GT(bucket.count, 0U);
        previous_upper = bucket.upper_ns;
        total += bucket.count;
    }
    EXPECT_EQ(total, histogram.count());
}

TEST(CountAtMost, IsExactOnABucketsEdge) {
    const std::vector<std::uint64_t> values = draw_many(5'000, 9);
    const Histogram histogram = histogram_of(values);
    for (std::size_t bucket = 1; bucket < Histogram::kBuckets; bucket += 37) {
        const std::uint64_t edge = Histogram::bucket_lower_ns(bucket);
        const auto expected = static_cast<std::uint64_t>(std::count_if(
            values.begin(), values.end(), [&](std::uint64_t ns) { return ns < edge; }));
        ASSERT_EQ(histogram.count_at_most(Nanoseconds(static_cast<std::int64_t>(edge) - 1)),
                  expected);
    }
}

// Between edges it may be off by what lies within the error bound of the limit, and no more.
TEST(CountAtMost, LiesBetweenTheCountsAtTheErrorBound) {
    std::vector<std::uint64_t> values = draw_many(20'000, 10);
    const Histogram histogram = histogram_of(values);
    std::sort(values.begin(), values.end());
    const auto at_most = [&](double bound) {
        return static_cast<std::uint64_t>(
            std::upper_bound(values.begin(), values.end(), static_cast<std::uint64_t>(bound)) -
            values.begin());
    };
    for (const double bound : {5e6, 1e7, 2.5e7, 5e7, 1e8, 2.5e8, 5e8, 1e9, 2.5e9, 5e9, 1e10}) {
        const std::uint64_t got =
            histogram.count_at_most(Nanoseconds(static_cast<std::int64_t>(bound)));
        EXPECT_GE(got, at_most(bound * (1 - 1.0 / 128))) << bound;
        EXPECT_LE(got, at_most(bound * (1 + 1.0 / 128))) << bound;
    }
}

TEST(CountAtMost, NeverFallsAndEndsAtTheCount) {
    const Histogram histogram = histogram_of(draw_many(1'000, 11));
    std::uint64_t previous = 0;
    for (double bound = 1; bound < 4e12; bound *= 1.01) {
        const std::uint64_t got =
            histogram.count_at_most(Nanoseconds(static_cast<std::int64_t>(bound)));
        ASSERT_GE(got, previous);
        previous = got;
    }
    EXPECT_EQ(histogram.count_at_most(2 * histogram.max()), histogram.count());
    EXPECT_EQ(histogram.count_at_most(-1ns), 0U);
}

TEST(CountAtMost, NeverFallsAsLargerValuesCome) {
    Histogram histogram;
    histogram.record_n(999'500ns, 10);  // below 1 ms, and below the middle of the bucket around it
    const std::uint64_t before = histogram.count_at_most(1ms);
    histogram.record(2ms);
    EXPECT_EQ(histogram.count_at_most(1ms), before);
}

TEST(CountsAtMost, CountsAtEveryBoundWhatLiesInBucketsWithTheirMiddleThereOrBelow) {
    const Histogram histogram = histogram_of(draw_many(2'000, 12));
    std::vector<Nanoseconds> bounds{-1ns, 0ns};
    for (double bound = 1; bound < 4e12; bound *= 1.37) {
        bounds.emplace_back(static_cast<std::int64_t>(bound));
    }
    bounds.push_back(histogram.max());
    std::sort(bounds.begin(), bounds.end());
    std::vector<std::uint64_t> counts(bounds.size(), 12345);
    histogram.counts_at_most(bounds, counts);
    for (std::size_t i = 0; i < bounds.size(); ++i) {
        std::uint64_t expected = 0;
        for (const Histogram::Bucket& bucket : histogram.buckets()) {
            const auto middle = static_cast<std::int64_t>((bucket.lower_ns + bucket.upper_ns) / 2);
            expected += bounds[i].count() >= middle ? bucket.count : 0;
        }
        ASSERT_EQ(counts[i], expected) << bounds[i].count();
    }
    std::vector<std::uint64_t> none(bounds.size(), 1);
    Histogram().counts_at_most(bounds, none);
    EXPECT_EQ(none, std::vector<std::uint64_t>(bounds.size(), 0));
}

TEST(Histogram, LeavesWhatAPartOfItDoesNotHold) {
    using namespace std::chrono_literals;
    Histogram all;
    Histogram part;
    for (int ms = 1; ms <= 100; ++ms) {
        all.record(std::chrono::milliseconds(ms));
        if (ms > 90 || ms == 1) {
            part.record(std::chrono::milliseconds(ms));
        }
    }
    const Histogram rest = all.without(part);
    EXPECT_EQ(rest.count(), 89U);
    EXPECT_EQ(rest.sum(), 5050ms - 1ms - 955ms);  // 1 + ... + 100; 91 + ... + 100 = 955
    const auto within_a_bucket = [](Nanoseconds value, double ms) {
        EXPECT_NEAR(to_seconds(value), ms / 1e3, ms / 1e3 / 64);
    };
    within_a_bucket(rest.min(), 2);
    within_a_bucket(rest.max(), 90);
    within_a_bucket(rest.at_rank(1), 2);
    within_a_bucket(rest.at_rank(50), 51);
    EXPECT_TRUE(all.without(all).empty());
    EXPECT_EQ(all.without(Histogram()), all);
}

TEST(Histogram, RanksAreThoseOfItsQuantiles) {
    using namespace std::chrono_literals;
    Histogram histogram;
    EXPECT_EQ(histogram.rank_of(0.5), 0U);
    for (int i = 1; i <= 10; ++i) {
        histogram.record(i * 1ms);
    }
    EXPECT_EQ(histogram.rank_of(0), 1U);
    EXPECT_EQ(histogram.rank_of(0.95), 10U);  // ⌈9.5⌉
    EXPECT_EQ(histogram.rank_of(0.5), 5U);
    EXPECT_EQ(histogram.rank_of(0.51), 6U);
    EXPECT_EQ(histogram.at_rank(histogram.rank_of(0.7)), histogram.quantile(0.7));
}

TEST(Histogram, GivesItsLargestValues) {
    using namespace std::chrono_literals;
    Histogram histogram;
    for (int i = 1; i <= 10; ++i) {
        histogram.record(i * 1s);
    }
    const Histogram largest = histogram.largest(3);
    EXPECT_EQ(largest.count(), 3U);
    EXPECT_EQ(largest.max(), 10s);
    EXPECT_NEAR(to_seconds(largest.min()), 8, 8.0 / 128);
    EXPECT_EQ(histogram.largest(99), histogram);
    EXPECT_TRUE(histogram.largest(0).empty());
    // Each of them is still a part of the whole.
    EXPECT_EQ(histogram.without(largest).count(), 7U);
}

}  // namespace
}  // namespace plimsoll
