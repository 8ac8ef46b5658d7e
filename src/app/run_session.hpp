// One run from a validated scenario to its reports: the composition root of the load side.
#pragma once

#include "analysis/result.hpp"
#include "app/exit_code.hpp"
#include "app/live_view.hpp"
#include "app/load_pilot.hpp"
#include "app/stop_request.hpp"
#include "scenario/scenario.hpp"
#include "signal/probe.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

struct SessionOptions {
    std::uint64_t seed = 1;
    std::uint32_t shards = 1;
    Segment segment;                               // run this part of the scenario alone
    std::filesystem::path results = "results";     // the run folder is made in here ...
    std::optional<std::filesystem::path> run_dir;  // ... unless it is named
    ViewMode view = ViewMode::Lines;
    bool colour = false;
    bool judge_thresholds = true;
    bool judge_answers = true;  // fail where too much was not answered; not where that is the plan
    std::optional<Nanoseconds>
        linger;  // how long the metrics endpoint stays after the load; default: see linger.hpp
    std::string csv_prefix;         // Locust's --csv: also write PREFIX_stats.csv ...
    std::filesystem::path html;     // also write the report here
    std::filesystem::path summary;  // also write summary.json here
    std::filesystem::path json;     // also write figures here while it runs, a JSON object a line
    std::vector<std::string> tags;  // "key=value"
    std::vector<std::string>
        opening_events;     // e.g. which fault the demo planted; stamped with the load's start
    bool calibrate = true;  // measure the generator's ceiling before the run
    /// Where to listen for changes of the load: address, port (0: a free one).
    std::optional<std::pair<std::string, std::uint16_t>> control;
    /// Set: after the verdict everything stays up until a stop is asked for, and this text says
    /// what and where.
    std::optional<std::string> keep_text;
    /// The database role whose fresh connections the pg_connect canary opens; empty: the probe's
    /// own.
    std::string connect_canary_dsn;
    /// Steers the load, and says when it ends; null: the schedule does.
    LoadPilot* pilot = nullptr;
    /// Asked some times a second; a text means that the run cannot go on, and why.
    std::function<std::optional<std::string>()> fatal;
};

struct SessionResult {
    ExitCode code = ExitCode::Passed;
    std::filesystem::path run_dir;  // empty when the run did not start
};

/// Runs `scenario`: probes first, then exporters, then the load; then the run file is read back,
/// analysed and rendered, and the verdict printed to stdout. Trouble is printed to stderr.
[[nodiscard]] SessionResult run_session(const Scenario& scenario, SessionOptions options,
                                        StopRequest& stop);

}  // namespace plimsoll
