// One run as a command shows it: on the terminal, in its reports, as an exit code.
#pragma once

#include "app/exit_code.hpp"
#include "app/live_page.hpp"
#include "app/live_view.hpp"
#include "app/stop_request.hpp"
#include "gather/segment_sender.hpp"
#include "run/run.hpp"
#include "scenario/scenario.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace plimsoll {

struct SessionOptions : RunOptions {
    ViewMode view = ViewMode::Lines;
    bool colour = false;
    bool judge_answers = true;  // fail where too much was not answered; not where that is the plan
    std::optional<Nanoseconds>
        linger;  // how long the metrics endpoint stays after the load; default: see linger.hpp
    std::string csv_prefix;           // Locust's --csv: also write PREFIX_stats.csv ...
    std::filesystem::path html;       // also write the report here
    std::filesystem::path summary;    // also write summary.json here
    std::optional<UiOptions> ui;      // a page to watch and steer it
    PageServer* page = nullptr;       // or one that is there already, and outlives the run
    bool find = false;                // a search for the capacity
    SegmentSender* sender = nullptr;  // hears of the run, which is a segment; outlives it
    /// Set: after the verdict everything stays up until a stop is asked for, and this text says
    /// what and where.
    std::optional<std::string> keep_text;
};

struct SessionResult {
    ExitCode code = ExitCode::Passed;
    std::filesystem::path run_dir;  // empty when the run did not start
};

/// Runs `scenario` and prints its verdict to stdout and trouble to stderr; each signal that `stop`
/// counts asks the run to end.
[[nodiscard]] SessionResult run_session(const Scenario& scenario, SessionOptions options,
                                        StopRequest& stop);

}  // namespace plimsoll
