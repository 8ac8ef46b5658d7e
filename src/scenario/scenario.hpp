// A validated scenario: who the users are, how much load, what must hold, what to probe. Immutable.
#pragma once

#include "base/clock.hpp"
#include "load/arrivals.hpp"
#include "load/ramp.hpp"
#include "record/executor_kind.hpp"
#include "record/run_info.hpp"
#include "scenario/data.hpp"
#include "scenario/export_config.hpp"
#include "scenario/find_plan.hpp"
#include "scenario/flow.hpp"
#include "scenario/http_options.hpp"
#include "scenario/response.hpp"
#include "scenario/template.hpp"
#include "scenario/variable.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace plimsoll {

/// scheme://host[:port][/base], or unix:/path/of/socket[:/base]. `port` is always set (80 or 443
/// where not written).
struct TargetUrl {
    std::string scheme;  // "http" or "https"
    std::string host;    // IPv6 without brackets; "localhost" for a unix socket
    std::uint16_t port = 80;
    std::string unix_path = {};                     // of a socket in the file system; empty: TCP
    std::string base_path = {};                     // "" or "/api": put before every step's path
    [[nodiscard]] std::string host_header() const;  // host, brackets and port as HTTP wants them
    [[nodiscard]] std::string to_string() const;
};

/// Time a user waits after a step. Draws are never negative.
struct Think {
    enum class Kind { None, Constant, Uniform, Normal, Exponential };
    Kind kind = Kind::None;
    Nanoseconds a{};  // constant: the time; uniform: low; normal, exponential: mean
    Nanoseconds b{};  // uniform: high; normal: standard deviation
    [[nodiscard]] Nanoseconds draw(Random& random) const noexcept;
};

/// Inclusive ranges of HTTP status.
struct StatusRange {
    std::uint16_t low;
    std::uint16_t high;
};

/// What a response must be for the request to count as ok.
struct Expect {
    std::vector<StatusRange> statuses;  // empty: 200-399
    std::vector<Check> checks = {};     // beyond the status; all must hold
    [[nodiscard]] bool accepts(std::uint16_t status) const noexcept;
};

struct Header {
    std::string name;
    Template value;
};

/// One part of a multipart/form-data body.
struct FormPart {
    std::string name;
    std::string file_name;     // empty: a plain field
    std::string content_type;  // empty: none is sent
    Template value;            // the field's value, or with `from_file` the file's path
    bool from_file = false;
};

/// Polling: the step is sent again until all conditions hold. Each poll is a request of its own.
struct Until {
    std::vector<Check> conditions;
    Nanoseconds every = std::chrono::seconds(1);  // from the end of one poll to the next
    std::uint32_t max = 60;                       // polls; not met by then: the step has failed
};

/// One request of a flow.
struct Step {
    EndpointId endpoint = 0;  // into Scenario::endpoints
    std::string method;       // upper case
    Template path;            // origin form, starts with '/'; or a whole http:// or https:// URL
    std::vector<Header>
        headers;    // the step's and the defaults'; Host and Content-Length are the engine's
    Template body;  // with body_from_file: the file's path
    bool has_body = false;
    bool body_from_file = false;      // sent from the file, of any size
    std::vector<FormPart> multipart;  // non-empty: in place of `body`
    Expect expect;
    std::vector<Capture> captures;
    std::optional<Until> until;
    OnFail on_fail = OnFail::Continue;
    HttpStepOptions http;
    std::vector<std::string> tags;  // "key=value", for thresholds
    std::optional<Think> think;     // after this step, in place of the user class's
    Nanoseconds timeout = std::chrono::seconds(30);  // from send to last byte, connecting included

    /// Whether a capture or check reads the response's body, or its headers: only then are they
    /// kept, and the body decoded.
    [[nodiscard]] bool keeps_body() const noexcept;
    [[nodiscard]] bool keeps_headers() const noexcept;
};

struct UserClass {
    std::string name;
    std::uint32_t weight = 1;  // share of users or arrivals, against the other classes' weights
    Think think;               // after each step
    Nanoseconds pacing{};  // 0: none. Closed model: an iteration begins at least so long after the
                           // one before it began
    std::vector<Step> steps;    // every request of the class, user_start's and user_stop's included
    std::vector<Think> thinks;  // of the flows' Think instructions
    Flow flow;
    Flow start;  // once, before a user's first iteration; ops empty: nothing to do
    Flow stop;   // once, after its last; ops empty: nothing to do
    /// Variables that an iteration sets are unset when the next begins; these, set by `start`,
    /// stay.
    std::vector<VariableId> kept;
};

struct Executor {
    std::string name;
    std::string profile;  // the preset that it was expanded from; empty: none
    ExecutorKind kind = ExecutorKind::ConstantVus;
    Ramp ramp = Ramp::constant(0, {});  // arrivals per second, or users
    ArrivalProcess arrivals = ArrivalProcess::Uniform;
    std::uint32_t max_vus =
        0;  // open model, externally controlled: most users at once; else the ramp's highest
    std::uint64_t iterations = 0;      // per-vu-iterations: each user's; shared-iterations: in all
    Nanoseconds start_time{};          // from the run's start to this executor's
    std::vector<std::uint32_t> users;  // its user classes, into Scenario::users; empty: all
    Nanoseconds graceful_stop =
        std::chrono::seconds(30);  // how long running iterations may go on after the end
    Nanoseconds graceful_ramp_down =
        std::chrono::seconds(30);  // ramping-vus: the same for users that the ramp takes away
};

