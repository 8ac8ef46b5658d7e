// A load level over time, piecewise linear, with its exact integral and the inverse of that.
#pragma once

#include "base/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace plimsoll {

/// A level (arrivals per second, or users) that moves linearly from stage to stage; a stage of zero
/// length is a step. Offsets count from the executor's start. Pure arithmetic, immutable, safe to
/// share.
class Ramp {
public:
    struct Stage {
        Nanoseconds duration;
        double target;  // ≥ 0, reached at the stage's end
    };
    Ramp(double start, std::vector<Stage> stages);
    [[nodiscard]] static Ramp constant(double level, Nanoseconds duration) {
        return Ramp(level, {{duration, level}});
    }

    [[nodiscard]] Nanoseconds duration() const noexcept { return duration_; }
    [[nodiscard]] double highest() const noexcept { return highest_; }
    [[nodiscard]] double start() const noexcept { return start_; }
    [[nodiscard]] const std::vector<Stage>& stages() const noexcept { return stages_; }
    /// The level at `offset`; at a step, the level after it; 0 before the start and from the end
    /// on.
    [[nodiscard]] double at(Nanoseconds offset) const noexcept;
    /// ∫ level dt from 0 to `offset`, in level·seconds: arrivals expected until then.
    [[nodiscard]] double integral(Nanoseconds offset) const noexcept;
    /// The earliest offset at which the integral reaches `amount`; nullopt where it never does.
    /// For a linear level r(t) = r0 + a·t this is the positive root of a·t²/2 + r0·t = amount, in
    /// the form 2·amount / (r0 + √(r0² + 2·a·amount)), which loses no digits when a is small.
    [[nodiscard]] std::optional<Nanoseconds> when(double amount) const noexcept;
    /// The earliest time from `offset` on at which the level is above 0 or begins to rise from it;
    /// nullopt where it stays 0 until the end.
    [[nodiscard]] std::optional<Nanoseconds> active_from(Nanoseconds offset) const noexcept;
    /// The index of the stage in which `offset` lies; stages().size() from the end on.
    [[nodiscard]] std::size_t stage_at(Nanoseconds offset) const noexcept;

    /// Users alive at `offset` when the level counts users: ⌊level⌋ (with 1e-9 of slack for
    /// rounding).
    [[nodiscard]] std::uint32_t users_at(Nanoseconds offset) const noexcept;
    /// The earliest time after `offset` at which users_at may differ; duration() at the latest.
    [[nodiscard]] Nanoseconds next_user_change(Nanoseconds offset) const noexcept;

private:
    /// The level at the begin of stage `index`, after any step there.
    [[nodiscard]] double level_before(std::size_t index) const noexcept {
        return index == 0 ? start_ : stages_[index - 1].target;
    }

    double start_;
    std::vector<Stage> stages_;
    Nanoseconds duration_{};
    double highest_ = 0;
    std::vector<double> integral_at_stage_;  // at each stage's begin, and at the end
    std::vector<Nanoseconds> offset_at_stage_;
};

}  // namespace plimsoll
