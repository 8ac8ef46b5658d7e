// The probe of what alerts say while a run goes on.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "signal/probe.hpp"

#include <chrono>
#include <string>

namespace plimsoll {

struct AlertsProbeOptions {
    std::string prometheus;    // its URL, with the path that it is served under, if any
    std::string alertmanager;  // likewise; empty: none is asked
    std::string name = "alerts";
    Nanoseconds period = std::chrono::seconds(1);
    bool verify_tls = true;
};

/// Asks a Prometheus (/api/v1/alerts) and an Alertmanager (/api/v2/alerts) which alerts there are.
/// Notes each change of an alert (Reading::notes), with the server's own time stamp: pending,
/// firing, reached the Alertmanager, resolved. What was there before the run is noted at the first
/// reading. Has no metrics: the server has ALERTS, and keeps it.
///
/// A server that does not answer is an Error, which becomes a gap and never ends the run; what
/// changed meanwhile is noted at the next reading. Error of make: a URL that cannot be.
[[nodiscard]] Result<ProbePtr> make_alerts_probe(AlertsProbeOptions options);

}  // namespace plimsoll
