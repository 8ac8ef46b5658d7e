// What to probe, said on the command line. Shared by run and probe.
#pragma once

#include "base/result.hpp"
#include "scenario/scenario.hpp"

#include <string>
#include <vector>

namespace plimsoll {

class Command;

struct ProbeFlags {
    std::vector<std::string> pg;
    std::vector<std::string> pgbouncer;
    std::vector<std::string> containers;
    std::vector<std::string> app_metrics;

    void add_to(Command& command);
    /// Adds to what a file says. Error: a flag's value is not what it should be.
    [[nodiscard]] Status apply(ProbesConfig& config) const;
};

/// [ROLE=]WHAT, where WHAT is a container's name, label:KEY[=VALUE], cgroup:PATH, pid:N or port:N.
/// The role is "app" where none is given. Error: not of that form.
[[nodiscard]] Result<ContainerProbeConfig> parse_container(const std::string& text);

}  // namespace plimsoll
