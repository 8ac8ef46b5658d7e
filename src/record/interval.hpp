// What shards hand over each tick, and what everything downstream sees of it.
#pragma once

#include "base/clock.hpp"
#include "record/histogram.hpp"
#include "record/load_counts.hpp"
#include "record/outcome.hpp"
#include "record/rare_histogram.hpp"
#include "record/run_info.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace plimsoll {

/// One finished request.
struct Sample {
    Clock::time_point due;  // from the schedule
    /// When the first byte left for the target: the request's, or the SYN's where it had to
    /// connect.
    Clock::time_point sent;
    /// When the last byte of the response was read, it failed, or it was cut off.
    Clock::time_point completed;
    EndpointId endpoint = 0;
    std::uint16_t status = 0;  // HTTP status, 0 where no header came
    Outcome outcome = Outcome::Ok;
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    /// We gave it up: also where its outcome alone does not say so, as a name that is not looked up
    /// in time.
    bool given_up = false;

    /// Its times are lower bounds.
    [[nodiscard]] bool is_censored() const { return given_up || plimsoll::is_censored(outcome); }
};
static_assert(std::is_trivially_copyable_v<Sample>);

/// How often an endpoint came to one (status, outcome) pair.
struct StatusCount {
    std::uint16_t status = 0;
    Outcome outcome = Outcome::Ok;
    std::uint64_t count = 0;
    friend bool operator==(const StatusCount&, const StatusCount&) = default;
};

/// The samples of one endpoint over some time. Mergeable exactly, like its histograms.
struct EndpointStats {
    std::uint64_t requests = 0;  // = sum of `statuses`; NotSent is counted in LoadCounts, not here
    std::uint64_t failed = 0;    // see is_failure: without those that were cut off
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    std::vector<StatusCount> statuses;
    Histogram response;  // due → completed, all outcomes
    Histogram service;   // sent → completed, all outcomes
    Histogram send_lag;  // due → sent, all outcomes
    // Of these, the values that are lower bounds: each is there at the age at which its request was
    // given up. The true distribution lies between them being exact and being infinite.
    RareHistogram censored;          // part of `response`
    RareHistogram censored_service;  // part of `service`
    RareHistogram cut_off;           // part of `censored`: of requests with outcome CutOff

    void record(const Sample& sample);
    void merge(const EndpointStats& other);
    void clear() noexcept;
    [[nodiscard]] std::uint64_t count(Outcome outcome) const noexcept;
};

/// A group of steps, timed as a whole: from when its first step was due to its last one's end.
struct GroupStats {
    std::uint64_t count = 0;       // ended or cut off: as many as `duration` holds
    std::uint64_t failed = 0;      // of these, with a failed step
    std::uint64_t broken_off = 0;  // a failed step ended the iteration inside it; in no histogram
    Histogram duration;
    /// Part of `duration`: lower bounds, as a request in it was given up or the group was cut off.
    RareHistogram censored;

    void merge(const GroupStats& other);
    void clear() noexcept;
};

/// The parts of a request's time. What comes before them, due → sent, is EndpointStats::send_lag:
/// metrics and reports call it `blocked`.
enum class RequestPhase : std::uint8_t { Dns, Connect, Tls, Send, Wait, Receive };
inline constexpr std::size_t kRequestPhaseCount = 6;
inline constexpr std::array<std::string_view, kRequestPhaseCount> kRequestPhaseNames{
    "dns", "connect", "tls", "send", "wait", "receive"};

/// How long the parts of one request took; where it was redirected, all hops together.
struct PhaseTimes {
    Nanoseconds dns{};      // 0 where nothing had to be looked up
    Nanoseconds connect{};  // 0 on a connection that stood; likewise tls
    Nanoseconds tls{};
    Nanoseconds send{};  // while the kernel would not take all of the request at once
    Nanoseconds wait{};  // last byte of the request to first of the response; 0: none came
    Nanoseconds receive{};
};

