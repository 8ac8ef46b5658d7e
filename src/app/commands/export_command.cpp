// plimsoll export RUN
#include "analysis/analyse.hpp"
#include "app/commands/command_line.hpp"
#include "app/commands/commands.hpp"
#include "app/commands/files.hpp"
#include "app/console.hpp"
#include "app/exit_code.hpp"
#include "base/log.hpp"
#include "base/units.hpp"
#include "run/replay_exporters.hpp"
#include "run/run_verdict.hpp"
#include "store/replay.hpp"

#include <memory>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr const char* kRemoteWrite = "--remote-write";
constexpr const char* kLabel = "--label";
constexpr const char* kStep = "--step";

struct ExportCommandFlags {
    std::string run;
    std::string openmetrics;
    std::string format;
    std::string remote_write;
    std::string step;
    std::string histograms = "classic";
    std::vector<std::string> labels;
};

Result<ReplayTarget> target_of(const ExportCommandFlags& flags) {
    ReplayTarget out;
    out.openmetrics = flags.format.empty() ? flags.openmetrics : "-";
    out.classic = flags.histograms != "native";
    out.native = flags.histograms != "classic";
    if (!flags.step.empty()) {
        const auto step = parse_duration(flags.step);
        if (!step || *step <= Nanoseconds(0)) {
            return Error{step ? "must be above 0" : step.error().what, kStep, "e.g. --step 5s"};
        }
        out.step = *step;
    }
    for (const std::string& label : flags.labels) {
        const std::size_t equals = label.find('=');
        if (equals == 0 || equals == std::string::npos) {
            return Error{"must be NAME=VALUE", kLabel, "e.g. --label instance=build-17"};
        }
        out.labels.emplace_back(label.substr(0, equals), label.substr(equals + 1));
    }
    out.remote_write = flags.remote_write;
    return out;
}

/// "12,345 samples sent" and what went wrong, on stderr: stdout may be the data.
int conclude(const Deliveries& deliveries) {
    say(stderr, "exported  {} {} sent", deliveries.sent, deliveries.unit);
    if (deliveries.retried > 0) {
        say(stderr, ", {} requests sent again", deliveries.retried);
    }
    const bool lost = deliveries.rejected + deliveries.dropped > 0;
    if (lost) {
        say(stderr, ", {} rejected, {} dropped ({})", deliveries.rejected, deliveries.dropped,
            deliveries.last_error);
    }
    say(stderr, "\n");
    return to_int(lost ? ExitCode::Unreachable : ExitCode::Passed);
}

int export_run(const ExportCommandFlags& flags) {
    init_logging(Verbosity::Quiet);
    const auto target = target_of(flags);
    if (!target) {
        return refuse(target.error());
    }
    const auto reader = RunReader::open(flags.run);
    if (!reader) {
        return refuse(reader.error());
    }
    const auto analysis = analyse(*reader);
    if (!analysis) {
        return refuse(analysis.error());
    }
    const auto told =
        replay_to(*reader, *target, std::make_shared<const RunVerdict>(verdict_of(*analysis)));
    return told ? conclude(*told) : refuse(told.error());
}

}  // namespace

void add_export_command(Command& app, Action& action) {
    auto flags = std::make_shared<ExportCommandFlags>();
    Command* command =
        app.add_subcommand("export", "send a run's metrics to a time series database, afterwards");
    command->add_option("RUN", flags->run, "a run folder, or its run.db")->required();
    Option* file =
        command->add_option("--openmetrics", flags->openmetrics,
                            "write OpenMetrics text with time stamps to this file (-: stdout), for "
                            "promtool tsdb create-blocks-from openmetrics");
    file->type_name("FILE");
    Option* format = command->add_option("--format", flags->format, "the same, to stdout");
    format->one_of({"openmetrics"});
    Option* write = command->add_option(
        kRemoteWrite, flags->remote_write,
        "send them here by Prometheus' remote write; credentials are those of the variables "
        "PLIMSOLL_REMOTE_WRITE_...");
    write->type_name("URL");
    file->excludes(write)->excludes(format);
    format->excludes(write);
    command->add_option(kStep, flags->step, "between two values of a series (default 1s)")
        ->type_name("DURATION");
    command
        ->add_option(kLabel, flags->labels,
                     "of each series; job=plimsoll and instance=<the run's host> unless given")
        ->type_name("NAME=VALUE")
        ->allow_extra_args(false);
    command->add_option("--histograms", flags->histograms, "classic, native or both")
        ->one_of({"classic", "native", "both"})
        ->needs(write);
    command->footer(
        "Examples:\n"
        "  plimsoll export results/20260101T120000Z-3fa9-demo --remote-write "
        "http://127.0.0.1:9090/api/v1/write\n"
        "  plimsoll export results/20260101T120000Z-3fa9-demo --openmetrics run.txt");
    command->callback([flags, command, &action] {
        if (flags->openmetrics.empty() && flags->format.empty() && flags->remote_write.empty()) {
            command->lacks("one of --openmetrics, --format and --remote-write");
        }
        action = [flags] { return export_run(*flags); };
    });
}

}  // namespace plimsoll
