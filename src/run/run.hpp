// One run of a validated scenario, as a call: probes, exporters and the load come up and go down in
// order, and what was measured comes back, read and judged.
#pragma once

#include "analysis/result.hpp"
#include "base/result.hpp"
#include "record/interval.hpp"
#include "record/run_info.hpp"
#include "run/load_pilot.hpp"
#include "run/load_source.hpp"
#include "run/stop_queue.hpp"
#include "scenario/scenario.hpp"
#include "signal/exporter.hpp"
#include "signal/probe.hpp"
#include "signal/run_view.hpp"
#include "store/run_reader.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

class LoadControl;

struct RunOptions {
    std::string version;  // of the program, for the run file
    std::uint64_t seed = 1;
    std::uint32_t shards = 1;
    Segment segment;                              // run this part of the scenario alone
    std::filesystem::path results = "results";    // the run's folder is made in here ...
    std::optional<std::filesystem::path> folder;  // ... unless it is named
    bool judge_thresholds = true;                 // false: the run is as if it had none
    std::vector<std::string> tags;                // "key=value"
    std::vector<std::string>
        opening_events;     // e.g. which fault the demo planted; stamped with the load's start
    bool calibrate = true;  // measure the generator's ceiling before the run
    std::string id;         // of the run; empty: a new one
    /// For the run file, once when the run is open and again at its end; unset: none.
    std::function<std::map<std::string, std::string>()> more_facts;
    bool probe = true;    // false: the run has none of the scenario's probes
    bool resume = false;  // go on with the run file that the folder holds
    /// Says when the load begins, and may wait for it, when all but the exporters is ready; unset:
    /// at once. For the load of this process.
    std::function<StartTime(const RunInfo&, StopQueue&)> start_gate;
    /// Makes what the load comes from; unset: this process's own engine.
    std::function<std::unique_ptr<LoadSource>(const LoadContext&)> make_load;
    /// Where to listen for changes of the load: address, port (0: a free one).
    std::optional<std::pair<std::string, std::uint16_t>> control;
    /// The database role whose fresh connections the pg_connect canary opens; empty: the probe's
    /// own.
    std::string connect_canary_dsn;
    /// Steers the load, and says when it ends; null: the schedule does. Outlives the run.
    LoadPilot* pilot = nullptr;
    /// Makes probes beside those that the scenario asks for; unset: there are none.
    std::function<Result<std::vector<ProbePtr>>()> more_probes;
    /// Makes exporters beside those that the scenario asks for; unset: there are none.
    std::function<std::vector<ExporterPtr>()> more_exporters;
    /// File descriptors that the caller needs meanwhile, for its clients.
    std::uint64_t more_descriptors = 0;
    /// Asked some times a second; a text means that the run cannot go on, and why.
    std::function<std::optional<std::string>()> fatal;
};

/// Hears how a run goes. Threading: `on_reading` and `on_snapshot` on threads of their own, at the
/// same time, `on_event` on any; everything else on the thread that runs the run.
class RunListener {
public:
    virtual ~RunListener() = default;
    /// What the rest is about. Both stay until the run is destroyed; `probes` is filled before the
    /// first reading.
    virtual void on_begin(const RunInfo& /*run*/, const std::vector<ProbeInfo>& /*probes*/) {}
    /// All is open, and the load begins. Addresses are empty where nothing listens.
    virtual void on_open(const std::string& /*metrics*/, const std::string& /*control*/) {}
    /// Just before: `control` sets the load from now on until it has ended, from any thread, and
    /// stays until the run is destroyed. `folder` is the run's.
    virtual void on_control(LoadControl& /*control*/, const std::filesystem::path& /*folder*/) {}
    virtual void on_snapshot(const SnapshotPtr& /*snapshot*/) {}
    /// What happened: from any thread, several at a time.
    virtual void on_event(const Event& /*event*/) {}
    virtual void on_reading(std::size_t /*probe*/, const Reading& /*reading*/) {}
    /// Some times a second while the load runs.
    virtual void on_turn() {}
    virtual void on_load_end() {}
    /// What the pilot has to say.
    virtual void on_line(const std::string& /*line*/) {}
    /// What went wrong, or ends the load: a sentence. The run goes on to its end.
    virtual void on_trouble(const std::string& /*sentence*/) {}
    /// Why the run did not start, or has no result.
    virtual void on_error(const Error& /*error*/) {}
};

enum class RunEnd {
    Completed,
    Stopped,         // early: see RunOutcome::stopped
    InvalidInput,    // nothing was sent
    Unreachable,     // no connection stood: nothing was sent
    PortInUse,       // one of our own
    SetupFailed,     // the scenario's setup, or an exporter
    TeardownFailed,  // and all else went well
};

struct RunOutcome {
    RunEnd end = RunEnd::Completed;
    std::optional<StopKind> stopped;
    std::filesystem::path folder;      // empty: the run did not start
    std::optional<RunReader> reader;   // of the run file
    std::optional<Analysis> analysis;  // absent: it could not be read, and on_error said why
    std::uint64_t failed_writes = 0;   // to the run file: what they held is missing everywhere
    ExporterCounts deliveries;  // of those that ended with the load, and of the others so far
};

class RunParts;

/// Several can run in one process, each on a thread of its own. What it is given outlives it.
class Run {
public:
    Run(const Scenario& scenario, RunOptions options, StopQueue& stops, RunListener& listener);
    ~Run();
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    /// Finds all that can be wrong with what is asked for, runs the scenario's setup, and opens
    /// everything; then runs the load to its end, takes everything but the metrics endpoint down,
    /// and reads back and judges what was measured. Once.
    [[nodiscard]] RunOutcome execute();

    /// Where metrics are still served; empty: nowhere.
    [[nodiscard]] std::string endpoint() const;
    /// Keeps the metrics endpoint until two scrapes have seen the end (see linger.hpp), for `time`
    /// where it is given, or until the next interrupt; then closes it.
    void linger(std::optional<Nanoseconds> time);
    /// Keeps everything up until the next interrupt.
    void keep();

private:
    std::unique_ptr<RunParts> parts_;
};

}  // namespace plimsoll
