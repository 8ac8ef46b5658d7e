// Requests outside the traced sample that are worth a span all the same.
#pragma once

#include "record/interval.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace plimsoll {

/// Of one tick of one shard: the first failed requests, up to a cap, and the slowest of the others.
/// Bounded, and without allocation once each place has been used: under overload every request can
/// be slower than all before it.
class KeptRequests {
public:
    static constexpr std::size_t kErrors = 20;  // per tick, all shards together
    static constexpr std::size_t kSlowest = 5;  // per tick and shard; see keep_slowest

    explicit KeptRequests(std::uint32_t shards);

    /// A request failed: where to put it, or nullptr once enough are kept.
    [[nodiscard]] IterationTrace* place_for_error();
    /// A request took `response`: where to put it, or nullptr where it is none of the slowest.
    [[nodiscard]] IterationTrace* place_for(Nanoseconds response) noexcept;
    /// Adds copies to `out` and forgets all, for the next tick.
    void hand_over(std::vector<IterationTrace>& out);

private:
    std::size_t error_cap_;
    std::uint64_t errors_seen_ = 0;
    std::vector<IterationTrace> errors_;  // places, of which the first error_count_ are taken
    std::size_t error_count_ = 0;
    std::array<IterationTrace, kSlowest> slowest_;
    std::array<Nanoseconds, kSlowest> took_{};
    std::size_t slow_count_ = 0;
    std::size_t fastest_ = 0;  // of slowest_, once all are taken
};

/// Leaves the KeptRequests::kSlowest slowest of those that several shards kept as such.
void keep_slowest(std::vector<IterationTrace>& traces);

}  // namespace plimsoll
