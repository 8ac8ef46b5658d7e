// plimsoll lab: the demo target alone.
#include "app/commands/command_line.hpp"
#include "app/commands/commands.hpp"
#include "app/commands/files.hpp"
#include "app/commands/flag_text.hpp"
#include "app/console.hpp"
#include "app/exit_code.hpp"
#include "app/stop_request.hpp"
#include "base/log.hpp"
#include "base/units.hpp"
#include "lab/fault_catalogue.hpp"
#include "lab/lab.hpp"
#include "lab/profile.hpp"
#include "lab/throwaway_pgbouncer.hpp"
#include "lab/throwaway_postgres.hpp"
#include "scenario/listen_address.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr const char* kDsnVariable = "PLIMSOLL_LAB_PG_DSN";
constexpr std::chrono::seconds kServersReadyWithin{30};

struct LabFlags {
    std::vector<std::string> faults;
    std::string listen = "127.0.0.1:8080";
    std::string dsn;
    std::string hold;
    std::string profile;
    std::string pool_metrics = "none";
    std::string fault_log;
    std::optional<int> pool_size;
    std::optional<int> pool_overflow;
    std::string pool_timeout;
    std::optional<int> workers;
    int http_threads = 1;
    bool pgbouncer = false;
    bool proxy = false;
    bool list_faults = false;
};

Status read_times(const LabFlags& flags, LabOptions& options) {
    for (const auto& [text, flag, target] :
         {std::tuple{&flags.hold, "--hold", &options.hold},
          std::tuple{&flags.pool_timeout, "--pool-timeout", &options.pool_timeout}}) {
        if (text->empty()) {
            continue;
        }
        const auto value = parse_duration(*text);
        if (!value) {
            return at_flag(value.error(), flag);
        }
        *target = *value;
    }
    return {};
}

Status read_faults(const LabFlags& flags, LabOptions& options) {
    for (const std::string& text : flags.faults) {
        auto fault = LabFault::parse(text);
        if (!fault) {
            return at_flag(fault.error(), "--fault");
        }
        options.proxy = options.proxy || fault->name() == "network";
        // A fault on the command line wins over one of the profile.
        std::erase_if(options.faults,
                      [&](const LabFault& other) { return other.name() == fault->name(); });
        options.faults.push_back(std::move(*fault));
    }
    return {};
}

Result<LabOptions> lab_options(const LabFlags& flags) {
    LabOptions options;
    options.proxy = flags.proxy;
    options.fault_log = flags.fault_log;
    options.http_threads = flags.http_threads;
    if (!flags.profile.empty()) {
        if (const auto status = read_profile(flags.profile, options); !status) {
            return status.error();
        }
    }
    if (const auto status = read_faults(flags, options); !status) {
        return status.error();
    }
    if (const auto status = read_times(flags, options); !status) {
        return status.error();
    }
    const auto listen = parse_listen(flags.listen);
    if (!listen) {
        return at_flag(listen.error(), "--listen");
    }
    std::tie(options.address, options.port) = *listen;
    const auto naming = parse_pool_metrics(flags.pool_metrics);
    if (!naming) {
        return at_flag(naming.error(), "--pool-metrics");
    }
    options.pool_metrics = *naming;
    options.pool_size = flags.pool_size.value_or(options.pool_size);
    options.pool_overflow = flags.pool_overflow.value_or(options.pool_overflow);
    options.workers = flags.workers.value_or(options.workers);
    const char* const variable = std::getenv(kDsnVariable);
    options.dsn = !flags.dsn.empty() ? flags.dsn : variable != nullptr ? variable : "";
    return options;
}

bool has_fault(const LabOptions& options, std::string_view name) {
    return std::any_of(options.faults.begin(), options.faults.end(),
                       [&](const LabFault& fault) { return fault.name() == name; });
}

/// What PostgreSQL must be told at its start for the faults to be the bottleneck.
ThrowawayPostgresOptions postgres_for(const LabOptions& options) {
    ThrowawayPostgresOptions postgres;
    int connections = options.pool_size + options.pool_overflow;
    for (const LabFault& fault : options.faults) {
        if (fault.name() == "max-connections") {
            postgres.max_connections = fault.count("limit");
            return postgres;
        }
        if (fault.name() == "app-pool") {
            connections = fault.count("size") + fault.count("overflow");
        }
    }
    // 3 reserved slots, probes and canaries, and some room to look in by hand.
    postgres.max_connections = std::max(100, connections + 20);
    return postgres;
}

/// The servers the lab brings along.
struct Servers {
    std::optional<ThrowawayPostgres> postgres;
    std::optional<ThrowawayPgbouncer> pgbouncer;  // ends before the server it needs
};

