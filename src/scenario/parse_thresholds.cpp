// What must hold: k6's thresholds.
#include "record/k6_metrics.hpp"
#include "scenario/parts.hpp"
#include "scenario/threshold_expression.hpp"
#include "scenario/wording.hpp"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr auto kMetrics = [] {
    std::array<std::string_view, k6::kOfThresholds.size()> names{};
    for (std::size_t i = 0; i < names.size(); ++i) {
        names[i] = k6::kOfThresholds[i].name;
    }
    return names;
}();
constexpr std::array<std::string_view, 8> kLaterMetrics{
    "iteration_duration",  "http_req_blocked",         "http_req_waiting",   "http_req_sending",
    "http_req_connecting", "http_req_tls_handshaking", "http_req_receiving", "vus"};

// What the probes report, by public name without plimsoll_; the full list is docs/metrics.md.
constexpr std::array<std::string_view, 31> kProbeMetrics{"pg_backends",
                                                         "pg_connections_used_ratio",
                                                         "pg_max_connections",
                                                         "pg_reserved_connections",
                                                         "pg_blocked_backends",
                                                         "pg_longest_transaction_seconds",
                                                         "pg_idle_in_transaction_seconds",
                                                         "pg_transactions_total",
                                                         "pg_connection_refused_total",
                                                         "pgbouncer_clients_waiting",
                                                         "pgbouncer_clients_active",
                                                         "pgbouncer_servers_active",
                                                         "pgbouncer_servers_idle",
                                                         "pgbouncer_max_wait_seconds",
                                                         "pgbouncer_pool_size",
                                                         "container_cpu_seconds_total",
                                                         "container_cpu_limit_cores",
                                                         "container_cpu_throttled_periods_total",
                                                         "container_cpu_periods_total",
                                                         "container_memory_working_set_bytes",
                                                         "container_memory_limit_bytes",
                                                         "container_oom_kills_total",
                                                         "app_pool_size",
                                                         "app_pool_used",
                                                         "app_pool_idle",
                                                         "app_pool_pending",
                                                         "app_pool_timeouts_total",
                                                         "canary_seconds",
                                                         "canary_failures_total",
                                                         "probe_up",
                                                         "probe_duration_seconds"};
// Probes of which a version may report more than stands above.
constexpr std::array<std::string_view, 6> kProbePrefixes{"pg_",  "pgbouncer_", "container_",
                                                         "app_", "canary_",    "host_"};
struct Alias {
    std::string_view name;
    std::string_view metric;
};
constexpr std::array kAliases{Alias{"pg_connections_used", "pg_connections_used_ratio"},
                              Alias{"container_cpu", "container_cpu_seconds_total"},
                              Alias{"container_memory", "container_memory_working_set_bytes"}};

