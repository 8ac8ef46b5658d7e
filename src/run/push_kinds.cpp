#include "run/push_kinds.hpp"

#include "exporters/grafana/grafana_exporter.hpp"
#include "exporters/influxdb/influx_exporter.hpp"
#include "exporters/otlp/otlp_options.hpp"
#include "exporters/statsd/statsd_exporter.hpp"
#include "store/environment.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::string_view kRemoteWritePrefix = "PLIMSOLL_REMOTE_WRITE_";

/// `where` empty: the scenario's place, or the environment's.
template <typename Config>
Status set_place(std::optional<Config>& config, const std::string& where, std::string_view prefix) {
    if (!config) {
        config.emplace();
    }
    if (!where.empty()) {
        config->access.url = where;
    }
    const auto access = make_access(config->access, prefix, process_environment());
    return access ? Status() : access.error();
}

template <typename Kind>
Result<ExporterPtr> as_exporter(Result<std::unique_ptr<Kind>> made) {
    return made ? Result<ExporterPtr>(*std::move(made)) : Result<ExporterPtr>(made.error());
}

Status set_remote_write(const std::string& where, ExportConfig& exports) {
    return set_place(exports.remote_write, where, kRemoteWritePrefix);
}

/// Without its query, which may hold a key.
std::string shown_place(const AccessConfig& config, std::string_view prefix) {
    const auto access = make_access(config, prefix, process_environment());
    return access ? display(access->endpoint) : access.error().to_string();
}

std::vector<std::string> tell_remote_write(const Scenario& scenario) {
    if (!scenario.exports.remote_write) {
        return {};
    }
    const RemoteWriteConfig& config = *scenario.exports.remote_write;
    return {fmt::format("{}, every {:.3g} s", shown_place(config.access, kRemoteWritePrefix),
                        to_seconds(config.interval))};
}

Result<ExporterPtr> make_remote_write(const ExportConfig& exports) {
    if (!exports.remote_write) {
        return ExporterPtr();
    }
    auto options = remote_write_options(*exports.remote_write, process_environment());
    if (!options) {
        return options.error();
    }
    if (options->form.buckets.empty()) {
        options->form.buckets = exports.prometheus_buckets;
    }
    return as_exporter(RemoteWriteExporter::make(*std::move(options)));
}

// --- Grafana -----------------------------------------------------------------------------------

constexpr std::string_view kGrafanaPrefix = "PLIMSOLL_GRAFANA_";

Status set_grafana(const std::string& where, ExportConfig& exports) {
    return set_place(exports.grafana, where, kGrafanaPrefix);
}
std::vector<std::string> tell_grafana(const Scenario& scenario) {
    if (!scenario.exports.grafana) {
        return {};
    }
    return {shown_place(scenario.exports.grafana->access, kGrafanaPrefix)};
}
Result<ExporterPtr> make_grafana(const ExportConfig& exports) {
    if (!exports.grafana) {
        return ExporterPtr();
    }
    auto access = make_access(exports.grafana->access, kGrafanaPrefix, process_environment());
    if (!access) {
        return access.error();
    }
    GrafanaOptions options;
    options.access = *std::move(access);
    options.dashboard_uid = exports.grafana->dashboard_uid;
    options.tags = exports.grafana->tags;
    return as_exporter(GrafanaExporter::make(std::move(options)));
}

// --- InfluxDB ----------------------------------------------------------------------------------

constexpr std::string_view kInfluxPrefix = "PLIMSOLL_INFLUXDB_";

