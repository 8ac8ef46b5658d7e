#include "engine/recording/kept_requests.hpp"

#include <algorithm>

namespace plimsoll {
namespace {

Nanoseconds response_of(const IterationTrace& trace) {
    return trace.requests.front().completed - trace.requests.front().due;
}

}  // namespace

KeptRequests::KeptRequests(std::uint32_t shards)
    : error_cap_(std::max<std::size_t>(1, kErrors / std::max(1U, shards))) {}

IterationTrace* KeptRequests::place_for_error() {
    ++errors_seen_;
    if (error_count_ == error_cap_) {
        return nullptr;
    }
    if (error_count_ == errors_.size()) {
        errors_.emplace_back().reason = TraceReason::Error;
    }
    return &errors_[error_count_++];
}

IterationTrace* KeptRequests::place_for(Nanoseconds response) noexcept {
    const bool full = slow_count_ == kSlowest;
    if (full && response <= took_[fastest_]) {
        return nullptr;
    }
    const std::size_t at = full ? fastest_ : slow_count_++;
    took_[at] = response;
    fastest_ =
        static_cast<std::size_t>(std::min_element(took_.begin(), took_.end()) - took_.begin());
    slowest_[at].reason = TraceReason::Slow;
    return &slowest_[at];
}

void KeptRequests::hand_over(std::vector<IterationTrace>& out) {
    for (std::size_t i = 0; i < error_count_; ++i) {
        errors_[i].weight = static_cast<double>(errors_seen_) / static_cast<double>(error_count_);
        out.push_back(errors_[i]);
    }
    out.insert(out.end(), slowest_.begin(),
               slowest_.begin() + static_cast<std::ptrdiff_t>(slow_count_));
    errors_seen_ = 0;
    error_count_ = 0;
    slow_count_ = 0;
}

void keep_slowest(std::vector<IterationTrace>& traces) {
    const auto slow = std::stable_partition(
        traces.begin(), traces.end(),
        [](const IterationTrace& each) { return each.reason != TraceReason::Slow; });
    if (static_cast<std::size_t>(traces.end() - slow) <= KeptRequests::kSlowest) {
        return;
    }
    const auto end = slow + KeptRequests::kSlowest;
    std::partial_sort(slow, end, traces.end(),
                      [](const auto& a, const auto& b) { return response_of(a) > response_of(b); });
    traces.erase(end, traces.end());
}

}  // namespace plimsoll
