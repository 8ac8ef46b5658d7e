#include "store/histogram_pack.hpp"

#include "record/varint.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <optional>
#include <utility>

namespace plimsoll {
namespace {

constexpr std::uint8_t kPlain = 0;      // Histogram::encode's bytes follow
constexpr std::uint8_t kPacked = 1;     // varints, then bits
constexpr unsigned kMostRiceBits = 12;  // bucket gaps stay below 2^12

using Run = Histogram::Run;
using Parts = Histogram::Parts;

/// Count, sum, min, max - min.
std::optional<Parts> take_head(std::span<const std::uint8_t>& in) {
    Parts parts;
    const auto count = take_varint(in);
    if (count && *count == 0) {
        return parts;
    }
    const auto sum = take_varint(in);
    const auto min = take_varint(in);
    const auto spread = take_varint(in);
    if (!count || !sum || !min || !spread || *spread > UINT64_MAX - *min) {
        return std::nullopt;
    }
    return Parts{*count, *sum, *min, *min + *spread, {}};
}

void put_head(std::vector<std::uint8_t>& out, const Parts& parts) {
    put_varint(out, parts.count);
    if (parts.count > 0) {
        put_varint(out, parts.sum_ns);
        put_varint(out, parts.min_ns);
        put_varint(out, parts.max_ns - parts.min_ns);
    }
}

/// Highest bit first; the last byte is filled up with zeros by `end`.
class BitWriter {
public:
    explicit BitWriter(std::vector<std::uint8_t>& out) : out_(out) {}
    void bits(std::uint64_t value, unsigned width) {
        constexpr unsigned kAtOnce = 32;  // with up to 7 that wait, it fits into a word
        if (width > kAtOnce) {
            bits(value >> kAtOnce, width - kAtOnce);
            width = kAtOnce;
        }
        waiting_ = waiting_ << width | (value & ((std::uint64_t{1} << width) - 1));
        used_ += width;
        while (used_ >= 8) {
            used_ -= 8;
            out_.push_back(static_cast<std::uint8_t>(waiting_ >> used_));
        }
    }
    /// `ones` ones and a zero.
    void unary(std::uint64_t ones) {
        for (; ones >= 32; ones -= 32) {
            bits(0xffffffffU, 32);
        }
        bits(((std::uint64_t{1} << ones) - 1) << 1, static_cast<unsigned>(ones) + 1);
    }
    void end() {
        if (used_ > 0) {
            bits(0, 8 - used_);
        }
    }

private:
    std::vector<std::uint8_t>& out_;
    std::uint64_t waiting_ = 0;
    unsigned used_ = 0;
};

class BitReader {
public:
    explicit BitReader(std::span<const std::uint8_t> in) : in_(in) {}
    /// How many times `one` comes before the other bit, which is taken too. Past the end lie zeros,
    /// and it is `overrun`.
    std::uint64_t run_of(bool one) {
        std::uint64_t seen = 0;
        for (;;) {
            const std::uint64_t next = ahead();
            const auto here =
                static_cast<unsigned>(one ? std::countl_one(next) : std::countl_zero(next));
            if (here < kAhead) {
                at_ += here + 1;
                return seen + here;
            }
            at_ += kAhead;
            seen += kAhead;
            if (overrun()) {
                return seen;
            }
        }
    }
    std::uint64_t bits(unsigned width) {
        std::uint64_t value = 0;
        while (width > 0) {
            const unsigned part = std::min(width, kAhead);
            value = value << part | ahead() >> (64 - part);
            at_ += part;
            width -= part;
        }
        return value;
    }
    [[nodiscard]] bool overrun() const { return at_ > 8 * in_.size(); }
    [[nodiscard]] bool at_last_byte() const { return (at_ + 7) / 8 == in_.size(); }

private:
    static constexpr unsigned kAhead = 56;  // what a word holds from any bit of a byte on

    /// The bits from here on, the next one highest; at least kAhead of them are right.
    [[nodiscard]] std::uint64_t ahead() const {
        std::uint64_t word = 0;
        const std::size_t byte = at_ / 8;
        for (std::size_t i = 0; i < 8; ++i) {
            word = word << 8 | (byte + i < in_.size() ? in_[byte + i] : 0U);
        }
        return word << (at_ % 8);
    }

