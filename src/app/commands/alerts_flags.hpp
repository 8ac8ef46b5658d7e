// The flags of plimsoll alerts, and what they ask for.
#pragma once

#include "alerts/backtest.hpp"
#include "alerts/outcome.hpp"
#include "base/result.hpp"

#include <string>
#include <vector>

namespace plimsoll {

class Command;

struct AlertFlags {
    std::vector<std::string> inputs;
    std::string scrape = "15s";
    std::string evaluation;
    std::string onset;
    std::string scrape_at, evaluate_at;
    std::string format;
    std::string html;
    std::string write_tests;
    std::string sweep;
    std::vector<std::string> only;
    std::vector<std::string> labels;
    std::vector<std::string> must_fire;
    std::vector<std::string> must_not_fire;
    std::size_t phases = 0;

    void add_to(Command& command);
};

/// Run folders and run.db files are runs, all else is rules.
void sort_inputs(const AlertFlags& flags, std::vector<std::string>& rules,
                 std::vector<std::string>& runs);
/// Error: which flag, and what it should be.
[[nodiscard]] Result<BacktestOptions> read_options(const AlertFlags& flags);
/// Error: likewise, or an alert that no rule has.
[[nodiscard]] Result<std::vector<Demand>> read_demands(const AlertFlags& flags,
                                                       const RuleSet& rules);
/// Leaves out the alerts that --alert does not name; recording rules stay. Error: it names none.
[[nodiscard]] Status keep_only(const AlertFlags& flags, RuleSet& rules);

}  // namespace plimsoll
