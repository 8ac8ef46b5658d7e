#include "app/probe_setup.hpp"

#include "base/log.hpp"
#include "exporters/otlp/otlp_exporter.hpp"
#include "probes/app_metrics/app_metrics_probe.hpp"
#include "probes/canary/canary.hpp"
#include "probes/container/container_probe.hpp"
#include "probes/container/listening_process.hpp"
#include "probes/host/host_probe.hpp"
#include "probes/postgres/postgres_probe.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// Finer than this, the target's own figures and the machine's say no more, and cost both sides.
constexpr Nanoseconds kScrapePeriod = std::chrono::seconds(1);
constexpr Nanoseconds kHostPeriod = std::chrono::seconds(1);
constexpr Nanoseconds kEngineAnswersWithin = std::chrono::milliseconds(500);

/// "postgres", "postgres-2" ...
std::string numbered(const char* name, std::size_t index) {
    return index == 0 ? std::string(name) : fmt::format("{}-{}", name, index + 1);
}

Status add_postgres(const ProbesConfig& config, const std::string& connect_dsn,
                    std::vector<ProbePtr>& probes) {
    for (std::size_t i = 0; i < config.postgres.size(); ++i) {
        const std::string& dsn = config.postgres[i].dsn;
        const auto refusals = std::make_shared<Refusals>();
        auto probe =
            make_postgres_probe({dsn, numbered("postgres", i), config.interval, true, refusals});
        if (!probe) {
            return probe.error();
        }
        probes.push_back(std::move(*probe));
        PostgresCanaryOptions canary{dsn, numbered("select_1", i), kCanaryPeriod, nullptr};
        auto held = make_select_canary(canary);
        if (!held) {
            return held.error();
        }
        probes.push_back(std::move(*held));
        canary = {connect_dsn.empty() ? dsn : connect_dsn, numbered("pg_connect", i), kCanaryPeriod,
                  refusals};
        auto fresh = make_connect_canary(canary);
        if (!fresh) {
            return fresh.error();
        }
        probes.push_back(std::move(*fresh));
    }
    return {};
}

void add_containers(const ProbesConfig& config, std::vector<ProbePtr>& probes) {
    for (const ContainerProbeConfig& each : config.containers) {
        ContainerProbeOptions options;
        options.name = each.name;
        options.role = each.role;
        options.pid = each.pid;
        options.port = each.port;
        options.cgroup = each.cgroup;
        options.docker = each.docker;
        options.label = each.label;
        options.period = config.interval;
        probes.push_back(make_container_probe(std::move(options)));
    }
}

Status add_app_metrics(const ProbesConfig& config, std::vector<ProbePtr>& probes) {
    for (std::size_t i = 0; i < config.app_metrics.size(); ++i) {
        AppMetricsOptions options;
        options.url = config.app_metrics[i].url;
        options.map = config.app_metrics[i].map;
        options.name = numbered("app_metrics", i);
        options.period = std::max<Nanoseconds>(config.interval, kScrapePeriod);
        auto probe = make_app_metrics_probe(std::move(options));
        if (!probe) {
            return probe.error();
        }
        probes.push_back(std::move(*probe));
    }
    return {};
}

/// This machine, and the target's TCP where it runs here. Unasked only what is sure to work: no
/// complaint about what nobody wanted.
void add_host(const ProbesConfig& config, const TargetUrl& target, std::vector<ProbePtr>& probes) {
    if (!config.host.value_or(true)) {
        return;
    }
    HostProbeOptions options;
    options.period = std::max<Nanoseconds>(config.interval, kHostPeriod);
    probes.push_back(make_host_probe(options));
    if (target.host.empty() || !is_this_machine(target.host)) {
        return;
    }
    options.side = HostSide::Target;
    options.port = target.port;
    const bool asked = config.host.has_value();
    if (asked || find_target_process(target.port, options.proc_root, engine_from_environment(),
                                     Clock::now() + kEngineAnswersWithin)) {
        probes.push_back(make_host_probe(options));
    }
}

}  // namespace

Result<std::vector<ProbePtr>> make_probes(const ProbesConfig& config, const TargetUrl& target,
                                          const std::string& connect_canary_dsn) {
    std::vector<ProbePtr> probes;
    if (const Status added = add_postgres(config, connect_canary_dsn, probes); !added) {
        return added.error();
    }
    add_containers(config, probes);
    if (const Status added = add_app_metrics(config, probes); !added) {
        return added.error();
    }
    if (target.host.empty() && !config.canaries.empty()) {
        return Error{"canaries need a target to send their requests to", "probes.canaries",
                     "add e.g. target: http://127.0.0.1:8080"};
    }
    for (const CanaryConfig& each : config.canaries) {
        probes.push_back(
            make_http_canary({each.name, target.host, target.port, target.host_header(),
                              target.base_path + each.path, kCanaryPeriod}));
    }
    if (!probes.empty() && !target.host.empty()) {
        probes.push_back(make_tcp_canary({"tcp_connect", target.host, target.port, kCanaryPeriod}));
    }
    add_host(config, target, probes);
    return probes;
}

Result<ExporterPtr> make_otlp_from(const OtlpConfig& config) {
    auto options = otlp_options({config.endpoint, config.sample}, process_environment());
    if (!options) {
        return options.error();
    }
    for (const std::string& warning : options->warnings) {
        spdlog::warn("{}", warning);
    }
    if (options->disabled) {
        return ExporterPtr();
    }
    auto exporter = make_otlp_exporter(std::move(*options));
    if (!exporter) {
        return exporter.error();
    }
    return ExporterPtr(std::move(*exporter));
}

}  // namespace plimsoll
