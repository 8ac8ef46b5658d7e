// The probe of the target's own metrics.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "signal/probe.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

struct AppMetricsOptions {
    std::string url;  // http or https, no user name or password
    std::string name = "app_metrics";
    std::vector<std::pair<std::string, std::string>> map;  // see parse_mappings
    Nanoseconds period = std::chrono::seconds(1);
    bool verify_tls = true;
};

/// Reports plimsoll_app_*: of pools with label pool, of workers with label workers, of the process
/// without (AppCollector says of what), and nothing else of what the target publishes. Names of a
/// probe that is not called "app_metrics" end in its own: "main (app_metrics-2)". The target may
/// answer late when it is in trouble: the probe shares the canaries' thread
/// (Probe::waits_on_target).
///
/// Start and read fail where the endpoint does not answer 200, its answer is longer than 16 MiB or
/// is not in the text format, or nothing in it is known or mapped.
/// Error: a URL or mapping that cannot be.
[[nodiscard]] Result<ProbePtr> make_app_metrics_probe(AppMetricsOptions options);

}  // namespace plimsoll
