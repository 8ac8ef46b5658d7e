// What analysis concludes from a run. `src/report` renders it; summary.json is its public form.
#pragma once

#include "analysis/capacity/find_result.hpp"
#include "analysis/capacity/scaling_fit.hpp"
#include "record/interval.hpp"
#include "record/outcome.hpp"
#include "record/threshold.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

/// Seconds. `count` says how far the tail can be trusted; where a percentile has too few samples
/// behind it (measurement: p99 needs 563, p99.9 5,662 for a finite two-sided bound) or lies among
/// timeouts, it is absent: it is printed as such, never as a number.
struct LatencySummary {
    std::uint64_t count = 0;
    double min = 0, mean = 0, p50 = 0, p90 = 0, p95 = 0, p99 = 0, p999 = 0, max = 0;
    bool p99_supported = false;
    bool p999_supported = false;
    /// Quantiles above this are at least what stands here: so many were given up, by their timeout
    /// or because the run ended. Below 1, mean and max are lower bounds too; at 0, min is.
    double censored_from = 1;
};

enum class Verdict { Valid, Degraded, Invalid };

struct ValidityCheck {
    std::string name;  // send_lag_p99, sent_ratio ...
    bool ok = true;
    bool decisive = false;  // failing it makes the run INVALID, not just DEGRADED
    double value = 0;
    double limit = 0;
    std::string why;  // one sentence with the figures
};

struct EndpointResult {
    std::string user, name, method;
    std::uint64_t requests = 0;
    std::uint64_t failed = 0;  // those that were cut off with them that are known to have failed
    double rate = 0;           // requests per second that came to an end of their own
    std::map<std::string, std::uint64_t> outcomes;
    LatencySummary response, service;
    double bytes_received_mean = 0;
    std::uint64_t unknown = 0;  // cut off, and too young to tell: Failures::unknown
};

/// A check of the scenario: how often it held.
struct CheckResult {
    std::string name;
    std::uint64_t passed = 0, failed = 0;
    std::uint64_t cut_off = 0;  // of requests that were cut off: nobody knows
};

/// A group of steps, timed as a whole.
struct GroupResult {
    std::string name;
    std::uint64_t count = 0, failed = 0, broken_off = 0;
    LatencySummary duration;
};

/// Where users did not go through their whole flow.
struct FlowResult {
    std::uint64_t iterations = 0;  // begun
    std::uint64_t completed = 0;
    std::uint64_t cut_short = 0;         // by a failed step
    std::uint64_t steps_unrendered = 0;  // not sent: a variable in them had no value
    std::uint64_t starts_failed = 0, users_stopped = 0, out_of_data = 0;
};

/// How one endpoint did in one stage. Response times in seconds.
struct StageEndpointResult {
    std::uint64_t requests = 0, failed = 0;
    double mean_s = 0, min_s = 0, max_s = 0;
    /// The mean against the baseline's, the first stage at a constant level of the same executor:
    /// 1.5 is two and a half times as long. Absent in the baseline, and without requests.
    std::optional<double> change;
};

struct StageResult {
    std::string executor;
    std::uint32_t stage = 0;
    double from_s = 0, to_s = 0;
    double offered_rate = 0;  // mean arrivals due per second; 0 for closed executors
    double rate = 0;          // completed requests per second
    double users = 0;         // mean
    double failed_ratio = 0;
    LatencySummary response;
    bool held = false;                                // at a constant level
    std::vector<StageEndpointResult> endpoints = {};  // as Analysis::endpoints
};

enum class GateState {
    Passed,
    Failed,    // wherever in its bounds the value lies
    NotKnown,  // it passes at one end of the bounds and fails at the other
    NoSample,  // nothing was judged
};
[[nodiscard]] std::string to_string(GateState state);  // passed, failed, not_known, no_sample

/// A threshold judged on one stage alone.
struct StageVerdict {
    std::string executor;
    std::uint32_t stage = 0;
    bool ok = true;  // passed, or nothing to judge: the stage did not ask for it
    std::optional<double> value;
    GateState state = GateState::Passed;
};

