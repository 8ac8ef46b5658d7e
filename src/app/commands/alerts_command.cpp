// plimsoll alerts RULES... RUN...
#include "alerts/backtest.hpp"
#include "alerts/outcome.hpp"
#include "alerts/rule_check.hpp"
#include "alerts/rule_tests.hpp"
#include "app/commands/alerts_flags.hpp"
#include "app/commands/command_line.hpp"
#include "app/commands/commands.hpp"
#include "app/commands/files.hpp"
#include "app/commands/put_page.hpp"
#include "app/console.hpp"
#include "app/exit_code.hpp"
#include "app/stop_request.hpp"
#include "app/version.hpp"
#include "base/log.hpp"
#include "report/alerts_report.hpp"
#include "report/report.hpp"

#include <algorithm>
#include <memory>
#include <optional>

#include <fmt/format.h>

namespace plimsoll {
namespace {

/// What can be said before a run is replayed.
void warn_beforehand(const RuleSet& rules, const RunTruth& run, const BacktestOptions& options) {
    for (const RuleGroup& group : rules.groups) {
        for (const Rule& rule : group.rules) {
            const std::string cannot =
                rule.kind == Rule::Kind::Alerting
                    ? cannot_fire(rule, group, options, run.duration_s,
                                  run.onset ? std::optional(run.onset->at_s) : std::nullopt)
                    : "";
            if (!cannot.empty()) {
                say(stderr, "{}: {}: {}\n", run.id, rule.name, cannot);
            }
        }
    }
}

Status print(const AlertFlags& flags, const AlertReport& report, const Sweeps& sweeps,
             const std::string& first_run) {
    const auto page = [&]() -> Result<std::string> {
        const auto reader = RunReader::open(first_run);
        if (!reader) {
            return reader.error();
        }
        return alerts_html(report, *reader, sweeps);
    };
    if (const Status put = put_page(page, flags.html, flags.format); !put) {
        return put;
    }
    if (flags.format == "md") {
        hand_over(alerts_markdown(report, sweeps));
    } else if (flags.format == "json") {
        hand_over(alerts_json(report, sweeps));
    } else if (flags.format.empty()) {
        say("{}", alerts_text(report, sweeps));
    }
    return {};
}

Status keep_tests(const AlertFlags& flags, const RuleSet& rules,
                  const std::vector<ReplayedRun>& runs, const BacktestOptions& options) {
    if (flags.write_tests.empty()) {
        return {};
    }
    const auto tests = write_rule_tests(rules, runs, options);
    if (!tests) {
        return tests.error();
    }
    for (const std::string& left_out : tests->left_out) {
        say(stderr, "{}\n", left_out);
    }
    if (const Status kept = write_file(flags.write_tests, tests->text); !kept) {
        return kept;
    }
    say(stderr, "tests  {}: promtool test rules {}\n", flags.write_tests, flags.write_tests);
    return {};
}

Result<Sweeps> run_sweep(const AlertFlags& flags, const RuleSet& rules,
                         const std::vector<std::string>& paths, const BacktestOptions& options) {
    if (flags.sweep.empty()) {
        return Sweeps{};
    }
    const auto ranges = parse_sweep(flags.sweep);
    if (!ranges) {
        return ranges.error();
    }
    const auto swept = sweep_rules(rules, *ranges);
    if (!swept) {
        return swept.error();
    }
    std::vector<ReplayedRun> runs;
    for (const std::string& path : paths) {
        auto run = replay_alerts(swept->rules, path, options);
        if (!run) {
            return run.error();
        }
        runs.push_back(std::move(*run));
    }
    return judge_sweep(*swept, make_report(swept->rules, runs, options, {}));
}

int refuse_or_stop(const Error& error, const StopRequest& stop) {
    if (stop.count() > 0) {
        say(stderr, "plimsoll: stopped; nothing is left running\n");
        return to_int(ExitCode::Interrupted);
    }
    return refuse(error);
}

int run_alerts(const AlertFlags& flags) {
    init_logging(Verbosity::Normal);
    std::vector<std::string> rule_files;
    std::vector<std::string> run_paths;
    sort_inputs(flags, rule_files, run_paths);
    if (rule_files.empty() || run_paths.empty()) {
        return refuse({rule_files.empty() ? "no rule file is named" : "no run is named",
                       rule_files.empty() ? "RULES" : "RUN",
                       "plimsoll alerts rules.yml results/RUN"});
    }
    auto options = read_options(flags);
    if (!options) {
        return refuse(options.error());
    }
    auto rules = load_rules(rule_files);
    if (!rules) {
        return refuse(rules.error());
    }
    if (const Status kept = keep_only(flags, *rules); !kept) {
        return refuse(kept.error());
    }
    const auto demands = read_demands(flags, *rules);
    if (!demands) {
        return refuse(demands.error());
    }
    StopRequest stop;
    options->stopped = [&] { return stop.count() > 0; };
    const bool watched = ::isatty(STDERR_FILENO) == 1;
    options->progress = [watched](const std::string& line) {
        if (watched) {
            say(stderr, "{}\n", line);
        }
    };
    if (const Status checked = check_rules(*rules); !checked) {
        return refuse_or_stop(checked.error(), stop);
    }
    options->begin = [&](const RunTruth& run) { warn_beforehand(*rules, run, *options); };
    std::vector<ReplayedRun> runs;
    for (const std::string& path : run_paths) {
        auto run = replay_alerts(*rules, path, *options);
        if (!run) {
            return refuse_or_stop(run.error(), stop);
        }
        runs.push_back(std::move(*run));
    }
    AlertReport report = make_report(*rules, runs, *options, *demands);
    report.version = version();
    options->begin = nullptr;
    const auto sweeps = run_sweep(flags, *rules, run_paths, *options);
    if (!sweeps) {
        return refuse_or_stop(sweeps.error(), stop);
    }
    if (const Status kept = keep_tests(flags, *rules, runs, *options); !kept) {
        return refuse(kept.error());
    }
    if (const Status printed = print(flags, report, *sweeps, run_paths.front()); !printed) {
        return refuse(printed.error());
    }
    return to_int(report.ok() ? ExitCode::Passed : ExitCode::ThresholdFailed);
}

}  // namespace

void add_alerts_command(Command& app, Action& action) {
    auto flags = std::make_shared<AlertFlags>();
    Command* command = app.add_subcommand(
        "alerts",
        "what alerting rules would have said of recorded runs: when, and how often falsely; needs "
        "Prometheus installed, none running");
    flags->add_to(*command);
    command->footer(
        "Examples:\n"
        "  plimsoll alerts dashboards/alerts/plimsoll.rules.yml "
        "results/20260101T120000Z-3fa9-demo\n"
        "  plimsoll alerts 'rules/*.yml' results/fault results/healthy --scrape 30s --must-fire "
        "PoolFull:1m");
    command->callback([flags, &action] { action = [flags] { return run_alerts(*flags); }; });
}

}  // namespace plimsoll
