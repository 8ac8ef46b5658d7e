// plimsoll run SCENARIO | URL
#include "app/commands/alert_server.hpp"
#include "app/commands/command_line.hpp"
#include "app/commands/commands.hpp"
#include "app/commands/common_flags.hpp"
#include "app/commands/export_flags.hpp"
#include "app/commands/flag_text.hpp"
#include "app/commands/probe_flags.hpp"
#include "app/commands/request_flags.hpp"
#include "app/console.hpp"
#include "app/run_session.hpp"
#include "app/segment_choice.hpp"
#include "app/segment_upload.hpp"
#include "base/units.hpp"
#include "base/user_file.hpp"
#include "probes/alerts/alerts_probe.hpp"
#include "scenario/listen_address.hpp"
#include "scenario/parse.hpp"
#include "scenario/shape_load.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <memory>

#include <fmt/format.h>

namespace plimsoll {
namespace {

struct RunFlags {
    OutputFlags output;
    std::string scenario;
    std::optional<std::uint32_t> vus;
    std::optional<std::uint64_t> iterations;
    std::string duration;
    std::string rate;
    std::vector<std::string> stages;
    std::vector<std::string> env;
    RequestFlags request;
    ProbeFlags probes;
    std::string alerts, alertmanager;
    ExportFlags exports;
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