Status start_servers(bool pgbouncer, LabOptions& options, Servers& servers) {
    const auto deadline = Clock::now() + kServersReadyWithin;
    auto postgres = ThrowawayPostgres::start(postgres_for(options), deadline);
    if (!postgres) {
        return Error{"PostgreSQL did not start: " + postgres.error().to_string()};
    }
    servers.postgres = std::move(*postgres);
    options.dsn = servers.postgres->app_dsn();
    options.admin_dsn = servers.postgres->superuser_dsn();
    say("postgres  psql \"{}\"\n", options.admin_dsn);
    if (!pgbouncer) {
        return {};
    }
    ThrowawayPgbouncerOptions front;
    front.pool_size = options.pgbouncer_pool_size;
    auto started = ThrowawayPgbouncer::start(front, *servers.postgres, deadline);
    if (!started) {
        return Error{"PgBouncer did not start: " + started.error().to_string()};
    }
    servers.pgbouncer = std::move(*started);
    options.direct_dsn = std::exchange(options.dsn, servers.pgbouncer->app_dsn());
    options.pgbouncer_admin_dsn = servers.pgbouncer->admin_dsn();
    options.prepared_statements = false;
    say("pgbouncer psql \"{}\"\n", servers.pgbouncer->admin_dsn());
    return {};
}

int serve(const LabOptions& options, StopRequest& stop) {
    // run_lab ends by stop token; this thread turns Ctrl-C into one.
    std::stop_source source;
    std::jthread watcher([&](const std::stop_token& over) {
        while (!over.stop_requested() && stop.count() == 0) {
            stop.wait_until(Clock::now() + std::chrono::milliseconds(100));
        }
        source.request_stop();
    });
    const Status served = run_lab(options, source.get_token());
    if (!served) {
        say(stderr, "plimsoll: the lab did not start: {}\n", served.error().to_string());
        const bool listening = !served.error().what.starts_with("cannot listen");
        return to_int(listening ? ExitCode::SetupFailed : ExitCode::PortInUse);
    }
    return to_int(ExitCode::Passed);
}

int lab(const LabFlags& flags) {
    init_logging(Verbosity::Normal);
    if (flags.list_faults) {
        say("{}", fault_manual());
        return to_int(ExitCode::Passed);
    }
    auto options = lab_options(flags);
    if (!options) {
        return refuse(options.error());
    }
    const bool pgbouncer = flags.pgbouncer || has_fault(*options, "pgbouncer-pool");
    if (pgbouncer && !options->dsn.empty()) {
        return refuse(Error{"works only in front of the PostgreSQL that the lab starts itself",
                            "--pgbouncer", "leave --pg out"});
    }
    StopRequest stop;
    Servers servers;
    if (options->dsn.empty()) {
        if (const auto status = start_servers(pgbouncer, *options, servers); !status) {
            say(stderr, "plimsoll: {}\n", status.error().to_string());
            return to_int(ExitCode::SetupFailed);
        }
    }
    return serve(*options, stop);
}

void add_flags(Command& command, LabFlags& flags) {
    command
        .add_option("--fault", flags.faults,
                    "NAME[:key=value,...], also several times; see --list-faults")
        ->allow_extra_args(false);
    command
        .add_option("--profile", flags.profile, "serve the application this JSON file describes")
        ->type_name("FILE");
    command.add_option("--listen", flags.listen, "ADDRESS:PORT")->capture_default_str();
    command
        .add_option("--pg", flags.dsn,
                    "PostgreSQL to work on (also: PLIMSOLL_LAB_PG_DSN); default: a throwaway one")
        ->type_name("DSN");
    command.add_flag("--pgbouncer", flags.pgbouncer, "a throwaway PgBouncer in front of it");
    command
        .add_option("--hold", flags.hold, "how long a request holds its connection (default 20ms)")
        ->type_name("TIME");
    command.add_option("--pool-size", flags.pool_size, "connections (default 64)")
        ->in_range(1, 500);
    command.add_option("--pool-overflow", flags.pool_overflow, "more on demand (default 0)")
        ->in_range(0, 500);
    command
        .add_option("--pool-timeout", flags.pool_timeout,
                    "wait for a connection, then 503 (default 2s)")
        ->type_name("TIME");
    command.add_option("--workers", flags.workers, "threads that compute (default: cores)")
        ->in_range(1, 256);
    command.add_option("--http-threads", flags.http_threads, "threads that serve connections")
        ->in_range(1, 64)
        ->capture_default_str();
    command
        .add_option("--pool-metrics", flags.pool_metrics,
                    "names of the pool's metrics on GET /metrics: otel | hikari | pgx | none")
        ->capture_default_str();
    command.add_flag("--proxy", flags.proxy, "a proxy in front, for the fault network");
    command
        .add_option("--fault-log", flags.fault_log,
                    "add a JSON line whenever a fault is planted or removed")
        ->type_name("FILE");
    command.add_flag("--list-faults", flags.list_faults, "what can be planted");
}

}  // namespace

void add_lab_command(Command& app, Action& action) {
    auto flags = std::make_shared<LabFlags>();
    Command* command =
        app.add_subcommand("lab", "serve the demo target alone, with planted faults");
    add_flags(*command, *flags);
    Command* proxy = add_lab_proxy_command(*command, action);
    command->footer(
        "Examples:\n"
        "  plimsoll lab --fault app-pool:size=5\n"
        "  plimsoll lab --pgbouncer --fault pgbouncer-pool:size=5 --pool-metrics otel");
    command->callback([flags, &action, command, proxy] {
        if (!command->got_subcommand(proxy)) {
            action = [flags] { return lab(*flags); };
        }
    });
}

}  // namespace plimsoll