/// The phases of all requests over some time, by RequestPhase. `dns`, `connect` and `tls` hold
/// those requests alone that went through them; the others every request whose response came whole.
struct PhaseStats {
    std::array<Histogram, kRequestPhaseCount> times;
    [[nodiscard]] Histogram& operator[](RequestPhase phase) noexcept {
        return times[static_cast<std::size_t>(phase)];
    }
    [[nodiscard]] const Histogram& operator[](RequestPhase phase) const noexcept {
        return times[static_cast<std::size_t>(phase)];
    }
    void merge(const PhaseStats& other);
    void clear() noexcept;
};

/// How often a check held.
struct CheckCount {
    std::uint64_t passed = 0;
    std::uint64_t failed = 0;   // also where no response came
    std::uint64_t cut_off = 0;  // the request's outcome is CutOff: nobody knows
    void merge(const CheckCount& other) noexcept;
    friend bool operator==(const CheckCount&, const CheckCount&) = default;
};
/// Adds each check's counts to those of `into`, which grows where it is shorter.
void add_checks(std::vector<CheckCount>& into, const std::vector<CheckCount>& from);

/// A request sent later than this after it was due is a late send: what a general-purpose kernel's
/// scheduler gives a busy machine.
inline constexpr std::chrono::milliseconds kLateSend{1};

/// How a shard stood at the end of a tick.
struct ShardState {
    std::uint32_t in_flight = 0;  // requests
    std::uint32_t users = 0;      // simulated users alive (open model: busy ones)
    std::uint32_t users_max = 0;
    std::uint32_t connections_open = 0;
    double in_flight_mean = 0;     // time average over the tick, for Little's law
    double cpu_ratio = 0;          // this thread's CPU time over wall time, 0-1
    Nanoseconds loop_lag_max{};    // latest a due timer ran within the tick
    std::uint64_t late_sends = 0;  // requests of the tick sent more than kLateSend after their due
    /// How many more connections this process could open: the lower of its file descriptors and
    /// the machine's local ports towards the target. Of the whole process, not of one shard;
    /// kSocketsUnknown where nobody looked.
    std::uint64_t sockets_left = kSocketsUnknown;

    static constexpr std::uint64_t kSocketsUnknown = INT64_MAX;
    /// Adds another shard's (or segment's) state: sums; of cpu_ratio, loop_lag_max and sockets_left
    /// the worst. The two in_flight_means must be over the same time.
    void merge(const ShardState& other) noexcept;
};

/// A failed request kept as a specimen: at most one per (endpoint, outcome, fingerprint) and shard.
struct ErrorSample {
    Clock::time_point at;
    EndpointId endpoint = 0;
    std::uint16_t status = 0;
    Outcome outcome = Outcome::Ok;
    std::uint64_t fingerprint = 0;  // of the body (or error text) with digits and ids folded
    std::string text;               // at most 512 bytes of the body, or what the system said
    std::uint64_t count = 0;        // how often this fingerprint came within the tick
};

/// One phase of one hop of a traced request; `lasted` is 0 where the kernel took the request, or
/// brought the response, at once. The last one is cut short where the request failed in it.
struct PhaseSpan {
    RequestPhase phase = RequestPhase::Send;
    Clock::time_point begun;
    Nanoseconds lasted{};
};

/// A sampled request for tracing, after the OpenTelemetry HTTP client conventions.
struct RequestSpan {
    EndpointId endpoint = 0;
    std::array<std::uint8_t, 8> span_id{};
    Clock::time_point due;
    Clock::time_point sent;
    Clock::time_point first_byte;  // equals `completed` where no byte came
    Clock::time_point completed;
    std::vector<PhaseSpan> phases;  // those that happened, as they began; hop after hop
    std::uint16_t status = 0;
    Outcome outcome = Outcome::Ok;
    std::string path;  // as sent, query included
};
/// Why a trace is there: its iteration was drawn, or one request outside the sample failed, or was
/// among the slowest of its tick.
enum class TraceReason : std::uint8_t { Sampled, Error, Slow };

