#include "analysis/sliding_sums.hpp"

namespace plimsoll {
namespace {

constexpr double kSlack_s = 1e-3;  // ticks end when they end, not to the nanosecond

}  // namespace

void SlidingSums::turn_over() {
    LoadSums sum;
    while (!back_.empty()) {
        Cell cell = std::move(back_.back());
        back_.pop_back();
        sum.merge(cell.sums);
        cell.sums = sum;
        front_.push_back(std::move(cell));
    }
    back_sum_ = {};
}

void SlidingSums::add(double from_s, double to_s, LoadSums sums) {
    back_sum_.merge(sums);
    back_.push_back({from_s, to_s, std::move(sums)});
    while (true) {
        if (front_.empty()) {
            if (back_.size() <= 1 || back_.front().from_s >= to_s - window_s_ - kSlack_s) {
                return;
            }
            turn_over();
        }
        if (front_.back().from_s >= to_s - window_s_ - kSlack_s) {
            return;
        }
        front_.pop_back();
    }
}

bool SlidingSums::is_partial() const {
    if (front_.empty() && back_.empty()) {
        return false;
    }
    const double first_s = front_.empty() ? back_.front().from_s : front_.back().from_s;
    const double last_s = back_.empty() ? front_.front().to_s : back_.back().to_s;
    return last_s - first_s < window_s_ - kSlack_s;
}

LoadSums SlidingSums::all() const {
    LoadSums sum = front_.empty() ? LoadSums{} : front_.back().sums;
    sum.merge(back_sum_);
    return sum;
}

std::optional<LoadSums> SlidingSums::sum() const {
    if ((front_.empty() && back_.empty()) || is_partial()) {
        return std::nullopt;
    }
    return all();
}

}  // namespace plimsoll