struct ThresholdResult {
    Threshold threshold;
    bool ok = true;  // passed; or nothing to judge, where it allows that
    /// Absent where there was nothing to judge; with a window the worst. Where requests were given
    /// up, the least that it can be.
    std::optional<double> value;
    std::vector<StageVerdict> stages = {};  // in the order of Analysis::stages; only of an SLA
    GateState state = GateState::Passed;
    /// The most that the value can be, where that is more: infinite where nothing bounds it.
    std::optional<double> at_most = std::nullopt;
    std::string why = {};  // one sentence, where it is not known or had nothing to judge
};

/// Whether the target answered: what every run is judged by, with thresholds or without.
struct AnswerResult {
    bool ok = true;
    bool none = false;         // not one request was answered
    bool unreachable = false;  // none, as no connection ever came to stand
    std::uint64_t answered = 0;
    std::uint64_t unanswered = 0;  // failed without an answer; cut off and too old to be under way
    std::uint64_t unknown = 0;     // cut off, and too young to tell
    std::uint64_t cut_off = 0;     // all of them
    double oldest_s = 0;           // of those cut off
    double silent_s = 0;           // from the last answer to the end of the load
    std::string why;               // what was not answered, in a sentence; empty: all was
};

/// What the reader should know of the measurement that is no check: it cannot fail.
struct ValidityNote {
    std::string name;
    std::string text;
};

/// A time in which the target did not keep up, and from the end of which on it did again, under as
/// much load.
struct Slowdown {
    double from_s = 0, to_s = 0;
    double at_rate = 0;  // offered rate (open) or users (closed) when it began
};

struct BreakingPoint {
    bool found = false;
    double at_s = 0;
    double at_rate = 0;                // offered rate (open) or users (closed) then
    std::array<double, 2> interval{};  // of at_rate
    std::string symptom;
    /// Since when it kept up again, under as much load; absent: it did not.
    std::optional<double> recovered_s = std::nullopt;
    /// Others that healed, in order.
    std::vector<Slowdown> healed = {};
};

/// What was seen, in a sentence, and where: SQL over the run file that gives the figures behind it;
/// "" where it rests on no figure of its own, or on histograms, which SQL cannot add up.
struct Sentence {
    std::string text;
    std::string query;
    Sentence(std::string said, std::string sql = {})  // NOLINT: a text is a sentence
        : text(std::move(said)), query(std::move(sql)) {}
    Sentence(const char* said) : text(said) {}  // NOLINT: likewise
};

/// A cause with its evidence. `cause` is one of the names in the interface contract.
struct Finding {
    std::string cause;
    std::string confidence;  // high, medium, low
    double onset_s = 0;
    std::vector<Sentence> evidence, against;
    std::vector<std::string> missing;
    std::map<std::string, double> values;  // pool_size, recommended_pool_size, hold_s ...
    std::string fix;
};

/// What became of what one exporter had to deliver.
struct ExporterResult {
    std::uint64_t sent = 0;
    std::uint64_t retried = 0;
    std::uint64_t rejected = 0;
    std::uint64_t dropped = 0;
};

/// What one resource could carry at most, by what a request used of it after the break.
struct ResourceLimit {
    std::string resource, unit;  // "the database's CPU", "cores"
    double size = 0;             // of it there are: cores, connections
    double busy = 0;             // of these, on average
    double demand_s = 0;         // of one of them, per request
    double could_carry = 0;      // size / demand_s, requests per second
    double used_ratio = 0;       // busy / size, at most 1
    std::string cause = {};      // the name of the finding that it would be if it bound
};

/// Which resource would bind next once what binds now is out of the way.
struct NextLimit {
    std::string resource, cause;
    Estimate rate;    // of requests per second that it could carry; 95 %
    std::string why;  // in a sentence
};

/// What a search shows beside its answer.
struct CapacityDetail {
    ScalingFit scaling;
    /// At what is carried, over the steps at that level: how full each resource was. The fullest
    /// first.
    std::vector<ResourceLimit> margins;
    std::optional<NextLimit> next;  // absent: unknown
};

