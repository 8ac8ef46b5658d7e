// plimsoll lab: the demo target alone.
#include "app/commands/commands.hpp"
#include "app/commands/common_flags.hpp"
#include "app/console.hpp"
#include "app/stop_request.hpp"
#include "base/log.hpp"
#include "base/units.hpp"
#include "lab/lab.hpp"
#include "lab/throwaway_postgres.hpp"

#include <cstdlib>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr const char* kDsnVariable = "PLIMSOLL_LAB_PG_DSN";
constexpr std::chrono::seconds kPostgresReadyWithin{30};

struct LabFlags {
    std::string fault = "none";
    std::string listen = "127.0.0.1:8080";
    std::string dsn;
    std::string hold;
    bool list_faults = false;
};

int print_faults() {
    for (const FaultDescription& fault : list_faults()) {
        say("  {:<36} {}\n", fault.form, fault.summary);
    }
    return to_int(ExitCode::Passed);
}

Result<LabOptions> lab_options(const LabFlags& flags) {
    LabOptions options;
    const auto fault = parse_fault(flags.fault);
    if (!fault) {
        return Error{fault.error().what, "--fault", fault.error().hint};
    }
    options.fault = *fault;
    const auto listen = parse_listen(flags.listen);
    if (!listen) {
        return Error{listen.error().what, "--listen", listen.error().hint};
    }
    std::tie(options.address, options.port) = *listen;
    if (!flags.hold.empty()) {
        const auto hold = parse_duration(flags.hold);
        if (!hold) {
            return Error{hold.error().what, "--hold", hold.error().hint};
        }
        options.hold = *hold;
    }
    const char* const variable = std::getenv(kDsnVariable);
    options.dsn = !flags.dsn.empty() ? flags.dsn : variable != nullptr ? variable : "";
    return options;
}

int lab(const LabFlags& flags) {
    init_logging(Verbosity::Normal);
    if (flags.list_faults) {
        return print_faults();
    }
    auto options = lab_options(flags);
    if (!options) {
        return refuse(options.error());
    }
    StopRequest stop;
    std::optional<ThrowawayPostgres> postgres;
    if (options->dsn.empty()) {
        ThrowawayPostgresOptions postgres_options;
        postgres_options.max_connections = options->fault.max_connections();
        auto started =
            ThrowawayPostgres::start(postgres_options, Clock::now() + kPostgresReadyWithin);
        if (!started) {
            say(stderr, "plimsoll: PostgreSQL did not start: {}\n", started.error().to_string());
            return to_int(ExitCode::SetupFailed);
        }
        postgres = std::move(*started);
        options->dsn = postgres->app_dsn();
        say("postgres  psql \"{}\"\n", postgres->superuser_dsn());
    }
    // run_lab ends by stop token; this thread turns Ctrl-C into one.
    std::stop_source source;
    std::jthread watcher([&](const std::stop_token& over) {
        while (!over.stop_requested() && stop.count() == 0) {
            stop.wait_until(Clock::now() + std::chrono::milliseconds(100));
        }
        source.request_stop();
    });
    const Status served = run_lab(*options, source.get_token());
    if (!served) {
        say(stderr, "plimsoll: the lab did not start: {}\n", served.error().to_string());
        const bool listening = !served.error().what.starts_with("cannot listen");
        return to_int(listening ? ExitCode::SetupFailed : ExitCode::PortInUse);
    }
    return to_int(ExitCode::Passed);
}

}  // namespace

void add_lab_command(CLI::App& app, Action& action) {
    auto flags = std::make_shared<LabFlags>();
    CLI::App* command =
        app.add_subcommand("lab", "serve the demo target alone, with a planted fault");
    command->add_option("--fault", flags->fault, "see --list-faults")->capture_default_str();
    command->add_option("--listen", flags->listen, "ADDRESS:PORT")->capture_default_str();
    command
        ->add_option("--pg", flags->dsn,
                     "PostgreSQL to work on (also: PLIMSOLL_LAB_PG_DSN); default: a throwaway one")
        ->type_name("DSN");
    command
        ->add_option("--hold", flags->hold,
                     "how long a request holds its connection (default 20ms)")
        ->type_name("TIME");
    command->add_flag("--list-faults", flags->list_faults, "what can be planted");
    command->footer(
        "Examples:\n"
        "  plimsoll lab --fault app-pool:size=5\n"
        "  plimsoll lab --pg \"$DSN\" --listen 127.0.0.1:9000");
    command->callback([flags, &action] { action = [flags] { return lab(*flags); }; });
}

}  // namespace plimsoll
