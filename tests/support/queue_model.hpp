// The simulated target behind a synthetic run: every request with its times, from arithmetic.
#pragma once

#include "record/interval.hpp"
#include "tests/support/synthetic_run.hpp"

#include <vector>

namespace plimsoll::synthetic {

/// One arrival. All times are seconds from the run's start.
struct Request {
    double due = 0, sent = 0, completed = 0;
    double database_from = 0, database_to = 0;  // equal: it never reached the database
    std::uint32_t endpoint = 0;
    std::uint16_t status = 200;
    Outcome outcome = Outcome::Ok;
    bool sent_at_all = true;
    NotSentReason reason = NotSentReason::UserCap;
    bool refused = false;  // SQLSTATE 53300
};

/// The level of the schedule at `t`.
[[nodiscard]] double level_at(const Options& options, double t);
[[nodiscard]] double schedule_seconds(const Options& options);
/// Every arrival in order of its due time.
[[nodiscard]] std::vector<Request> simulate(const Options& options);

}  // namespace plimsoll::synthetic
