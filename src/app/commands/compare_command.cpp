// plimsoll compare BASE RUN...
#include "analysis/compare/comparable.hpp"
#include "analysis/compare/compare.hpp"
#include "app/baseline.hpp"
#include "app/commands/command_line.hpp"
#include "app/commands/commands.hpp"
#include "app/commands/files.hpp"
#include "app/commands/flag_text.hpp"
#include "app/commands/put_page.hpp"
#include "app/console.hpp"
#include "app/exit_code.hpp"
#include "base/log.hpp"
#include "report/compare_report.hpp"
#include "report/report.hpp"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

namespace plimsoll {
namespace {

struct CompareFlags {
    std::vector<std::string> runs;
    std::string format;
    std::string html;
    std::string tolerance = "5%";
    std::string baseline;
    bool force = false;
};

struct Sides {
    std::vector<ComparedRun> base, now;
    [[nodiscard]] std::vector<const ComparedRun*> all() const {
        std::vector<const ComparedRun*> runs;
        for (const auto* side : {&base, &now}) {
            for (const ComparedRun& run : *side) {
                runs.push_back(&run);
            }
        }
        return runs;
    }
};

Status open_all(const std::vector<std::string>& paths, std::vector<ComparedRun>& into) {
    for (const std::string& path : paths) {
        auto run = open_compared(path);
        if (!run) {
            return run.error();
        }
        into.push_back(std::move(*run));
    }
    return {};
}

Status open_found(const Result<std::vector<std::string>>& found, std::vector<ComparedRun>& runs) {
    return found ? open_all(*found, runs) : Status(found.error());
}

/// The runs of each side: the first argument's, or with a baseline those it keeps, against the
/// rest.
Status open_sides(const CompareFlags& flags, Sides& sides) {
    const bool kept = !flags.baseline.empty();
    if (!kept && flags.runs.size() < 2) {
        return Error{"one run alone cannot be compared", "RUN",
                     "plimsoll compare BASE RUN..., or --baseline DIR RUN..."};
    }
    Status opened =
        open_found(kept ? kept_runs(flags.baseline) : runs_in(flags.runs.front()), sides.base);
    for (std::size_t i = kept ? 0 : 1; opened && i < flags.runs.size(); ++i) {
        opened = open_found(runs_in(flags.runs[i]), sides.now);
    }
    return opened;
}

int refuse_all(const std::vector<Mismatch>& found) {
    for (const Mismatch& each : found) {
        complain({each.what});
    }
    say(stderr, "plimsoll: nothing was compared (--force compares all the same)\n");
    const bool invalid =
        std::any_of(found.begin(), found.end(), [](const Mismatch& each) { return each.invalid; });
    return to_int(invalid ? ExitCode::MeasurementInvalid : ExitCode::InvalidInput);
}

/// Why a run is no baseline, though nothing got worse; "" where it is.
std::string not_good(const std::vector<ComparedRun>& runs) {
    for (const ComparedRun& run : runs) {
        const auto& thresholds = run.analysis.thresholds;
        const bool holds = std::all_of(thresholds.begin(), thresholds.end(),
                                       [](const ThresholdResult& each) { return each.ok; });
        // Of a search thresholds say nothing: half of its steps are meant to be too much.
        if (!run.analysis.find && (!holds || !run.analysis.answers.ok)) {
            return run.path + ": " +
                   (holds ? run.analysis.answers.why : "a threshold does not hold");
        }
    }
    return {};
}

/// `against`: why what was compared is no baseline; "" where nothing speaks against it.
Status update_baseline(const CompareFlags& flags, const Sides& sides, const std::string& against) {
    if (flags.baseline.empty()) {
        return {};
    }
    const std::string why = against.empty() ? not_good(sides.now) : against;
    if (!why.empty()) {
        say(stderr, "baseline  {} stays as it was: {}\n", flags.baseline, why);
        return {};
    }
    std::vector<std::string> paths;
    for (const ComparedRun& run : sides.now) {
        paths.push_back(run.path);
    }
    if (Status kept = keep_runs(flags.baseline, paths); !kept) {
        return kept;
    }
    say(stderr, "baseline  {} keeps {} now\n", flags.baseline,
        paths.size() == 1 ? "this run" : fmt::format("these {} runs", paths.size()));
    return {};
}

Status print(const CompareFlags& flags, const CompareResult& result, const Sides& sides) {
    const auto page = [&] {
        return compare_html(result, sides.base.front().reader, sides.now.front().reader);
    };
    if (const Status put = put_page(page, flags.html, flags.format); !put) {
        return put;
    }
    if (flags.format == "md") {
        hand_over(compare_markdown(result));
    } else if (flags.format == "json") {
        hand_over(compare_json(result));
    } else if (flags.format == "junit") {
        hand_over(compare_junit(result));
    } else if (flags.format.empty()) {
        say("{}", compare_text(result));
    }
    return {};
}

int first_baseline(const CompareFlags& flags, const Sides& sides) {
    const std::vector<Mismatch> found = mismatches(sides.all());
    if (!found.empty()) {
        return refuse_all(found);
    }
    say(stderr, "compare   {} keeps no run yet: there is nothing to compare with\n",
        flags.baseline);
    if (const Status kept = update_baseline(flags, sides, {}); !kept) {
        return refuse(kept.error());
    }
    return to_int(ExitCode::Passed);
}

int run_compare(const CompareFlags& flags) {
    init_logging(Verbosity::Normal);
    const auto tolerance = flag_share(flags.tolerance, "--tolerance");
    if (!tolerance) {
        return refuse(tolerance.error());
    }
    if (!(*tolerance >= 0 && *tolerance <= 1)) {
        return refuse({fmt::format("must be from 0% to 100%, got {}", flags.tolerance),
                       "--tolerance", "e.g. --tolerance 5%"});
    }
    Sides sides;
    if (const Status opened = open_sides(flags, sides); !opened) {
        return refuse(opened.error());
    }
    if (sides.base.empty()) {
        return first_baseline(flags, sides);
    }
    const std::vector<Mismatch> found = mismatches(sides.all());
    if (!found.empty() && !flags.force) {
        return refuse_all(found);
    }
    auto result = compare(sides.base, sides.now, *tolerance);
    if (!result) {
        return refuse(result.error());
    }
    for (const Mismatch& each : found) {
        result->forced.push_back(each.what);
    }
    if (const Status printed = print(flags, *result, sides); !printed) {
        return refuse(printed.error());
    }
    const std::string against = result->regressed()       ? "this run is worse"
                                : !result->forced.empty() ? "this run was compared by --force"
                                                          : "";
    if (const Status kept = update_baseline(flags, sides, against); !kept) {
        return refuse(kept.error());
    }
    return to_int(result->regressed() ? ExitCode::ThresholdFailed : ExitCode::Passed);
}

}  // namespace

void add_compare_command(Command& app, Action& action) {
    auto flags = std::make_shared<CompareFlags>();
    Command* command = app.add_subcommand(
        "compare", "compare runs of one scenario; exit status 99 where something got worse");
    command
        ->add_option(
            "RUN", flags->runs,
            "BASE, then the runs to hold against it: run folders, run.db files, or folders "
            "of run folders; with --baseline the latter alone")
        ->required();
    command->add_option("--tolerance", flags->tolerance, "a change up to this is no regression")
        ->capture_default_str();
    command
        ->add_option("--format", flags->format,
                     "print this one to stdout instead of lines for people")
        ->one_of({"html", "md", "json", "junit"});
    command->add_option("--html", flags->html, "write the page to this file too");
    command->add_option("--baseline", flags->baseline,
                        "compare with the run kept in this folder, and keep RUN there instead "
                        "where nothing got worse");
    command->add_flag(
        "--force", flags->force,
        "compare also what should not be: another scenario, load or class of machine, "
        "INVALID runs");
    command->footer(
        "Examples:\n"
        "  plimsoll compare results/main results/branch --html compare.html\n"
        "  plimsoll compare --baseline baseline results/20260101T120000Z-3fa9-checkout --format "
        "md");
    command->callback([flags, &action] { action = [flags] { return run_compare(*flags); }; });
}

}  // namespace plimsoll