/// One sampled iteration: the parent of its requests. Or, for the other reasons, one request alone
/// that carried the trace flag "not sampled": `span_id`, `due` and `ended` say nothing then.
struct IterationTrace {
    TraceReason reason = TraceReason::Sampled;
    double weight = 1;  // Error: how many failed requests of its tick this one stands for
    std::array<std::uint8_t, 16> trace_id{};
    std::array<std::uint8_t, 8> span_id{};
    std::uint32_t user_class = 0;  // index into Scenario::users
    std::uint64_t iteration = 0;
    Clock::time_point due;
    Clock::time_point ended;
    std::vector<RequestSpan> requests;
};

/// What one shard knows of its part of an executor at the end of a tick.
struct PartState {
    bool over = false;        // begins no more iterations
    std::uint32_t steps = 0;  // how often an externally controlled executor's level was set
    double level = 0;         // what it then asks of this shard: arrivals per second, or users
};

/// The samples of one shard in one tick [tick·period, (tick+1)·period), by completion time.
/// Owned by the shard until it is handed over whole; cleared and handed back for reuse.
struct Interval {
    std::uint32_t shard = 0;
    std::uint64_t tick = 0;
    Clock::time_point to;                  // when the tick ended: early for the last one
    bool last = false;                     // the shard is done and sends no more
    std::vector<EndpointStats> endpoints;  // by EndpointId
    std::vector<GroupStats> groups;        // by GroupId
    std::vector<CheckCount> checks;        // by CheckId
    PhaseStats phases;
    LoadCounts counts;
    ShardState state;
    Clock::time_point last_answer;  // when the last response of the tick was complete; epoch: none
    std::vector<PartState> parts;   // by executor; empty: as scheduled
    std::vector<ErrorSample> errors;
    std::vector<IterationTrace> traces;

    void clear() noexcept;
};

/// Where an executor stood at the end of a tick.
struct ExecutorState {
    /// Index into ExecutorInfo::stages; one past the last when over. Where an externally controlled
    /// executor's level was set n times: 2n, as each time adds a step and the stage after it.
    std::uint32_t stage = 0;
    double offered = 0;  // arrivals per second (open) or users (closed) that the schedule asks now
};

/// All shards merged, for one tick. Immutable and shared: exporters, store, thresholds and terminal
/// read the same one.
struct Snapshot {
    std::uint64_t tick = 0;
    Clock::time_point from;
    Clock::time_point to;
    bool last = false;
    std::vector<EndpointStats> delta;      // this tick, by EndpointId
    std::vector<EndpointStats> total;      // since the start, this tick included
    std::vector<GroupStats> delta_groups;  // by GroupId
    std::vector<GroupStats> total_groups;
    std::vector<CheckCount> delta_checks;  // by CheckId
    std::vector<CheckCount> total_checks;
    PhaseStats delta_phases;
    PhaseStats total_phases;
    LoadCounts delta_counts;
    LoadCounts total_counts;
    std::uint64_t total_late_sends = 0;  // see ShardState
    Clock::time_point last_answer;       // of this tick; epoch: none came
    ShardState state;  // sums over shards; cpu_ratio and loop_lag_max are the highest
    std::vector<ShardState> shards;
    std::vector<ExecutorState> executors;
    std::vector<ErrorSample> errors;
    std::vector<IterationTrace> traces;

    /// Forgets all but the totals, which add_up replaces, and keeps the memory, for another tick.
    void clear() noexcept;
    /// Fills in the totals: those of the snapshot before (null: none), and this one's deltas.
    void add_up(const Snapshot* before);

    /// All endpoints' `delta` (or `total`) merged into one.
    [[nodiscard]] EndpointStats merged_delta() const;
    [[nodiscard]] EndpointStats merged_total() const;
};
using SnapshotPtr = std::shared_ptr<const Snapshot>;

}  // namespace plimsoll
