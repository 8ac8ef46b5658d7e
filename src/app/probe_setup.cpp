#include "app/probe_setup.hpp"

#include "base/log.hpp"
#include "exporters/otlp/otlp_exporter.hpp"
#include "probes/canary/canary.hpp"
#include "probes/container/container_probe.hpp"
#include "probes/postgres/postgres_probe.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

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

}  // namespace

Result<std::vector<ProbePtr>> make_probes(const ProbesConfig& config, const TargetUrl& target,
                                          const std::string& connect_canary_dsn) {
    std::vector<ProbePtr> probes;
    if (const Status added = add_postgres(config, connect_canary_dsn, probes); !added) {
        return added.error();
    }
    for (const ContainerProbeConfig& each : config.containers) {
        ContainerProbeOptions options;
        options.role = each.role;
        options.pid = each.pid;
        options.port = each.port;
        options.cgroup = each.cgroup;
        options.docker = each.docker;
        options.period = config.interval;
        probes.push_back(make_container_probe(std::move(options)));
    }
    const bool plain = target.unix_path.empty() && target.scheme == "http";
    if (!plain && !config.canaries.empty()) {
        return Error{"need a target on plain http over TCP", "probes.canaries", {}};
    }
    for (const CanaryConfig& each : config.canaries) {
        probes.push_back(
            make_http_canary({each.name, target.host, target.port, target.host_header(),
                              target.base_path + each.path, kCanaryPeriod}));
    }
    if (!probes.empty() && target.unix_path.empty()) {
        probes.push_back(make_tcp_canary({"tcp_connect", target.host, target.port, kCanaryPeriod}));
    }
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
