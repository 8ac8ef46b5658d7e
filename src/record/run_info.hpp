// What a run is, fixed before its first request. Everything that shows a run refers to ids from
// here.
#pragma once

#include "base/clock.hpp"
#include "record/executor_kind.hpp"
#include "record/threshold.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace plimsoll {

/// Index into RunInfo::endpoints.
using EndpointId = std::uint32_t;

/// The name under which a step's requests are counted: declared in the scenario, never a raw URL.
/// Two steps with the same user class, name and method share one endpoint.
struct EndpointInfo {
    std::string user;  // user class
    std::string name;
    std::string method;  // GET, POST ...
};

struct StageInfo {
    Nanoseconds from;  // offsets from the run's start
    Nanoseconds to;
    double target;  // arrivals per second, or users, at the stage's end
};

struct ExecutorInfo {
    std::string name;
    ExecutorKind kind = ExecutorKind::ConstantArrivalRate;
    bool open = true;        // arrivals by schedule (open model) or users in a loop (closed model)
    double start_value = 0;  // rate or users at `stages.front().from`
    std::vector<StageInfo> stages;
    std::uint32_t max_users = 0;
};

/// The part of its scenario's load that a run puts on, as on the command line: 2/8 is the second
/// of eight. 1/1 is all of it.
struct Segment {
    std::uint32_t number = 1;  // 1 ... count
    std::uint32_t count = 1;
    [[nodiscard]] bool is_whole() const noexcept { return count == 1; }
    friend bool operator==(const Segment&, const Segment&) = default;
};

struct RunInfo {
    std::string id;  // unique: UTC time stamp and 4 hex digits
    std::string scenario_name;
    std::string scenario_text;  // as read, secrets unexpanded
    std::string version;
    std::string target;  // scheme://host:port
    std::uint64_t seed = 1;
    std::uint32_t shards = 1;
    Segment segment;   // `executors` and every count of the run are of this part alone
    WallAnchor start;  // t = 0 of every offset in the run
    Nanoseconds tick = std::chrono::seconds(1);
    Nanoseconds planned_duration{};
    std::vector<EndpointInfo> endpoints;
    std::vector<ExecutorInfo> executors;
    std::vector<std::string> checks;  // names, by CheckId; each unique
    std::vector<std::string> groups;  // names, by GroupId; each unique
    std::vector<std::string> user_classes;
    std::vector<Threshold> thresholds;
    Nanoseconds request_timeout{};  // the longest step timeout: latencies of timeouts are censored
                                    // at theirs
    std::vector<std::string> tags;  // "key=value"
    bool has_load = true;           // false: probes look at a target that somebody else loads
};

}  // namespace plimsoll
