// The one histogram. Every percentile, bucket and quantile that Plimsoll shows is derived from it.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace plimsoll {

/// Log-linear counts of durations: every power of two from 1,024 ns up to 2^42 ns (73 min) is cut
/// into 128 equal buckets, and what is below 1,024 ns into 128 buckets of 8 ns. A value read back
/// is the middle of its bucket, so its error is at most 4 ns below 1,024 ns and 1/256 = 0.39 %
/// above. Longer durations count in the last bucket; min, max and sum are exact always.
///
/// Merging adds counts, so it is exact, commutative and associative: N shards or machines give what
/// one gives. Counts live in blocks of one power of two, made at the first value there: a histogram
/// with a typical spread takes 5 KiB. `record` allocates only then. Not thread-safe: one owner at a
/// time.
class Histogram {
public:
    static constexpr unsigned kSubBucketBits = 7;
    static constexpr std::size_t kSubBuckets = std::size_t{1} << kSubBucketBits;
    static constexpr unsigned kFirstOctave = 10;  // 2^10 ns
    static constexpr unsigned kLastOctave = 41;   // values below 2^42 ns
    static constexpr std::size_t kBlocks = kLastOctave - kFirstOctave + 2;
    static constexpr std::size_t kBuckets = kBlocks * kSubBuckets;

    Histogram() = default;
    Histogram(const Histogram& other);
    Histogram& operator=(const Histogram& other);
    Histogram(Histogram&&) noexcept = default;
    Histogram& operator=(Histogram&&) noexcept = default;

    /// Counts one duration; a negative one counts as 0.
    void record(Nanoseconds duration) noexcept { record_n(duration, 1); }
    void record_n(Nanoseconds duration, std::uint64_t times) noexcept {
        if (times == 0) {
            return;
        }
        const std::uint64_t ns =
            duration.count() > 0 ? static_cast<std::uint64_t>(duration.count()) : 0;
        const std::size_t bucket = bucket_of(ns);
        auto& block = blocks_[bucket / kSubBuckets];
        if (!block) [[unlikely]] {
            block = std::make_unique<Block>();
        }
        (*block)[bucket % kSubBuckets] += times;
        count_ += times;
        sum_ns_ += ns * times;
        min_ns_ = ns < min_ns_ ? ns : min_ns_;
        max_ns_ = ns > max_ns_ ? ns : max_ns_;
    }

