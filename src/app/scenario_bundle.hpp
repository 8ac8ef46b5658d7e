// A scenario with all the files that it refers to, to be run somewhere else.
#pragma once

#include "base/result.hpp"
#include "deploy/kubernetes.hpp"
#include "scenario/scenario.hpp"

#include <optional>
#include <string>
#include <vector>

namespace plimsoll {

struct ScenarioBundle {
    Scenario scenario;
    std::string path;                    // the scenario's among `files`
    std::vector<DeployFile> files;       // at their places relative to each other
    std::vector<std::string> variables;  // of the environment, that it reads and that are set here
    /// Files that it names by an absolute path: they must be there where it runs, too.
    std::vector<std::string> absolute;
};

/// Reads and checks the scenario at `path`. Error: what cannot be taken along, and why: standard
/// input, a file whose name is only known when it is sent, one of more than `most_bytes`. Nothing
/// where the scenario itself is at fault (all is printed by then).
[[nodiscard]] Result<std::optional<ScenarioBundle>> bundle_scenario(const std::string& path,
                                                                    std::uint64_t most_bytes);

}  // namespace plimsoll