bool contains(std::span<const std::string_view> words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

// Whether `name` is most likely a known metric of a probe, misspelt.
bool is_near_known(std::string_view name) {
    std::vector<std::string_view> all(kProbeMetrics.begin(), kProbeMetrics.end());
    for (const Alias& alias : kAliases) {
        all.push_back(alias.name);
    }
    return !nearest(name, all).empty();
}

// The full public name of a probe's metric; empty where it is none.
std::string probe_metric(std::string_view name) {
    const auto* const alias = std::find_if(kAliases.begin(), kAliases.end(),
                                           [&](const Alias& a) { return a.name == name; });
    name = alias != kAliases.end() ? alias->metric : name;
    const bool known = contains(kProbeMetrics, name);
    const bool may_be =
        std::any_of(kProbePrefixes.begin(), kProbePrefixes.end(),
                    [&](std::string_view prefix) { return name.starts_with(prefix); }) &&
        !is_near_known(name);
    return known || may_be ? fmt::format("plimsoll_{}", name) : std::string();
}

void note_unknown_metric(const Item& at_key, std::string_view metric) {
    if (contains(kLaterMetrics, metric)) {
        at_key.fault(fmt::format("{} is not supported yet; leave it out", metric),
                     fmt::format("this version has {}", fmt::join(kMetrics, ", ")));
        return;
    }
    std::vector<std::string_view> all(kMetrics.begin(), kMetrics.end());
    all.insert(all.end(), kProbeMetrics.begin(), kProbeMetrics.end());
    for (const Alias& alias : kAliases) {
        all.push_back(alias.name);
    }
    const auto near = nearest(metric, all);
    at_key.fault("unknown metric", near.empty()
                                       ? fmt::format("known: {}, and what the probes report, e.g. "
                                                     "pg_connections_used",
                                                     fmt::join(kMetrics, ", "))
                                       : fmt::format("did you mean {}?", near));
}

std::optional<Threshold> read_key(const Item& at_key, const std::string& key,
                                  const Scenario& scenario) {
    const std::size_t brace = key.find('{');
    const std::string_view metric = std::string_view(key).substr(0, brace);
    Threshold threshold;
    threshold.key = key;
    const auto found = std::find(kMetrics.begin(), kMetrics.end(), metric);
    threshold.metric = static_cast<ThresholdMetric>(found - kMetrics.begin());  // the end is Probe
    if (threshold.metric == ThresholdMetric::Probe) {
        threshold.probe_metric = probe_metric(metric);
        if (threshold.probe_metric.empty()) {
            note_unknown_metric(at_key, metric);
            return std::nullopt;
        }
    }
    const bool readable =
        brace == std::string::npos ||
        read_selector(at_key, std::string_view(key).substr(brace), scenario, threshold);
    return readable ? std::optional(std::move(threshold)) : std::nullopt;
}

bool read_expression(const Item& item, Threshold& threshold) {
    const auto text = item.text("text such as p(95)<500ms");
    if (!text) {
        return false;
    }
    const auto parsed = parse_threshold(*text, threshold);
    if (!parsed) {
        item.fault(parsed.error());
    }
    return parsed.ok();
}

Nanoseconds read_window(const Item& item) {
    constexpr std::chrono::seconds kShortest{1};  // a tick
    constexpr std::chrono::hours kLongest{1};
    const auto window = item.duration();
    if (window && (*window < kShortest || *window > kLongest)) {
        item.fault("must be from 1s to 1h", "e.g. window: 10s");
    }
    return window.value_or(Nanoseconds{});
}

void read_one(const Item& item, Threshold threshold, std::vector<Threshold>& thresholds) {
    constexpr std::array<std::string_view, 5> kKeys{"threshold", "window", "abort_on_fail",
                                                    "delay_abort", "allow_empty"};
    constexpr const char* kExample = "e.g. \"p(95)<500ms\"";
    if (item.is_scalar()) {
        if (read_expression(item, threshold)) {
            thresholds.push_back(std::move(threshold));
        }
        return;
    }
    if (!item.require_map("an expression or a map with threshold", kExample)) {
        return;
    }
    const Fields fields(item, {kKeys});
    const auto expression = fields.require("threshold", "threshold: p(99)<1s");
    const bool readable = expression && read_expression(*expression, threshold);
    if (const auto window = fields.get("window")) {
        threshold.window = read_window(*window);
    }
    if (const auto abort = fields.get("abort_on_fail")) {
        threshold.abort_on_fail = abort->boolean().value_or(false);
    }
    if (const auto delay = fields.get("delay_abort")) {
        threshold.delay_abort = delay->duration().value_or(Nanoseconds{});
    }
    if (const auto empty = fields.get("allow_empty")) {
        threshold.allow_empty = empty->boolean().value_or(false);
    }
    if (readable) {
        thresholds.push_back(std::move(threshold));
    }
}

}  // namespace

std::vector<Threshold> read_thresholds(const Item& item, const Scenario& scenario) {
    std::vector<Threshold> thresholds;
    if (!item.require_map("a map of metrics to expressions",
                          "e.g. thresholds: {http_req_failed: \"rate<1%\"}")) {
        return thresholds;
    }
    for (const Item::Named& entry : item.named()) {
        const auto threshold = read_key(entry.item.at_key(), entry.name, scenario);
        if (!threshold) {
            continue;
        }
        if (!entry.item.is_list()) {
            read_one(entry.item, *threshold, thresholds);
            continue;
        }
        for (const Item& one : entry.item.list("expressions", "e.g. [\"p(95)<500ms\"]")) {
            read_one(one, *threshold, thresholds);
        }
    }
    return thresholds;
}

}  // namespace plimsoll
