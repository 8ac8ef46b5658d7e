#include "alerts/rule_check.hpp"

#include "lab/temp_folder.hpp"
#include "lab/throwaway_prometheus.hpp"

#include <string>
#include <vector>

namespace plimsoll {

Status check_rules(const RuleSet& rules) {
    if (rules.prometheus_files.empty()) {
        return {};
    }
    const auto folder = TempFolder::create();
    if (!folder) {
        return folder.error();
    }
    std::vector<std::string> arguments{"check", "rules"};
    arguments.insert(arguments.end(), rules.prometheus_files.begin(), rules.prometheus_files.end());
    return run_promtool({}, arguments, *folder / "check.log",
                        Clock::now() + std::chrono::seconds(60));
}

}  // namespace plimsoll
