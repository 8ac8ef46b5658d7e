#include "app/commands/common_flags.hpp"

#include "app/commands/command_line.hpp"
#include "app/commands/flag_text.hpp"
#include "app/console.hpp"
#include "base/log.hpp"
#include "base/units.hpp"
#include "base/user_file.hpp"
#include "run/run_id.hpp"
#include "scenario/parse.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>

namespace plimsoll {
namespace {

/// Real recordings of browsers have hundreds of megabytes.
constexpr std::uint64_t kLongestInput = std::uint64_t{512} << 20U;

}  // namespace

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

Status check_writable(const std::string& path, const char* flag) {
    if (path.empty()) {
        return {};
    }
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) {
        return Error{fmt::format("is a folder, and must be a file: \"{}\"", path), flag};
    }
    const bool exists = std::filesystem::exists(path, error);
    std::filesystem::path folder = std::filesystem::path(path).parent_path();
    folder = folder.empty() ? "." : folder;
    if (!exists && !std::filesystem::is_directory(folder, error)) {
        return Error{fmt::format("its folder does not exist: \"{}\"", folder.string()), flag,
                     "make it first"};
    }
    if (::access(exists ? path.c_str() : folder.c_str(), W_OK) != 0) {
        return Error{fmt::format("cannot be written: {}: \"{}\"", std::strerror(errno), path),
                     flag};
    }
    return {};
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

Result<std::string> read_file(const std::string& path) {
    return read_user_file(path, kLongestInput, Pipes::Taken);
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

Status set_environment(const std::vector<std::string>& assignments) {
    constexpr const char* kFlag = "-e/--env";
    for (const std::string& flag : assignments) {
        const bool file = flag.starts_with('@');
        const auto lines = flag_lines(flag, kFlag);
        if (!lines) {
            return lines.error();
        }
        for (const std::string& text : *lines) {
            const auto equals = text.find('=');
            if (file && text.starts_with('#')) {
                continue;
            }
            if (equals == 0 || text.empty() || (file && equals == std::string::npos)) {
                return Error{"must be NAME=VALUE, or NAME of a variable that is set", kFlag};
            }
            const std::string name = text.substr(0, equals);
            if (equals != std::string::npos) {
                ::setenv(name.c_str(), text.substr(equals + 1).c_str(), 1);
            } else if (std::getenv(name.c_str()) == nullptr) {
                return Error{fmt::format("the environment variable {} is not set", name), kFlag,
                             fmt::format("export {0} first, or write -e {0}=VALUE", name)};
            }
        }
    }
    return {};
}

Status write_new_file(const std::string& path, const std::string& text, bool force) {
    std::error_code error;
    if (!force && std::filesystem::exists(path, error)) {
        return Error{"exists already", path, "--force overwrites it"};
    }
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << text;
    out.close();
    return out ? Status() : Error{"cannot be written: " + std::string(std::strerror(errno)), path};
}

int refuse(const Error& error) {
    complain(error);
    return to_int(ExitCode::InvalidInput);
}

}  // namespace plimsoll
