// A run that is over, told to exporters that take its own times.
#pragma once

#include "base/result.hpp"
#include "scenario/export_config.hpp"
#include "signal/exporter.hpp"
#include "signal/run_view.hpp"
#include "store/run_reader.hpp"

#include <string>

namespace plimsoll {

struct ReplayTarget {
    std::string openmetrics;   // a file, "-" for stdout; or
    std::string remote_write;  // a URL
    Nanoseconds step = std::chrono::seconds(1);
    NamesAndValues labels;  // job and instance (the run's host) are added where they are missing
    bool classic = true;    // the form of histograms, of remote write alone
    bool native = false;
};

/// Sends all, however long that takes, and says what became of it. Error: the run file is damaged,
/// or the target cannot be: a file that cannot be written, a URL that is none.
[[nodiscard]] Result<Deliveries> replay_to(const RunReader& reader, const ReplayTarget& target,
                                           const VerdictPtr& verdict);

}  // namespace plimsoll
