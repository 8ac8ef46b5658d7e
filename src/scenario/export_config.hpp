// What `export:` of a scenario and -o say of where a run's figures go.
#pragma once

#include "base/clock.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

using NamesAndValues = std::vector<std::pair<std::string, std::string>>;

/// How a server is reached that a run's figures go to. What is empty, the environment may say (see
/// run/export_access.hpp). Values of headers, password and token are secrets.
struct AccessConfig {
    std::string url;
    NamesAndValues headers;
    std::string user;
    std::string password;
    std::string token;  // bearer
    std::string ca_file;
    std::string cert_file;
    std::string key_file;
    bool verify_tls = true;
};

struct OtlpConfig {
    std::string endpoint;  // base URL; /v1/traces is appended
    double sample = 0.01;  // share of iterations, 0-1
};
struct OtlpMetricsConfig {
    std::string endpoint;
    std::optional<bool> delta;            // else the environment says; cumulative by default
    std::optional<Nanoseconds> interval;  // likewise; 10 s
};
struct OtlpLogsConfig {
    std::string endpoint;
};

struct RemoteWriteConfig {
    AccessConfig access;
    std::uint32_t version = 0;  // 1 or 2; 0: whichever the other side speaks
    bool classic = true;        // the form of histograms: this, native or both
    bool native = false;
    Nanoseconds interval = std::chrono::seconds(1);
    NamesAndValues labels;             // of each series, beside its own
    std::vector<Nanoseconds> buckets;  // as ExportConfig::prometheus_buckets; empty: those
};

struct GrafanaConfig {
    AccessConfig access;        // url: of Grafana itself
    std::string dashboard_uid;  // empty: of the organisation, seen by boards that ask for its tags
    std::vector<std::string> tags;
};

struct InfluxConfig {
    AccessConfig access;
    std::string database;  // v1
    std::string bucket;    // v2, with organization
    std::string organization;
    Nanoseconds interval = std::chrono::seconds(1);
};

struct ExportConfig {
    std::optional<std::pair<std::string, std::uint16_t>>
        prometheus;  // address, port; port 0 takes a free one
    /// Upper bounds of classic buckets, in ascending order; empty: those of bucket_bounds.
    std::vector<Nanoseconds> prometheus_buckets;
    std::optional<OtlpConfig> otlp;  // traces
    std::optional<OtlpMetricsConfig> otlp_metrics;
    std::optional<OtlpLogsConfig> otlp_logs;
    std::optional<RemoteWriteConfig> remote_write;
    std::optional<GrafanaConfig> grafana;
    std::optional<InfluxConfig> influxdb;
    /// Of kinds that only `-o KIND=WHERE` asks for: where, by kind.
    std::map<std::string, std::string, std::less<>> places;
};

}  // namespace plimsoll
