// The runs of an experiment: one for each repetition, with the faults in it.
#pragma once

#include "app/exit_code.hpp"
#include "app/stop_request.hpp"
#include "base/result.hpp"
#include "experiment/experiment.hpp"
#include "experiment/trial_matrix.hpp"
#include "probes/alerts/alerts_probe.hpp"
#include "scenario/scenario.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll {

/// What watches: a server, or nothing, and the rules are replayed afterwards.
struct ExperimentWatch {
    std::optional<AlertsProbeOptions> server;
    std::vector<std::string> alerts;  // of the server, by name
    /// Judges one run that is over; with a server it is not called.
    std::function<Result<std::vector<WatchedAlert>>(const std::string& run)> replay;
};

struct ExperimentSettings {
    std::filesystem::path results = "results";
    std::string connect_canary_dsn;
    std::function<void(const std::string&)> say;        // a line for people
    std::function<std::optional<std::string>()> fatal;  // as RunOptions::fatal
};

/// Plays all repetitions on `scenario`, whose load lasts as long as one. Ends early where `stop`
/// counts a signal, or a fault cannot be planted or healed; what was played until then is in
/// `result.runs`. A fault that is in force is healed before anything else ends.
[[nodiscard]] ExitCode play_experiment(const Experiment& experiment, const Scenario& scenario,
                                       const ExperimentWatch& watch,
                                       const ExperimentSettings& settings, StopRequest& stop,
                                       ExperimentResult& result);

}  // namespace plimsoll
