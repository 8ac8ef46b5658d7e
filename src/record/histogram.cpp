#include "record/histogram.hpp"

#include "record/varint.hpp"

#include <algorithm>
#include <cmath>

namespace plimsoll {
namespace {

constexpr std::uint8_t kFormatVersion = 1;

std::uint64_t middle_ns(std::size_t bucket) {
    return (Histogram::bucket_lower_ns(bucket) + Histogram::bucket_lower_ns(bucket + 1)) / 2;
}

template <typename Block>
bool is_zero(const Block& block) {
    return std::all_of(block.begin(), block.end(), [](std::uint64_t count) { return count == 0; });
}

}  // namespace

Histogram::Histogram(const Histogram& other) {
    merge(other);
}

Histogram& Histogram::operator=(const Histogram& other) {
    if (this == &other) {
        return *this;
    }
    const std::size_t last = std::max(last_block(), other.last_block());
    for (std::size_t b = 0; b < last; ++b) {
        const Block* const from = other.blocks_[b].get();
        if (from == nullptr) {
            blocks_[b].reset();
        } else if (blocks_[b]) {
            *blocks_[b] = *from;
        } else {
            blocks_[b] = std::make_unique<Block>(*from);
        }
    }
    count_ = other.count_;
    sum_ns_ = other.sum_ns_;
    min_ns_ = other.min_ns_;
    max_ns_ = other.max_ns_;
    return *this;
}

void Histogram::merge(const Histogram& other) {
    const std::size_t last = other.last_block();
    for (std::size_t b = other.first_block(); b < last; ++b) {
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
    for (std::size_t b = 0; b < kBlocks; ++b) {
        if (!blocks_[b]) {
            continue;
        }
        if (b < first_block() || b >= last_block() || is_zero(*blocks_[b])) {
            blocks_[b].reset();  // of values that came once and then no more, as after a stall
        } else {
            blocks_[b]->fill(0);
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

std::uint64_t Histogram::rank_of(double q) const noexcept {
    if (count_ == 0) {
        return 0;
    }
    const double exact = std::max(1.0, std::ceil(q * static_cast<double>(count_) - 1e-9));
    return std::clamp<std::uint64_t>(static_cast<std::uint64_t>(exact), 1, count_);
}

Nanoseconds Histogram::quantile(double q) const noexcept {
    return q <= 0 ? min() : at_rank(rank_of(q));
}

Nanoseconds Histogram::at_rank(std::uint64_t rank) const noexcept {
    if (rank >= count_) {
        return max();
    }
    std::uint64_t seen = 0;
    for (std::size_t b = first_block(); b < kBlocks; ++b) {
        if (!blocks_[b]) {
            continue;
        }
        for (std::size_t i = 0; i < kSubBuckets; ++i) {
            seen += (*blocks_[b])[i];
            if (seen >= rank) {
                const std::uint64_t middle = middle_ns(b * kSubBuckets + i);
                return Nanoseconds(static_cast<std::int64_t>(std::clamp(middle, min_ns_, max_ns_)));
            }
        }
    }
    return max();
}

Histogram Histogram::without(const Histogram& part) const {
    Histogram rest;
    if (part.count_ >= count_) {
        return rest;
    }
    std::size_t first = kBuckets;
    std::size_t last = 0;
    for (std::size_t bucket = bucket_of(min_ns_); bucket <= bucket_of(max_ns_); ++bucket) {
        const auto& block = blocks_[bucket / kSubBuckets];
        const auto& less = part.blocks_[bucket / kSubBuckets];
        const std::uint64_t all = block ? (*block)[bucket % kSubBuckets] : 0;
        const std::uint64_t gone = less ? (*less)[bucket % kSubBuckets] : 0;
        if (all <= gone) {
            continue;
        }
        auto& into = rest.blocks_[bucket / kSubBuckets];
        if (!into) {
            into = std::make_unique<Block>();
        }
        (*into)[bucket % kSubBuckets] = all - gone;
        rest.count_ += all - gone;
        first = std::min(first, bucket);
        last = bucket;
    }
    if (rest.count_ == 0) {
        return rest;
    }
    rest.sum_ns_ = sum_ns_ > part.sum_ns_ ? sum_ns_ - part.sum_ns_ : 0;
    rest.min_ns_ = first == bucket_of(min_ns_) ? min_ns_ : bucket_lower_ns(first);
    rest.max_ns_ = last == bucket_of(max_ns_) ? max_ns_ : bucket_lower_ns(last + 1) - 1;
    return rest;
}

Histogram Histogram::largest(std::uint64_t n) const {
    if (n >= count_) {
        return *this;
    }
    Histogram out;
    for (std::size_t bucket = bucket_of(max_ns_) + 1; bucket-- > 0 && n > 0;) {
        const auto& block = blocks_[bucket / kSubBuckets];
        const std::uint64_t here = std::min(n, block ? (*block)[bucket % kSubBuckets] : 0);
        const std::uint64_t value = std::clamp(middle_ns(bucket), min_ns_, max_ns_);
        const bool top = out.empty() && here > 0;
        out.record_n(Nanoseconds(static_cast<std::int64_t>(top ? max_ns_ : value)), top ? 1 : here);
        out.record_n(Nanoseconds(static_cast<std::int64_t>(value)), top ? here - 1 : 0);
        n -= here;
    }
    return out;
}

std::uint64_t Histogram::count_at_most(Nanoseconds bound) const noexcept {
    std::uint64_t count = 0;
    counts_at_most({&bound, 1}, {&count, 1});
    return count;
}

void Histogram::counts_at_most(std::span<const Nanoseconds> bounds,
                               std::span<std::uint64_t> counts) const noexcept {
    std::uint64_t seen = 0;
    std::size_t at = 0;  // the first bound that `seen` is not final for
    const std::size_t last = last_block();
    for (std::size_t b = first_block(); b < last; ++b) {
        if (!blocks_[b]) {
            continue;
        }
        for (std::size_t i = 0; i < kSubBuckets; ++i) {
            const std::uint64_t n = (*blocks_[b])[i];
            if (n == 0) {
                continue;
            }
            const auto middle = static_cast<std::int64_t>(middle_ns(b * kSubBuckets + i));
            for (; at < bounds.size() && bounds[at].count() < middle; ++at) {
                counts[at] = seen;
            }
            seen += n;
        }
    }
    for (; at < bounds.size(); ++at) {
        counts[at] = seen;
    }
}

std::vector<Histogram::Bucket> Histogram::buckets() const {
    std::vector<Bucket> out;
    const std::size_t first = first_block();
    const std::size_t last = last_block();
    out.reserve(std::min(static_cast<std::size_t>(count_), (last - first) * kSubBuckets));
    for (std::size_t b = first; b < last; ++b) {
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

Histogram::Parts Histogram::parts() const {
    Parts out;
    out.count = count_;
    if (count_ == 0) {
        return out;
    }
    out.sum_ns = sum_ns_;
    out.min_ns = min_ns_;
    out.max_ns = max_ns_;
    const std::size_t first = first_block();
    const std::size_t last = last_block();
    out.runs.reserve(std::min(static_cast<std::size_t>(count_), (last - first) * kSubBuckets));
    std::size_t next = 0;
    for (std::size_t b = first; b < last; ++b) {
        for (std::size_t i = 0; blocks_[b] && i < kSubBuckets; ++i) {
            if (const std::uint64_t n = (*blocks_[b])[i]; n != 0) {
                const std::size_t bucket = b * kSubBuckets + i;
                out.runs.push_back({bucket - next, n});
                next = bucket + 1;
            }
        }
    }
    return out;
}

bool Histogram::add(const Parts& parts) {
    if (!fit_together(parts)) {
        return false;
    }
    std::size_t next = 0;
    for (const Run& run : parts.runs) {
        const std::size_t bucket = next + run.gap;
        auto& block = blocks_[bucket / kSubBuckets];
        if (!block) {
            block = std::make_unique<Block>();
        }
        (*block)[bucket % kSubBuckets] += run.count;
        next = bucket + 1;
    }
    if (parts.count > 0) {
        count_ += parts.count;
        sum_ns_ += parts.sum_ns;
        min_ns_ = std::min(min_ns_, parts.min_ns);
        max_ns_ = std::max(max_ns_, parts.max_ns);
    }
    return true;
}

bool Histogram::fit_together(const Parts& parts) {
    if (parts.count == 0) {
        return parts.runs.empty() && parts.sum_ns == 0 && parts.min_ns == 0 && parts.max_ns == 0;
    }
    if (parts.runs.empty() || parts.min_ns > parts.max_ns) {
        return false;
    }
    std::uint64_t left = parts.count;
    std::size_t next = 0;
    for (const Run& run : parts.runs) {
        if (run.count == 0 || run.count > left || run.gap >= kBuckets - next) {
            return false;
        }
        const std::size_t bucket = next + run.gap;
        // The first bucket is the smallest value's, the last one the largest's.
        if (next == 0 ? bucket != bucket_of(parts.min_ns) : bucket > bucket_of(parts.max_ns)) {
            return false;
        }
        left -= run.count;
        next = bucket + 1;
    }
    // Where the sum may have wrapped around, it says nothing.
    const bool sum_fits =
        parts.max_ns > UINT64_MAX / parts.count ||
        (parts.sum_ns >= parts.count * parts.min_ns && parts.sum_ns <= parts.count * parts.max_ns);
    return left == 0 && next == bucket_of(parts.max_ns) + 1 && sum_fits;
}

std::optional<Histogram> Histogram::assemble(const Parts& parts) {
    Histogram out;
    return out.add(parts) ? std::optional(std::move(out)) : std::nullopt;
}

std::vector<std::uint8_t> Histogram::encode() const {
    std::vector<std::uint8_t> out{kFormatVersion};
    put_varint(out, count_);
    if (count_ == 0) {
        return out;
    }
    const Parts all = parts();
    out.reserve(64 + 4 * all.runs.size());
    put_varint(out, all.sum_ns);
    put_varint(out, all.min_ns);
    put_varint(out, all.max_ns - all.min_ns);
    for (const Run& run : all.runs) {
        put_varint(out, run.gap);
        put_varint(out, run.count);
    }
    return out;
}

Result<Histogram> Histogram::decode(std::span<const std::uint8_t> bytes) {
    const Error broken{"is not an encoded histogram", "histogram", "the run file may be damaged"};
    if (bytes.empty() || bytes.front() != kFormatVersion) {
        return broken;
    }
    bytes = bytes.subspan(1);
    const auto count = take_varint(bytes);
    if (count && *count == 0) {
        return bytes.empty() ? Result<Histogram>(Histogram()) : broken;
    }
    const auto sum = take_varint(bytes);
    const auto min = take_varint(bytes);
    const auto spread = take_varint(bytes);
    if (!count || !sum || !min || !spread || *spread > UINT64_MAX - *min) {
        return broken;
    }
    Parts all{*count, *sum, *min, *min + *spread, {}};
    while (!bytes.empty()) {
        const auto gap = take_varint(bytes);
        const auto times = take_varint(bytes);
        if (!gap || !times) {
            return broken;
        }
        all.runs.push_back({*gap, *times});
    }
    auto out = assemble(all);
    return out ? Result<Histogram>(*std::move(out)) : broken;
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
