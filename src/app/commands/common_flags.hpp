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

/// Whether a file can be made at `path`: found out before the load, not after it. Nothing is made.
[[nodiscard]] Status check_writable(const std::string& path, const char* flag);

/// Reads a whole file, or standard input ("-") or a pipe to its end. Error: what the system says,
/// it is no file, or it is longer than 512 MiB.
[[nodiscard]] Result<std::string> read_file(const std::string& path);

/// Puts NAME=VALUE assignments (-e), and those of the files of @FILE, into the environment, where
/// ${env.NAME} looks. Error: a NAME alone that is not set there. Never repeats a value.
[[nodiscard]] Status set_environment(const std::vector<std::string>& assignments);

/// The scenario in a file; nothing where it cannot be read or is at fault (all is printed by then).
[[nodiscard]] std::optional<Scenario> load_scenario_file(const std::string& path);

/// Writes a file that must not exist yet, unless `force`. Error: it exists, or what the system
/// says.
[[nodiscard]] Status write_new_file(const std::string& path, const std::string& text, bool force);

/// Prints "plimsoll: ..." to stderr and returns ExitCode::InvalidInput as a status.
int refuse(const Error& error);

}  // namespace plimsoll
