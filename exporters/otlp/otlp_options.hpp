// Where traces go and as what, from the scenario and the OpenTelemetry environment variables.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/http_message.hpp"
#include "net/url.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll {

enum class OtlpSignal { Traces, Metrics, Logs };

/// What the scenario or the command line says. An empty endpoint leaves it to the environment.
struct OtlpSettings {
    std::string endpoint;  // base URL; /v1/traces and so on is appended where it does not end so
    double sample = 0.01;  // share of iterations traced, above 0 up to 1
    std::optional<bool> delta = std::nullopt;            // metrics; else the environment says
    std::optional<Nanoseconds> interval = std::nullopt;  // likewise
};

struct OtlpOptions {
    bool disabled = false;  // OTEL_SDK_DISABLED or e.g. OTEL_TRACES_EXPORTER: nothing is sent
    bool propagate = true;  // requests carry a traceparent header: OTEL_PROPAGATORS
    Url endpoint;
    HttpHeaders headers;                             // values are secrets: never logged
    Nanoseconds timeout = std::chrono::seconds(10);  // of one request
    bool gzip = false;
    std::string certificate_file;         // CA bundle for https; empty: system
    std::string client_certificate_file;  // shown to the collector; empty: none
    std::string client_key_file;
    std::vector<std::pair<std::string, std::string>> resource;  // attributes, service.name included
    double sample = 0.01;
    std::size_t batch_spans = 512;
    Nanoseconds batch_age = std::chrono::seconds(1);
    std::size_t queue_spans = 16384;                       // waiting at most; more are dropped
    Nanoseconds give_up_after = std::chrono::seconds(60);  // from a batch's first try
    bool delta = false;                                    // metrics: counts since the last tick
    Nanoseconds interval = std::chrono::seconds(10);       // between two exports of metrics
    Nanoseconds first_wait = std::chrono::seconds(1);      // before metrics or logs go again
    std::uint64_t queue_points = 500'000;                  // of metrics, or log records, that wait
    std::vector<std::string> warnings;  // environment variables that were ignored, and why
};

/// An endpoint for people: without the query, which may hold a key.
[[nodiscard]] std::string display(const Url& endpoint);

/// The value of an environment variable, nothing when unset.
using GetEnv = std::function<std::optional<std::string>(std::string_view name)>;
/// Of this process.
[[nodiscard]] GetEnv process_environment();

/// Pure. What `settings` says wins, then the signal's own variables (OTEL_EXPORTER_OTLP_TRACES_*,
/// _METRICS_*, _LOGS_*), then OTEL_EXPORTER_OTLP_*,
/// then the specification's default; an empty variable counts as unset. As the specification asks,
/// a variable that makes no sense is ignored, with a warning that never quotes a header's value.
/// Error: an endpoint that is no http(s) URL or carries a password, or a share out of range.
[[nodiscard]] Result<OtlpOptions> otlp_options(const OtlpSettings& settings, const GetEnv& env,
                                               OtlpSignal signal = OtlpSignal::Traces);

}  // namespace plimsoll
