// A histogram of what seldom happens.
#pragma once

#include "record/histogram.hpp"

#include <memory>

namespace plimsoll {

/// Takes the room of a pointer until something is recorded; from then on as a Histogram, exactly
/// mergeable too. Not thread-safe: one owner at a time.
class RareHistogram {
public:
    RareHistogram() = default;
    RareHistogram(const RareHistogram& other)
        : held_(other.empty() ? nullptr : std::make_unique<Histogram>(*other.held_)) {}
    RareHistogram& operator=(const RareHistogram& other);
    RareHistogram(RareHistogram&&) noexcept = default;
    RareHistogram& operator=(RareHistogram&&) noexcept = default;
    explicit RareHistogram(Histogram histogram)
        : held_(histogram.empty() ? nullptr : std::make_unique<Histogram>(std::move(histogram))) {}

    /// Allocates at the first value, and where Histogram::record does.
    void record(Nanoseconds duration) { made().record(duration); }
    void merge(const RareHistogram& other) {
        if (!other.empty()) {
            made().merge(*other.held_);
        }
    }
    /// Keeps the memory, as Histogram::clear does.
    void clear() noexcept {
        if (held_) {
            held_->clear();
        }
    }
    [[nodiscard]] bool empty() const noexcept { return !held_ || held_->empty(); }
    [[nodiscard]] std::uint64_t count() const noexcept { return held_ ? held_->count() : 0; }
    [[nodiscard]] const Histogram& get() const noexcept;

    friend bool operator==(const RareHistogram& a, const RareHistogram& b) noexcept {
        return a.get() == b.get();
    }

private:
    [[nodiscard]] Histogram& made() {
        if (!held_) {
            held_ = std::make_unique<Histogram>();
        }
        return *held_;
    }
    std::unique_ptr<Histogram> held_;
};

}  // namespace plimsoll
