// The probe of what alerts say while a run goes on.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "signal/probe.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace plimsoll {

struct AlertsProbeOptions {
    std::string prometheus;    // its URL, with the path that it is served under, if any
    std::string alertmanager;  // likewise; empty: none is asked
    std::string name = "alerts";
    Nanoseconds period = std::chrono::seconds(1);
    bool verify_tls = true;
};

/// Asks a Prometheus (/api/v1/alerts) and an Alertmanager (/api/v2/alerts) which alerts there are.
/// Tells each change of an alert as an event (signal/alert_note.hpp): pending, firing, reached the
/// Alertmanager, resolved. Its time is the server's own where that is to be had: since when the
/// condition holds, of the rule's last evaluation (/api/v1/rules, asked only then), when the
/// Alertmanager took it. Else, or where the server's clock is another, it is ours, up to a period
/// late. What was there before the run is told at the first reading, as such. Has no metrics: the
/// server has ALERTS, and keeps it.
///
/// A server that does not answer is an Error, which becomes a gap and never ends the run; what
/// changed meanwhile is told at the next reading. Error of make: a URL that cannot be.
[[nodiscard]] Result<ProbePtr> make_alerts_probe(AlertsProbeOptions options);

/// The names of all alerting rules of the server, each once, sorted: also of those that do
/// not fire. Error: it does not answer.
[[nodiscard]] Result<std::vector<std::string>> alert_names(const AlertsProbeOptions& options,
                                                           Clock::time_point deadline);

}  // namespace plimsoll
