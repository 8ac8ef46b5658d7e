// plimsoll experiment FILE
#include "alerts/backtest.hpp"
#include "alerts/rule_check.hpp"
#include "app/commands/alert_server.hpp"
#include "app/commands/command_line.hpp"
#include "app/commands/commands.hpp"
#include "app/commands/files.hpp"
#include "app/commands/put_page.hpp"
#include "app/console.hpp"
#include "app/exit_code.hpp"
#include "app/experiment_run.hpp"
#include "app/experiment_setup.hpp"
#include "base/log.hpp"
#include "experiment/trial_plan.hpp"
#include "experiment/watched_alerts.hpp"
#include "report/experiment_report.hpp"
#include "report/report.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::chrono::seconds kLabReadyWithin{60};
constexpr std::chrono::seconds kLabEndsWithin{5};
constexpr std::chrono::seconds kServerAnswersWithin{10};
constexpr const char* kDefaultMetrics = "127.0.0.1:9464";

struct ExperimentFlags {
    std::string file;
    std::vector<std::string> env;
    std::string alerts, alertmanager;
    std::string prometheus;
    std::string results = "results";
    std::optional<std::uint32_t> repeat;
    std::optional<std::uint64_t> seed;
    std::string format, html;
    bool plan = false;
};

std::optional<Experiment> load_experiment(const ExperimentFlags& flags) {
    const auto text = read_file(flags.file);
    if (!text) {
        refuse(text.error());
        return std::nullopt;
    }
    ExperimentParse parsed = parse_experiment(
        *text, {flags.file, [](const char* name) -> const char* { return std::getenv(name); }});
    if (!parsed.experiment) {
        say(stderr, "{}", format_faults(parsed.faults, flags.file));
        return std::nullopt;
    }
    parsed.experiment->repeat = flags.repeat.value_or(parsed.experiment->repeat);
    parsed.experiment->seed = flags.seed.value_or(parsed.experiment->seed);
    return std::move(parsed.experiment);
}

/// Who watches, asked and read before anything is started.
struct Watcher {
    ExperimentWatch watch;
    RuleSet rules;
    BacktestOptions options;
};

Status watch_server(const ExperimentFlags& flags, Watcher& watcher) {
    auto server = alert_server(flags.alerts, flags.alertmanager);
    if (!server) {
        return server.error();
    }
    auto names = alert_names(*server, Clock::now() + kServerAnswersWithin);
    if (!names) {
        return Error{names.error().to_string(), "--alerts",
                     "it must run: what an experiment is about are its alerts"};
    }
    if (names->empty()) {
        return Error{"this Prometheus has no alerting rule", "--alerts", "see its rule_files"};
    }
    watcher.watch.server = std::move(*server);
    watcher.watch.alerts = std::move(*names);
    return {};
}

Status watch_by_replay(const Experiment& experiment, const std::string& file, StopRequest& stop,
                       Watcher& watcher) {
    if (experiment.rules.empty()) {
        return Error{"rules is missing", file,
                     "name rule files to replay, e.g. rules: [alerts/*.yml], or give --alerts URL"};
    }
    auto rules = load_rules(experiment.rules);
    if (!rules) {
        return rules.error();
    }
    if (const Status checked = check_rules(*rules); !checked) {
        return checked.error();
    }
    watcher.rules = std::move(*rules);
    watcher.options.scrape = experiment.scrape;
    watcher.options.evaluation = experiment.evaluation.value_or(experiment.scrape);
    watcher.options.stopped = [&stop] { return stop.count() > 0; };
    watcher.watch.replay = [&watcher, fault_s = to_seconds(experiment.fault)](
                               const std::string& run) -> Result<std::vector<WatchedAlert>> {
        const auto replayed = replay_alerts(watcher.rules, run, watcher.options);
        if (!replayed) {
            return replayed.error();
        }
        return watched_in(*replayed, fault_s);
    };
    return {};
}

std::string plan_text(const Experiment& experiment) {
    std::string text = fmt::format(
        "{}: {} repetitions of {}, {} in all\n", experiment.name, experiment.repeat,
        format_duration(experiment.length()),
        format_duration(experiment.length() * static_cast<std::int64_t>(experiment.repeat)));
    for (std::uint32_t i = 0; i < experiment.repeat; ++i) {
        text += fmt::format("repetition {}\n", i + 1);
        for (const PlannedTrial& trial : plan_repetition(experiment, i)) {
            text +=
                fmt::format("  {:>7} to {:>7}  {}\n", format_duration(trial.plant_at),
                            format_duration(trial.heal_at), experiment.faults[trial.fault].name);
        }
    }
    return text;
}

Status print(const ExperimentFlags& flags, const ExperimentResult& result) {
    const auto page = [&]() -> Result<std::string> {
        const auto reader = RunReader::open(result.runs.front().path);
        return reader ? experiment_html(result, *reader) : Result<std::string>(reader.error());
    };
    if (const Status put = put_page(page, flags.html, flags.format); !put) {
        return put;
    }
    if (flags.format == "md") {
        hand_over(experiment_markdown(result));
    } else if (flags.format == "json") {
        hand_over(experiment_json(result));
    } else if (flags.format.empty()) {
        say("\n{}", experiment_text(result));
    }
    return {};
}

