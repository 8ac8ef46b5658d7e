// How a segment begins together with others, and to whom it sends: --gather, --start-at.
#pragma once

#include "app/run_session.hpp"
#include "base/result.hpp"
#include "gather/segment_sender.hpp"
#include "scenario/scenario.hpp"

#include <memory>
#include <string>

namespace plimsoll {

class Command;

struct GatherFlags {
    std::string gather;      // URL; empty: nobody gathers
    std::string token_file;  // else PLIMSOLL_GATHER_TOKEN
    std::string wait, barrier_wait;
    std::string start_at;

    void add_to(Command& command);
    [[nodiscard]] bool gathers() const { return !gather.empty(); }
    /// Leaves to the gather what is the gather's: probes, exports but for traces, thresholds.
    /// Before the command's own flags are applied to the scenario.
    void leave_out(Scenario& scenario, SessionOptions& options) const;
    /// Into `options`, which the sender outlives; null where nobody gathers. Error: a value that
    /// cannot be, named as on the command line.
    [[nodiscard]] Result<std::unique_ptr<SegmentSender>> apply(const Scenario& scenario,
                                                               SessionOptions& options) const;
};

/// The first line of `file`; without one what PLIMSOLL_GATHER_TOKEN holds. Empty: there is none.
/// Error: it cannot be read, or is empty. Never repeats it.
[[nodiscard]] Result<std::string> gather_token(const std::string& file, const char* flag);

}  // namespace plimsoll
