#include "app/experiment_setup.hpp"

#include "app/commands/common_flags.hpp"
#include "app/commands/files.hpp"
#include "app/commands/flag_text.hpp"
#include "app/console.hpp"
#include "lab/fault_catalogue.hpp"
#include "scenario/listen_address.hpp"
#include "scenario/parse.hpp"
#include "scenario/shape_load.hpp"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr const char* kUrl = "PLIMSOLL_LAB_URL";
constexpr const char* kDsn = "PLIMSOLL_LAB_PG_DSN";
constexpr const char* kPid = "PLIMSOLL_LAB_PID";
constexpr const char* kPgbouncerDsn = "PLIMSOLL_LAB_PGBOUNCER_DSN";
constexpr const char* kPort = "PLIMSOLL_LAB_PG_PORT";
constexpr std::uint32_t kMostLabUsers = 2000;
constexpr double kLabRate = 100;  // per second: a tenth of what the lab carries on one core

constexpr const char* kLabScenario = R"(name: experiment
target: ${env.PLIMSOLL_LAB_URL}
defaults: {timeout: 10s, headers: {Accept: application/json}}
users:
  lister:
    weight: 50
    flow: [{get: "/v1/deployments?status=running", name: "/v1/deployments?status= [FILTER]"}]
  reader:
    weight: 35
    flow: [{get: "/v1/deployments/${random_int(1,1000)}", name: "/v1/deployments/{id} [GET]"}]
  creator:
    weight: 15
    flow:
      - post: /v1/deployments
        name: "/v1/deployments [CREATE]"
        json: {name: "d-${uuid()}", owner: experiment}
        expect: {status: 201}
load: [{executor: constant-arrival-rate, rate: 100/s, duration: 1m, max_vus: 2000, arrivals: poisson}]
probes:
  interval: 200ms
  postgres: {dsn: "${env.PLIMSOLL_LAB_PG_DSN}"}
  containers:
    - {pid: "${env.PLIMSOLL_LAB_PID}", role: app}
    - {port: "${env.PLIMSOLL_LAB_PG_PORT}", role: database}
  app_metrics: [{url: "${env.PLIMSOLL_LAB_URL}/metrics"}]
  canaries: {no_database: {get: /health}}
)";

/// Of a connection string in libpq's form: `port=5433`.
std::string port_of(const std::string& dsn) {
    const std::size_t at = dsn.find("port=");
    const std::size_t from = dsn.find_first_of("0123456789", at);
    return at == std::string::npos || from == std::string::npos
               ? std::string()
               : dsn.substr(from, dsn.find_first_not_of("0123456789", from) - from);
}

std::optional<Scenario> read_scenario(const Experiment& experiment) {
    if (!experiment.scenario.empty()) {
        return load_scenario_file(experiment.scenario);
    }
    ParseOutcome parsed = parse_scenario(
        kLabScenario,
        {"experiment.yaml", [](const char* name) -> const char* { return std::getenv(name); }});
    if (!parsed.scenario) {
        say(stderr, "{}", format_faults(parsed.faults, "the lab's own scenario"));
    }
    return std::move(parsed.scenario);
}

/// Arrivals, or what the scenario's own load is cut to.
Status shape(const Experiment& experiment, Scenario& scenario) {
    const Nanoseconds length = experiment.length();
    if (experiment.rate || experiment.scenario.empty()) {
        QuickLoad load;
        load.rate = experiment.rate.value_or(Rate::per_second(kLabRate));
        load.duration = length;
        load.vus = kMostLabUsers;
        override_load(scenario, load);
        return {};
    }
    if (scenario.duration() < length) {
        return Error{fmt::format("its load lasts {}, and a repetition takes {}",
                                 format_duration(scenario.duration()), format_duration(length)),
                     experiment.scenario,
                     "make the load longer, healthy and fault shorter, or write rate: 100/s into "
                     "the experiment"};
    }
    LoadFlags flags;
    flags.duration = length;
    const auto shaped = shape_load(scenario, flags);
    return shaped ? Status() : Status(shaped.error());
}

}  // namespace

std::vector<std::string> lab_flags(const Experiment& experiment) {
    std::vector<std::string> flags{"--pool-metrics", "otel"};
    const auto has = [&](std::string_view name) {
        return std::any_of(experiment.faults.begin(), experiment.faults.end(),
                           [&](const ExperimentFault& fault) {
                               const auto parsed = LabFault::parse(fault.lab);
                               return parsed && parsed->name() == name;
                           });
    };
    if (has("network")) {
        flags.emplace_back("--proxy");
    }
    if (has("pgbouncer-pool")) {
        flags.emplace_back("--pgbouncer");
    }
    return flags;
}

void use_lab(const RunningLab& lab, Experiment& experiment) {
    for (ExperimentFault& fault : experiment.faults) {
        const auto parsed = LabFault::parse(fault.lab);
        fault.plant = {lab.control + "/lab/faults", "POST", {}, fault.lab};
        fault.heal = {fmt::format("{}/lab/faults/{}", lab.control, parsed ? parsed->name() : ""),
                      "DELETE",
                      {},
                      {}};
    }
    ::setenv(kUrl, lab.url.c_str(), 1);
    ::setenv(kDsn, lab.admin_dsn.c_str(), 1);
    ::setenv(kPort, port_of(lab.admin_dsn).c_str(), 1);
    ::setenv(kPgbouncerDsn, lab.pgbouncer_dsn.c_str(), 1);
    ::setenv(kPid, fmt::format("{}", lab.process.pid()).c_str(), 1);
}

std::optional<Scenario> experiment_load(const Experiment& experiment,
                                        const std::string& prometheus) {
    auto scenario = read_scenario(experiment);
    if (!scenario) {
        return std::nullopt;
    }
    const char* const pgbouncer = std::getenv(kPgbouncerDsn);
    if (experiment.scenario.empty() && pgbouncer != nullptr && pgbouncer[0] != '\0') {
        scenario->probes.pgbouncer.emplace_back().dsn = pgbouncer;
    }
    if (const Status shaped = shape(experiment, *scenario); !shaped) {
        refuse(shaped.error());
        return std::nullopt;
    }
    if (!prometheus.empty()) {
        const auto listen = parse_listen(prometheus);
        if (!listen) {
            refuse(at_flag(listen.error(), "--prometheus"));
            return std::nullopt;
        }
        scenario->exports.prometheus = *listen;
    }
    return scenario;
}

}  // namespace plimsoll