/// With everything up.
int play(const ExperimentFlags& flags, const Experiment& experiment, const Watcher& watcher,
         const ExperimentSettings& settings, StopRequest& stop) {
    const bool served = flags.alerts.empty() || !experiment.scenario.empty();
    const auto scenario = experiment_load(experiment, !flags.prometheus.empty() ? flags.prometheus
                                                      : served                  ? ""
                                                                                : kDefaultMetrics);
    if (!scenario) {
        return to_int(ExitCode::InvalidInput);
    }
    ExperimentResult result;
    if (!watcher.watch.server) {
        result.phases = phases_of(watcher.rules, watcher.options).size();
    }
    const ExitCode code =
        play_experiment(experiment, *scenario, watcher.watch, settings, stop, result);
    if (result.runs.empty()) {
        return to_int(code);
    }
    if (const Status printed = print(flags, result); !printed) {
        complain(printed.error());
        return to_int(ExitCode::InternalError);
    }
    return to_int(code);
}

int in_lab(const ExperimentFlags& flags, Experiment& experiment, const Watcher& watcher,
           ExperimentSettings settings, StopRequest& stop) {
    settings.say("starting the lab");
    auto lab = start_lab(lab_flags(experiment), {}, Clock::now() + kLabReadyWithin);
    if (!lab) {
        say(stderr, "plimsoll: the lab did not start: {}\n", lab.error().to_string());
        return to_int(stop.count() > 0 ? ExitCode::Interrupted : ExitCode::SetupFailed);
    }
    use_lab(*lab, experiment);
    settings.fatal = [&lab]() -> std::optional<std::string> {
        const auto ended = lab->process.wait(Clock::now());
        return ended ? std::optional("the lab " + ended->to_string() + "; stopping") : std::nullopt;
    };
    const int status = play(flags, experiment, watcher, settings, stop);
    lab->process.terminate(SIGTERM, kLabEndsWithin);
    return status;
}

int run_experiment(const ExperimentFlags& flags) {
    init_logging(Verbosity::Normal);
    if (const Status set = set_environment(flags.env); !set) {
        return refuse(set.error());
    }
    auto experiment = load_experiment(flags);
    if (!experiment) {
        return to_int(ExitCode::InvalidInput);
    }
    if (flags.plan) {
        say("{}", plan_text(*experiment));
        return to_int(ExitCode::Passed);
    }
    if (const Status writable = check_writable(flags.html, "--html"); !writable) {
        return refuse(writable.error());
    }
    StopRequest stop;
    Watcher watcher;
    const Status watched = flags.alerts.empty()
                               ? watch_by_replay(*experiment, flags.file, stop, watcher)
                               : watch_server(flags, watcher);
    if (!watched) {
        return refuse(watched.error());
    }
    ExperimentSettings settings;
    settings.results = flags.results;
    // What is printed for programs stays alone on stdout.
    std::FILE* const to = flags.format.empty() ? stdout : stderr;
    settings.say = [to](const std::string& line) { say(to, "{}\n", line); };
    return experiment->in_lab() ? in_lab(flags, *experiment, watcher, settings, stop)
                                : play(flags, *experiment, watcher, settings, stop);
}

void add_flags(Command& command, ExperimentFlags& flags) {
    command.add_option("FILE", flags.file, "the experiment, or - for stdin")->required();
    command
        .add_option("--alerts", flags.alerts,
                    "watch the alerts of this Prometheus, which must scrape the load, instead of "
                    "replaying rules; @FILE: the first line of it")
        ->type_name("URL");
    command
        .add_option("--alertmanager", flags.alertmanager,
                    "and when they reach this Alertmanager; @FILE as above")
        ->type_name("URL")
        ->needs("--alerts");
    command
        .add_option("--prometheus", flags.prometheus,
                    "serve the load's metrics here (default with --alerts and the lab's own load: "
                    "127.0.0.1:9464)")
        ->type_name("ADDR:PORT");
    command.add_option("--repeat", flags.repeat, "so many repetitions, whatever the file says")
        ->in_range(1U, 1000U);
    command.add_option("--seed", flags.seed, "this order of faults, whatever the file says");
    command.add_option("--results", flags.results, "folder for run folders")->capture_default_str();
    command
        .add_option(
            "-e,--env", flags.env,
            "${env.NAME} must be set; NAME=VALUE sets it, for every user of this machine to "
            "see; @FILE: lines of NAME=VALUE")
        ->type_name("NAME")
        ->allow_extra_args(false);
    command.add_flag("--plan", flags.plan, "print which fault comes when, and do nothing");
    command.add_option("--format", flags.format, "print this one to stdout instead of lines")
        ->one_of({"html", "md", "json"});
    command.add_option("--html", flags.html, "write the page to this file too");
}

}  // namespace

void add_experiment_command(Command& app, Action& action) {
    auto flags = std::make_shared<ExperimentFlags>();
    Command* command = app.add_subcommand(
        "experiment",
        "plant faults in turn while a load runs, and say which alerts tell of which, how late, and "
        "how often they lie");
    add_flags(*command, *flags);
    command->footer(
        "Examples:\n"
        "  plimsoll experiment examples/experiments/lab.yaml\n"
        "  plimsoll experiment own.yaml --alerts http://127.0.0.1:9090 --html experiment.html");
    command->callback([flags, &action] { action = [flags] { return run_experiment(*flags); }; });
}

}  // namespace plimsoll
