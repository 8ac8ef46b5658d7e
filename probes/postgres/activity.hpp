// From the rows of pg_stat_activity to values, without a server.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll {

/// One group of client backends, as the query in postgres_probe.cpp counts them.
struct ActivityGroup {
    std::string datname;
    std::string usename;
    std::string application_name;
    std::optional<std::string> state;            // NULL: see `hidden`
    std::optional<std::string> wait_event_type;  // NULL: not waiting
    bool ours = false;                           // Plimsoll's own connections
    bool hidden = false;                         // the role may not see their state
    std::uint64_t backends = 0;
    std::optional<double> transaction_age_s;   // of the oldest
    std::optional<double> longest_in_state_s;  // of the one longest in this state
};

/// The values of one moment. Plimsoll's own connections count in `connections` only.
struct ActivitySummary {
    std::uint64_t connections = 0;  // all client backends
    std::uint64_t blocked = 0;      // waiting for a lock (wait_event_type Lock)
    double longest_transaction_s = 0;
    double longest_idle_in_transaction_s = 0;
    /// Backends whose state the role may not see: the three above are lower bounds then, and the
    /// probe does not report them.
    std::uint64_t hidden = 0;
};
[[nodiscard]] ActivitySummary summarise(const std::vector<ActivityGroup>& groups);

/// Backends by label set {datname, usename, application_name, state, wait_event_type}, remembering
/// sets that were seen before: they go on at 0, so that no series hangs at its last value.
///
/// `state` is PostgreSQL's word; "hidden" where the role may not see it (never taken for active)
/// and "starting" where the backend has none yet. `wait_event_type` is "" for a backend that does
/// not wait (with state active: it is on a CPU, or wants one), "hidden" as above.
class BackendSeries {
public:
    using Labels = std::array<std::string, 5>;
    /// A run with more label sets than this (an application_name per process ...) has the rest
    /// counted under application_name "(other)".
    static constexpr std::size_t kMostSets = 300;

    /// Counts every group that is not ours. The reference is good until the next call.
    const std::map<Labels, std::uint64_t>& update(const std::vector<ActivityGroup>& groups);

private:
    std::map<Labels, std::uint64_t> counts_;
};

}  // namespace plimsoll
