// The per-endpoint table: "GET /posts": 500ms, or {p99: 1s, failed: 0.1%}.
#include "scenario/parts.hpp"
#include "scenario/threshold_expression.hpp"
#include "scenario/wording.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// The threshold's key for "GET /posts" or "/posts"; empty after noting a fault.
std::string key_for(const Item& at_key, const std::string& name, const Scenario& scenario) {
    std::vector<std::string_view> names;
    std::vector<std::string> with_method;
    for (const EndpointInfo& endpoint : scenario.endpoints) {
        names.emplace_back(endpoint.name);
        with_method.push_back(endpoint.method + " " + endpoint.name);
    }
    if (std::find(names.begin(), names.end(), name) != names.end()) {
        return fmt::format("{{endpoint:{}}}", name);
    }
    const auto found = std::find(with_method.begin(), with_method.end(), name);
    if (found != with_method.end()) {
        const EndpointInfo& endpoint =
            scenario.endpoints[static_cast<std::size_t>(found - with_method.begin())];
        return fmt::format("{{endpoint:{},method:{}}}", endpoint.name, endpoint.method);
    }
    const std::vector<std::string_view> known(with_method.begin(), with_method.end());
    const auto near = nearest(name, known);
    at_key.fault(fmt::format("must name an endpoint of the users' flows, got {}", in_quotes(name)),
                 near.empty() ? fmt::format("there are: {}", fmt::join(known, ", "))
                              : fmt::format("did you mean {}?", near));
    return {};
}

// p95 as p(95); empty for a word that is no statistic.
std::string statistic_of(std::string_view word) {
    if (word == "avg" || word == "med" || word == "max") {
        return std::string(word);
    }
    const bool quantile = word.size() > 1 && word[0] == 'p' &&
                          word.find_first_not_of("0123456789.", 1) == std::string_view::npos;
    return quantile ? fmt::format("p({})", word.substr(1)) : std::string();
}

void add(const Item& item, const std::string& selector, const std::string& statistic,
         const Scenario& scenario, std::vector<Threshold>& thresholds) {
    const bool failed = statistic == "failed";
    const auto text = item.text(failed ? "a share such as 1%" : "a duration such as 500ms");
    if (!text) {
        return;
    }
    Threshold threshold;
    threshold.metric = failed ? ThresholdMetric::Failed : ThresholdMetric::ResponseTime;
    threshold.key = (failed ? "http_req_failed" : "http_req_duration") + selector;
    threshold.sla = true;
    const auto parsed =
        parse_threshold(fmt::format("{}<{}", failed ? "rate" : statistic, *text), threshold);
    if (!parsed) {
        item.fault(parsed.error().what, failed ? "e.g. 1%" : "e.g. 500ms");
        return;
    }
    if (read_selector(item.at_key(), selector, scenario, threshold)) {
        thresholds.push_back(std::move(threshold));
    }
}

}  // namespace

std::vector<Threshold> read_sla(const Item& item, const Scenario& scenario) {
    constexpr const char* kExample = "e.g. sla: {\"GET /posts\": 500ms}";
    std::vector<Threshold> thresholds;
    if (!item.require_map("a map of endpoints to limits", kExample)) {
        return thresholds;
    }
    for (const Item::Named& entry : item.named()) {
        const std::string selector = key_for(entry.item.at_key(), entry.name, scenario);
        if (selector.empty()) {
            continue;
        }
        if (entry.item.is_scalar()) {
            add(entry.item, selector, "p(95)", scenario, thresholds);
            continue;
        }
        if (!entry.item.require_map("a duration for the p95, or a map of limits",
                                    "e.g. {p95: 500ms, p99: 1s}")) {
            continue;
        }
        const std::size_t before = thresholds.size();
        bool allow_empty = false;
        for (const Item::Named& limit : entry.item.named()) {
            if (limit.name == "allow_empty") {
                allow_empty = limit.item.boolean().value_or(false);
                continue;
            }
            const std::string statistic =
                limit.name == "failed" ? limit.name : statistic_of(limit.name);
            if (statistic.empty()) {
                limit.item.at_key().fault(
                    fmt::format("must be a percentile such as p95, or avg, med, max, failed or "
                                "allow_empty, got {}",
                                in_quotes(limit.name)));
                continue;
            }
            add(limit.item, selector, statistic, scenario, thresholds);
        }
        std::for_each(thresholds.begin() + static_cast<std::ptrdiff_t>(before), thresholds.end(),
                      [&](Threshold& each) { each.allow_empty = allow_empty; });
    }
    return thresholds;
}

}  // namespace plimsoll
