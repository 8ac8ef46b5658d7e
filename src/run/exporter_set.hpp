// All the exporters of one run, each behind its queue and thread.
#pragma once

#include "base/result.hpp"
#include "run/exporter_kinds.hpp"
#include "signal/exporter_worker.hpp"
#include "store/run_writer.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll {

/// Knows its exporters by what they can do (signal/capabilities.hpp), none but the run file by what
/// it is.
///
/// Threading: the pushes from any thread between `start` and the end; the rest from the run's own.
class ExporterSet {
public:
    /// `run_file` null: there is none.
    explicit ExporterSet(RunExporters exporters, std::unique_ptr<RunFileWriter> run_file);
    ~ExporterSet();
    ExporterSet(const ExporterSet&) = delete;
    ExporterSet& operator=(const ExporterSet&) = delete;

    struct Refusal {
        Error error;
        bool port = false;  // its own, to serve readers at
    };
    /// One after the other. Nothing: all of them run.
    [[nodiscard]] std::optional<Refusal> start(const RunInfo& run,
                                               const std::vector<ProbeInfo>& probes);

    /// Tells those that hear it first what became of everyone's records so far.
    void push_snapshot(const SnapshotPtr& snapshot);
    void push_reading(std::size_t probe, const Reading& reading, const ProbeHealth& health);
    void push_gap(std::size_t probe, const Gap& gap, const ProbeHealth& health);
    void push_event(const Event& event);

    /// Whether any exporter can make use of a verdict: else it need not be made.
    [[nodiscard]] bool hears_verdict() const;
    void push_verdict(const VerdictPtr& verdict);
    void tell_deliveries();
    /// The load is over, and the probes read no more.
    void push_load_end();

    /// Ends all that end with the load: not those that hear how the run is judged, or serve
    /// readers. Here and below: the names of those that did not finish in time.
    [[nodiscard]] std::vector<std::string> finish();
    /// Ends all but those that serve readers.
    [[nodiscard]] std::vector<std::string> finish_judged();
    /// Ends these, too.
    std::vector<std::string> close_endpoint();

    /// By name.
    [[nodiscard]] ExporterCounts deliveries() const;
    /// The same as facts of a run file.
    [[nodiscard]] std::map<std::string, std::string> delivery_facts() const;

    /// Where there is one.
    [[nodiscard]] RunFileWriter& run_file() { return *run_file_; }
    /// Where metrics are served; empty: nowhere.
    [[nodiscard]] std::string endpoint() const;
    [[nodiscard]] ScrapesByReader scrapes() const;

private:
    using WorkerPtr = std::unique_ptr<ExporterWorker>;
    [[nodiscard]] std::vector<std::string> finish_those(
        const std::function<bool(const WorkerPtr&)>& which);

    std::vector<WorkerPtr> workers_;
    RunFileWriter* run_file_ = nullptr;
    ExporterWorker* run_file_worker_ = nullptr;
    const ExporterWorker* endpoint_ = nullptr;  // the first that serves readers
};

}  // namespace plimsoll
