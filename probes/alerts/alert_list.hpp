// Private to the alerts probe: what the servers' answers say, and what changed since the last.
#pragma once

#include "base/result.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

struct SeenAlert {
    std::string name;   // alertname
    std::string state;  // pending, firing, notified
    std::string since;  // by the server: RFC 3339, or empty
};
/// By the alert's labels, as text.
using AlertList = std::map<std::string, SeenAlert>;

/// Error: not what these servers answer.
[[nodiscard]] Result<AlertList> read_prometheus_alerts(std::string_view body);
[[nodiscard]] Result<AlertList> read_alertmanager_alerts(std::string_view body);

/// A line for each alert that is new, gone, or in another state: `alert Slow{job="a"}: firing`.
[[nodiscard]] std::vector<std::string> alert_changes(const AlertList& before, const AlertList& now);

}  // namespace plimsoll
