// Inside src/run: what a run has open, for the files that open it, drive it and end it.
#pragma once

#include "engine/engine.hpp"
#include "run/exporter_set.hpp"
#include "run/load_control.hpp"
#include "run/load_source.hpp"
#include "run/run.hpp"
#include "run/threshold_judge.hpp"
#include "signal/probe_runner.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll {

/// How often a run looks around while it waits.
inline constexpr std::chrono::milliseconds kLoopPeriod{200};

/// Everything that a run has open, in the order in which it must come up.
class RunParts {
public:
    RunParts(const Scenario& scenario, RunOptions options, StopQueue& stops, RunListener& listener)
        : scenario_(scenario), options_(std::move(options)), stops_(stops), listener_(listener) {}

    RunOutcome execute();
    [[nodiscard]] std::string endpoint() const {
        return exporters_ ? exporters_->endpoint() : std::string();
    }
    void linger(std::optional<Nanoseconds> time);
    void keep();

private:
    void describe_run();
    Status check();
    Status make_parts();
    [[nodiscard]] std::filesystem::path folder() const;
    [[nodiscard]] std::uint64_t own_descriptors() const;
    [[nodiscard]] EngineOptions engine_options();
    /// Setup or teardown; false where it failed.
    [[nodiscard]] bool run_once(const char* what, const UserClass& user);

    std::optional<RunEnd> open_all();
    void make_load();
    std::optional<RunEnd> name_start();
    void measure_ceiling();
    void start_probes();
    std::optional<RunEnd> start_control();
    std::optional<RunEnd> start_exporters();

    void drive();
    void obey(StopCause cause);
    void look_around();
    void follow_pilot();
    void publish(const SnapshotPtr& snapshot);
    void announce(EventKind kind, std::string text);
    void hear_of_late(const std::vector<std::string>& exporters);

    void wind_up();
    void record_stages();
    void judge(RunOutcome& outcome);
    void tell_of_deliveries(RunOutcome& outcome);
    /// How the thresholds stand, to whoever can make use of it.
    void tell_verdict();

    const Scenario& scenario_;
    RunOptions options_;
    StopQueue& stops_;
    RunListener& listener_;
    RunInfo run_;
    std::vector<ProbePtr> made_probes_;
    RunExporters made_exporters_;
    std::vector<ProbeInfo> probe_infos_;
    std::vector<ExecutorState> last_states_;
    std::optional<ThresholdJudge> judge_;
    std::vector<Variable> shared_;  // made by setup
    std::vector<Event> setup_events_;
    std::optional<StopKind> stopped_;
    int interrupts_obeyed_ = 0;
    // What has threads hands over to what stands before it, and so must end first.
    std::optional<ExporterSet> exporters_;
    std::unique_ptr<LoadSource> load_;
    std::optional<ProbeRunner> probes_;
    std::optional<Nanoseconds> run_length_;  // once the load is over
    std::optional<double> ceiling_;          // requests per second, all shards
    std::unique_ptr<LoadControl> control_;
    bool pilot_landed_ = false;
};

}  // namespace plimsoll
