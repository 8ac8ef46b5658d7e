// From the rows of pg_stat_activity to values, without a server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll {

/// One group of client backends, as activity_sql counts them.
struct ActivityGroup {
    std::string datname;
    std::string usename;
    std::string application_name;
    std::optional<std::string> state;            // NULL: see `hidden`
    std::optional<std::string> wait_event_type;  // NULL: not waiting
    std::optional<std::string> wait_event;
    bool ours = false;    // Plimsoll's own connections
    bool hidden = false;  // the role may not see their state
    std::uint64_t backends = 0;
    std::optional<double> transaction_age_s;   // of the oldest
    std::optional<double> longest_in_state_s;  // of the one longest in this state
    std::uint64_t stale = 0;  // not active, and in this state for kStaleAfterSeconds and longer
    std::uint64_t fresh = 0;  // connected within the last second
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
    std::uint64_t fresh = 0;  // connected within the last second
};
[[nodiscard]] ActivitySummary summarise(const std::vector<ActivityGroup>& groups);

/// A gauge by label set, remembering sets that were seen before: they go on at 0, so that no series
/// hangs at its last value.
class CountSeries {
public:
    using Labels = std::vector<std::string>;
    /// A run with more label sets than `most` (an application_name per process ...) has the rest
    /// counted under "(other)" in place of the label number `folded`.
    CountSeries(std::size_t most, std::size_t folded) : most_(most), folded_(folded) {}

    void clear();  // all to 0
    void add(Labels labels, std::uint64_t count);
    [[nodiscard]] const std::map<Labels, std::uint64_t>& counts() const noexcept { return counts_; }

private:
    std::size_t most_;
    std::size_t folded_;
    std::map<Labels, std::uint64_t> counts_;
};

/// What a probe reports of one look at pg_stat_activity, by label set; Plimsoll's own connections
/// left out.
struct ActivitySeries {
    static constexpr std::size_t kMostSets = 300;
    /// {datname, usename, application_name, state, wait_event_type}. `state` is PostgreSQL's word;
    /// "hidden" where the role may not see it (never taken for active) and "starting" where the
    /// backend has none yet. `wait_event_type` is "" for a backend that does not wait (with state
    /// active: it is on a CPU, or wants one), "hidden" as above.
    CountSeries backends{kMostSets, 2};
    /// {wait_event_type, wait_event}: active backends that wait.
    CountSeries waiting{kMostSets, 1};
    /// {datname, usename, application_name, state}: not active, and for long
    /// (ActivityGroup::stale).
    CountSeries stale{kMostSets, 2};

    void update(const std::vector<ActivityGroup>& groups);
};

}  // namespace plimsoll
