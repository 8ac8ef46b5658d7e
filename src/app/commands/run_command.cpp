// plimsoll run SCENARIO | URL
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
#include "app/segment_choice.hpp"
#include "app/segment_upload.hpp"
#include "base/user_file.hpp"
#include "scenario/listen_address.hpp"

#include <algorithm>
#include <charconv>
#include <memory>

#include <fmt/format.h>

namespace plimsoll {
namespace {

struct RunFlags {
    OutputFlags output;
    ScenarioFlags scenario;
    ProbeFlags probes;
    AlertWatchFlags alerts;
    ExportFlags exports;
    GatherFlags gather;
    std::string segment;
    std::string upload;
    std::string control;
    bool no_calibration = false;
    bool no_connection_reuse = false;
    bool insecure = false;
    std::string ca_file;
    std::string cert_file;
    std::string key_file;
    std::vector<std::string> local_addresses;
};

void apply_http(const RunFlags& flags, HttpOptions& http) {
    http.reuse_connections = http.reuse_connections && !flags.no_connection_reuse;
    http.tls.verify = http.tls.verify && !flags.insecure;
    if (!flags.ca_file.empty()) {
        http.tls.ca_file = flags.ca_file;
    }
    if (!flags.cert_file.empty()) {
        http.tls.cert_file = flags.cert_file;
        http.tls.key_file = flags.key_file;
    }
    if (!flags.local_addresses.empty()) {
        http.local_addresses = flags.local_addresses;
    }
}

void add_http_flags(Command& command, RunFlags& flags) {
    const auto plain_file = [](const std::string& path) {
        const auto file = open_user_file(path);
        return file ? std::string() : file.error().to_string();
    };
    command.add_flag("--no-connection-reuse", flags.no_connection_reuse,
                     "a new connection for each request");
    command.add_flag("--insecure-skip-tls-verify", flags.insecure,
                     "take any certificate of the target");
    command.add_option("--cacert", flags.ca_file, "trust these certificates, not the system's")
        ->check(plain_file, "FILE");
    auto* const cert = command.add_option("--cert", flags.cert_file, "client certificate (PEM)")
                           ->check(plain_file, "FILE");
    command.add_option("--key", flags.key_file, "its key, where it is in a file of its own")
        ->check(plain_file, "FILE")
        ->needs(cert);
    command
        .add_option("--local-address", flags.local_addresses,
                    "send from this address; several take turns")
        ->type_name("IP")
        ->allow_extra_args(false);
}

void add_generator_flags(Command& command, RunFlags& flags) {
    command
        .add_option("--segment", flags.segment,
                    "run the i-th of n parts of the load; `merge` joins the n runs; auto: which "
                    "one is known from Kubernetes (JOB_COMPLETION_INDEX and PLIMSOLL_SEGMENTS) or "
                    "Slurm (SLURM_PROCID and SLURM_NTASKS)")
        ->type_name("i/n|auto");
    command
        .add_option("--upload", flags.upload,
                    "keep this segment's run there, in S3-compatible storage (credentials: "
                    "AWS_ACCESS_KEY_ID ...); `merge` takes it from there")
        ->type_name("s3://BUCKET/PREFIX")
        ->needs("--segment");
    command
        .add_option("--control", flags.control,
                    "take changes of externally-controlled load here (default address 127.0.0.1)")
        ->type_name("ADDR:PORT");
    command.add_flag("--no-calibration", flags.no_calibration,
                     "do not measure the generator's ceiling first (0.3 s, loopback only)");
}

/// What the gather does for all segments would else be done n times.
Status check_gathered(const RunFlags& flags) {
    if (!flags.gather.gathers()) {
        return {};
    }
    const ProbeFlags& probes = flags.probes;
    const bool probes_here = !probes.pg.empty() || !probes.pgbouncer.empty() ||
                             !probes.containers.empty() || !probes.app_metrics.empty() ||
                             !flags.alerts.alerts.empty();
    if (probes_here) {
        return Error{"cannot stand beside flags of probes: the gather has the probes", "--gather",
                     "give them to plimsoll gather"};
    }
    if (!flags.control.empty()) {
        return Error{"cannot stand beside --control: the gather sets the load of all segments",
                     "--gather", "give --control to plimsoll gather"};
    }
    return {};
}

int run(const RunFlags& flags) {
    auto options = flags.output.to_session();
    if (!options) {
        return refuse(options.error());
    }
    std::string segment_source;
    if (!flags.segment.empty()) {
        const auto chosen =
            choose_segment(flags.segment, [](const char* name) { return std::getenv(name); });
        if (!chosen) {
            return refuse(chosen.error());
        }
        options->segment = chosen->segment;
        segment_source = chosen->source;
    }
    options->calibrate = !flags.no_calibration;
    if (!flags.control.empty()) {
        const auto listen = parse_listen(flags.control);
        if (!listen) {
            return refuse(at_flag(listen.error(), "--control"));
        }
        options->control = *listen;
    }
    auto scenario = flags.scenario.load();
    if (!scenario) {
        return to_int(ExitCode::InvalidInput);
    }
    apply_http(flags, scenario->http);
    if (const Status fits = check_gathered(flags); !fits) {
        return refuse(fits.error());
    }
    flags.gather.leave_out(*scenario, *options);
    if (const Status applied = flags.probes.apply(scenario->probes); !applied) {
        return refuse(applied.error());
    }
    if (const Status watched = flags.alerts.apply(*options); !watched) {
        return refuse(watched.error());
    }
    if (const Status applied = flags.exports.apply(scenario->exports, *options); !applied) {
        return refuse(applied.error());
    }
    const auto sender = flags.gather.apply(*scenario, *options);
    if (!sender) {
        return refuse(sender.error());
    }
    auto objects = open_upload(flags.upload, options->segment);
    if (!objects) {
        return refuse(objects.error());
    }
    if (options->view != ViewMode::Off) {
        const bool counted =
            std::any_of(scenario->load.begin(), scenario->load.end(),
                        [](const Executor& each) { return is_counted(each.kind); });
        say("run       {} against {} for {}{}\n", scenario->name, scenario->target.to_string(),
            counted ? "at most " : "", format_duration(scenario->duration()));
        if (!options->segment.is_whole() || !segment_source.empty()) {
            say("segment   {} of {}{}{}: this part of every executor's load\n",
                options->segment.number, options->segment.count,
                segment_source.empty() ? "" : ", by ", segment_source);
        }
        if (flags.gather.gathers()) {
            say("gather    {}: probes, exports and thresholds are there, not here\n",
                flags.gather.gather);
        }
        for (const Executor& executor : scenario->load) {
            if (!executor.profile.empty()) {
                say("{:<9} {}: {}\n", "profile", executor.profile, stages_text(executor));
            }
        }
    }
    StopRequest stop;
    const Segment segment = options->segment;
    const SessionResult result = run_session(*scenario, std::move(*options), stop);
    return to_int(*objects ? keep_run(**objects, segment, result, !flags.output.quiet)
                           : result.code);
}

}  // namespace

void add_run_command(Command& app, Action& action) {
    auto flags = std::make_shared<RunFlags>();
    Command* command = app.add_subcommand("run", "run a load and say what it showed");
    flags->scenario.add_to(*command);
    flags->probes.add_to(*command);
    flags->alerts.add_to(*command);
    flags->exports.add_to(*command);
    add_generator_flags(*command, *flags);
    flags->gather.add_to(*command);
    add_http_flags(*command, *flags);
    flags->output.add_to(*command);
    command->footer(
        "Examples:\n"
        "  plimsoll run http://127.0.0.1:8080/ -u 50 -d 30s\n"
        "  plimsoll run checkout.yaml --pg service=app --prometheus 127.0.0.1:9464");
    command->callback([flags, &action] { action = [flags] { return run(*flags); }; });
}

}  // namespace plimsoll
