// Which requests, or which series of a probe, a threshold looks at: {endpoint:/a,user:reader}.
#include "record/outcome.hpp"
#include "scenario/parts.hpp"
#include "scenario/wording.hpp"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using Pair = std::pair<std::string, std::string>;

constexpr std::array<std::string_view, 6> kOurTags{"endpoint", "name",   "user",
                                                   "method",   "status", "outcome"};

bool is_word(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-' || c == '.';
    });
}

std::set<std::string> step_tags(const Scenario& scenario) {
    std::set<std::string> keys;
    for (const UserClass& user : scenario.users) {
        for (const Step& step : user.steps) {
            for (const std::string& tag : step.tags) {
                keys.insert(tag.substr(0, tag.find('=')));
            }
        }
    }
    return keys;
}

// "endpoint:/a,b,user:reader": a comma ends a value only where a known tag follows, so that names
// may hold commas. Probes' labels are all known.
std::vector<Pair> split(std::string_view inner, const std::set<std::string>& tags, bool any) {
    std::vector<Pair> pairs;
    std::size_t begin = 0;
    while (begin <= inner.size()) {
        std::size_t end = begin;
        do {
            end = std::min(inner.find(',', end + (end > begin ? 1U : 0U)), inner.size());
            const std::string_view next = inner.substr(std::min(end + 1, inner.size()));
            const std::string key(next.substr(0, std::min(next.find(':'), next.size())));
            const std::string trimmed =
                key.substr(std::min(key.find_first_not_of(' '), key.size()));
            const bool known = any ? is_word(trimmed) && next.find(':') != std::string_view::npos
                                   : tags.contains(trimmed);
            if (known || end == inner.size()) {
                break;
            }
        } while (true);
        std::string_view part = inner.substr(begin, end - begin);
        part.remove_prefix(std::min(part.find_first_not_of(' '), part.size()));
        const std::size_t colon = std::min(part.find(':'), part.size());
        pairs.emplace_back(part.substr(0, colon), part.substr(std::min(colon + 1, part.size())));
        begin = end + 1;
    }
    return pairs;
}

bool note_unknown(const Item& at_key, std::string_view what, const std::string& value,
                  const std::vector<std::string_view>& names) {
    const auto near = nearest(value, names);
    at_key.fault(fmt::format("must name {}, got {}", what, in_quotes(value)),
                 near.empty() ? fmt::format("there are: {}", fmt::join(names, ", "))
                              : fmt::format("did you mean {}?", near));
    return false;
}

bool counts_requests(const Threshold& threshold) {
    return threshold.metric == ThresholdMetric::Requests ||
           threshold.metric == ThresholdMetric::Failed;
}

bool needs_counts(const Item& at_key, const std::string& tag, const Threshold& threshold) {
    if (counts_requests(threshold)) {
        return true;
    }
    at_key.fault(fmt::format("cannot select by {}: times and sizes are kept per endpoint", tag),
                 "http_reqs and http_req_failed can");
    return false;
}

bool read_status(const Item& at_key, const std::string& value, Threshold& threshold) {
    const bool shaped = value.size() == 3 && value[0] >= '1' && value[0] <= '5';
    const int hundreds = shaped ? (value[0] - '0') * 100 : 0;
    const bool digits = shaped && value.find_first_not_of("0123456789") == std::string::npos;
    if (!digits && !(shaped && (value.ends_with("xx") || value.ends_with("XX")))) {
        at_key.fault(fmt::format("must select a status such as 503, or a class such as 5xx, got {}",
                                 in_quotes(value)));
        return false;
    }
    threshold.status_low = static_cast<std::uint16_t>(
        digits ? hundreds + (value[1] - '0') * 10 + value[2] - '0' : hundreds);
    threshold.status_high =
        digits ? threshold.status_low : static_cast<std::uint16_t>(hundreds + 99);
    return true;
}

