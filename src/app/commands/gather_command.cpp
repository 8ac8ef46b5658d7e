// plimsoll gather SCENARIO --listen ADDR:PORT --segments N
#include "app/commands/alert_watch_flags.hpp"
#include "app/commands/command_line.hpp"
#include "app/commands/commands.hpp"
#include "app/commands/common_flags.hpp"
#include "app/commands/export_flags.hpp"
#include "app/commands/files.hpp"
#include "app/commands/flag_text.hpp"
#include "app/commands/gather_flags.hpp"
#include "app/commands/probe_flags.hpp"
#include "app/commands/scenario_flags.hpp"
#include "app/console.hpp"
#include "app/run_session.hpp"
#include "base/units.hpp"
#include "gather/gather_server.hpp"
#include "net/loopback.hpp"
#include "scenario/listen_address.hpp"
#include "store/run_reader.hpp"

#include <filesystem>
#include <memory>

namespace plimsoll {
namespace {

struct GatherCommandFlags {
    OutputFlags output;
    ScenarioFlags scenario;
    ProbeFlags probes;
    AlertWatchFlags alerts;
    ExportFlags exports;
    std::string listen;
    std::uint32_t segments = 0;
    std::string token_file;
    std::string late, lost, barrier_wait;
    std::string control;
    bool partial = false;
    bool resume = false;
};

constexpr std::uint32_t kMostSegments = 4096;

Result<GatherOptions> gather_options(const GatherCommandFlags& flags) {
    GatherOptions options;
    const auto listen = parse_listen(flags.listen);
    if (!listen) {
        return at_flag(listen.error(), "--listen");
    }
    std::tie(options.address, options.port) = *listen;
    options.segments = flags.segments;
    options.partial = flags.partial;
    for (const auto& [text, flag, into] :
         {std::tuple<const std::string&, const char*, Nanoseconds*>{flags.late, "--late",
                                                                    &options.late},
          {flags.lost, "--lost", &options.lost},
          {flags.barrier_wait, "--barrier-wait", &options.barrier_wait}}) {
        const auto time = text.empty() ? Result<Nanoseconds>(*into) : parse_duration(text);
        if (!time) {
            return at_flag(time.error(), flag);
        }
        *into = *time;
    }
    auto token = gather_token(flags.token_file, "--token-file");
    if (!token) {
        return token.error();
    }
    options.token = *std::move(token);
    if (options.token.empty() && !is_loopback(options.address)) {
        return Error{"needs a token where others than this machine can reach it", "--listen",
                     "--token-file FILE, or PLIMSOLL_GATHER_TOKEN; or listen on 127.0.0.1"};
    }
    return options;
}

/// The run that the folder holds, where there is one: it goes on under its own name.
Status resume(const GatherCommandFlags& flags, SessionOptions& options) {
    if (!flags.resume) {
        return {};
    }
    std::error_code code;
    if (!std::filesystem::exists(*options.folder / "run.db", code)) {
        return {};  // it was stopped before the start: so it begins anew
    }
    const auto reader = RunReader::open(*options.folder);
    if (!reader) {
        return reader.error();
    }
    if (reader->finished()) {
        return Error{"came to its end; there is nothing to go on with", options.folder->string(),
                     "name another folder with --run-dir"};
    }
    options.resume = true;
    options.id = reader->info().id;
    return {};
}

Status apply(const GatherCommandFlags& flags, Scenario& scenario, SessionOptions& options) {
    // Each segment has its own, with the values that its users need.
    scenario.setup.steps.clear();
    scenario.teardown.steps.clear();
    options.calibrate = false;
    if (!flags.control.empty()) {
        const auto listen = parse_listen(flags.control);
        if (!listen) {
            return at_flag(listen.error(), "--control");
        }
        options.control = *listen;
    }
    Status status = flags.probes.apply(scenario.probes);
    if (status.ok()) {
        status = flags.alerts.apply(options);
    }
    if (status.ok()) {
        status = flags.exports.apply(scenario.exports, options);
    }
    return status.ok() ? resume(flags, options) : status;
}

int gather(const GatherCommandFlags& flags) {
    auto options = flags.output.to_session();
    if (!options) {
        return refuse(options.error());
    }
    auto asked = gather_options(flags);
    if (!asked) {
        return refuse(asked.error());
    }
    auto scenario = flags.scenario.load();
    if (!scenario) {
        return to_int(ExitCode::InvalidInput);
    }
    if (const Status applied = apply(flags, *scenario, *options); !applied) {
        return refuse(applied.error());
    }
    asked->resume = options->resume;
    const auto server = GatherServer::start(*std::move(asked));
    if (!server) {
        complain(server.error());
        return to_int(ExitCode::PortInUse);
    }
    // Also with --quiet: nobody could know a port that the system chose.
    say("gather    {} for {} segments of {}\n", (*server)->url(), flags.segments, scenario->name);
    options->make_load = [gather = server->get()](const LoadContext& context) {
        return gather->make_load(context);
    };
    StopRequest stop;
    return to_int(run_session(*scenario, *std::move(options), stop).code);
}

void add_own_flags(Command& command, GatherCommandFlags& flags) {
    command
        .add_option("--listen", flags.listen,
                    "where segments send (default address 127.0.0.1; port 0: a free one)")
        ->required()
        ->type_name("ADDR:PORT");
    command.add_option("--segments", flags.segments, "how many there are: the n of --segment i/n")
        ->required()
        ->in_range(1U, kMostSegments);
    command
        .add_option("--token-file", flags.token_file,
                    "segments must know the first line of this file (else: PLIMSOLL_GATHER_TOKEN; "
                    "needed but on loopback)")
        ->type_name("FILE");
    command
        .add_option("--late", flags.late,
                    "wait so long for a segment's second after its end (default 5s)")
        ->type_name("TIME");
    command
        .add_option("--lost", flags.lost, "after so long without a word one is lost (default 15s)")
        ->type_name("TIME");
    command
        .add_option("--barrier-wait", flags.barrier_wait,
                    "wait so long for all segments before the load (default 10m)")
        ->type_name("TIME");
    command.add_flag("--partial", flags.partial, "begin then without those that did not come");
    command
        .add_flag("--resume", flags.resume,
                  "go on with the run of --run-dir, whose gather was stopped or died")
        ->needs("--run-dir");
    command
        .add_option("--control", flags.control,
                    "take changes of externally-controlled load here (default address 127.0.0.1)")
        ->type_name("ADDR:PORT");
}

}  // namespace

void add_gather_command(Command& app, Action& action) {
    auto flags = std::make_shared<GatherCommandFlags>();
    Command* command = app.add_subcommand(
        "gather",
        "merge live what the segments of one run measure (run --segment i/n --gather URL)");
    flags->scenario.add_to(*command);
    flags->probes.add_to(*command);
    flags->alerts.add_to(*command);
    flags->exports.add_to(*command);
    flags->output.add_to(*command);
    command->remove_option("--shards");  // it puts no load on
    add_own_flags(*command, *flags);
    command->footer(
        "Examples:\n"
        "  plimsoll gather checkout.yaml --listen 127.0.0.1:9470 --segments 2\n"
        "  plimsoll gather checkout.yaml --listen 0.0.0.0:9470 --segments 8 --token-file token");
    command->callback([flags, &action] { action = [flags] { return gather(*flags); }; });
}

}  // namespace plimsoll
