// Rules as Prometheus knows them, whatever file they came from.
#pragma once

#include "alerts/promql.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

using RuleLabels = std::vector<std::pair<std::string, std::string>>;  // name, value or template

struct Rule {
    enum class Kind { Alerting, Recording };
    Kind kind = Kind::Alerting;
    std::string name;
    std::string expression;
    Nanoseconds hold{};         // `for`
    Nanoseconds keep_firing{};  // keep_firing_for
    RuleLabels labels;
    int line = 0;           // of its file, from 1
    ExpressionParts parts;  // of `expression`
};

struct RuleGroup {
    std::string file, name;
    std::optional<Nanoseconds> interval;  // how often it is evaluated; absent: the server's default
    bool grafana = false;                 // translated: no rule file of Prometheus has these
    std::vector<Rule> rules;
};

struct RuleSet {
    std::vector<RuleGroup> groups;
    /// Files as Prometheus reads them, in the order given.
    std::vector<std::string> prometheus_files;
    /// What was left out, in a sentence each: rules of Grafana that are no PromQL.
    std::vector<std::string> left_out;
};

/// Reads rule files of Prometheus, and alerting resources of Grafana's provisioning (YAML or JSON
/// with `groups` whose rules have `data`). Each of `patterns` is a file, or a pattern of the
/// shell's kind (*, ?, [...]) that matches some. Error: all faults found, a line each as
/// file:line:column: what, and what it should be; or a pattern that matches nothing.
[[nodiscard]] Result<RuleSet> load_rules(const std::vector<std::string>& patterns);

/// The same from a text; `file` is only named.
[[nodiscard]] Result<RuleSet> parse_rules(const std::string& text, const std::string& file);

}  // namespace plimsoll
