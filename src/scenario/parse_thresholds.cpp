// What must hold: k6's thresholds.
#include "scenario/parts.hpp"
#include "scenario/threshold_expression.hpp"
#include "scenario/wording.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// In the order of ThresholdMetric.
constexpr std::array<std::string_view, 7> kMetrics{
    "http_req_duration",  "http_req_service", "http_req_failed", "http_reqs",
    "dropped_iterations", "checks",           "group_duration"};
constexpr std::array<std::string_view, 13> kLaterMetrics{"pg_connections_used",
                                                         "iterations",
                                                         "iteration_duration",
                                                         "http_req_blocked",
                                                         "http_req_connecting",
                                                         "http_req_sending",
                                                         "http_req_waiting",
                                                         "http_req_receiving",
                                                         "data_sent",
                                                         "data_received",
                                                         "http_req_tls_handshaking",
                                                         "vus",
                                                         "vus_max"};

// What a metric is selected by, and the names there are.
struct Tag {
    std::string_view key = "endpoint";
    std::string_view whose = "an endpoint of the users' flows";
    std::vector<std::string_view> names = {};
};
Tag tag_of(ThresholdMetric metric, const Scenario& scenario) {
    if (metric == ThresholdMetric::Checks) {
        return {"check",
                "a check of the users' flows",
                {scenario.checks.begin(), scenario.checks.end()}};
    }
    if (metric == ThresholdMetric::GroupDuration) {
        return {"group",
                "a group of the users' flows",
                {scenario.groups.begin(), scenario.groups.end()}};
    }
    Tag tag;
    for (const EndpointInfo& endpoint : scenario.endpoints) {
        tag.names.push_back(endpoint.name);
    }
    return tag;
}

// Reads "metric" or "metric{endpoint:NAME}" into `threshold`; false after noting a fault.
bool read_selector(const Item& at_key, const Scenario& scenario, Threshold& threshold) {
    const std::string_view key = threshold.key;
    const std::size_t open = key.find('{');
    const std::string_view selector =
        open == std::string_view::npos ? std::string_view{} : key.substr(open);
    if (selector.empty()) {
        return true;
    }
    const Tag tag = tag_of(threshold.metric, scenario);
    const std::string begin = fmt::format("{{{}:", tag.key);
    if (!selector.starts_with(begin) || !selector.ends_with('}')) {
        at_key.fault(fmt::format("can select by {} only, got {}", tag.key, in_quotes(selector)),
                     fmt::format("write \"{}{}NAME}}\"", key.substr(0, open), begin));
        return false;
    }
    const std::string_view name = selector.substr(begin.size(), selector.size() - begin.size() - 1);
    if (threshold.metric == ThresholdMetric::Dropped) {
        at_key.fault("has no endpoint: an iteration that never started sent no request",
                     "write dropped_iterations");
        return false;
    }
    if (std::find(tag.names.begin(), tag.names.end(), name) == tag.names.end()) {
        const auto near = nearest(name, tag.names);
        at_key.fault(fmt::format("must name {}, got {}", tag.whose, in_quotes(name)),
                     near.empty() ? fmt::format("there are: {}", fmt::join(tag.names, ", "))
                                  : fmt::format("did you mean {}?", near));
        return false;
    }
    threshold.endpoint = name;
    return true;
}

std::optional<Threshold> read_key(const Item& at_key, const std::string& key,
                                  const Scenario& scenario) {
    const std::string_view metric = std::string_view(key).substr(0, key.find('{'));
    const auto found = std::find(kMetrics.begin(), kMetrics.end(), metric);
    if (std::find(kLaterMetrics.begin(), kLaterMetrics.end(), metric) != kLaterMetrics.end()) {
        at_key.fault(fmt::format("{} is not supported yet; leave it out", metric),
                     fmt::format("this version has {}", fmt::join(kMetrics, ", ")));
        return std::nullopt;
    }
    if (found == kMetrics.end()) {
        const auto near = nearest(metric, kMetrics);
        at_key.fault("unknown metric", near.empty()
                                           ? fmt::format("known: {}", fmt::join(kMetrics, ", "))
                                           : fmt::format("did you mean {}?", near));
        return std::nullopt;
    }
    Threshold threshold;
    threshold.key = key;
    threshold.metric = static_cast<ThresholdMetric>(found - kMetrics.begin());
    return read_selector(at_key, scenario, threshold) ? std::optional(threshold) : std::nullopt;
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

void read_one(const Item& item, Threshold threshold, std::vector<Threshold>& thresholds) {
    constexpr std::array<std::string_view, 3> kKeys{"threshold", "abort_on_fail", "delay_abort"};
    constexpr std::array<std::string_view, 1> kLater{"window"};
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
    const Fields fields(item, {kKeys, kLater});
    const auto expression = fields.require("threshold", "threshold: p(99)<1s");
    const bool readable = expression && read_expression(*expression, threshold);
    if (const auto abort = fields.get("abort_on_fail")) {
        threshold.abort_on_fail = abort->boolean().value_or(false);
    }
    if (const auto delay = fields.get("delay_abort")) {
        threshold.delay_abort = delay->duration().value_or(Nanoseconds{});
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