    std::span<const std::uint8_t> in_;
    std::size_t at_ = 0;
};

unsigned best_rice_bits(const std::vector<Run>& runs) {
    unsigned best = 0;
    std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t largest = 0;
    for (const Run& run : runs) {
        largest = std::max(largest, run.gap);
    }
    // Where no gap has a quotient, more bits can only cost.
    const auto most = std::min(kMostRiceBits, static_cast<unsigned>(std::bit_width(largest)));
    for (unsigned width = 0; width <= most; ++width) {
        std::uint64_t size = 0;
        for (const Run& run : runs) {
            size += (run.gap >> width) + 1 + width;
        }
        if (size < least) {
            least = size;
            best = width;
        }
    }
    return best;
}

Error not_packed() {
    return {"is not a packed histogram", "histogram", "the run file may be damaged"};
}

std::optional<Run> take_run(BitReader& in, unsigned rice_bits) {
    const std::uint64_t quotient = in.run_of(true);
    const std::uint64_t gap = quotient << rice_bits | in.bits(rice_bits);
    const auto width = static_cast<unsigned>(in.run_of(false));
    if (in.overrun() || width > 63) {
        return std::nullopt;
    }
    const std::uint64_t count = std::uint64_t{1} << width | in.bits(width);
    return in.overrun() ? std::nullopt : std::optional(Run{gap, count});
}

}  // namespace

std::vector<std::uint8_t> pack_histogram(const Histogram& histogram) {
    Parts parts = histogram.parts();
    std::vector<std::uint8_t> out{kPacked};
    out.reserve(32 + 2 * parts.runs.size());
    put_head(out, parts);
    if (parts.runs.empty()) {
        return out;
    }
    // The first gap says where the values lie and is far longer than those between them.
    put_varint(out, std::exchange(parts.runs.front().gap, 0));
    const unsigned rice_bits = best_rice_bits(parts.runs);
    out.push_back(static_cast<std::uint8_t>(rice_bits));
    BitWriter bits(out);
    for (const Run& run : parts.runs) {
        bits.unary(run.gap >> rice_bits);
        bits.bits(run.gap, rice_bits);
        const auto width = static_cast<unsigned>(std::bit_width(run.count)) - 1;
        bits.bits(0, width);
        bits.bits(run.count, width + 1);
    }
    bits.end();
    return out;
}

Result<Parts> unpack_parts(std::span<const std::uint8_t> bytes) {
    const Error broken = not_packed();
    if (bytes.empty()) {
        return broken;
    }
    const std::uint8_t form = bytes.front();
    bytes = bytes.subspan(1);
    if (form == kPlain) {
        const auto plain = Histogram::decode(bytes);
        return plain ? Result<Parts>(plain->parts()) : plain.error();
    }
    auto parts = take_head(bytes);
    if (form != kPacked || !parts || bytes.empty() != (parts->count == 0)) {
        return broken;
    }
    if (parts->count > 0) {
        parts->runs.reserve(std::min<std::size_t>(parts->count, 4 * bytes.size()));
        auto first = take_varint(bytes);
        if (!first || bytes.empty() || bytes.front() > kMostRiceBits) {
            return broken;
        }
        const unsigned rice_bits = bytes.front();
        BitReader bits(bytes.subspan(1));
        for (std::uint64_t seen = 0; seen < parts->count;) {
            const auto run = take_run(bits, rice_bits);
            if (!run || run->count > parts->count - seen) {
                return broken;
            }
            parts->runs.push_back({run->gap + std::exchange(*first, 0), run->count});
            seen += run->count;
        }
        if (!bits.at_last_byte()) {
            return broken;
        }
    }
    return *std::move(parts);
}

Result<Histogram> unpack_histogram(std::span<const std::uint8_t> bytes) {
    const auto parts = unpack_parts(bytes);
    if (!parts) {
        return parts.error();
    }
    auto out = Histogram::assemble(*parts);
    return out ? Result<Histogram>(*std::move(out)) : not_packed();
}

}  // namespace plimsoll