bool read_outcome(const Item& at_key, const std::string& value, Threshold& threshold) {
    if (!outcome_from(value) || value == "not_sent") {
        return note_unknown(at_key, "an outcome", value,
                            {kOutcomeNames.begin(), kOutcomeNames.end() - 1});
    }
    threshold.outcome = value;
    return true;
}

bool has_tag(const Scenario& scenario, std::size_t endpoint, const std::string& tag) {
    return std::any_of(scenario.users.begin(), scenario.users.end(), [&](const UserClass& user) {
        return std::any_of(user.steps.begin(), user.steps.end(), [&](const Step& step) {
            return step.endpoint == endpoint &&
                   std::find(step.tags.begin(), step.tags.end(), tag) != step.tags.end();
        });
    });
}

bool endpoint_fits(const Scenario& scenario, std::size_t id, const Pair& pair) {
    const EndpointInfo& endpoint = scenario.endpoints[id];
    const auto& [tag, value] = pair;
    if (tag == "endpoint" || tag == "name") {
        return endpoint.name == value;
    }
    if (tag == "user") {
        return endpoint.user == value;
    }
    return tag == "method" ? endpoint.method == value : has_tag(scenario, id, tag + "=" + value);
}

std::vector<std::string_view> values_of(const Scenario& scenario, const std::string& tag) {
    std::vector<std::string_view> values;
    for (const EndpointInfo& endpoint : scenario.endpoints) {
        values.emplace_back(tag == "user"     ? endpoint.user
                            : tag == "method" ? endpoint.method
                                              : endpoint.name);
    }
    for (const UserClass& user : scenario.users) {
        for (const Step& step : user.steps) {
            for (const std::string& one : step.tags) {
                if (one.starts_with(tag + "=")) {
                    values.push_back(std::string_view(one).substr(tag.size() + 1));
                }
            }
        }
    }
    const bool own = std::find(kOurTags.begin(), kOurTags.end(), tag) != kOurTags.end();
    if (!own) {
        values.erase(values.begin(),
                     values.begin() + static_cast<std::ptrdiff_t>(scenario.endpoints.size()));
    }
    std::vector<std::string_view> unique;
    for (const std::string_view value : values) {
        if (std::find(unique.begin(), unique.end(), value) == unique.end()) {
            unique.push_back(value);
        }
    }
    return unique;
}

// One tag that says which endpoints count.
bool read_endpoint_tag(const Item& at_key, const Pair& pair, const Scenario& scenario,
                       Threshold& threshold, std::vector<std::uint32_t>& endpoints) {
    const auto& [tag, value] = pair;
    const auto values = values_of(scenario, tag);
    if (std::find(values.begin(), values.end(), value) == values.end()) {
        const std::string what =
            tag == "endpoint" || tag == "name" ? "an endpoint of the users' flows"
            : tag == "user"                    ? "a user class"
            : tag == "method"                  ? "a method of the users' flows"
                                               : fmt::format("a value of the steps' tag {}", tag);
        return note_unknown(at_key, what, value, values);
    }
    std::erase_if(endpoints, [&](std::uint32_t id) { return !endpoint_fits(scenario, id, pair); });
    if (tag == "endpoint" || tag == "name") {
        threshold.endpoint = value;
    }
    return true;
}

bool has_endpoints(const Item& at_key, const Threshold& threshold, std::string_view key) {
    if (threshold.metric != ThresholdMetric::Dropped &&
        threshold.metric != ThresholdMetric::Iterations) {
        return true;
    }
    at_key.fault(threshold.metric == ThresholdMetric::Dropped
                     ? "has no endpoint: an iteration that never started sent no request"
                     : "has no endpoint: an iteration is a pass through a whole flow",
                 fmt::format("write {}", key.substr(0, key.find('{'))));
    return false;
}