/// http://host:8086/DATABASE as k6 has it (version 1), or ?org=...&bucket=... (version 2).
Status read_place(const std::string& where, InfluxConfig& config) {
    auto url = parse_url(where);
    if (!url) {
        return url.error();
    }
    const std::size_t query = std::min(url->target.find('?'), url->target.size());
    std::string path = url->target.substr(0, query);
    const auto parameter = [&](std::string_view name) {
        const std::string all = url->target.substr(query);
        const std::size_t at = all.find(std::string(name) + "=");
        const std::size_t from = at == std::string::npos ? all.size() : at + name.size() + 1;
        return all.substr(from, all.find('&', from) - from);
    };
    config.access.url = url->origin();
    config.bucket = parameter("bucket");
    config.organization = parameter("org");
    config.database = config.bucket.empty() ? path.substr(1) : "";
    if (config.database.empty() == config.bucket.empty()) {
        return Error{"must name a database, or a bucket",
                     {},
                     "e.g. http://127.0.0.1:8086/k6, or http://127.0.0.1:8086/?org=o&bucket=b"};
    }
    return {};
}
Status set_influxdb(const std::string& where, ExportConfig& exports) {
    if (!exports.influxdb) {
        exports.influxdb.emplace();
    }
    const Status read = read_place(where, *exports.influxdb);
    return read ? set_place(exports.influxdb, {}, kInfluxPrefix) : read;
}
std::vector<std::string> tell_influxdb(const Scenario& scenario) {
    if (!scenario.exports.influxdb) {
        return {};
    }
    const InfluxConfig& config = *scenario.exports.influxdb;
    return {fmt::format("{}, {} {}", shown_place(config.access, kInfluxPrefix),
                        config.database.empty() ? "bucket" : "database",
                        config.database.empty() ? config.bucket : config.database)};
}
Result<ExporterPtr> make_influxdb(const ExportConfig& exports) {
    if (!exports.influxdb) {
        return ExporterPtr();
    }
    const InfluxConfig& config = *exports.influxdb;
    auto access = make_access(config.access, kInfluxPrefix, process_environment());
    if (!access) {
        return access.error();
    }
    InfluxOptions options;
    options.access = *std::move(access);
    for (HttpHeader& header : options.access.headers) {
        constexpr std::string_view kBearer = "Bearer ";  // InfluxDB has a scheme of its own
        if (header.name == "Authorization" && header.value.starts_with(kBearer)) {
            header.value = "Token " + header.value.substr(kBearer.size());
        }
    }
    options.database = config.database;
    options.bucket = config.bucket;
    options.organization = config.organization;
    options.interval = config.interval;
    return as_exporter(InfluxExporter::make(std::move(options)));
}

/// Its place is all there is to say.
ExporterKind statsd_kind() {
    ExporterKind kind{"statsd", "HOST:PORT", "metrics with tags, over UDP", false, true, true};
    kind.check = check_statsd_place;
    kind.make_at = [](const std::string& where) -> Result<ExporterPtr> {
        return ExporterPtr(std::make_unique<StatsdExporter>(where));
    };
    return kind;
}

}  // namespace

Result<RemoteWriteOptions> remote_write_options(const RemoteWriteConfig& config,
                                                const EnvironmentLookup& environment) {
    using Version = RemoteWriteOptions::Version;
    auto access = make_access(config.access, kRemoteWritePrefix, environment);
    if (!access) {
        return access.error();
    }
    RemoteWriteOptions out;
    out.access = *std::move(access);
    out.version = config.version == 0   ? Version::Automatic
                  : config.version == 1 ? Version::V1
                                        : Version::V2;
    out.form = {config.classic, config.native, config.buckets};
    out.interval = config.interval;
    out.labels = config.labels;
    const auto add = [&](const char* name, const std::string& value) {
        const bool given = std::any_of(out.labels.begin(), out.labels.end(),
                                       [&](const auto& label) { return label.first == name; });
        if (!given) {
            out.labels.emplace_back(name, value);
        }
    };
    add("job", "plimsoll");
    add("instance", describe_environment()["env.host"]);
    return out;
}

std::vector<ExporterKind> push_kinds() {
    return {
        // name, where, what, place_optional, of_probes, may_refuse
        with_config({"remote-write", "URL",
                     "metrics by Prometheus' remote write; remote-write alone: where "
                     "PLIMSOLL_REMOTE_WRITE_URL says",
                     true, true, false},
                    set_remote_write, tell_remote_write, make_remote_write),
        with_config(
            {"grafana", "URL", "annotations; grafana alone: where PLIMSOLL_GRAFANA_URL says", true,
             true, false},
            set_grafana, tell_grafana, make_grafana),
        with_config({"influxdb", "URL/DATABASE", "version 2: URL?org=ORG&bucket=BUCKET", false,
                     true, false},
                    set_influxdb, tell_influxdb, make_influxdb),
        statsd_kind(),
    };
}

}  // namespace plimsoll
