#include "alerts/rule.hpp"
#include "alerts/rule_reading.hpp"
#include "base/user_file.hpp"
#include "scenario/wording.hpp"

#include <algorithm>
#include <array>
#include <glob.h>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace plimsoll {

void RuleFaults::add(const YamlNode& at, const std::string& what) {
    lines_.push_back(fmt::format("{}:{}:{}: {}", file_, at.line, at.column, what));
}

const YamlNode* value_of(const YamlNode& map, std::string_view key) {
    for (const YamlNode::Entry& entry : map.entries) {
        if (entry.key == key) {
            return entry.value.get();
        }
    }
    return nullptr;
}

std::string text_of(const YamlNode& map, std::string_view key) {
    const YamlNode* const value = value_of(map, key);
    return value != nullptr && value->kind == YamlNode::Kind::Scalar ? value->text : std::string{};
}

Nanoseconds duration_of(const YamlNode& map, std::string_view key, RuleFaults& faults) {
    const YamlNode* const value = value_of(map, key);
    if (value == nullptr) {
        return {};
    }
    const auto duration = parse_prometheus_duration(value->text);
    if (!duration) {
        faults.add(*value, fmt::format("{}: {}", key, duration.error().what));
        return {};
    }
    return *duration;
}

RuleLabels labels_of(const YamlNode& map, std::string_view key, RuleFaults& faults) {
    RuleLabels labels;
    const YamlNode* const value = value_of(map, key);
    if (value == nullptr || value->kind == YamlNode::Kind::Null) {
        return labels;
    }
    if (value->kind != YamlNode::Kind::Map) {
        faults.add(*value, fmt::format("{}: must be a map of names to texts", key));
        return labels;
    }
    for (const YamlNode::Entry& entry : value->entries) {
        labels.emplace_back(entry.key, entry.value->text);
    }
    return labels;
}

void read_parts(Rule& rule, const YamlNode& at, RuleFaults& faults) {
    auto parts = read_expression(rule.expression);
    if (!parts) {
        faults.add(at, fmt::format("{}: {}", rule.name, parts.error().what));
        return;
    }
    rule.parts = std::move(*parts);
}

