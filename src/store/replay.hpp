// A run that is over, told again to an exporter.
#pragma once

#include "base/result.hpp"
#include "signal/exporter.hpp"
#include "signal/run_view.hpp"
#include "store/run_reader.hpp"

namespace plimsoll {

/// Starts `exporter` and tells it all that the run file holds, in order of time: readings, gaps and
/// events before the tick in which they came; then the end of the load, and `verdict` (null: none)
/// where it hears that (signal/capabilities.hpp). Does not finish it. What no run file keeps is not
/// told: traces, specimens of errors, how thresholds stood while the run went on.
///
/// Times are those of the run: what `exporter` sees as its start is the run's, so an exporter must
/// take a tick's time from the tick, and none from the clock.
///
/// Error: the exporter's own, or a run file that is damaged.
[[nodiscard]] Status replay_run(const RunReader& reader, Exporter& exporter,
                                const VerdictPtr& verdict);

}  // namespace plimsoll
