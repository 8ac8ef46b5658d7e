// plimsoll merge RUN...
#include "app/commands/command_line.hpp"
#include "app/commands/commands.hpp"
#include "app/commands/files.hpp"
#include "app/console.hpp"
#include "app/exit_code.hpp"
#include "app/run_report.hpp"
#include "base/log.hpp"
#include "objects/segment_objects.hpp"
#include "store/merge_runs.hpp"

#include <cstdlib>
#include <filesystem>
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

/// Copies of the runs that are kept as objects, for as long as the merge takes.
class FetchedRuns {
public:
    explicit FetchedRuns(const std::filesystem::path& run_dir)
        : run_dir_(run_dir), folder_(run_dir / "segments") {}
    FetchedRuns(const FetchedRuns&) = delete;
    FetchedRuns& operator=(const FetchedRuns&) = delete;
    ~FetchedRuns() {
        std::error_code error;
        if (made_) {
            std::filesystem::remove_all(folder_, error);
            std::filesystem::remove(run_dir_, error);  // where nothing came of it
        }
    }

    /// `given` with every s3:// place as the files of its segments.
    Result<std::vector<std::filesystem::path>> of(const std::vector<std::string>& given) {
        std::vector<std::filesystem::path> runs;
        for (const std::string& each : given) {
            if (!each.starts_with("s3://")) {
                runs.emplace_back(each);
                continue;
            }
            auto objects = SegmentObjects::open(
                each, [](const char* name) -> const char* { return std::getenv(name); });
            if (!objects) {
                return objects.error();
            }
            std::error_code error;
            if (made_ || std::filesystem::exists(folder_, error)) {
                return Error{"is in the way of the runs that are fetched, or two places were given",
                             folder_.string(), "name one s3:// place and a new --run-dir"};
            }
            made_ = std::filesystem::create_directories(folder_, error);
            if (!made_) {
                return Error{"cannot be made: " + error.message(), folder_.string()};
            }
            auto files = objects->fetch(folder_);
            if (!files) {
                return files.error();
            }
            runs.insert(runs.end(), files->begin(), files->end());
        }
        return runs;
    }

private:
    std::filesystem::path run_dir_;
    std::filesystem::path folder_;
    bool made_ = false;
};

int merge(const MergeFlags& flags) {
    init_logging(flags.quiet ? Verbosity::Quiet : Verbosity::Normal);
    const std::filesystem::path folder = flags.run_dir;
    FetchedRuns fetched(folder);
    const auto found = fetched.of(flags.runs);
    if (!found) {
        return refuse(found.error());
    }
    const std::vector<std::filesystem::path>& runs = *found;
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
    command
        ->add_option("RUN", flags->runs,
                     "the segments' run folders, or their run.db files; or s3://BUCKET/PREFIX, "
                     "where run --upload left them")
        ->required();
    command->add_option("--run-dir", flags->run_dir, "the merged run's folder")->required();
    command->add_flag("--partial", flags->partial,
                      "also where segments are missing or were cut off");
    command->add_flag("-q,--quiet", flags->quiet, "only errors, on stderr");
    command->footer(
        "Examples:\n"
        "  plimsoll merge part1 part2 part3 --run-dir whole\n"
        "  plimsoll merge s3://load-runs/checkout-42 --run-dir whole");
    command->callback([flags, &action] { action = [flags] { return merge(*flags); }; });
}

}  // namespace plimsoll
