// Private to alerts: reading maps of a rule file, and collecting what is wrong with them.
#pragma once

#include "alerts/rule.hpp"
#include "scenario/yaml_tree.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

class RuleFaults {
public:
    explicit RuleFaults(std::string file) : file_(std::move(file)) {}
    void add(const YamlNode& at, const std::string& what);
    [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }

private:
    std::string file_;
    std::vector<std::string> lines_;
};

/// The value of `key`, or null.
[[nodiscard]] const YamlNode* value_of(const YamlNode& map, std::string_view key);
/// Its text; empty where it has none.
[[nodiscard]] std::string text_of(const YamlNode& map, std::string_view key);
/// A duration as Prometheus writes it; faults are noted.
[[nodiscard]] Nanoseconds duration_of(const YamlNode& map, std::string_view key,
                                      RuleFaults& faults);
[[nodiscard]] RuleLabels labels_of(const YamlNode& map, std::string_view key, RuleFaults& faults);
/// Reads rule.expression into rule.parts; faults are noted at `at`.
void read_parts(Rule& rule, const YamlNode& at, RuleFaults& faults);

/// One rule of Grafana: alerts on what its condition comes to. What cannot be told in PromQL goes
/// to `left_out`, in a sentence.
void read_grafana_group(const YamlNode& group, const std::string& file, RuleSet& into,
                        RuleFaults& faults);

}  // namespace plimsoll
