#include "alerts/rule_order.hpp"

#include "alerts/scrape_sampler.hpp"

#include <algorithm>
#include <cctype>
#include <map>

#include <fmt/format.h>

namespace plimsoll {
namespace {

bool looks_at_alerts(const Rule& rule) {
    return std::any_of(rule.parts.selectors.begin(), rule.parts.selectors.end(),
                       [](const SeriesSelector& each) {
                           return each.name == "ALERTS" || each.name == "ALERTS_FOR_STATE";
                       });
}

/// The level that `rule` must have, as things stand.
std::size_t level_of(const PlacedRule& placed, const std::vector<PlacedRule>& all) {
    std::size_t level = 0;
    for (const SeriesSelector& selector : placed.rule->parts.selectors) {
        for (const PlacedRule& other : all) {
            const bool looked_at =
                other.rule->kind == Rule::Kind::Recording &&
                (selector.name == other.rule->name ||
                 (selector.name.empty() && placed.rule->kind == Rule::Kind::Alerting));
            if (looked_at) {
                level = std::max(level, other.level + 1);
            }
        }
    }
    return level;
}

std::string trimmed(std::string_view text) {
    const auto blank = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
    while (!text.empty() && (blank(text.front()) || text.front() == '-')) {
        text.remove_prefix(1);
    }
    while (!text.empty() && (blank(text.back()) || text.back() == '-')) {
        text.remove_suffix(1);
    }
    return std::string(text);
}

/// What stands between {{ and }}.
std::string filled_action(const std::string& action, const SeriesLabels& series, double value) {
    for (const std::string_view prefix : {"$labels.", ".Labels."}) {
        if (action.starts_with(prefix)) {
            const std::string name = action.substr(prefix.size());
            const auto found = std::find_if(series.begin(), series.end(),
                                            [&](const auto& each) { return each.first == name; });
            return found == series.end() ? "" : found->second;
        }
    }
    const bool of_value =
        action.find("$value") != std::string::npos || action.find(".Value") != std::string::npos;
    return of_value ? fmt::format("{} {}", action, value) : action;
}

std::string filled(const std::string& text, const SeriesLabels& series, double value) {
    std::string out;
    std::size_t at = 0;
    for (;;) {
        const std::size_t open = text.find("{{", at);
        const std::size_t close = text.find("}}", open);
        if (open == std::string::npos || close == std::string::npos) {
            return out + text.substr(at);
        }
        out += text.substr(at, open - at) +
               filled_action(trimmed(std::string_view(text).substr(open + 2, close - open - 2)),
                             series, value);
        at = close + 2;
    }
}

std::string as_text(const std::map<std::string, std::string>& labels) {
    std::string out;
    for (const auto& [name, value] : labels) {
        if (!value.empty()) {
            out += fmt::format("{}{}={}", out.empty() ? "" : ",", name, quoted_label(value));
        }
    }
    return out;
}

std::map<std::string, std::string> without_name(const SeriesLabels& series) {
    std::map<std::string, std::string> out(series.begin(), series.end());
    out.erase("__name__");
    return out;
}

}  // namespace

std::vector<PlacedRule> placed_rules(const RuleSet& rules) {
    std::vector<PlacedRule> out;
    for (std::size_t g = 0; g < rules.groups.size(); ++g) {
        for (const Rule& rule : rules.groups[g].rules) {
            out.push_back({&rules.groups[g], &rule, g, 0, {}});
        }
    }
    // A chain is at most as long as there are rules: whose level still rises then is in a circle.
    bool changed = true;
    for (std::size_t round = 0; changed && round <= out.size(); ++round) {
        changed = false;
        for (PlacedRule& placed : out) {
            const std::size_t level = level_of(placed, out);
            changed = changed || level != placed.level;
            placed.level = std::min(level, out.size());
        }
    }
    for (PlacedRule& placed : out) {
        if (placed.level >= out.size() && !out.empty()) {
            placed.refusal =
                "it looks at what it records itself, in a circle: only a running Prometheus can "
                "evaluate that";
        } else if (looks_at_alerts(*placed.rule)) {
            placed.refusal =
                "it looks at ALERTS, which only a Prometheus that evaluates the rules has";
        }
    }
    return out;
}

std::set<std::string> recorded_names(const RuleSet& rules) {
    std::set<std::string> names;
    for (const RuleGroup& group : rules.groups) {
        for (const Rule& rule : group.rules) {
            if (rule.kind == Rule::Kind::Recording) {
                names.insert(rule.name);
            }
        }
    }
    return names;
}

std::string alert_labels(const Rule& rule, const SeriesLabels& series, double value) {
    auto labels = without_name(series);
    for (const auto& [name, text] : rule.labels) {
        labels[name] = filled(text, series, value);
    }
    labels["alertname"] = rule.name;
    return as_text(labels);
}

std::string recorded_labels(const Rule& rule, const SeriesLabels& series) {
    auto labels = without_name(series);
    for (const auto& [name, text] : rule.labels) {
        labels[name] = text;
    }
    return as_text(labels);
}

bool has_value_in_labels(const Rule& rule) {
    return std::any_of(rule.labels.begin(), rule.labels.end(), [](const auto& label) {
        return label.second.find("$value") != std::string::npos ||
               label.second.find(".Value") != std::string::npos;
    });
}

}  // namespace plimsoll
