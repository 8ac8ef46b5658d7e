// The readers of a scenario file's parts. Each notes faults in the items' context and returns what
// it could read; the whole counts only when no fault was noted.
#pragma once

#include "scenario/reader.hpp"
#include "scenario/redact.hpp"
#include "scenario/scenario.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

struct StepDefaults {
    Nanoseconds timeout = std::chrono::seconds(30);
    std::vector<Header> headers;
};

// parse_step.cpp
[[nodiscard]] StepDefaults read_defaults(const Item& item, std::vector<Secret>& secrets);
[[nodiscard]] std::optional<Think> read_think(const Item& item);
[[nodiscard]] Step read_step(const Item& item, const std::string& user,
                             const StepDefaults& defaults, std::vector<EndpointInfo>& endpoints,
                             std::vector<Secret>& secrets);
/// A path of the target: starts with '/', holds nothing that HTTP forbids there.
[[nodiscard]] std::optional<Template> read_path(const Item& item);

// parse_request.cpp
/// Headers of one map; the names are checked, values may hold expressions.
[[nodiscard]] std::vector<Header> read_headers(const Item& item, std::vector<Secret>& secrets);
[[nodiscard]] Expect read_expect(const Item& item);

// json_body.cpp
/// Any YAML value as compact JSON. A quoted value is a string; an unquoted one is what it reads as,
/// so an unquoted ${iteration} is a number.
[[nodiscard]] Template read_json(const Item& item);

// parse_users.cpp
void read_users(const Item& item, const StepDefaults& defaults, Scenario& scenario,
                std::vector<Secret>& secrets);

// parse_load.cpp
/// `users` (possibly incomplete) serve to suggest a max_vus.
[[nodiscard]] std::vector<Executor> read_load(const Item& item,
                                              const std::vector<UserClass>& users);

// parse_ramp.cpp
inline constexpr std::uint64_t kMostUsers = 1'000'000;
/// The keys rate, vus, duration, max_duration, start_rate, start_vus and stages, as `kind` has
/// them. nullopt where one could not be read.
[[nodiscard]] std::optional<Ramp> read_ramp(const Fields& fields, ExecutorKind kind);

// parse_profile.cpp
/// What an executor with a `profile` is: by its base, arrivals or users. nullopt (and a fault)
/// where it has none or two.
[[nodiscard]] std::optional<ExecutorKind> profile_kind(const Item& item);
/// The keys profile, rate or vus, and duration. nullopt where one could not be read.
[[nodiscard]] std::optional<Ramp> read_profile(const Fields& fields, Executor& executor);

// parse_thresholds.cpp
/// Selectors name endpoints, user classes and step tags of `scenario`, whose users are read.
[[nodiscard]] std::vector<Threshold> read_thresholds(const Item& item, const Scenario& scenario);

// parse_sla.cpp
/// Limits per endpoint, as thresholds on response time.
[[nodiscard]] std::vector<Threshold> read_sla(const Item& item, const Scenario& scenario);

// threshold_selector.cpp
/// The part of a threshold's key in braces, braces included, into `threshold`, whose metric is
/// set. False after noting a fault at `at_key`.
[[nodiscard]] bool read_selector(const Item& at_key, std::string_view selector,
                                 const Scenario& scenario, Threshold& threshold);

// parse_probes.cpp
[[nodiscard]] ProbesConfig read_probes(const Item& item, std::vector<Secret>& secrets);

// parse_export.cpp
[[nodiscard]] ExportConfig read_export(const Item& item);

}  // namespace plimsoll
