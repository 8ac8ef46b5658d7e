#include "base/random.hpp"
#include "record/histogram.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using Bytes = std::vector<std::uint8_t>;

Histogram random_histogram(std::uint64_t index) {
    Random random(99, 0, index);
    Histogram histogram;
    const std::uint64_t count = random.between(0, 300);
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t bound = std::uint64_t{1} << random.between(0, 45);
        histogram.record_n(Nanoseconds(static_cast<std::int64_t>(random.between(0, bound))),
                           random.between(1, 1000));
    }
    return histogram;
}

void expect_refused(const Bytes& bytes, const std::string& why) {
    const auto decoded = Histogram::decode(bytes);
    ASSERT_FALSE(decoded.ok()) << why;
    EXPECT_EQ(decoded.error().what, "is not an encoded histogram") << why;
}

TEST(HistogramCodec, ReadsBackWhatItWrote) {
    for (std::uint64_t i = 0; i < 500; ++i) {
        const Histogram original = random_histogram(i);
        const auto decoded = Histogram::decode(original.encode());
        ASSERT_TRUE(decoded.ok()) << i << ": " << decoded.error().to_string();
        ASSERT_TRUE(*decoded == original) << i;
    }
}

TEST(HistogramCodec, WritesTheSameBytesForTheSameCounts) {
    Histogram a;
    Histogram b;
    a.record(1ms);
    a.record(9s);
    b.record(9s);
    b.record(1h);
    b.clear();  // leaves blocks without counts behind
    b.record(9s);
    b.record(1ms);
    EXPECT_EQ(a.encode(), b.encode());
}

TEST(HistogramCodec, WritesTheDocumentedBytes) {
    EXPECT_EQ(Histogram().encode(), (Bytes{1, 0}));
    Histogram histogram;
    histogram.record_n(5ns, 2);   // bucket 0 (0-7 ns)
    histogram.record_n(24ns, 1);  // bucket 3 (24-31 ns)
    // version, count 3, sum 34, min 5, spread 19, (gap 0, count 2), (gap 2, count 1)
    EXPECT_EQ(histogram.encode(), (Bytes{1, 3, 34, 5, 19, 0, 2, 2, 1}));
}

TEST(HistogramCodec, StaysSmall) {
    Histogram histogram;
    Random random(5, 0, 0);
    for (int i = 0; i < 100'000; ++i) {
        // 1-64 ms: six octaves, as one endpoint's second might spread.
        histogram.record(
            Nanoseconds(static_cast<std::int64_t>(random.between(1'000'000, 64'000'000))));
    }
    EXPECT_LT(histogram.encode().size(), 6U * Histogram::kSubBuckets * 4U);
}

TEST(HistogramCodec, RefusesEveryTruncation) {
    const Bytes whole = random_histogram(3).encode();
    ASSERT_GT(whole.size(), 100U);
    for (std::size_t length = 0; length < whole.size(); ++length) {
        expect_refused(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)),
                       "cut to " + std::to_string(length));
    }
}

TEST(HistogramCodec, RefusesWhatEncodeCannotHaveWritten) {
    expect_refused({}, "no bytes");
    expect_refused({2, 0}, "another version");
    expect_refused({1, 0, 0}, "bytes after an empty histogram");
    expect_refused({1, 3, 34, 5, 19, 0, 2, 2, 1, 0}, "half a pair at the end");
    expect_refused({1, 4, 34, 5, 19, 0, 2, 2, 1}, "a count that is not the buckets' sum");
    expect_refused({1, 3, 34, 5, 19, 0, 2, 2, 1, 0, 0}, "an empty bucket");
    expect_refused({1, 3, 34, 9, 15, 0, 2, 2, 1}, "a min outside the first bucket");
    expect_refused({1, 3, 34, 5, 11, 0, 2, 2, 1}, "a max outside the last bucket");
    expect_refused({1, 3, 14, 5, 19, 0, 2, 2, 1}, "a sum below count times min");
    expect_refused({1, 3, 73, 5, 19, 0, 2, 2, 1}, "a sum above count times max");
    expect_refused({1, 0x83, 0, 34, 5, 19, 0, 2, 2, 1}, "a varint longer than it need be");
    expect_refused({1, 2, 10, 5, 0, 0x80, 0x21, 2}, "a bucket beyond the last");
}

TEST(HistogramCodec, RefusesNumbersThatOverflow) {
    const Bytes max64{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
    Bytes spread{1, 1, 5, 5};
    spread.insert(spread.end(), max64.begin(), max64.end());
    spread.insert(spread.end(), {0, 1});
    expect_refused(spread, "min and spread beyond 64 bits");

    Bytes counts{1, 1, 5, 5, 0, 0};
    counts.insert(counts.end(), max64.begin(), max64.end());
    counts.insert(counts.end(), {0, 2});
    expect_refused(counts, "bucket counts that wrap around to the count");

    Bytes wide{1, 1, 5, 5, 0, 0, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02};
    expect_refused(wide, "a varint of more than 64 bits");
}

// Whatever it accepts must be what encode writes: no damage passes as another histogram's bytes
// unless it is another histogram's bytes.
TEST(HistogramCodec, AcceptsDamagedBytesOnlyWhenTheyEncodeSomething) {
    Random random(4711, 0, 0);
    std::size_t accepted = 0;
    for (std::uint64_t round = 0; round < 20'000; ++round) {
        Bytes bytes = random_histogram(round % 50).encode();
        const std::uint64_t flips = random.between(1, 3);
        for (std::uint64_t i = 0; i < flips; ++i) {
            bytes[random.between(0, bytes.size() - 1)] ^=
                static_cast<std::uint8_t>(1U << random.between(0, 7));
        }
        const auto decoded = Histogram::decode(bytes);
        if (decoded.ok()) {
            ++accepted;
            ASSERT_EQ(decoded->encode(), bytes) << "round " << round;
            ASSERT_LE(decoded->min(), decoded->quantile(0.5));
            ASSERT_LE(decoded->quantile(0.5), decoded->max());
        }
    }
    EXPECT_GT(accepted, 0U);       // a flip in the sum alone cannot be seen
    EXPECT_LT(accepted, 10'000U);  // most damage is
}

TEST(HistogramCodec, SurvivesRandomBytes) {
    Random random(815, 0, 0);
    for (int round = 0; round < 20'000; ++round) {
        Bytes bytes(random.between(0, 40));
        std::generate(bytes.begin(), bytes.end(),
                      [&] { return static_cast<std::uint8_t>(random.between(0, 255)); });
        if (!bytes.empty()) {
            bytes[0] = 1;  // past the version
        }
        const auto decoded = Histogram::decode(bytes);
        if (decoded.ok()) {
            ASSERT_EQ(decoded->encode(), bytes);
        }
    }
}

}  // namespace
}  // namespace plimsoll