struct PostgresProbeConfig {
    std::string dsn;        // secret
    std::string name = {};  // of the probe; empty: "postgres", "postgres-2" ...
};
struct PgbouncerProbeConfig {
    std::string dsn;        // secret; of its console, or of a database behind it
    std::string name = {};  // as above
};
/// Exactly one of docker, label, pods, cgroup, pid and port is set.
struct ContainerProbeConfig {
    std::string role;  // app, database, ...: the label that reports use
    std::string name;  // shown in place of the default one; not of docker, label and pods
    std::string docker;
    std::string label;       // "key" or "key=value", of containers
    std::string pods;        // a label selector of Kubernetes' pods on this node
    std::string name_space;  // theirs; empty: that of the service account
    std::string cgroup;
    int pid = 0;
    std::uint16_t port = 0;

    /// Whether both name the same one in the same way and role, whatever they call it: its CPU
    /// would count twice.
    [[nodiscard]] bool is_same(const ContainerProbeConfig& other) const {
        const auto source = [](const ContainerProbeConfig& c) {
            return std::tie(c.docker, c.label, c.pods, c.name_space, c.cgroup, c.pid, c.port,
                            c.role);
        };
        ContainerProbeConfig nothing;
        nothing.role = role;
        return source(*this) == source(other) && source(*this) != source(nothing);
    }
};
struct CanaryConfig {
    std::string name;
    std::string path;  // of a GET on the target
};
struct AppMetricsConfig {
    std::string url;
    std::vector<std::pair<std::string, std::string>> map;  // pool_size, pool_used ... → selector
};
struct ProbesConfig {
    Nanoseconds interval = std::chrono::milliseconds(200);
    std::vector<PostgresProbeConfig> postgres;
    std::vector<PgbouncerProbeConfig> pgbouncer;
    std::vector<ContainerProbeConfig> containers;
    std::vector<CanaryConfig> canaries;
    std::vector<std::string> canaries_off;  // of kBuiltInCanaries
    std::vector<AppMetricsConfig> app_metrics;
    std::optional<bool> host;  // not said: this machine, and the target if it is seen to run here
};
/// Canaries that come with a probe; `canaries: {pg_connect: off}` leaves one out.
inline constexpr std::array<std::string_view, 4> kBuiltInCanaries{
    "select_1", "pg_connect", "pgbouncer_connect", "tcp_connect"};

struct Scenario {
    std::string name;
    std::string text;  // the file as read, before any expansion; passwords written out in it as ***
    /// Credentials that it sends, as far as they are no plain words: what a server says must not
    /// repeat them where it is kept.
    std::vector<std::string> secrets;
    TargetUrl target;
    std::vector<EndpointInfo> endpoints;
    std::vector<std::string> checks;     // names, by CheckId
    std::vector<std::string> groups;     // names, by GroupId
    std::vector<std::string> variables;  // names, by VariableId
    std::vector<std::string> tags;       // "key=value", of the whole run
    std::vector<std::shared_ptr<const DataSource>> data;
    HttpOptions http;
    std::vector<UserClass> users;
    /// Run once, before the load and after it, by one user; their steps are in no class. Variables
    /// that setup sets are seen by every user.
    UserClass setup;
    UserClass teardown;
    std::vector<Executor> load;
    std::vector<Threshold> thresholds;
    FindPlan find;  // what a search for the capacity is asked for
    ProbesConfig probes;
    ExportConfig exports;

    /// From the run's start to the last executor's end, without graceful stop.
    [[nodiscard]] Nanoseconds duration() const noexcept;
};

/// "from 0/s, 1m to 200/s, 8m at 200/s": an executor's stages as a person reads them.
[[nodiscard]] std::string stages_text(const Executor& executor);

/// What falls to `segment` of a level that `executor` asks of the whole run.
[[nodiscard]] double segment_level(const Executor& executor, Segment segment, double whole);

/// The parts of a RunInfo that the scenario fixes; id, start, seed and shards are the caller's. Its
/// executors ask for what falls to `segment`.
[[nodiscard]] RunInfo describe(const Scenario& scenario, Segment segment = {});

/// Assigns a user class to index 0, 1, 2 ... such that every prefix of n has each class's share
/// within one: Tijdeman's algorithm (The chairman assignment problem, Discrete Mathematics 32,
/// 1980), because plain smooth weighted round robin strays by more with seven classes already. The
/// sequence repeats after the sum of the weights, reduced by their greatest common divisor and,
/// above a million, scaled down. Pure: the same weights give the same sequence on every shard.
class ClassPicker {
public:
    /// Picks among `subset`, indices into `users`, each once; an empty subset means all. `users`
    /// must not be empty; weights are at least 1.
    explicit ClassPicker(const std::vector<UserClass>& users,
                         const std::vector<std::uint32_t>& subset = {});
    /// An index into `users`.
    [[nodiscard]] std::uint32_t pick(std::uint64_t index) const noexcept {
        return cycle_[index % cycle_.size()];
    }

private:
    std::vector<std::uint32_t> cycle_;
};

}  // namespace plimsoll
