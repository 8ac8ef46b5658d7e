#include "app/commands/alerts_flags.hpp"

#include "app/commands/command_line.hpp"
#include "base/units.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <tuple>

#include <fmt/format.h>

namespace plimsoll {
namespace {

namespace fs = std::filesystem;

bool is_run(const std::string& path) {
    std::error_code problem;
    if (fs::is_directory(path, problem)) {
        return true;
    }
    std::ifstream file(path, std::ios::binary);
    std::string magic(15, '\0');
    file.read(magic.data(), static_cast<std::streamsize>(magic.size()));
    return magic == "SQLite format 3";
}

Result<Nanoseconds> interval_flag(const std::string& text, const char* flag) {
    const auto interval = parse_duration(text);
    if (!interval) {
        return Error{interval.error().what, flag, fmt::format("e.g. {} 15s", flag)};
    }
    if (*interval < std::chrono::milliseconds(100)) {
        return Error{fmt::format("must be 100 ms or more, got {}", text), flag, {}};
    }
    return interval;
}

Status read_labels(const AlertFlags& flags, BacktestOptions& options) {
    for (const std::string& text : flags.labels) {
        const std::size_t equals = text.find('=');
        if (equals == 0 || equals == std::string::npos) {
            return Error{"must be NAME=VALUE, got " + text, "--label", {}};
        }
        const std::string name = text.substr(0, equals);
        std::erase_if(options.target_labels,
                      [&](const auto& label) { return label.first == name; });
        options.target_labels.emplace_back(name, text.substr(equals + 1));
    }
    return {};
}

}  // namespace

void sort_inputs(const AlertFlags& flags, std::vector<std::string>& rules,
                 std::vector<std::string>& runs) {
    for (const std::string& input : flags.inputs) {
        (is_run(input) ? runs : rules).push_back(input);
    }
}

Result<BacktestOptions> read_options(const AlertFlags& flags) {
    BacktestOptions options;
    const auto scrape = interval_flag(flags.scrape, "--scrape");
    const auto evaluation =
        interval_flag(flags.evaluation.empty() ? flags.scrape : flags.evaluation, "--evaluation");
    if (!scrape || !evaluation) {
        return scrape ? evaluation.error() : scrape.error();
    }
    options.scrape = *scrape;
    options.evaluation = *evaluation;
    options.phases = flags.phases;
    if (!flags.onset.empty()) {
        const auto onset = parse_duration(flags.onset);
        if (!onset) {
            return Error{onset.error().what, "--onset", "e.g. --onset 90s after the run's start"};
        }
        options.onset_s = to_seconds(*onset);
    }
    for (const auto& [text, flag, into] :
         {std::tuple{&flags.scrape_at, "--scrape-at", &options.scrape_at},
          std::tuple{&flags.evaluate_at, "--evaluate-at", &options.evaluate_at}}) {
        const auto at = text->empty() ? Result<Nanoseconds>(Nanoseconds{}) : parse_duration(*text);
        if (!at) {
            return Error{at.error().what, flag, fmt::format("e.g. {} 2.5s", flag)};
        }
        if (!text->empty()) {
            *into = *at;
        }
    }
    if (const Status read = read_labels(flags, options); !read) {
        return read.error();
    }
    return options;
}

Result<std::vector<Demand>> read_demands(const AlertFlags& flags, const RuleSet& rules) {
    std::set<std::string> known;
    for (const RuleGroup& group : rules.groups) {
        for (const Rule& rule : group.rules) {
            if (rule.kind == Rule::Kind::Alerting) {
                known.insert(rule.name);
            }
        }
    }
    std::vector<Demand> demands;
    for (const std::string& text : flags.must_fire) {
        const std::size_t colon = text.rfind(':');
        const auto within = colon == std::string::npos ? Result<Nanoseconds>(Error{"no time"})
                                                       : parse_duration(text.substr(colon + 1));
        if (!within) {
            return Error{"must be the name of an alert and a time, got " + text, "--must-fire",
                         "e.g. --must-fire PlimsollErrorRate:60s"};
        }
        demands.push_back({text.substr(0, colon), to_seconds(*within)});
    }
    for (const std::string& name : flags.must_not_fire) {
        demands.push_back({name, std::nullopt});
    }
    for (const Demand& demand : demands) {
        if (known.count(demand.alert) == 0) {
            return Error{fmt::format("no alerting rule is called {}", demand.alert),
                         demand.within_s ? "--must-fire" : "--must-not-fire",
                         {}};
        }
    }
    return demands;
}

Status keep_only(const AlertFlags& flags, RuleSet& rules) {
    std::set<std::string> missing(flags.only.begin(), flags.only.end());
    for (RuleGroup& group : rules.groups) {
        std::erase_if(group.rules, [&](const Rule& rule) {
            const bool named =
                std::find(flags.only.begin(), flags.only.end(), rule.name) != flags.only.end();
            if (named) {
                missing.erase(rule.name);
            }
            return rule.kind == Rule::Kind::Alerting && !flags.only.empty() && !named;
        });
    }
    return missing.empty()
               ? Status{}
               : Status(Error{"no alerting rule is called " + *missing.begin(), "--alert", {}});
}

void AlertFlags::add_to(Command& command) {
    command
        .add_option("RULES-AND-RUNS", inputs,
                    "rule files of Prometheus or Grafana (also patterns in quotes), and run "
                    "folders or run.db files; runs without trouble count false alarms")
        ->required();
    command.add_option("--scrape", scrape, "how often Prometheus would have scraped the run")
        ->capture_default_str()
        ->envname("PLIMSOLL_SCRAPE_INTERVAL");
    command.add_option("--evaluation", evaluation,
                       "how often groups without an interval are evaluated (default: --scrape)");
    command
        .add_option("--phases", phases,
                    "in how many ways scrapes and evaluations lie to the run (default: up to 8)")
        ->in_range(1, 64);
    command
        .add_option("--scrape-at", scrape_at,
                    "one phase alone, that of a server that is known: its first scrape after the "
                    "run's start")
        ->excludes("--phases");
    command.add_option("--evaluate-at", evaluate_at, "likewise: its first evaluation")
        ->excludes("--phases");
    command.add_option("--onset", onset,
                       "when the trouble began, after the run's start: for faults planted by "
                       "other means");
    command
        .add_option("--label", labels,
                    "a label that the scrape adds to each series, NAME=VALUE (default: "
                    "job=plimsoll and instance=127.0.0.1:9464)")
        ->allow_extra_args(false);
    command
        .add_option("--must-fire", must_fire,
                    "NAME:TIME: exit status 99 unless it fires within that after each onset, "
                    "in every phase")
        ->allow_extra_args(false);
    command
        .add_option("--must-not-fire", must_not_fire, "NAME: exit status 99 where it fires at all")
        ->allow_extra_args(false);
    command.add_option("--alert", only, "this alert alone, and what it rests on")
        ->allow_extra_args(false);
    command.add_option("--sweep", sweep,
                       "try other thresholds and times: 'threshold=50..95,for=0s..5m'; shows the "
                       "frontier of delay against false alarms, and its knee");
    command.add_option("--write-tests", write_tests,
                       "write the runs as a test file for `promtool test rules`");
    command.add_option("--format", format, "print this one to stdout instead of lines for people")
        ->one_of({"html", "md", "json"});
    command.add_option("--html", html, "write the page to this file too");
}

}  // namespace plimsoll
