#include "load/ramp.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace plimsoll {
namespace {

// A difference in a level that counts users which is rounding, not load.
constexpr double kUserSlack = 1e-9;

// The same in level·seconds: a billionth of an arrival, or what a double can tell of `total`.
double amount_slack(double total) noexcept {
    return std::max(1e-9, 1e-15 * total);
}

// The offset into a linear stage of `length_s` at which its integral reaches `amount`, which it
// does. Extended precision keeps whole nanoseconds exact over years.
std::int64_t stage_offset_ns(double from, double to, double length_s, double amount) noexcept {
    const long double r0 = from;
    const long double slope = (static_cast<long double>(to) - r0) / length_s;
    const long double wanted = amount;
    // Rounding may push the discriminant of a falling stage below zero at its very end.
    const long double root = std::sqrt(std::max(0.0L, r0 * r0 + 2 * slope * wanted));
    const long double divisor = r0 + root;
    const long double seconds = divisor > 0 ? 2 * wanted / divisor : 0.0L;
    return std::llround(seconds * 1e9L);
}

}  // namespace

Ramp::Ramp(double start, std::vector<Stage> stages)
    : start_(start), stages_(std::move(stages)), highest_(start) {
    double integral = 0;
    double level = start_;
    for (const Stage& stage : stages_) {
        offset_at_stage_.push_back(duration_);
        integral_at_stage_.push_back(integral);
        integral += (level + stage.target) / 2 * to_seconds(stage.duration);
        duration_ += stage.duration;
        level = stage.target;
        highest_ = std::max(highest_, level);
    }
    offset_at_stage_.push_back(duration_);
    integral_at_stage_.push_back(integral);
}

std::size_t Ramp::stage_at(Nanoseconds offset) const noexcept {
    if (offset >= duration_) {
        return stages_.size();
    }
    // The last stage that begins at or before `offset`: a stage of no length holds no offset.
    const auto after = std::upper_bound(offset_at_stage_.begin(), offset_at_stage_.end() - 1,
                                        std::max(offset, Nanoseconds{}));
    return static_cast<std::size_t>(after - offset_at_stage_.begin()) - 1;
}

double Ramp::at(Nanoseconds offset) const noexcept {
    if (offset < Nanoseconds{} || offset >= duration_) {
        return 0;
    }
    const std::size_t index = stage_at(offset);
    const double from = level_before(index);
    const Stage& stage = stages_[index];
    if (from == stage.target) {
        return from;
    }
    const double share = to_seconds(offset - offset_at_stage_[index]) / to_seconds(stage.duration);
    return from + (stage.target - from) * share;
}

double Ramp::integral(Nanoseconds offset) const noexcept {
    if (offset <= Nanoseconds{}) {
        return 0;
    }
    if (offset >= duration_) {
        return integral_at_stage_.back();
    }
    const std::size_t index = stage_at(offset);
    const double into_s = to_seconds(offset - offset_at_stage_[index]);
    return integral_at_stage_[index] + (level_before(index) + at(offset)) / 2 * into_s;
}

std::optional<Nanoseconds> Ramp::when(double amount) const noexcept {
    if (amount <= 0) {
        return Nanoseconds{};
    }
    const double slack = amount_slack(integral_at_stage_.back());
    if (stages_.empty() || !(amount <= integral_at_stage_.back() + slack)) {
        return std::nullopt;
    }
    // The first stage at whose end the amount is reached; rounding snaps to that end, so that a
    // level which falls to 0 there does not stretch a billionth of an arrival into microseconds.
    const auto end =
        std::lower_bound(integral_at_stage_.begin() + 1, integral_at_stage_.end(), amount - slack);
    const auto index = static_cast<std::size_t>(end - integral_at_stage_.begin()) - 1;
    const Nanoseconds stage_end = offset_at_stage_[index + 1];
    if (amount >= *end - slack) {
        return stage_end;
    }
    const Stage& stage = stages_[index];
    const Nanoseconds into(stage_offset_ns(level_before(index), stage.target,
                                           to_seconds(stage.duration),
                                           amount - integral_at_stage_[index]));
    return std::min(offset_at_stage_[index] + into, stage_end);
}

std::optional<Nanoseconds> Ramp::active_from(Nanoseconds offset) const noexcept {
    for (std::size_t index = stage_at(offset); index < stages_.size(); ++index) {
        const bool has_length = stages_[index].duration > Nanoseconds{};
        if (has_length && (level_before(index) > 0 || stages_[index].target > 0)) {
            return std::max(offset, offset_at_stage_[index]);
        }
    }
    return std::nullopt;
}

std::uint32_t Ramp::users_at(Nanoseconds offset) const noexcept {
    constexpr double kMost = std::numeric_limits<std::uint32_t>::max();
    return static_cast<std::uint32_t>(std::min(std::floor(at(offset) + kUserSlack), kMost));
}

Nanoseconds Ramp::next_user_change(Nanoseconds offset) const noexcept {
    if (offset >= duration_) {
        return duration_;
    }
    if (offset < Nanoseconds{}) {
        return Nanoseconds{};
    }
    const std::size_t index = stage_at(offset);
    const Stage& stage = stages_[index];
    const Nanoseconds stage_end = offset_at_stage_[index + 1];
    const double from = level_before(index);
    if (from == stage.target) {
        return stage_end;
    }
    const bool rises = stage.target > from;
    const double users = users_at(offset);
    // Where ⌊level + slack⌋ leaves `users`: at the next integer going up, just below it going down.
    const double edge = (rises ? users + 1 : users) - kUserSlack;
    const double share = (edge - from) / (stage.target - from);
    if (share >= 1) {
        return stage_end;
    }
    const double into_ns = share * static_cast<double>(stage.duration.count());
    const Nanoseconds edge_at =
        offset_at_stage_[index] +
        Nanoseconds(static_cast<std::int64_t>(rises ? std::ceil(into_ns) : std::floor(into_ns)) +
                    (rises ? 0 : 1));
    return std::min(std::max(edge_at, offset + Nanoseconds(1)), stage_end);
}

}  // namespace plimsoll
