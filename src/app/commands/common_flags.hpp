// Flags that several commands share, read the same way by each.
#pragma once

#include "app/live_page.hpp"
#include "app/run_session.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace plimsoll {

class Command;

/// Where a run's results go and what the terminal shows.
struct OutputFlags {
    std::string results = "results";
    std::string run_dir;
    std::string csv_prefix;
    std::string html;
    std::string summary;
    std::string linger;
    std::vector<std::string> tags;
    std::uint64_t seed = 1;
    std::uint32_t shards = 0;  // 0: half the cores, at least one
    bool quiet = false;
    bool verbose = false;
    bool no_color = false;
    bool no_thresholds = false;
    bool headless = false;
    UiFlags ui;

    void add_to(Command& command);
    /// Error: a flag's value is not what it should be, named as on the command line.
    [[nodiscard]] Result<SessionOptions> to_session() const;
};

/// The scenario in a file; nothing where it cannot be read or is at fault (all is printed by then).
[[nodiscard]] std::optional<Scenario> load_scenario_file(const std::string& path);

}  // namespace plimsoll
