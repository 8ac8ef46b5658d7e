// plimsoll demo: the main job on embedded defaults.
#include "app/commands/command_line.hpp"
#include "app/commands/commands.hpp"
#include "app/commands/common_flags.hpp"
#include "app/commands/files.hpp"
#include "app/commands/find_flags.hpp"
#include "app/console.hpp"
#include "app/exit_code.hpp"
#include "app/lab_child.hpp"
#include "app/run_session.hpp"
#include "base/units.hpp"
#include "lab/child_process.hpp"
#include "lab/fault.hpp"
#include "lab/lab.hpp"
#include "lab/throwaway_postgres.hpp"
#include "scenario/listen_address.hpp"
#include "scenario/parse.hpp"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr const char* kDsnVariable = "PLIMSOLL_DEMO_PG_DSN";
constexpr std::chrono::seconds kPartsReadyWithin{30};
constexpr std::chrono::seconds kPartsEndWithin{5};
constexpr double kFindPrecision = 0.10;
constexpr std::chrono::minutes kFindBudget{3};

struct DemoFlags {
    OutputFlags output;
    std::string fault = "app-pool:size=5";
    std::string duration = "60s";
    std::string prometheus = "127.0.0.1:0";
    bool keep = false;
    bool find = false;
};

/// How far the ramp goes, so that it passes well beyond what the planted fault allows.
struct Load {
    double start;  // arrivals per second
    double peak;
};

Load load_for(const FaultSpec& fault) {
    const double hold_s = to_seconds(fault.hold.value_or(LabOptions().hold));
    switch (fault.kind) {
        case FaultSpec::Kind::AppPool: {
            const double capacity = fault.pool_size / hold_s;
            return {0.2 * capacity, 2 * capacity};
        }
        case FaultSpec::Kind::MaxConnections: {
            const double capacity = fault.limit / hold_s;
            return {0.15 * capacity, 1.5 * capacity};
        }
        case FaultSpec::Kind::None:
            break;
    }
    return {50, 400};
}

/// The fault as the lab is to plant it. Opening a connection for each request costs the database
/// milliseconds of CPU, so max-connections gets a longer hold by default: the slots must run out
/// before two cores do.
FaultSpec for_demo(FaultSpec fault) {
    if (fault.kind == FaultSpec::Kind::MaxConnections && !fault.hold) {
        fault.hold = std::chrono::milliseconds(200);
    }
    return fault;
}

/// Whoever watches the demo's page may add load of their own to the ramp; until then it adds none.
std::string load_by_hand(Nanoseconds duration) {
    return fmt::format(R"(
  - executor: externally-controlled
    name: by_hand
    rate: 0/s
    duration: {}
    max_vus: 500)",
                       format_duration(duration));
}

/// Three kinds of users, each arrival one request that holds a database connection.
std::string scenario_text(const std::string& url, const Load& load, Nanoseconds duration, pid_t lab,
                          pid_t postmaster, const std::string& prometheus, bool by_hand) {
    const Nanoseconds baseline = duration / 8;
    return fmt::format(
        R"(name: demo
target: {url}
defaults: {{timeout: 10s, headers: {{Accept: application/json}}}}
users:
  lister:
    weight: 50
    flow:
      - get: /v1/deployments?status=running
        name: "/v1/deployments?status= [FILTER]"
  reader:
    weight: 35
    flow:
      - get: /v1/deployments/${{random_int(1,1000)}}
        name: "/v1/deployments/{{id}} [GET]"
  creator:
    weight: 15
    flow:
      - post: /v1/deployments
        name: "/v1/deployments [CREATE]"
        json: {{name: "d-${{uuid()}}", owner: demo}}
        expect: {{status: 201}}
load:
  - executor: ramping-arrival-rate
    name: ramp
    start_rate: {start:.1f}/s
    stages: [{{duration: {baseline}, target: {start:.1f}/s}}, {{duration: {ramp}, target: {peak:.1f}/s}}]
    arrivals: poisson
    max_vus: 4000{by_hand}
probes:
  interval: 200ms
  postgres: {{dsn: "${{env.{dsn}}}"}}
  containers: [{{pid: {lab}, role: app}}, {{pid: {postmaster}, role: database}}]
  canaries: {{no_database: {{get: /health}}}}
export:
  prometheus: "{prometheus}"
)",
        fmt::arg("url", url), fmt::arg("start", load.start), fmt::arg("peak", load.peak),
        fmt::arg("baseline", format_duration(baseline)),
        fmt::arg("ramp", format_duration(duration - baseline)), fmt::arg("dsn", kDsnVariable),
        fmt::arg("lab", lab), fmt::arg("postmaster", postmaster),
        fmt::arg("prometheus", prometheus),
        fmt::arg("by_hand", by_hand ? load_by_hand(duration) : ""));
}

int setup_failed(const std::string& part, const Error& error) {
    say(stderr, "plimsoll: {} did not start: {}\n", part, error.to_string());
    return to_int(ExitCode::SetupFailed);
}

std::string keep_text(const RunningLab& lab, const ThrowawayPostgres& postgres) {
    return fmt::format("Everything stays up until Ctrl-C:\nlab       {}\ndatabase  psql \"{}\"\n",
                       lab.url, postgres.superuser_dsn());
}

