// What the renderers need of a run file beside the analysis, read in one pass.
#pragma once

#include "base/result.hpp"
#include "record/outcome.hpp"
#include "store/run_reader.hpp"

#include <array>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::report {

/// "Not known here": a gap in a chart.
inline constexpr double kNoValue = std::numeric_limits<double>::quiet_NaN();

/// The rows of a heatmap of response times: below 0.25 ms, then half octaves up to 64 s and above.
inline constexpr std::size_t kHeatRows = 38;
/// Their bounds in seconds, ascending; the last is where the histogram ends.
[[nodiscard]] const std::array<double, kHeatRows + 1>& heat_edges();

/// One tick, all endpoints together. Seconds, rates per second.
struct TickRow {
    double from_s = 0, to_s = 0;
    double offered_rate = 0;    // arrivals due
    double asked = 0;           // what the open executors' schedules ask at the tick's end
    double request_rate = 0;    // requests completed, failed ones included
    double iteration_rate = 0;  // iterations completed
    std::array<double, kOutcomeCount> outcome_rate{};
    double p50 = kNoValue, p95 = kNoValue, p99 = kNoValue, service_p50 = kNoValue;
    double in_flight = 0;  // time average
    double users = 0;
    double asked_users = 0;                     // what the closed executors' schedules ask
    double generator_cpu = 0;                   // cores, all shards
    double hottest_shard = 0;                   // of one core
    std::array<double, kHeatRows> heat_rate{};  // responses by how long they took
};

/// What a tick's row is made of.
struct TickParts {
    double from_s = 0, to_s = 0;
    const EndpointStats& merged;  // this tick's, all endpoints
    const LoadCounts& counts;
    const ShardState& state;
    const std::vector<ShardState>& shards;
    const std::vector<ExecutorState>& executors;
};
/// Nothing for a tick without length.
[[nodiscard]] std::optional<TickRow> tick_row(const RunInfo& info, const TickParts& parts);

/// One second by the run's clock, for the history file. Times in ms; running totals end with
/// "_all".
struct SecondRow {
    std::int64_t unix_s = 0;  // at its end
    std::uint32_t users = 0;
    double span_s = 0;
    std::uint64_t requests = 0, failed = 0;
    std::vector<double> quantiles_ms;  // this second's, by kLocustQuantiles; empty: no request
    std::uint64_t requests_all = 0, failed_all = 0;
    double median_all_ms = 0, mean_all_ms = 0, min_all_ms = 0, max_all_ms = 0;
    double bytes_received_mean_all = 0;
};

inline constexpr std::array<double, 11> kLocustQuantiles{0.5,  0.66, 0.75,  0.8,    0.9, 0.95,
                                                         0.98, 0.99, 0.999, 0.9999, 1};

struct FirstLast {
    double first_s = 0, last_s = 0;
};

struct RunData {
    bool finished = true;
    std::vector<TickRow> ticks;
    std::vector<SecondRow> seconds;
    std::vector<EndpointStats> totals;  // by EndpointId
    /// When an endpoint first and last came to an outcome, to the tick.
    std::map<std::pair<EndpointId, Outcome>, FirstLast> seen;
    std::vector<StoredSeries> series;
    std::vector<StoredProbe> probes;
    std::vector<StoredEvent> events;
    std::vector<StoredGap> gaps;
    std::map<std::string, std::string> facts;

    [[nodiscard]] EndpointStats merged() const;
};

/// Builds the parts of RunData that come from ticks; `add` in order, then `finish` once.
class TickCollector {
public:
    TickCollector(const RunInfo& info, RunData& into);
    void add(const StoredTick& tick);
    void finish();

private:
    void add_seen(const StoredTick& tick);
    void close_second();

    const RunInfo& info_;
    RunData& data_;
    EndpointStats second_, all_;
    double second_from_s_ = 0, second_to_s_ = 0;
    std::uint32_t users_ = 0;
    bool open_ = false;
};

/// Error: what the reader says.
[[nodiscard]] Result<RunData> read_run(const RunReader& reader);

}  // namespace plimsoll::report