// {check:NAME} or {group:NAME}: the name is the whole rest.
bool read_named(const Item& at_key, std::string_view selector, std::string_view tag,
                const std::vector<std::string>& all, Threshold& threshold) {
    const std::string begin = fmt::format("{{{}:", tag);
    if (!selector.starts_with(begin) || !selector.ends_with('}')) {
        at_key.fault(fmt::format("can select by {} only, got {}", tag, in_quotes(selector)),
                     fmt::format("write \"{}{}NAME}}\"",
                                 threshold.key.substr(0, threshold.key.find('{')), begin));
        return false;
    }
    const std::string name(selector.substr(begin.size(), selector.size() - begin.size() - 1));
    if (std::find(all.begin(), all.end(), name) == all.end()) {
        return note_unknown(at_key, fmt::format("a {} of the users' flows", tag), name,
                            {all.begin(), all.end()});
    }
    threshold.endpoint = name;
    return true;
}

bool read_labels(const Item& at_key, std::vector<Pair> pairs, Threshold& threshold) {
    for (const Pair& pair : pairs) {
        if (!is_word(pair.first) || pair.second.empty()) {
            at_key.fault(
                fmt::format("must select by label and value, got {}", in_quotes(pair.first)),
                "e.g. {role:app}");
            return false;
        }
    }
    threshold.labels = std::move(pairs);
    return true;
}

}  // namespace

bool read_selector(const Item& at_key, std::string_view selector, const Scenario& scenario,
                   Threshold& threshold) {
    if (threshold.metric == ThresholdMetric::Checks) {
        return read_named(at_key, selector, "check", scenario.checks, threshold);
    }
    if (threshold.metric == ThresholdMetric::GroupDuration) {
        return read_named(at_key, selector, "group", scenario.groups, threshold);
    }
    std::set<std::string> tags = step_tags(scenario);
    tags.insert(kOurTags.begin(), kOurTags.end());
    const std::vector<std::string_view> known(tags.begin(), tags.end());
    const bool probe = threshold.metric == ThresholdMetric::Probe;
    const std::string_view metric =
        std::string_view(threshold.key).substr(0, threshold.key.find('{'));
    if (selector.size() < 3 || !selector.ends_with('}')) {
        at_key.fault(
            fmt::format("must select by tag and value in braces, got {}", in_quotes(selector)),
            fmt::format("write \"{}{{{}}}\"", metric, probe ? "role:app" : "endpoint:NAME"));
        return false;
    }
    auto pairs = split(selector.substr(1, selector.size() - 2), tags, probe);
    if (probe) {
        return read_labels(at_key, std::move(pairs), threshold);
    }
    if (!has_endpoints(at_key, threshold, threshold.key)) {
        return false;
    }
    std::vector<std::uint32_t> endpoints(scenario.endpoints.size());
    for (std::uint32_t id = 0; id < endpoints.size(); ++id) {
        endpoints[id] = id;
    }
    for (const Pair& pair : pairs) {
        const auto& [tag, value] = pair;
        bool good = false;
        if (tag == "status" || tag == "outcome") {
            good = needs_counts(at_key, tag, threshold) &&
                   (tag == "status" ? read_status(at_key, value, threshold)
                                    : read_outcome(at_key, value, threshold));
        } else if (!tags.contains(tag)) {
            const auto near = nearest(tag, known);
            at_key.fault(fmt::format("no such tag: {}", in_quotes(tag)),
                         near.empty() ? fmt::format("there are {}", fmt::join(known, ", "))
                                      : fmt::format("did you mean {}?", near));
        } else {
            good = read_endpoint_tag(at_key, pair, scenario, threshold, endpoints);
        }
        if (!good) {
            return false;
        }
    }
    if (endpoints.empty()) {
        at_key.fault("selects no request: no step has all of these tags");
        return false;
    }
    if (endpoints.size() < scenario.endpoints.size()) {
        threshold.endpoints = std::move(endpoints);
    }
    return true;
}

}  // namespace plimsoll
