// Run files from arithmetic: a target that is a queue, simulated, written by the real run file
// writer. Tests know what is true of such a run because they chose it.
#pragma once

#include "base/result.hpp"
#include "record/run_info.hpp"
#include "record/threshold.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace plimsoll::synthetic {

enum class Target {
    Pool,            // `pool` connections, each held `hold_s` per request, first come first served
    MaxConnections,  // one connection per request; above `max_connections` - reserved it is refused
    DatabaseCpu,     // a large pool before a database of `database_cores` cores
};

struct Stage {
    double seconds;
    double target;  // arrivals per second, or users, at its end
};

/// A run. The defaults are a ramp from 25/s to 500/s in a minute against a pool of 5 connections
/// held for 20 ms, which can carry 250/s: reached (250 - 25) / (475 / 60) = 28.4 s into the run.
struct Options {
    bool open = true;  // arrivals by schedule; else users who wait for their answer
    double start = 25;
    std::vector<Stage> stages{{60, 500}};
    bool poisson = false;
    double think_s = 0;  // closed model
    std::uint32_t max_users = 2000;
    std::uint64_t seed = 1;

    Target target = Target::Pool;
    std::uint32_t pool = 5;
    double hold_s = 0.020;
    double app_s = 0.002;       // outside the database, per request
    double pool_timeout_s = 0;  // > 0: after waiting so long the answer is 503
    std::string pool_timeout_body =
        "{\"error\":\"connection pool timeout: no connection became free within 2s\"}";
    std::uint32_t max_connections = 100;
    double database_cores = 2;
    double client_timeout_s = 30;
    double failed_share = 0;  // this share of requests fails with 500 whatever the load

    bool database_probe = true;
    bool canaries = true;
    bool processes = true;
    double probe_hz = 5;
    double probe_gap_from_s = 0, probe_gap_to_s = 0;  // no database readings in between

    double send_lag_s = 0.0001;   // typical lateness of the generator
    double generator_cpu = 0.10;  // of the hottest shard
    double generator_limit = 0;   // > 0: arrivals per second beyond this are not sent
    std::vector<Threshold> thresholds;
    std::string target_url = "http://127.0.0.1:8080";

    bool finish = true;    // false: as left by a kill -9, without the end mark
    double cut_off_s = 0;  // > 0: nothing is written from here on
};

/// What is true of the run as written.
struct Truth {
    std::uint64_t requests = 0, failed = 0, arrivals_due = 0;
    std::uint64_t not_sent_user_cap = 0, not_sent_generator = 0, refused_53300 = 0;
    double last_completed_s = 0;
};

/// Simulates and writes the run file `file` (which must not exist). Deterministic.
[[nodiscard]] Result<Truth> write_run(const std::filesystem::path& file, const Options& options);

}  // namespace plimsoll::synthetic
