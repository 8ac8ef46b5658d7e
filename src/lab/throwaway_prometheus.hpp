// A private Prometheus over series that were written before, gone with its owner.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "lab/child_process.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <sys/types.h>
#include <vector>

namespace plimsoll {

struct ThrowawayPrometheusOptions {
    /// An instant selector finds a series' last value up to so long ago, exclusively. A server that
    /// scrapes marks a series that has gone at the next scrape; written series have no such marks,
    /// but a lookback of one scrape interval has the same effect.
    Nanoseconds lookback = std::chrono::minutes(5);
    std::string parent_folder;  // for the temporary folder; empty: $TMPDIR or /tmp
    std::string prometheus;     // the programs; empty: looked up in PATH
    std::string promtool;
};

/// Scrapes nothing, evaluates nothing, keeps what it is given for as long as it lives. Listens on a
/// free port of 127.0.0.1. Our child: the kernel ends it when the thread that called `start` ends
/// (see ChildOptions::death_signal), and what it then leaves behind is removed by the next
/// sweep_stale_folders. Threading: one thread at a time.
class ThrowawayPrometheus {
public:
    /// Sweeps stale folders and makes an empty one; starts no process yet. Error: Prometheus or
    /// promtool is not installed (`hint` names the package), or no folder can be made.
    [[nodiscard]] static Result<ThrowawayPrometheus> create(
        const ThrowawayPrometheusOptions& options);
    ~ThrowawayPrometheus();
    ThrowawayPrometheus(ThrowawayPrometheus&&) noexcept;
    ThrowawayPrometheus& operator=(ThrowawayPrometheus&&) noexcept;

    /// A place in the folder for files to import.
    [[nodiscard]] std::string path(const std::string& name) const;
    /// Adds the samples of an OpenMetrics file with time stamps, and removes the file. The server
    /// sees them from its next start. Error: what promtool says.
    [[nodiscard]] Status import_openmetrics(const std::string& file, Clock::time_point deadline);
    /// Starts the server, or starts it anew; about 0.2 s. Error: what its log says.
    [[nodiscard]] Status start(Clock::time_point deadline);
    /// Ends the server; what was imported stays.
    void stop();
    /// Ends the server and forgets all that was imported.
    [[nodiscard]] Status clear();

    /// "http://127.0.0.1:PORT"; after `start`.
    [[nodiscard]] std::string url() const;
    [[nodiscard]] const std::string& folder() const;
    [[nodiscard]] pid_t pid() const;

private:
    struct State;
    explicit ThrowawayPrometheus(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// Runs promtool with `arguments` to its end. Error: it is not installed, did not end in time, or
/// ended badly: then what it printed.
[[nodiscard]] Status run_promtool(const std::string& program,
                                  const std::vector<std::string>& arguments,
                                  const std::string& log_file, Clock::time_point deadline);

}  // namespace plimsoll
