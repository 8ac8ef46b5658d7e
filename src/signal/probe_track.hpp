// The book-keeping of one probe: which reading is due when, what was missed, where the gaps are.
#pragma once

#include "signal/exporter.hpp"
#include "signal/reading.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll {

/// Slot k of a probe is [first + k·period, first + (k+1)·period), and holds at most one reading.
/// Due times come from the index, never from the last read, so one late read cannot move later
/// ones. A slot that passed without being taken is missing: it is counted in `expected` and never
/// made up for by a bunch of quick reads.
///
/// Pure arithmetic: no clock, no thread. The caller takes a slot, reads, and says how it went.
class ProbeTrack {
public:
    /// `period` must be above 0.
    ProbeTrack(std::string probe, Nanoseconds period, Clock::time_point first);

    /// When the next read should begin. May lie in the past.
    [[nodiscard]] Clock::time_point next_due() const noexcept;

    /// Takes the slot that `now` lies in (the next one, if that was taken already). Slots before it
    /// that nobody took are missing; `busy_with` says what the thread did instead, for the gap that
    /// they leave.
    void take(Clock::time_point now, std::string_view busy_with);

    /// The read of the taken slot gave `reading`. Returns the gap that this ends, if one was open
    /// or slots were missing: from the last reading before it (or `first`) to this one.
    std::optional<Gap> succeed(const Reading& reading);

    /// The read of the taken slot failed at `now` after `took`. Returns the gap if this opens it.
    /// When `rest` is set, a probe that used up its time again and again is left alone for a while:
    /// see `rest_after`.
    std::optional<Gap> fail(Clock::time_point now, Nanoseconds took, bool timed_out, bool rest,
                            const std::string& reason);

    /// No more reads. Counts the slots that are over and returns the gap that is still open,
    /// closed.
    std::optional<Gap> finish(Clock::time_point now);

    [[nodiscard]] const std::string& probe() const noexcept { return probe_; }
    [[nodiscard]] const ProbeHealth& health() const noexcept { return health_; }

    /// How long to leave a probe alone after its n-th time-out in a row, each having blocked the
    /// thread for `took`: nothing after the first (a saturated server answers the next one), then
    /// 1, 3, 7 and at most 9 times `took`, and at most 2 s. So a dead probe takes no more than a
    /// tenth of the thread that all probes share.
    [[nodiscard]] static Nanoseconds rest_after(unsigned timeouts_in_row,
                                                Nanoseconds took) noexcept;

private:
    [[nodiscard]] Clock::time_point due(std::uint64_t slot) const noexcept;
    [[nodiscard]] Gap gap(Clock::time_point to, bool open) const;

    std::string probe_;
    Nanoseconds period_;
    Clock::time_point first_;
    Clock::time_point last_reading_;  // `first_` until there is one
    Clock::time_point rest_until_;
    std::uint64_t next_slot_ = 0;  // the first that was neither taken nor skipped
    unsigned timeouts_in_row_ = 0;
    bool gap_open_ = false;
    std::string reason_;  // of the open gap, or of the slots missed since the last reading
    ProbeHealth health_;
};

}  // namespace plimsoll
