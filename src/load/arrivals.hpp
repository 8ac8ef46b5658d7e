// When each arrival of an open-model executor is due.
#pragma once

#include "base/clock.hpp"
#include "base/units.hpp"
#include "load/ramp.hpp"

#include <cstdint>
#include <optional>

namespace plimsoll {

enum class ArrivalProcess { Uniform, Poisson };

/// When arrival `index` (0-based) is due, in nanoseconds after the phase starts.
/// Computed from the index, never from the previous send, so one late send
/// cannot move later ones (coordinated omission: Tene, wrk2 README).
[[nodiscard]] std::chrono::nanoseconds due_offset(std::uint64_t index, Rate rate) noexcept;

/// Walks the arrivals of a ramp in order. Arrival i is due where the ramp's integral reaches a(i):
/// Uniform: a(i) = i. Poisson: a(i) = the sum of i+1 unit exponentials drawn from (seed, 0..i),
/// which makes an inhomogeneous Poisson process of exactly the ramp's rate (time change, Çinlar
/// 1975). Every walker of the same (ramp, process, seed) sees the same arrivals, so shard k of n
/// takes those with index % n == k.
///
/// Every arrival is due before the ramp's end and while its level is above 0: one that falls on the
/// begin of a pause is due when the pause ends.
class ArrivalCursor {
public:
    /// `ramp` must outlive the cursor.
    ArrivalCursor(const Ramp& ramp, ArrivalProcess process, std::uint64_t seed);

    struct Arrival {
        friend bool operator==(const Arrival&, const Arrival&) = default;
        std::uint64_t index;
        Nanoseconds due;  // offset from the executor's start
    };
    /// The next arrival; nullopt after the last.
    [[nodiscard]] std::optional<Arrival> next() noexcept;
    /// Passes over the next `count` arrivals without working out when they are due.
    void skip(std::uint64_t count) noexcept;
    /// The latest answer of `next` once more, by a ramp that has changed since. Indices go on
    /// where they were: none is left out and none comes twice.
    [[nodiscard]] std::optional<Arrival> again(const Ramp& ramp) noexcept;

private:
    const Ramp* ramp_;
    ArrivalProcess process_;
    std::uint64_t seed_;
    [[nodiscard]] std::optional<Nanoseconds> due_at(double amount) const noexcept;
    [[nodiscard]] double unit_exponential() const noexcept;

    std::uint64_t index_ = 0;
    double amount_ = 0;     // of the arrival before index_
    bool waiting_ = false;  // `next` has given the arrival before index_
};

}  // namespace plimsoll
