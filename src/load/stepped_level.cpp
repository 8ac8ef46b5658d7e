#include "load/stepped_level.hpp"

#include <algorithm>

namespace plimsoll {

SteppedLevel::SteppedLevel(double level, Nanoseconds duration)
    : duration_(duration), start_(level), stages_{{duration, level}}, ramp_(level, stages_) {}

void SteppedLevel::step(Nanoseconds at, double level) {
    at = std::clamp(at, latest_, duration_);
    stages_.back().duration = at - latest_;
    stages_.push_back({Nanoseconds{}, level});
    stages_.push_back({duration_ - at, level});
    latest_ = at;
    ramp_ = Ramp(start_, stages_);
}

}  // namespace plimsoll
