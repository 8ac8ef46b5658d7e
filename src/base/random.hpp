// Randomness that depends on what is drawn for, not on who draws: N shards draw what one would.
#pragma once

#include <cstdint>
#include <limits>

namespace plimsoll {

/// splitmix64's output function (Steele, Lea, Flood 2014): a bijection that spreads every bit.
[[nodiscard]] constexpr std::uint64_t mix64(std::uint64_t x) noexcept {
    x += 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

/// A generator for one (seed, stream, index), e.g. (run seed, user class, arrival index). Meets
/// UniformRandomBitGenerator. Equal arguments give equal draws on every platform, shard and
/// segment.
class Random {
public:
    using result_type = std::uint64_t;
    constexpr Random(std::uint64_t seed, std::uint64_t stream, std::uint64_t index) noexcept
        : state_(mix64(mix64(mix64(seed) ^ stream) ^ index)) {}

    [[nodiscard]] static constexpr result_type min() { return 0; }
    [[nodiscard]] static constexpr result_type max() {
        return std::numeric_limits<std::uint64_t>::max();
    }
    constexpr result_type operator()() noexcept { return mix64(state_++ * 0x9e3779b97f4a7c15ULL); }

    /// Uniform in [0, 1), 53 bits. Standard-library distributions differ between libraries; this
    /// does not.
    constexpr double uniform() noexcept { return static_cast<double>((*this)() >> 11) * 0x1.0p-53; }
    /// Uniform integer in [low, high]; bias below 2^-32 for the ranges a scenario can name.
    constexpr std::uint64_t between(std::uint64_t low, std::uint64_t high) noexcept {
        __extension__ using Wide = unsigned __int128;
        const Wide span = Wide{high - low} + 1;
        return low + static_cast<std::uint64_t>((Wide{(*this)()} * span) >> 64);
    }

private:
    std::uint64_t state_;
};

}  // namespace plimsoll
