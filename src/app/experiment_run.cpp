#include "app/experiment_run.hpp"

#include "app/console.hpp"
#include "app/run_report.hpp"
#include "app/run_session.hpp"
#include "app/signal_forwarder.hpp"
#include "app/version.hpp"
#include "experiment/fault_player.hpp"
#include "experiment/watched_alerts.hpp"
#include "run/run.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

class ExperimentListener final : public RunListener {
public:
    ExperimentListener(FaultPlayer& player, const ExperimentSettings& settings)
        : player_(player), settings_(settings) {}
    void on_open(const std::string& metrics, const std::string& /*control*/) override {
        if (!metrics.empty()) {
            settings_.say("metrics at " + metrics);
        }
        player_.begin();
    }
    void on_load_end() override { player_.heal_now(); }
    void on_trouble(const std::string& sentence) override {
        say(stderr, "plimsoll: {}\n", sentence);
    }
    void on_error(const Error& error) override { complain(error); }

private:
    FaultPlayer& player_;
    const ExperimentSettings& settings_;
};

RunOptions run_options(const Experiment& experiment, std::uint32_t number,
                       const ExperimentWatch& watch, const ExperimentSettings& settings,
                       FaultPlayer& player) {
    RunOptions options;
    options.version = version();
    options.seed = experiment.seed + number;
    options.results = settings.results;
    options.calibrate = number == 0;
    options.judge_thresholds = false;  // they fail while a fault is in force, as they should
    options.connect_canary_dsn = settings.connect_canary_dsn;
    options.fatal = settings.fatal;
    options.more_probes = [&player, &watch]() -> Result<std::vector<ProbePtr>> {
        std::vector<ProbePtr> probes;
        probes.push_back(player.make_probe());
        if (watch.server) {
            auto made = make_alerts_probe(*watch.server);
            if (!made) {
                return made.error();
            }
            probes.push_back(std::move(*made));
        }
        return probes;
    };
    return options;
}

/// What a run that is over showed of its trials.
Result<Repetition> judged(const RunOutcome& run, const ExperimentWatch& watch,
                          const ExperimentResult& result) {
    Repetition out;
    out.path = run.folder.string();
    out.run_id = run.reader->info().id;
    out.length_s = run.analysis->duration_s;
    const auto events = run.reader->events();
    if (!events) {
        return events.error();
    }
    out.trials = played_trials(*events, result.faults, result.fault_s);
    if (!watch.server) {
        auto watched = watch.replay(out.path);
        if (!watched) {
            return watched.error();
        }
        out.alerts = std::move(*watched);
        return out;
    }
    const auto gaps = run.reader->gaps();
    if (!gaps) {
        return gaps.error();
    }
    for (const StoredGap& gap : *gaps) {
        if (gap.probe == watch.server->name) {
            out.blind.emplace_back(gap.from_s, gap.to_s);
        }
    }
    out.alerts = watched_in(run.analysis->alerts, out.length_s, watch.alerts);
    return out;
}

void tell_plan(const Experiment& experiment, const std::vector<PlannedTrial>& plan,
               std::uint32_t number, const ExperimentSettings& settings) {
    std::string order;
    for (const PlannedTrial& trial : plan) {
        order += (order.empty() ? "" : ", ") + experiment.faults[trial.fault].name;
    }
    settings.say(fmt::format("repetition {} of {}, {}: {}", number + 1, experiment.repeat,
                             format_duration(experiment.length()), order));
}

/// Plays one repetition; nothing where its run did not start (all is said by then).
ExitCode play_repetition(const Experiment& experiment, const Scenario& scenario,
                         std::uint32_t number, const ExperimentWatch& watch,
                         const ExperimentSettings& settings, StopRequest& stop,
                         ExperimentResult& result) {
    auto plan = plan_repetition(experiment, number);
    tell_plan(experiment, plan, number, settings);
    FaultPlayer player(experiment, std::move(plan),
                       [&](const std::string& line) { settings.say("  " + line); });
    ExperimentListener listener(player, settings);
    StopQueue stops;
    Run run(scenario, run_options(experiment, number, watch, settings, player), stops, listener);
    RunOutcome outcome;
    {
        bool failed = false;
        const SignalForwarder signals(
            stop, stops, [&] { player.heal_now(); },
            [&] {
                if (!failed && player.failure()) {
                    failed = true;
                    stops.push({StopKind::Owner, "a fault could not be switched; stopping"});
                }
            });
        outcome = run.execute();
    }
    player.heal_now();
    if (const std::string left = player.left_in_force(); !left.empty()) {
        say(stderr, "plimsoll: {} IS STILL IN FORCE: heal it by hand\n", left);
    }
    if (outcome.folder.empty() || !outcome.analysis) {
        return outcome.end == RunEnd::InvalidInput  ? ExitCode::InvalidInput
               : outcome.end == RunEnd::PortInUse   ? ExitCode::PortInUse
               : outcome.end == RunEnd::Unreachable ? ExitCode::Unreachable
                                                    : ExitCode::SetupFailed;
    }
    SessionOptions quiet;
    quiet.view = ViewMode::Off;
    const ExitCode reported = report_run(outcome.folder, *outcome.reader, *outcome.analysis, quiet,
                                         ExitCode::Interrupted);
    if (outcome.analysis->verdict == Verdict::Invalid) {
        say(stderr, "plimsoll: the measurement of repetition {} is INVALID: {}\n", number + 1,
            (outcome.folder / "report.html").string());
    }
    auto repetition = judged(outcome, watch, result);
    if (!repetition) {
        if (stop.count() == 0) {
            complain(repetition.error());
        }
        return stop.count() > 0 ? ExitCode::Interrupted : ExitCode::InternalError;
    }
    result.runs.push_back(std::move(*repetition));
    if (stop.count() > 0) {
        return ExitCode::Interrupted;
    }
    if (player.failure()) {
        return ExitCode::SetupFailed;
    }
    if (outcome.end == RunEnd::Stopped) {
        return ExitCode::SafetyStop;
    }
    return reported == ExitCode::InternalError ? reported : ExitCode::Passed;
}

}  // namespace

ExitCode play_experiment(const Experiment& experiment, const Scenario& scenario,
                         const ExperimentWatch& watch, const ExperimentSettings& settings,
                         StopRequest& stop, ExperimentResult& result) {
    result.name = experiment.name;
    result.version = version();
    result.live = watch.server.has_value();
    result.healthy_s = to_seconds(experiment.healthy);
    result.fault_s = to_seconds(experiment.fault);
    result.settle_s = to_seconds(experiment.settle);
    result.scrape_s = to_seconds(experiment.scrape);
    result.seed = experiment.seed;
    result.repetitions = experiment.repeat;
    for (const ExperimentFault& fault : experiment.faults) {
        result.faults.push_back(fault.name);
    }
    ExitCode code = ExitCode::Passed;
    for (std::uint32_t i = 0; i < experiment.repeat && code == ExitCode::Passed; ++i) {
        code = stop.count() > 0
                   ? ExitCode::Interrupted
                   : play_repetition(experiment, scenario, i, watch, settings, stop, result);
    }
    result.stopped = code != ExitCode::Passed;
    judge_trials(result);
    return code;
}

}  // namespace plimsoll
