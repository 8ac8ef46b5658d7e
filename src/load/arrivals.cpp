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

std::optional<ArrivalCursor::Arrival> ArrivalCursor::next() noexcept {
    double amount = static_cast<double>(index_);
    if (process_ == ArrivalProcess::Poisson) {
        // Inverse transform: -ln(1 - U) is a unit exponential for U uniform in [0, 1).
        amount = amount_ - std::log1p(-Random(seed_, kArrivalStream, index_).uniform());
    }
    const auto reached = ramp_->when(amount);
    if (!reached) {
        return std::nullopt;
    }
    const auto due = ramp_->active_from(*reached);
    if (!due) {
        return std::nullopt;
    }
    amount_ = amount;
    return Arrival{index_++, *due};
}

}  // namespace plimsoll
