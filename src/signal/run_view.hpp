// What a run shows of itself at one moment: all that its metrics are made of.
#pragma once

#include "signal/exporter.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

struct BrokeAt {
    double rate = 0;  // offered then: iterations per second, or users
    double at_s = 0;  // since the run's start
};

/// A cause that the diagnosis names.
struct RunFinding {
    std::string cause;
    std::string confidence;     // high, medium, low
    double onset_s = 0;         // since the run's start
    std::string sentence = {};  // the strongest evidence; may be empty
};

/// One time that an alert was pending or firing, as a server of alerts told.
struct RunAlert {
    std::string name;            // and labels
    double from_s = 0;           // since the run's start
    std::optional<double> to_s;  // absent: it lasted
    bool fired = false;
    std::string sentence;  // its delays
};

/// What a run is judged by, and what it came to: so far while it goes on, and in the end.
struct RunVerdict {
    std::vector<std::pair<std::string, bool>> thresholds;  // "KEY: EXPRESSION", holds
    std::vector<RunFinding> findings;                      // at the end
    std::optional<BrokeAt> broke_at;                       // likewise
    std::vector<RunAlert> alerts = {};                     // likewise
    bool final = false;                                    // the run is over, and judged as a whole
    std::string validity = {};  // of a final one: "VALID", "DEGRADED" or "INVALID"
};
using VerdictPtr = std::shared_ptr<const RunVerdict>;

/// What became of each exporter's records, by exporter name.
using ExporterCounts = std::vector<std::pair<std::string, Deliveries>>;
using ExporterCountsPtr = std::shared_ptr<const ExporterCounts>;

/// How one probe stands.
struct ProbeView {
    std::shared_ptr<const Reading> reading;  // the latest; null before the first
    ProbeHealth health;
    bool in_gap = false;  // the reading is out of date: nothing newer could be had
};

/// One consistent look at everything. Shares what it holds, copies none.
struct RunView {
    SnapshotPtr snapshot;           // never null: all zero before the first
    std::vector<ProbeView> probes;  // as many as the run has
    VerdictPtr verdict;             // null: nothing is judged
    ExporterCountsPtr exporters;    // null: nobody told
    bool over = false;              // neither load nor readings come any more
};

}  // namespace plimsoll
