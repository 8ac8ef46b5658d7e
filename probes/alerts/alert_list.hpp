// Private to the alerts probe: what the servers' answers say, and what changed since the last.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "signal/alert_note.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

struct SeenAlert {
    std::string name;                                // alertname
    std::map<std::string, std::string> labels = {};  // the others
    AlertNote::Move state = AlertNote::Move::Firing;
    /// Since when its condition holds, by the server: RFC 3339, or empty.
    std::string since = {};
    /// When it came into this state, by the server; empty where it does not say.
    std::string changed = {};
};
/// By the alert's name and labels, as text: Slow{job="a"}.
using AlertList = std::map<std::string, SeenAlert>;

/// Error: not what these servers answer.
[[nodiscard]] Result<AlertList> read_prometheus_alerts(std::string_view body);
[[nodiscard]] Result<AlertList> read_alertmanager_alerts(std::string_view body);

/// When each alerting rule of Prometheus was evaluated last (/api/v1/rules), by its name: RFC 3339.
/// Several where groups share a name. Error: not what it answers.
using RuleTimes = std::multimap<std::string, std::string, std::less<>>;
[[nodiscard]] Result<RuleTimes> read_rule_times(std::string_view body);

/// The same alerts under the names that Prometheus has for them: it adds its external labels only
/// on the way to an Alertmanager.
[[nodiscard]] AlertList as_prometheus_names(const AlertList& notified, const AlertList& known);

struct SeenChange {
    AlertNote note;
    std::string name;  // alertname
    std::string at;    // by the server, where it says: RFC 3339
};
/// What is new, gone, or in another state.
[[nodiscard]] std::vector<SeenChange> alert_changes(const AlertList& before, const AlertList& now);

/// RFC 3339 with any fraction and offset. nullopt: it is not that.
[[nodiscard]] std::optional<WallClock::time_point> parse_server_time(std::string_view text);

}  // namespace plimsoll