struct GeneratorResult {
    double cpu_seconds = 0;
    double cpu_us_per_request = 0;
    std::uint64_t max_rss_bytes = 0;
    std::uint32_t shards = 1;
    std::map<std::string, std::uint64_t> dropped;  // by exporter
    std::map<std::string, ExporterResult> exporters = {};
    double cpu_ratio_max = 0;      // of the busiest thread in its busiest tick, 0-1
    double loop_lag_max_s = 0;     // the latest that a due timer ran
    std::uint64_t late_sends = 0;  // requests sent more than 1 ms after they were due
    std::uint64_t not_sent_user_cap = 0, not_sent_generator = 0;  // iterations
    std::optional<std::uint64_t> sockets_left = std::nullopt;  // fewest; absent where nobody looked
    std::optional<double> ceiling_rate =
        std::nullopt;  // requests per second, calibrated; absent without
};

struct ErrorResult {
    std::string method, name, outcome;
    std::uint16_t status = 0;
    std::string text;
    std::uint64_t count = 0;
    double first_s = 0, last_s = 0;
};

/// A moment from which on alerts are due, and who says so.
struct Onset {
    enum class Kind {
        Planted,        // while the load ran
        PlantedBefore,  // there from the start: what it does may show much later
        Seen,           // by what the run measured
        Given,          // the user's own word
    };
    double at_s = 0;
    std::string source;                             // "the planted fault app-pool:size=5"
    std::optional<std::array<double, 2>> interval;  // where it is an estimate
    Kind kind = Kind::Seen;
};

/// One time that an alert was pending or firing, by the server that evaluated it. Seconds since the
/// run's start; what is absent did not come, or was not seen.
struct AlertEpisode {
    std::string alert;     // name and labels
    bool already = false;  // it was so before the run
    std::optional<double> pending_s = std::nullopt, firing_s = std::nullopt;
    std::optional<double> notified_s = std::nullopt;  // it reached the Alertmanager
    std::optional<double> resolved_s = std::nullopt;  // or was no longer pending
    std::optional<double> onset_s = std::nullopt;     // that it is measured from; absent: healthy
    [[nodiscard]] double begin_s() const { return pending_s.value_or(firing_s.value_or(0)); }
};

struct Analysis {
    Verdict verdict = Verdict::Valid;
    std::vector<ValidityCheck> checks;
    std::vector<ValidityNote> notes;
    double duration_s = 0;
    std::uint64_t requests = 0;
    std::uint64_t failed = 0;   // as EndpointResult::failed, of all endpoints
    std::uint64_t unknown = 0;  // likewise
    std::uint64_t not_sent = 0;
    AnswerResult answers;
    double rate = 0;
    LatencySummary response, service, send_lag;
    std::array<LatencySummary, kRequestPhaseCount> phases;  // by RequestPhase
    std::uint64_t redirects = 0;
    std::vector<EndpointResult> endpoints;
    std::vector<CheckResult> scenario_checks;
    std::vector<GroupResult> groups;
    FlowResult flow;
    std::vector<StageResult> stages;
    std::vector<ThresholdResult> thresholds;
    BreakingPoint breaking_point;
    double highest_offered = 0;  // arrivals per second, or users
    bool open_model = true;
    std::vector<Finding> findings;                    // the first gave way first
    std::vector<ResourceLimit> resource_limits = {};  // the least first; where the target broke
    /// Of a run that searched for the capacity. Breaking point and findings are then of the steps
    /// up to the first that failed and shows where it broke.
    std::optional<FindResult> find;
    std::optional<CapacityDetail> capacity;  // goes with it
    std::vector<ErrorResult> errors;
    GeneratorResult generator;
    std::vector<Onset> onsets = {};         // of trouble, by rank (onset.hpp)
    std::vector<AlertEpisode> alerts = {};  // of a run beside a server with alerts
};

[[nodiscard]] std::string to_string(Verdict verdict);  // VALID, DEGRADED, INVALID

}  // namespace plimsoll
