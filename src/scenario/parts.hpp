// The readers of a scenario file's parts. Each notes faults in the items' context and returns what
// it could read; the whole counts only when no fault was noted.
#pragma once

#include "scenario/reader.hpp"
#include "scenario/redact.hpp"
#include "scenario/scenario.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// What `expect` says, before its checks have names and numbers.
struct ExpectDraft {
    struct Wanted {
        std::string what;  // "/items is an array": the check's name beside the endpoint's
        Check check;
    };
    std::vector<StatusRange> statuses;
    std::vector<Wanted> checks;
};

/// What `defaults` says of every step.
struct StepDefaults {
    Nanoseconds timeout = std::chrono::seconds(30);
    std::vector<Header> headers;
    Think think;
    ExpectDraft expect;
    OnFail on_fail = OnFail::Continue;
    HttpStepOptions http;
    std::vector<std::string> tags;
};

/// What the readers of users and flows share.
struct FlowReading {
    Scenario& scenario;
    std::vector<Secret>& secrets;
    StepDefaults defaults = {};
};

// parse_defaults.cpp
[[nodiscard]] StepDefaults read_defaults(const Item& item, std::vector<Secret>& secrets);
[[nodiscard]] std::optional<Think> read_think(const Item& item);
/// A duration for the whole, or a map of the parts' ones.
void read_timeout(const Item& item, Nanoseconds& whole, HttpStepOptions& parts);
[[nodiscard]] OnFail read_on_fail(const Item& item);
/// A map as "key=value".
[[nodiscard]] std::vector<std::string> read_tags(const Item& item);
/// How many redirects are followed, or false.
[[nodiscard]] std::optional<std::uint32_t> read_redirects(const Item& item);

// parse_step.cpp
/// The methods of requests, as keys.
[[nodiscard]] std::span<const std::string_view> request_methods();
/// One request, counted under `user`.
[[nodiscard]] Step read_step(const Item& item, const std::string& user, FlowReading& reading);
/// A path of the target: starts with '/', holds nothing that HTTP forbids there; with `or_url` also
/// a whole http or https URL, or an expression that gives either.
[[nodiscard]] std::optional<Template> read_path(const Item& item, bool or_url = false);

// parse_body.cpp
/// The keys json, form, multipart, body and graphql, of which one at most may stand.
void read_body(const Fields& fields, Step& step);
/// auth: {bearer: ...} or {basic: {user: ..., password: ...}}.
void read_auth(const Item& item, Step& step, std::vector<Secret>& secrets);
/// Names and values as a query or form writes them: a=1&b=2.
[[nodiscard]] Template read_pairs(const Item& item, std::string_view what);
[[nodiscard]] bool has_header(const std::vector<Header>& headers, std::string_view name);

// parse_flow.cpp
/// A list of steps into the class's steps and `flow`'s instructions.
void read_flow(const Item& item, UserClass& user, Flow& flow, FlowReading& reading);

// parse_conditions.cpp
/// `text` as one of `kind`; nullopt after noting a fault at `item`.
[[nodiscard]] std::optional<Selector> compile_selector(const Item& item, Selector::Kind kind,
                                                       std::string_view text);
/// The keys json, headers, body and size.
void read_conditions(const Fields& fields, std::vector<ExpectDraft::Wanted>& wanted);
/// One status or class, as conditions on its number.
void read_status_condition(const Item& item, std::vector<ExpectDraft::Wanted>& wanted);

// parse_expect.cpp
[[nodiscard]] ExpectDraft read_expect(const Item& item);
[[nodiscard]] Until read_until(const Item& item);
[[nodiscard]] std::vector<Capture> read_captures(const Item& item);
/// Names the checks after the endpoint and gives them their numbers.
[[nodiscard]] std::vector<Check> name_checks(const std::vector<ExpectDraft::Wanted>& wanted,
                                             const std::string& endpoint, Scenario& scenario);

// parse_variables.cpp
/// Every variable that the file captures or sets, into context.variables.
void declare_variables(const Item& root);
/// The variables that lists of steps below `item` capture or set.
[[nodiscard]] std::vector<VariableId> variables_below(const Item& item);
/// The id of a declared variable; notes a fault where the name cannot be one.
[[nodiscard]] std::optional<VariableId> variable_named(const Item& at, const std::string& name);

// parse_data.cpp
/// Opens every source, into context.data.
void read_data(const Item& item);

// parse_include.cpp
/// The file's text with what it includes; texts by YamlNode::file.
struct IncludedFiles {
    YamlNodePtr root;
    std::vector<std::string> texts;
};
/// Reads the files named under `include` and joins their maps with `root`'s. Faults go to the
/// context.
[[nodiscard]] IncludedFiles join_included(ReadContext& context, const YamlNodePtr& root,
                                          const std::string& file_name);

// parse_http.cpp
[[nodiscard]] HttpOptions read_http(const Item& item);
[[nodiscard]] HttpStepOptions read_step_http(const Item& item);

// parse_request.cpp
/// Headers of one map; the names are checked, values may hold expressions.
[[nodiscard]] std::vector<Header> read_headers(const Item& item, std::vector<Secret>& secrets);
/// Text that becomes a header's value, or a part of one: see is_header_text.
[[nodiscard]] std::optional<Template> read_header_value(const Item& item,
                                                        std::string_view what = "text");
/// A status, a class such as 2xx, or a list of these.
[[nodiscard]] std::vector<StatusRange> read_statuses(const Item& item);

// json_body.cpp
/// Any YAML value as compact JSON. A quoted value is a string; an unquoted one is what it reads as,
/// so an unquoted ${iteration} is a number.
[[nodiscard]] Template read_json(const Item& item);

// parse_users.cpp
/// `root` is the whole file, for its defaults and setup.
void read_users(const Item& item, const Item& root, FlowReading& reading);
/// setup or teardown: a list of steps.
void read_once(const Item& item, const Item& root, const std::string& name, UserClass& into,
               FlowReading& reading);

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

// parse_find.cpp
[[nodiscard]] FindPlan read_find(const Item& item);

// parse_probes.cpp
[[nodiscard]] ProbesConfig read_probes(const Item& item, std::vector<Secret>& secrets);

// parse_export.cpp
[[nodiscard]] ExportConfig read_export(const Item& item, std::vector<Secret>& secrets);

}  // namespace plimsoll
