#include "app/commands/common_flags.hpp"

#include "app/commands/command_line.hpp"
#include "app/commands/files.hpp"
#include "app/commands/flag_text.hpp"
#include "app/console.hpp"
#include "base/log.hpp"
#include "base/units.hpp"
#include "run/run_id.hpp"
#include "scenario/parse.hpp"

#include <algorithm>
#include <cstdlib>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>

namespace plimsoll {

void OutputFlags::add_to(Command& command) {
    command.add_option("--results", results, "folder for run folders")->capture_default_str();
    command.add_option("--run-dir", run_dir, "exactly this run folder");
    command
        .add_option("--csv", csv_prefix, "also write Locust's CSV files as PREFIX_stats.csv ...")
        ->type_name("PREFIX");
    command.add_option("--html", html, "also write the report to this file");
    command.add_option("--summary-export", summary, "also write summary.json to this file");
    command
        .add_option(
            "--linger", linger,
            "keep the metrics endpoint open so long after the load (default: until two more "
            "scrapes, at most 35s; not at all where nothing scrapes)")
        ->type_name("TIME");
    command.add_option("--tag", tags, "key=value, kept with the run; may be repeated")
        ->type_name("K=V")
        ->allow_extra_args(false);
    command.add_option("--seed", seed, "same seed, same arrivals and values")
        ->not_negative()
        ->capture_default_str();
    command.add_option("--shards", shards, "load threads (default: half the cores)")
        ->in_range(1, 256);
    command.add_flag("-q,--quiet", quiet, "only errors, on stderr");
    command.add_flag("-v,--verbose", verbose, "diagnostics on stderr");
    command.add_flag("--no-color", no_color, "no colours (also: NO_COLOR)");
    command.add_flag("--no-thresholds", no_thresholds, "do not judge the thresholds");
    command.add_flag("--headless", headless, "plain lines even on a terminal");
    ui.add_to(command);
}

Result<SessionOptions> OutputFlags::to_session() const {
    init_logging(quiet ? Verbosity::Quiet : verbose ? Verbosity::Verbose : Verbosity::Normal);
    const std::string first_csv = csv_prefix.empty() ? "" : csv_prefix + "_stats.csv";
    for (const auto& [path, flag] :
         {std::pair<const std::string&, const char*>{summary, "--summary-export"},
          {html, "--html"},
          {first_csv, "--csv"}}) {
        if (const Status writable = check_writable(path, flag); !writable) {
            return writable.error();
        }
    }
    auto page = ui.to_options();
    if (!page) {
        return page.error();
    }
    SessionOptions options;
    options.ui = *std::move(page);
    options.results = results;
    if (!run_dir.empty()) {
        options.folder = run_dir;
    }
    options.csv_prefix = csv_prefix;
    options.html = html;
    options.summary = summary;
    options.seed = seed;
    options.shards = shards != 0 ? shards : std::max(1U, std::thread::hardware_concurrency() / 2);
    options.judge_thresholds = !no_thresholds;
    for (const std::string& tag : tags) {
        if (const Status good = check_tag(tag); !good) {
            return good.error();
        }
        options.tags.push_back(tag);
    }
    if (!linger.empty()) {
        const auto time = parse_duration(linger);
        if (!time) {
            return Error{time.error().what, "--linger", time.error().hint};
        }
        options.linger = *time;
    }
    const bool terminal = ::isatty(STDOUT_FILENO) == 1 && !headless;
    options.colour = terminal && !no_color && std::getenv("NO_COLOR") == nullptr;
    options.view = quiet ? ViewMode::Off : terminal ? ViewMode::Terminal : ViewMode::Lines;
    return options;
}

std::optional<Scenario> load_scenario_file(const std::string& path) {
    const auto text = read_file(path);
    if (!text) {
        Error error = text.error();
        error.hint = "a scenario file, or a URL with http:// in front";
        refuse(error);
        return std::nullopt;
    }
    ParseOutcome parsed = parse_scenario(
        *text, {path, [](const char* name) -> const char* { return std::getenv(name); }});
    if (!parsed.scenario) {
        say(stderr, "{}", format_faults(parsed.faults, path));
    }
    return std::move(parsed.scenario);
}

}  // namespace plimsoll
