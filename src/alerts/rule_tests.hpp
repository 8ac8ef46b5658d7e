// A run as tests for `promtool test rules`: what the rules must do on it, from now on.
#pragma once

#include "alerts/backtest.hpp"
#include "base/result.hpp"

#include <string>
#include <vector>

namespace plimsoll {

struct WrittenTests {
    std::string text;                   // YAML
    std::vector<std::string> left_out;  // rules that promtool cannot judge so, a sentence each
};

/// One test a run, with its series at the scrapes of the first phase and what the replay of that
/// phase said of each alert: how many fire at each evaluation where that changes, and at the one
/// before it. promtool evaluates all groups at one interval, so that rules of groups with other
/// intervals than most alerts have are left out. Error: a run cannot be read.
[[nodiscard]] Result<WrittenTests> write_rule_tests(const RuleSet& rules,
                                                    const std::vector<ReplayedRun>& runs,
                                                    const BacktestOptions& options);

}  // namespace plimsoll