namespace {

constexpr std::uint64_t kLargestFile = 16U << 20U;

void refuse_unknown(const YamlNode& map, std::span<const std::string_view> known,
                    RuleFaults& faults) {
    std::set<std::string> seen;
    for (const YamlNode::Entry& entry : map.entries) {
        YamlNode at;
        at.line = entry.line;
        at.column = entry.column;
        if (std::find(known.begin(), known.end(), entry.key) == known.end()) {
            const auto near = nearest(entry.key, known);
            faults.add(at, fmt::format("unknown key {}{}", in_quotes(entry.key),
                                       near.empty() ? fmt::format(", known are {}", any_of(known))
                                                    : fmt::format(", did you mean {}?", near)));
        } else if (!seen.insert(entry.key).second) {
            faults.add(at, fmt::format("{} is there twice", in_quotes(entry.key)));
        }
    }
}

Rule read_rule(const YamlNode& map, RuleFaults& faults) {
    constexpr std::array<std::string_view, 7> kKeys{
        "record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations"};
    Rule rule;
    rule.line = map.line;
    if (map.kind != YamlNode::Kind::Map) {
        faults.add(map, "must be a rule: a map with `alert` or `record`, and `expr`");
        return rule;
    }
    refuse_unknown(map, kKeys, faults);
    const std::string alert = text_of(map, "alert");
    const std::string record = text_of(map, "record");
    if (alert.empty() == record.empty()) {
        faults.add(map, "a rule has one of `alert` and `record`");
        return rule;
    }
    rule.kind = alert.empty() ? Rule::Kind::Recording : Rule::Kind::Alerting;
    rule.name = alert.empty() ? record : alert;
    rule.expression = text_of(map, "expr");
    rule.hold = duration_of(map, "for", faults);
    rule.keep_firing = duration_of(map, "keep_firing_for", faults);
    rule.labels = labels_of(map, "labels", faults);
    const YamlNode* const at = value_of(map, "expr");
    if (rule.expression.empty()) {
        faults.add(at == nullptr ? map : *at, rule.name + ": `expr` is missing");
        return rule;
    }
    read_parts(rule, *at, faults);
    return rule;
}

bool is_grafana(const YamlNode& group) {
    const YamlNode* const rules = value_of(group, "rules");
    return rules != nullptr && rules->kind == YamlNode::Kind::List && !rules->items.empty() &&
           rules->items.front()->kind == YamlNode::Kind::Map &&
           value_of(*rules->items.front(), "data") != nullptr;
}

void read_group(const YamlNode& map, const std::string& file, RuleSet& into, RuleFaults& faults) {
    constexpr std::array<std::string_view, 6> kKeys{
        "name", "interval", "query_offset", "limit", "partial_response_strategy", "rules"};
    if (map.kind != YamlNode::Kind::Map) {
        faults.add(map, "must be a group: a map with `name` and `rules`");
        return;
    }
    if (is_grafana(map)) {
        read_grafana_group(map, file, into, faults);
        return;
    }
    refuse_unknown(map, kKeys, faults);
    RuleGroup group;
    group.file = file;
    group.name = text_of(map, "name");
    if (group.name.empty()) {
        faults.add(map, "a group must have a `name`");
    }
    if (const YamlNode* const interval = value_of(map, "interval")) {
        group.interval = duration_of(map, "interval", faults);
        if (*group.interval <= Nanoseconds{}) {
            faults.add(*interval, "interval: must be above 0, e.g. 15s");
        }
    }
    const YamlNode* const rules = value_of(map, "rules");
    if (rules != nullptr && rules->kind == YamlNode::Kind::List) {
        for (const YamlNodePtr& rule : rules->items) {
            group.rules.push_back(read_rule(*rule, faults));
        }
    } else if (rules != nullptr && rules->kind != YamlNode::Kind::Null) {
        faults.add(*rules, "rules: must be a list");
    }
    into.groups.push_back(std::move(group));
}

Result<std::vector<std::string>> files_of(const std::string& pattern) {
    if (pattern.find_first_of("*?[") == std::string::npos) {
        return std::vector<std::string>{pattern};
    }
    glob_t found{};
    const int status = ::glob(pattern.c_str(), 0, nullptr, &found);
    std::vector<std::string> files(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    ::globfree(&found);
    if (status != 0) {
        return Error{"no file matches this pattern", pattern, {}};
    }
    return files;
}

}  // namespace

Result<RuleSet> parse_rules(const std::string& text, const std::string& file) {
    const YamlDocument document = read_yaml(text);
    RuleFaults faults(file);
    RuleSet out;
    for (const Fault& fault : document.faults) {
        YamlNode at;
        at.line = fault.line;
        at.column = fault.column;
        faults.add(at, fault.what);
    }
    if (faults.lines().empty()) {
        const YamlNode* const groups = document.root && document.root->kind == YamlNode::Kind::Map
                                           ? value_of(*document.root, "groups")
                                           : nullptr;
        if (groups == nullptr || groups->kind != YamlNode::Kind::List) {
            return Error{"must be a rule file: a map with a list `groups`", file,
                         "prometheus.io/docs/prometheus/latest/configuration/recording_rules"};
        }
        for (const YamlNodePtr& group : groups->items) {
            read_group(*group, file, out, faults);
        }
    }
    if (!faults.lines().empty()) {
        return Error{fmt::format("{}", fmt::join(faults.lines(), "\n")), {}, {}};
    }
    const bool translated = std::any_of(out.groups.begin(), out.groups.end(),
                                        [](const RuleGroup& group) { return group.grafana; }) ||
                            !out.left_out.empty();
    if (!translated) {
        out.prometheus_files.push_back(file);
    }
    return out;
}

Result<RuleSet> load_rules(const std::vector<std::string>& patterns) {
    RuleSet out;
    std::set<std::string> seen;
    for (const std::string& pattern : patterns) {
        const auto files = files_of(pattern);
        if (!files) {
            return files.error();
        }
        for (const std::string& file : *files) {
            if (!seen.insert(file).second) {
                continue;
            }
            const auto text = read_user_file(file, kLargestFile);
            if (!text) {
                return text.error();
            }
            auto rules = parse_rules(*text, file);
            if (!rules) {
                return rules.error();
            }
            std::move(rules->groups.begin(), rules->groups.end(), std::back_inserter(out.groups));
            std::move(rules->prometheus_files.begin(), rules->prometheus_files.end(),
                      std::back_inserter(out.prometheus_files));
            std::move(rules->left_out.begin(), rules->left_out.end(),
                      std::back_inserter(out.left_out));
        }
    }
    return out;
}

}  // namespace plimsoll
