// The runs in a results folder.
#pragma once

#include "base/result.hpp"

#include <filesystem>
#include <map>
#include <string>

#include <boost/json/object.hpp>

namespace plimsoll {

/// Reads what it shows from the runs' summary.json, each once as long as it does not change.
///
/// Threading: one thread at a time.
class PastRuns {
public:
    static constexpr std::size_t kMostShown = 500;

    explicit PastRuns(std::filesystem::path results) : results_(std::move(results)) {}

    /// The newest first; see docs/ui.md.
    [[nodiscard]] boost::json::object list();

private:
    struct Known {
        std::filesystem::file_time_type changed;
        boost::json::object row;
    };
    std::filesystem::path results_;
    std::map<std::string, Known> known_;  // by folder
};

/// The folder of that name directly in `folder`. Error: a name that leads elsewhere, or none.
[[nodiscard]] Result<std::filesystem::path> entry_of(const std::filesystem::path& folder,
                                                     const std::string& name);

/// The run's report: its report.html, or one made of its run file. Error: what cannot be read.
[[nodiscard]] Result<std::string> report_of(const std::filesystem::path& run);

/// The page that compares two runs; where they cannot rightly be compared, it says why. Error: what
/// cannot be read.
[[nodiscard]] Result<std::string> comparison_of(const std::filesystem::path& base,
                                                const std::filesystem::path& run);

}  // namespace plimsoll
