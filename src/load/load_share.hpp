// Which of a run's numbered things (arrivals, users, iterations) fall to one part of the engine.
#pragma once

#include <algorithm>
#include <cstdint>

namespace plimsoll {

/// The numbers first, first + stride, first + 2·stride ... Dividing them again gives shares of the
/// same form: part k of n of a share takes every n-th of its numbers from the k-th on. So segment
/// k of n is the numbers with i % n == k whatever its shards, and the shards of all segments
/// together take each number exactly once, also where segments have different numbers of shards.
/// Pure arithmetic.
class LoadShare {
public:
    /// Everything: 0, 1, 2 ...
    constexpr LoadShare() noexcept = default;

    /// Part `k` of `n` of this share, when it holds `total` users' numbers: a part that would get
    /// no user is empty, so that what it cannot send goes to the others. `n` must be above 0.
    [[nodiscard]] constexpr LoadShare part(std::uint64_t k, std::uint64_t n,
                                           std::uint64_t total) const noexcept {
        const std::uint64_t parts = std::min(n, count_below(total));
        LoadShare share;
        if (k >= parts) {
            share.empty_ = true;
            return share;
        }
        share.first_ = first_ + k * stride_;
        share.stride_ = stride_ * parts;
        return share;
    }
    /// How many of its numbers are below `total`.
    [[nodiscard]] constexpr std::uint64_t count_below(std::uint64_t total) const noexcept {
        return empty_ || total <= first_ ? 0 : (total - first_ - 1) / stride_ + 1;
    }
    [[nodiscard]] constexpr bool contains(std::uint64_t number) const noexcept {
        return !empty_ && number % stride_ == first_;
    }
    /// The number at `rank` (0, 1, 2 ...) of an unempty share.
    [[nodiscard]] constexpr std::uint64_t number(std::uint64_t rank) const noexcept {
        return first_ + rank * stride_;
    }
    [[nodiscard]] constexpr bool empty() const noexcept { return empty_; }
    [[nodiscard]] constexpr std::uint64_t first() const noexcept { return first_; }
    [[nodiscard]] constexpr std::uint64_t stride() const noexcept { return stride_; }

private:
    std::uint64_t first_ = 0;  // < stride_
    std::uint64_t stride_ = 1;
    bool empty_ = false;
};

}  // namespace plimsoll
