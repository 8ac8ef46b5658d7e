// plimsoll merge RUN...
#include "app/commands/command_line.hpp"
#include "app/commands/commands.hpp"
#include "app/commands/files.hpp"
#include "app/console.hpp"
#include "app/exit_code.hpp"
#include "app/run_report.hpp"
#include "base/log.hpp"
#include "store/merge_runs.hpp"

#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace plimsoll {
namespace {

struct MergeFlags {
    std::vector<std::string> runs;
    std::string run_dir;
    bool partial = false;
    bool quiet = false;
};

void describe(const MergedRun& merged, std::size_t given) {
    say("merged    {} of {} segments, started within {:.1f} s of each other\n", given,
        merged.segments, merged.skew_s);
    if (!merged.missing.empty()) {
        say("missing   segment {}: its part of the load is not in the figures\n",
            fmt::join(merged.missing, ", "));
    }
    if (!merged.cut_off.empty()) {
        say("cut off   segment {}: what came after is not in the figures\n",
            fmt::join(merged.cut_off, ", "));
    }
}

int merge(const MergeFlags& flags) {
    init_logging(flags.quiet ? Verbosity::Quiet : Verbosity::Normal);
    const std::vector<std::filesystem::path> runs(flags.runs.begin(), flags.runs.end());
    const std::filesystem::path folder = flags.run_dir;
    const auto merged = merge_runs(runs, folder / "run.db", {flags.partial});
    if (!merged) {
        return refuse(merged.error());
    }
    SessionOptions options;
    options.view = flags.quiet ? ViewMode::Off : ViewMode::Lines;
    if (!flags.quiet) {
        describe(*merged, runs.size());
    }
    return to_int(report_run(folder, options));
}

}  // namespace

void add_merge_command(Command& app, Action& action) {
    auto flags = std::make_shared<MergeFlags>();
    Command* command =
        app.add_subcommand("merge", "join the runs of all segments (run --segment i/n) into one");
    command->add_option("RUN", flags->runs, "the segments' run folders, or their run.db files")
        ->required();
    command->add_option("--run-dir", flags->run_dir, "the merged run's folder")->required();
    command->add_flag("--partial", flags->partial,
                      "also where segments are missing or were cut off");
    command->add_flag("-q,--quiet", flags->quiet, "only errors, on stderr");
    command->footer(
        "Examples:\n"
        "  plimsoll merge part1 part2 part3 --run-dir whole\n"
        "  plimsoll merge part1 part3 --run-dir most --partial");
    command->callback([flags, &action] { action = [flags] { return merge(*flags); }; });
}

}  // namespace plimsoll
