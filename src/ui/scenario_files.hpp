// The scenario files that a run can be started of.
#pragma once

#include "base/result.hpp"
#include "scenario/parse.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace plimsoll {

/// The *.yaml and *.yml directly in `folder` that have users and a load, at most 200, by name; see
/// docs/ui.md.
[[nodiscard]] boost::json::object scenario_files(const std::filesystem::path& folder);

/// One of them with its lines and faults. Secrets are cut out of the lines; of a file at fault only
/// the lines are shown that a fault names, as nobody can tell there what a secret is. Error: no
/// such file.
[[nodiscard]] Result<boost::json::object> scenario_file(const std::filesystem::path& folder,
                                                        const std::string& name);

/// Read and checked. Error: no such file.
[[nodiscard]] Result<ParseOutcome> parse_file(const std::filesystem::path& file);

[[nodiscard]] boost::json::array faults_json(const std::vector<Fault>& faults);

}  // namespace plimsoll