    bool replace_load = false;
};

constexpr std::uint32_t kMostUsers = 10'000'000;

Result<Ramp::Stage> parse_stage(const std::string& text) {
    const auto colon = text.find(':');
    const Error wrong{fmt::format("must be DURATION:USERS, got \"{}\"", text), "-s/--stage",
                      "e.g. -s 30s:100"};
    if (colon == std::string::npos) {
        return wrong;
    }
    const auto duration = parse_duration(text.substr(0, colon));
    if (!duration) {
        return at_flag(duration.error(), "-s/--stage");
    }
    std::uint32_t users = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data() + colon + 1, end, users);
    if (read.ec != std::errc{} || read.ptr != end || users > kMostUsers) {
        return wrong;
    }
    return Ramp::Stage{*duration, static_cast<double>(users)};
}

/// Each says the whole load: of two, one would count for nothing.
Status check_one_load(const RunFlags& flags) {
    const char* const other = !flags.rate.empty()       ? "-r/--rate"
                              : !flags.duration.empty() ? "-d/--duration"
                                                        : nullptr;
    if (!flags.stages.empty() && other != nullptr) {
        return Error{"cannot stand beside -s/--stage", other,
                     "stages say how many users there are, and for how long"};
    }
    return {};
}

Status check_iterations(const RunFlags& flags) {
    constexpr const char* kFlag = "-i/--iterations";
    if (flags.iterations && (!flags.rate.empty() || !flags.stages.empty())) {
        return Error{
            fmt::format("cannot stand beside {}", flags.rate.empty() ? "-s/--stage" : "-r/--rate"),
            kFlag, "-u 5 -i 100: five users share a hundred iterations"};
    }
    const std::uint32_t users = flags.vus.value_or(1);
    if (flags.iterations && *flags.iterations < users) {
        return Error{fmt::format("must not be fewer than the users: {} for {} users",
                                 *flags.iterations, users),
                     kFlag, "the users share these iterations"};
    }
    return {};
}

Result<QuickLoad> quick_load(const RunFlags& flags) {
    for (const Status& fits : {check_iterations(flags), check_one_load(flags)}) {
        if (!fits) {
            return fits.error();
        }
    }
    QuickLoad load;
    load.vus = flags.vus.value_or(1);
    load.iterations = flags.iterations;
    if (!flags.duration.empty()) {
        const auto duration = parse_duration(flags.duration);
        if (!duration) {
            return at_flag(duration.error(), "-d/--duration");
        }
        load.duration = *duration;
    }
    if (!flags.rate.empty()) {
        const auto rate = parse_rate(flags.rate);
        if (!rate) {
            return at_flag(rate.error(), "--rate");
        }
        load.rate = *rate;
        load.vus = flags.vus.value_or(1000);
    }
    for (const std::string& text : flags.stages) {
        const auto stage = parse_stage(text);
        if (!stage) {
            return stage.error();
        }
        load.stages.push_back(*stage);
    }
    return load;
}

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

/// The scenario that the flags name; nothing where it is at fault (all is printed by then).
std::optional<Scenario> load_scenario(const RunFlags& flags, const QuickLoad& load) {
    if (flags.scenario.find("://") != std::string::npos || flags.scenario.starts_with("unix:")) {
        const auto request = flags.request.request();
        auto scenario = request ? scenario_for_url(flags.scenario, load, *request)
                                : Result<Scenario>(request.error());
        if (!scenario) {
            refuse(scenario.error());
            return std::nullopt;
        }
        return std::move(*scenario);
    }
    if (const char* const flag = flags.request.first()) {
        refuse({"belongs to a URL; a scenario file says itself what is sent", flag,
                "write it into the file's steps"});
        return std::nullopt;
    }
    auto scenario = load_scenario_file(flags.scenario);
    if (!scenario) {
        return std::nullopt;
    }
    LoadFlags given;
    given.vus = flags.vus;
    given.iterations = load.iterations;
    given.duration = load.duration;
    given.rate = load.rate;
    given.stages = load.stages;
    given.replace = flags.replace_load;
    const auto shaped = shape_load(*scenario, given);
    if (!shaped) {
        refuse(shaped.error());
        return std::nullopt;
    }
    if (!shaped->empty()) {
        say(stderr, "plimsoll: {}\n", *shaped);
    }
    return scenario;
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

/// The URLs are checked here; whether anybody answers shows in the run, as a gap.
Status watch_alerts(const RunFlags& flags, SessionOptions& options) {
    if (flags.alerts.empty()) {
        return {};
    }
    const auto asked = alert_server(flags.alerts, flags.alertmanager);
    if (!asked) {
        return asked.error();
    }
    options.more_probes = [asked = *asked]() -> Result<std::vector<ProbePtr>> {
        auto made = make_alerts_probe(asked);
        if (!made) {
            return made.error();
        }
        std::vector<ProbePtr> probes;
        probes.push_back(std::move(*made));
        return probes;
    };
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
    const auto load = quick_load(flags);
    if (!load) {
        return refuse(load.error());
    }
    if (const Status set = set_environment(flags.env); !set) {
        return refuse(set.error());
    }
    auto scenario = load_scenario(flags, *load);
    if (!scenario) {
        return to_int(ExitCode::InvalidInput);
    }
    apply_http(flags, scenario->http);
    if (const Status applied = flags.probes.apply(scenario->probes); !applied) {
        return refuse(applied.error());
    }
    if (const Status watched = watch_alerts(flags, *options); !watched) {
        return refuse(watched.error());
    }
    if (const Status applied = flags.exports.apply(scenario->exports, *options); !applied) {
        return refuse(applied.error());
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
    command
        ->add_option("SCENARIO", flags->scenario,
                     "a scenario file, or a plain http:// or https:// URL")
        ->required();
    command
        ->add_option("-u,--vus", flags->vus,
                     "users (with --rate: at most so many); of a file: in "
                     "place of its users")
        ->in_range(1U, kMostUsers);
    command->add_option("-d,--duration", flags->duration,
                        "how long, e.g. 30s; of a file: cut its load short");
    command
        ->add_option("-i,--iterations", flags->iterations,
                     "iterations that the users share (with -d: within that time)")
        ->in_range(std::uint64_t{1}, std::uint64_t{1'000'000'000'000});
    command->add_option("-r,--rate", flags->rate, "arrivals instead of users, e.g. 200/s");
    command
        ->add_option("-s,--stage", flags->stages,
                     "ramp users: DURATION:USERS; several by commas or by repeating it")
        ->type_name("TIME:N")
        ->delimiter(',')
        ->allow_extra_args(false);
    command->add_flag("--replace-load", flags->replace_load,
                      "with a file: run the load of these flags in place of its own");
    command
        ->add_option("-e,--env", flags->env,
                     "${env.NAME} of the scenario must be set; NAME=VALUE sets it, for every user "
                     "of this machine to see; @FILE: lines of NAME=VALUE")
        ->type_name("NAME")
        ->allow_extra_args(false);
    flags->request.add_to(*command);
    flags->probes.add_to(*command);
    command
        ->add_option(
            "--alerts", flags->alerts,
            "keep with the run what the alerts of this Prometheus do meanwhile; @FILE: the "
            "first line of it")
        ->type_name("URL");
    command
        ->add_option("--alertmanager", flags->alertmanager,
                     "and when they reach this Alertmanager; @FILE as above")
        ->type_name("URL")
        ->needs("--alerts");
    flags->exports.add_to(*command);
    add_generator_flags(*command, *flags);
    add_http_flags(*command, *flags);
    flags->output.add_to(*command);
    command->footer(
        "Examples:\n"
        "  plimsoll run http://127.0.0.1:8080/ -u 50 -d 30s\n"
        "  plimsoll run checkout.yaml --pg service=app --prometheus 127.0.0.1:9464");
    command->callback([flags, &action] { action = [flags] { return run(*flags); }; });
}

}  // namespace plimsoll
