// From YAML (or a plain URL with flags) to a validated Scenario.
#pragma once

#include "scenario/scenario.hpp"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// One fault of a scenario file.
struct Fault {
    int line = 0;           // 1-based
    int column = 0;         // 1-based, in bytes
    std::string path;       // load[0].stages[1].target
    std::string what;       // "must be above 0, got -5/s"
    std::string hint;       // may be empty
    std::string file = {};  // an included one; empty: the scenario's own
};

/// Either a scenario or every fault found, in order of place.
struct ParseOutcome {
    std::optional<Scenario> scenario;
    std::vector<Fault> faults;
};

using KeyObserver =
    std::function<void(const std::string& path, std::span<const std::string_view> keys)>;

struct ParseOptions {
    std::string file_name = "scenario.yaml";  // its stem names the scenario
    Template::EnvLookup env = nullptr;  // ${env.X}; -e K=V overrides come first. nullptr: none set
    /// For `plimsoll probe`: users, load and target may be missing (an empty host says so).
    bool probes_only = false;
    /// Told of each map with fixed keys as it is read, and of these keys: what a description of the
    /// format elsewhere, such as its JSON Schema, is checked against.
    KeyObserver on_map = nullptr;
};

[[nodiscard]] ParseOutcome parse_scenario(std::string_view yaml, const ParseOptions& options);

/// The faults as a person reads them:
///   checkout.yaml:14:11: load[0].stages[1].target: must be above 0, got -5/s
///     hint: ...
///   2 problems in checkout.yaml; nothing was sent.
[[nodiscard]] std::string format_faults(const std::vector<Fault>& faults,
                                        std::string_view file_name);

/// k6's and wrk's flags, for `plimsoll run URL -u 50 -d 30s` and for overriding a file's load.
struct QuickLoad {
    std::uint32_t vus = 1;
    std::optional<Nanoseconds> duration = std::nullopt;  // 10 s; with iterations at most 10 min
    std::vector<Ramp::Stage> stages = {};                // non-empty: ramping-vus
    std::optional<Rate> rate = std::nullopt;  // set: constant-arrival-rate with at most `vus` users
    /// Set: shared-iterations, not fewer than `vus`; for at most `duration`.
    std::optional<std::uint64_t> iterations = std::nullopt;
};
/// curl's flags, for `plimsoll run URL -X PUT -H 'Accept: */*' --data a=1`.
struct QuickRequest {
    std::string method = {};  // empty: GET, or POST where there is a body
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::optional<std::string> body = std::nullopt;
    std::string body_file = {};  // sent from there; empty: `body`
    /// Sent where `headers` do not say another. Empty: none.
    std::string content_type = {};
};
/// A scenario of one request; `text` is the file that says the same, secrets as ***. A user and
/// password in the URL are sent as curl does, as basic credentials. Error: not an http URL, or no
/// request that can be sent.
[[nodiscard]] Result<Scenario> scenario_for_url(std::string_view url, const QuickLoad& load,
                                                const QuickRequest& request = {});
/// Replaces a scenario's load by these flags.
void override_load(Scenario& scenario, const QuickLoad& load);

/// http://host[:port][/base]; no user info, query or fragment.
[[nodiscard]] Result<TargetUrl> parse_target(std::string_view url);

}  // namespace plimsoll
