// Prometheus' own word on its rule files.
#pragma once

#include "alerts/rule.hpp"
#include "base/result.hpp"

namespace plimsoll {

/// `promtool check rules` on the files that Prometheus reads, templates and all; nothing where
/// there are none. Error: what it says, or that no Prometheus is installed.
[[nodiscard]] Status check_rules(const RuleSet& rules);

}  // namespace plimsoll
