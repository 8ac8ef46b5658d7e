// One run in memory, in the form that the rules of analysis read: small, whatever its length.
#pragma once

#include "base/result.hpp"
#include "store/run_reader.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// One endpoint's share of a tick; `response_s` is the sum of its response times.
struct TickEndpoint {
    std::uint64_t requests = 0, served = 0;
    double response_s = 0;
};

/// One tick, all endpoints together. Times in seconds from the run's start; counts of this tick.
struct TickFacts {
    double from_s = 0, to_s = 0;
    LoadCounts counts;
    std::uint64_t requests = 0;  // that came to an end of their own: without `cut_off`
    std::uint64_t cut_off = 0;
    std::uint64_t answered = 0;
    std::uint64_t censored = 0;  // of `requests`
    std::uint64_t ok = 0;
    /// Reached what is behind the application: ok, and the 4xx and refused checks that a working
    /// application gives. Not 5xx, 429, timeouts or transport failures.
    std::uint64_t served = 0;
    std::uint64_t rate_limited = 0;
    std::uint64_t sign_ins = 0;  // to endpoints whose names say that they check a password
    double response_mean_s = 0, service_mean_s = 0;  // 0 where requests is 0
    std::vector<TickEndpoint> endpoints;             // by EndpointId; empty: not told apart
    ShardState state;
    double cpu_seconds = 0;  // of all shards
    [[nodiscard]] double seconds() const { return to_s - from_s; }
    [[nodiscard]] double middle_s() const { return (from_s + to_s) / 2; }
};

/// How one endpoint did in one stage. Response times in seconds, 0 where requests is 0.
struct StageEndpoint {
    std::uint64_t requests = 0, failed = 0;
    double mean_s = 0, min_s = 0, max_s = 0;
};

/// The merged samples of one executor's stage; concurrent executors share them.
struct StageFacts {
    std::size_t executor = 0;
    std::uint32_t stage = 0;
    double from_s = 0, to_s = 0;  // cut at the run's end
    double seconds = 0;           // of the ticks counted
    double users_seconds = 0;
    bool held = false;  // its level does not change from begin to end
    EndpointStats stats;
    std::vector<StageEndpoint> endpoints;  // by EndpointId
};

struct RunData {
    RunInfo info;
    bool finished = false;
    std::vector<TickFacts> ticks;
    std::vector<EndpointStats> totals;  // by EndpointId
    EndpointStats all;
    std::vector<GroupStats> groups;  // by GroupId
    std::vector<CheckCount> checks;  // by CheckId
    PhaseStats phases;
    LoadCounts counts;
    std::vector<StageFacts> stages;
    std::vector<StoredSeries> series;
    std::vector<StoredProbe> probes;
    std::vector<StoredError> errors;
    std::vector<StoredGap> gaps;
    std::map<std::string, std::string> facts;
    std::optional<double> last_answer_s;  // to a tick in run files of schema 3
    double duration_s = 0;                // to the end of the last tick
    double load_end_s = 0;  // until when the schedule asked for load; at most duration_s

    /// A fact as a number; `fallback` where it is missing or is none.
    [[nodiscard]] double fact(const std::string& key, double fallback) const;
};

/// What one tick came to; `endpoints` by EndpointId. `sign_ins` is the caller's to count.
[[nodiscard]] TickFacts tick_facts(double from_s, double to_s, const LoadCounts& counts,
                                   const ShardState& state,
                                   std::span<const EndpointStats> endpoints,
                                   std::span<const ShardState> shards);

/// Reached what is behind the application; see TickFacts::served.
[[nodiscard]] bool was_served(Outcome outcome);

/// The run as if it had been cut off at `end_s`: ticks, samples and series up to there. Errors,
/// checks, groups and phases, which are kept of the whole run alone, stay whole.
[[nodiscard]] RunData cut_at(const RunData& data, double end_s);

/// Whether an endpoint checks or sets a password, by its name: "Login", "/v1/register" ...
[[nodiscard]] bool is_sign_in(std::string_view endpoint_name);

/// Reads the whole run. Error: what the reader reports.
[[nodiscard]] Result<RunData> load_run_data(const RunReader& reader);

}  // namespace plimsoll
