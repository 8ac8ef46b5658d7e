#include "load/arrivals.hpp"

#include "base/random.hpp"

#include <cmath>

namespace plimsoll {
namespace {

constexpr std::uint64_t kArrivalStream = 0x61727269'76616c73;  // apart from any user class's stream

}  // namespace

std::chrono::nanoseconds due_offset(std::uint64_t index, Rate rate) noexcept {
    // Extended precision: index · 1e9 passes a double's 53 bits after nine million arrivals.
    const long double ns = static_cast<long double>(index) * 1e9L / rate.per_second();
    constexpr auto kNever = std::chrono::nanoseconds::max();
    return ns < static_cast<long double>(kNever.count())
               ? std::chrono::nanoseconds(std::llround(ns))
               : kNever;
}

ArrivalCursor::ArrivalCursor(const Ramp& ramp, ArrivalProcess process, std::uint64_t seed)
    : ramp_(&ramp), process_(process), seed_(seed) {}

// Inverse transform: -ln(1 - U) is a unit exponential for U uniform in [0, 1).
double ArrivalCursor::unit_exponential() const noexcept {
    return -std::log1p(-Random(seed_, kArrivalStream, index_).uniform());
}

std::optional<Nanoseconds> ArrivalCursor::due_at(double amount) const noexcept {
    const auto reached = ramp_->when(amount);
    return reached ? ramp_->active_from(*reached) : std::nullopt;
}

std::optional<ArrivalCursor::Arrival> ArrivalCursor::next() noexcept {
    const double amount = process_ == ArrivalProcess::Poisson ? amount_ + unit_exponential()
                                                              : static_cast<double>(index_);
    const auto due = due_at(amount);
    waiting_ = due.has_value();
    if (!due) {
        return std::nullopt;
    }
    amount_ = amount;
    return Arrival{index_++, *due};
}

void ArrivalCursor::skip(std::uint64_t count) noexcept {
    if (process_ == ArrivalProcess::Uniform) {
        index_ += count;
        return;
    }
    for (; count > 0; --count) {
        amount_ += unit_exponential();
        ++index_;
    }
}

std::optional<ArrivalCursor::Arrival> ArrivalCursor::again(const Ramp& ramp) noexcept {
    ramp_ = &ramp;
    if (!waiting_) {
        return next();
    }
    if (const auto due = due_at(amount_)) {
        return Arrival{index_ - 1, *due};
    }
    return std::nullopt;
}

}  // namespace plimsoll
