// The lab as a child process of ours.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "lab/child_process.hpp"

#include <string>
#include <vector>

namespace plimsoll {

struct RunningLab {
    ChildProcess process;
    std::string url;            // of the service
    std::string control;        // where faults are switched
    std::string admin_dsn;      // of the PostgreSQL that it brought along; else empty
    std::string pgbouncer_dsn;  // of the console of its PgBouncer; empty: it has none
};

/// Starts `plimsoll lab` with `flags` on a free port of 127.0.0.1 and waits until it serves. It
/// works on the PostgreSQL of `dsn`, or where that is empty on one that it brings along. The kernel
/// ends it with the thread that called. Error: how it ended.
[[nodiscard]] Result<RunningLab> start_lab(std::vector<std::string> flags, const std::string& dsn,
                                           Clock::time_point deadline);

}  // namespace plimsoll