/// Why the run cannot go on, when a part of the demo has ended.
std::optional<std::string> part_that_ended(RunningLab& lab, ThrowawayPostgres& postgres) {
    if (const auto ended = lab.process.wait(Clock::now())) {
        return fmt::format("the lab {}; stopping", ended->to_string());
    }
    if (!postgres.running()) {
        return std::string("PostgreSQL ended by itself or was killed; stopping");
    }
    return std::nullopt;
}

/// The flags, read and found good.
struct DemoPlan {
    SessionOptions session;
    FaultSpec fault;
    Nanoseconds duration;
    std::string prometheus;
    bool keep;
    bool find;
};

Result<DemoPlan> plan_for(const DemoFlags& flags) {
    auto session = flags.output.to_session();
    if (!session) {
        return session.error();
    }
    const auto fault = parse_fault(flags.fault);
    if (!fault) {
        return Error{fault.error().what, "--fault", fault.error().hint};
    }
    const auto duration = parse_duration(flags.duration);
    if (!duration) {
        return Error{duration.error().what, "--duration", duration.error().hint};
    }
    if (*duration < std::chrono::seconds(5)) {
        return Error{"must be at least 5s, got " + flags.duration, "--duration"};
    }
    if (const auto listen = parse_listen(flags.prometheus); !listen) {
        return Error{listen.error().what, "--prometheus", listen.error().hint};
    }
    return DemoPlan{std::move(*session), for_demo(*fault), *duration,
                    flags.prometheus,    flags.keep,       flags.find};
}

/// Loads the lab and prints the verdict.
int load_lab(DemoPlan& plan, RunningLab& lab, ThrowawayPostgres& postgres, StopRequest& stop) {
    const Load load = load_for(plan.fault);
    if (plan.session.view != ViewMode::Off) {
        say("demo      PostgreSQL and the lab are up at {}\n"
            "planted   {}\n",
            lab.url, plan.fault.to_string());
    }
    if (plan.session.view != ViewMode::Off && !plan.find) {
        say("load      arrivals from {:.0f}/s to {:.0f}/s within {}\n", load.start, load.peak,
            format_duration(plan.duration));
    }
    ::setenv(kDsnVariable, postgres.superuser_dsn().c_str(), 1);
    const std::string text =
        scenario_text(lab.url, load, plan.duration, lab.process.pid(), postgres.postmaster_pid(),
                      plan.prometheus, plan.session.ui && !plan.find);
    ParseOutcome parsed = parse_scenario(
        text, {"demo.yaml", [](const char* name) -> const char* { return std::getenv(name); }});
    if (!parsed.scenario) {
        say(stderr, "{}", format_faults(parsed.faults, "the demo's own scenario"));
        return to_int(ExitCode::InternalError);
    }
    SessionOptions& session = plan.session;
    session.connect_canary_dsn = postgres.app_dsn();
    session.judge_answers = false;  // it plants what keeps the lab from answering
    session.opening_events = {"planted " + plan.fault.to_string()};
    session.fatal = [&] { return part_that_ended(lab, postgres); };
    if (plan.keep) {
        session.keep_text = keep_text(lab, postgres);
    }
    if (plan.find) {
        FindRequest request;
        request.precision = kFindPrecision;
        request.budget = kFindBudget;
        request.seed = session.seed;
        return run_find(*std::move(parsed.scenario), request, std::move(session), stop);
    }
    return to_int(run_session(*parsed.scenario, std::move(session), stop).code);
}

int demo(const DemoFlags& flags) {
    auto plan = plan_for(flags);
    if (!plan) {
        return refuse(plan.error());
    }
    StopRequest stop;
    ThrowawayPostgresOptions options;
    options.max_connections = plan->fault.max_connections();
    auto postgres = ThrowawayPostgres::start(options, Clock::now() + kPartsReadyWithin);
    if (!postgres) {
        return setup_failed("PostgreSQL", postgres.error());
    }
    if (stop.count() > 0) {
        return to_int(ExitCode::Interrupted);
    }
    auto lab = start_lab({"--fault", plan->fault.to_string()}, postgres->app_dsn(),
                         Clock::now() + kPartsReadyWithin);
    if (!lab) {
        return setup_failed("the lab", lab.error());
    }
    const int status = load_lab(*plan, *lab, *postgres, stop);
    lab->process.terminate(SIGTERM, kPartsEndWithin);
    postgres->stop();
    return status;
}

}  // namespace

void add_demo_command(Command& app, Action& action) {
    auto flags = std::make_shared<DemoFlags>();
    Command* command = app.add_subcommand(
        "demo", "plant a fault in a throwaway service, load it, and find the fault");
    command
        ->add_option("--fault", flags->fault,
                     "none | app-pool:size=N | max-connections (plimsoll lab --list-faults)")
        ->capture_default_str();
    command->add_option("-d,--duration", flags->duration, "length of the ramp")
        ->capture_default_str();
    command->add_option("--prometheus", flags->prometheus, "serve metrics on ADDRESS:PORT")
        ->capture_default_str();
    command->add_flag("--find", flags->find,
                      "search what it carries (to 10 %, within 3 minutes) instead of a ramp");
    command->add_flag("--keep", flags->keep,
                      "keep the lab, PostgreSQL and metrics up afterwards, until Ctrl-C");
    flags->output.add_to(*command);
    command->footer(
        "Examples:\n"
        "  plimsoll demo\n"
        "  plimsoll demo --fault app-pool:size=12 --duration 30s --keep");
    command->callback([flags, &action] { action = [flags] { return demo(*flags); }; });
}

}  // namespace plimsoll
