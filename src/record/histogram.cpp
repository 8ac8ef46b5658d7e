#include "record/histogram.hpp"

#include "record/varint.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace plimsoll {
namespace {

constexpr std::uint8_t kFormatVersion = 1;

template <typename Block>
bool is_zero(const Block& block) {
    return std::all_of(block.begin(), block.end(), [](std::uint64_t count) { return count == 0; });
}

}  // namespace

Histogram::Histogram(const Histogram& other)
    : count_(other.count_), sum_ns_(other.sum_ns_), min_ns_(other.min_ns_), max_ns_(other.max_ns_) {
    for (std::size_t b = 0; b < kBlocks; ++b) {
        if (other.blocks_[b]) {
            blocks_[b] = std::make_unique<Block>(*other.blocks_[b]);
        }
    }
}

Histogram& Histogram::operator=(const Histogram& other) {
    if (this != &other) {
        *this = Histogram(other);
    }
    return *this;
}

void Histogram::merge(const Histogram& other) {
    if (other.count_ == 0) {
        return;
    }
    for (std::size_t b = 0; b < kBlocks; ++b) {
        if (!other.blocks_[b]) {
            continue;
        }
        if (!blocks_[b]) {
            if (!is_zero(*other.blocks_[b])) {
                blocks_[b] = std::make_unique<Block>(*other.blocks_[b]);
            }
            continue;
        }
        for (std::size_t i = 0; i < kSubBuckets; ++i) {
            (*blocks_[b])[i] += (*other.blocks_[b])[i];
        }
    }
    count_ += other.count_;
    sum_ns_ += other.sum_ns_;
    min_ns_ = std::min(min_ns_, other.min_ns_);
    max_ns_ = std::max(max_ns_, other.max_ns_);
}

void Histogram::clear() noexcept {
    if (count_ == 0) {
        return;
    }
    for (auto& block : blocks_) {
        if (!block) {
            continue;
        }
        if (is_zero(*block)) {
            block.reset();  // of values that came once and then no more, as after a stall
        } else {
            block->fill(0);
        }
    }
    count_ = 0;
    sum_ns_ = 0;
    min_ns_ = UINT64_MAX;
    max_ns_ = 0;
}

Nanoseconds Histogram::mean() const noexcept {
    return Nanoseconds(count_ ? static_cast<std::int64_t>(sum_ns_ / count_) : 0);
}

Nanoseconds Histogram::quantile(double q) const noexcept {
    if (count_ == 0) {
        return Nanoseconds(0);
    }
    if (q <= 0) {
        return min();
    }
    const double exact_rank = std::ceil(q * static_cast<double>(count_) - 1e-9);
    const auto rank = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(exact_rank), 1, count_);
    if (rank == count_) {
        return max();
    }
    std::uint64_t seen = 0;
    for (std::size_t b = 0; b < kBlocks; ++b) {
        if (!blocks_[b]) {
            continue;
        }
        for (std::size_t i = 0; i < kSubBuckets; ++i) {
            seen += (*blocks_[b])[i];
            if (seen >= rank) {
                const std::size_t bucket = b * kSubBuckets + i;
                const std::uint64_t middle =
                    (bucket_lower_ns(bucket) + bucket_lower_ns(bucket + 1)) / 2;
                return Nanoseconds(static_cast<std::int64_t>(std::clamp(middle, min_ns_, max_ns_)));
            }
        }
    }
    return max();
}

std::uint64_t Histogram::count_at_most(Nanoseconds bound) const noexcept {
    if (count_ == 0 || bound.count() < 0) {
        return 0;
    }
    const auto limit = static_cast<std::uint64_t>(bound.count());
    if (limit >= max_ns_) {
        return count_;
    }
    std::uint64_t seen = 0;
    for (std::size_t b = 0; b < kBlocks; ++b) {
        if (!blocks_[b]) {
            continue;
        }
        for (std::size_t i = 0; i < kSubBuckets; ++i) {
            const std::size_t bucket = b * kSubBuckets + i;
            if ((bucket_lower_ns(bucket) + bucket_lower_ns(bucket + 1)) / 2 > limit) {
                return seen;
            }
            seen += (*blocks_[b])[i];
        }
    }
    return seen;
}