    /// Adds what `other` counted.
    void merge(const Histogram& other);
    /// Forgets all counts. Keeps the blocks that counted something since the last time, so that a
    /// histogram in use allocates little and holds nothing for what came long ago.
    void clear() noexcept;

    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
    [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
    [[nodiscard]] Nanoseconds min() const noexcept {
        return Nanoseconds(count_ ? static_cast<std::int64_t>(min_ns_) : 0);
    }
    [[nodiscard]] Nanoseconds max() const noexcept {
        return Nanoseconds(static_cast<std::int64_t>(max_ns_));
    }
    [[nodiscard]] Nanoseconds sum() const noexcept {
        return Nanoseconds(static_cast<std::int64_t>(sum_ns_));
    }
    /// 0 when empty.
    [[nodiscard]] Nanoseconds mean() const noexcept;
    /// The smallest recorded value v (as its bucket's middle, kept within [min, max]) such that at
    /// least ⌈q·count⌉ values are ≤ v: the nearest-rank definition. `q` in [0, 1]: 0 is min, 1 is
    /// max. 0 when empty.
    [[nodiscard]] Nanoseconds quantile(double q) const noexcept;
    /// The rank, 1 ... count(), of the value that quantile(q) gives; 0 when empty.
    [[nodiscard]] std::uint64_t rank_of(double q) const noexcept;
    /// The value of that rank, in ascending order, as quantile gives it.
    [[nodiscard]] Nanoseconds at_rank(std::uint64_t rank) const noexcept;
    /// What is left without `part`, all of whose values are among these: exact but for the smallest
    /// and the largest, which may be off by a bucket where `part` has the same.
    [[nodiscard]] Histogram without(const Histogram& part) const;
    /// Its `n` largest values; all of them where it has no more.
    [[nodiscard]] Histogram largest(std::uint64_t n) const;
    /// How many values lie in buckets whose middle is ≤ `bound`: exact for a bound on a bucket's
    /// edge. Depends on each value alone, so that it never falls as values come. For Prometheus'
    /// classic buckets.
    [[nodiscard]] std::uint64_t count_at_most(Nanoseconds bound) const noexcept;
    /// The same for several bounds in ascending order, in one pass: `counts` is as long as
    /// `bounds`.
    void counts_at_most(std::span<const Nanoseconds> bounds,
                        std::span<std::uint64_t> counts) const noexcept;

    /// A non-empty bucket: [lower, upper) in ns.
    struct Bucket {
        std::uint64_t lower_ns;
        std::uint64_t upper_ns;
        std::uint64_t count;
    };
    /// The non-empty buckets in ascending order.
    [[nodiscard]] std::vector<Bucket> buckets() const;

    /// What is needed to make a histogram again: exact figures, and the non-empty buckets in
    /// ascending order, each with the number of empty ones before it.
    struct Run {
        std::uint64_t gap;
        std::uint64_t count;
    };
    struct Parts {
        std::uint64_t count = 0;
        std::uint64_t sum_ns = 0;
        std::uint64_t min_ns = 0;
        std::uint64_t max_ns = 0;
        std::vector<Run> runs;
    };
    [[nodiscard]] Parts parts() const;
    /// Adds what these parts count, as `merge` of the histogram that they make does, in a time that
    /// grows with the number of runs alone. False, and nothing is added, where they contradict each
    /// other.
    [[nodiscard]] bool add(const Parts& parts);
    /// Nothing where the parts contradict each other.
    [[nodiscard]] static std::optional<Histogram> assemble(const Parts& parts);

    /// Compact bytes for the run file: format version, count, sum, min, max, then (bucket gap,
    /// count) as varints. The same counts always give the same bytes. `decode` refuses what
    /// `encode` cannot have written.
    [[nodiscard]] std::vector<std::uint8_t> encode() const;
    [[nodiscard]] static Result<Histogram> decode(std::span<const std::uint8_t> bytes);

    friend bool operator==(const Histogram& a, const Histogram& b) noexcept;

    [[nodiscard]] static constexpr std::size_t bucket_of(std::uint64_t ns) noexcept {
        if (ns < (std::uint64_t{1} << kFirstOctave)) {
            return ns >> (kFirstOctave - kSubBucketBits);
        }
        const auto octave = static_cast<unsigned>(std::bit_width(ns)) - 1;
        if (octave > kLastOctave) {
            return kBuckets - 1;
        }
        const std::size_t sub = (ns >> (octave - kSubBucketBits)) & (kSubBuckets - 1);
        return (octave - kFirstOctave + 1) * kSubBuckets + sub;
    }
    [[nodiscard]] static constexpr std::uint64_t bucket_lower_ns(std::size_t bucket) noexcept {
        const std::size_t block = bucket / kSubBuckets;
        const std::uint64_t sub = bucket % kSubBuckets;
        if (block == 0) {
            return sub << (kFirstOctave - kSubBucketBits);
        }
        const auto octave = static_cast<unsigned>(block) - 1 + kFirstOctave;
        return (std::uint64_t{1} << octave) + (sub << (octave - kSubBucketBits));
    }

private:
    [[nodiscard]] static bool fit_together(const Parts& parts);

    using Block = std::array<std::uint64_t, kSubBuckets>;

    /// All that is counted lies in the blocks [first, last); the others are zero where they exist.
    [[nodiscard]] std::size_t first_block() const noexcept {
        return count_ != 0 ? bucket_of(min_ns_) / kSubBuckets : 0;
    }
    [[nodiscard]] std::size_t last_block() const noexcept {
        return count_ != 0 ? bucket_of(max_ns_) / kSubBuckets + 1 : 0;
    }

    std::array<std::unique_ptr<Block>, kBlocks> blocks_;
    std::uint64_t count_ = 0;
    std::uint64_t sum_ns_ = 0;
    std::uint64_t min_ns_ = UINT64_MAX;
    std::uint64_t max_ns_ = 0;
};

}  // namespace plimsoll
