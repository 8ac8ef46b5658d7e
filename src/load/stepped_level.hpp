// A level that somebody sets while it runs.
#pragma once

#include "load/ramp.hpp"

#include <vector>

namespace plimsoll {

/// A level that is constant between steps, as a Ramp that grows by each step. Steps come in order
/// of time; all who apply the same steps hold the same ramp. One owner at a time; the ramp's
/// address is that of this object, so keep it where it is.
class SteppedLevel {
public:
    SteppedLevel(double level, Nanoseconds duration);

    /// The level is `level` from `at` on: an offset within the duration, not before the latest
    /// step (an earlier one counts as made then).
    void step(Nanoseconds at, double level);
    [[nodiscard]] const Ramp& ramp() const noexcept { return ramp_; }

private:
    Nanoseconds duration_;
    Nanoseconds latest_{};
    double start_;
    std::vector<Ramp::Stage> stages_;  // the last one reaches to the end
    Ramp ramp_;
};

}  // namespace plimsoll