std::vector<Histogram::Bucket> Histogram::buckets() const {
    std::vector<Bucket> out;
    const auto blocks = static_cast<std::size_t>(std::count_if(
        blocks_.begin(), blocks_.end(), [](const auto& block) { return block != nullptr; }));
    out.reserve(std::min(static_cast<std::size_t>(count_), blocks * kSubBuckets));
    for (std::size_t b = 0; b < kBlocks; ++b) {
        if (!blocks_[b]) {
            continue;
        }
        for (std::size_t i = 0; i < kSubBuckets; ++i) {
            if (const std::uint64_t n = (*blocks_[b])[i]; n != 0) {
                const std::size_t bucket = b * kSubBuckets + i;
                out.push_back({bucket_lower_ns(bucket), bucket_lower_ns(bucket + 1), n});
            }
        }
    }
    return out;
}

std::vector<std::uint8_t> Histogram::encode() const {
    std::vector<std::uint8_t> out{kFormatVersion};
    put_varint(out, count_);
    if (count_ == 0) {
        return out;
    }
    put_varint(out, sum_ns_);
    put_varint(out, min_ns_);
    put_varint(out, max_ns_ - min_ns_);
    std::size_t next = 0;
    const std::vector<Bucket> filled = buckets();
    out.reserve(64 + 4 * filled.size());
    for (const Bucket& bucket : filled) {
        const std::size_t index = bucket_of(bucket.lower_ns);
        put_varint(out, index - next);
        put_varint(out, bucket.count);
        next = index + 1;
    }
    return out;
}

Result<Histogram> Histogram::decode(std::span<const std::uint8_t> bytes) {
    const Error broken{"is not an encoded histogram", "histogram", "the run file may be damaged"};
    if (bytes.empty() || bytes.front() != kFormatVersion) {
        return broken;
    }
    bytes = bytes.subspan(1);
    Histogram out;
    const auto count = take_varint(bytes);
    if (count && *count == 0 && bytes.empty()) {
        return out;
    }
    const auto sum = take_varint(bytes);
    const auto min = take_varint(bytes);
    const auto spread = take_varint(bytes);
    if (!count || !sum || !min || !spread || *spread > UINT64_MAX - *min) {
        return broken;
    }
    out.count_ = *count;
    out.sum_ns_ = *sum;
    out.min_ns_ = *min;
    out.max_ns_ = *min + *spread;
    if (!out.take_buckets(bytes) || !out.is_consistent()) {
        return broken;
    }
    return out;
}

bool Histogram::take_buckets(std::span<const std::uint8_t> bytes) {
    std::uint64_t left = count_;
    std::size_t next = 0;
    while (!bytes.empty()) {
        const auto gap = take_varint(bytes);
        const auto times = take_varint(bytes);
        if (!gap || !times || *times == 0 || *times > left || *gap >= kBuckets - next) {
            return false;
        }
        const std::size_t bucket = next + *gap;
        auto& block = blocks_[bucket / kSubBuckets];
        if (!block) {
            block = std::make_unique<Block>();
        }
        (*block)[bucket % kSubBuckets] = *times;
        left -= *times;
        next = bucket + 1;
    }
    return left == 0;
}

bool Histogram::is_consistent() const {
    const std::vector<Bucket> filled = buckets();
    if (filled.empty() || bucket_of(filled.front().lower_ns) != bucket_of(min_ns_) ||
        bucket_of(filled.back().lower_ns) != bucket_of(max_ns_)) {
        return false;
    }
    // Where the sum may have wrapped around, it says nothing.
    return max_ns_ > UINT64_MAX / count_ ||
           (sum_ns_ >= count_ * min_ns_ && sum_ns_ <= count_ * max_ns_);
}

bool operator==(const Histogram& a, const Histogram& b) noexcept {
    static constexpr Histogram::Block kZero{};
    if (a.count_ != b.count_ || a.sum_ns_ != b.sum_ns_ || a.min_ns_ != b.min_ns_ ||
        a.max_ns_ != b.max_ns_) {
        return false;
    }
    for (std::size_t i = 0; i < Histogram::kBlocks; ++i) {
        const Histogram::Block& left = a.blocks_[i] ? *a.blocks_[i] : kZero;
        const Histogram::Block& right = b.blocks_[i] ? *b.blocks_[i] : kZero;
        if (left != right) {
            return false;
        }
    }
    return true;
}

}  // namespace plimsoll
