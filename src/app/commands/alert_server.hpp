// --alerts and --alertmanager, as several commands have them.
#pragma once

#include "base/result.hpp"
#include "probes/alerts/alerts_probe.hpp"

#include <string>

namespace plimsoll {

/// What to watch: a Prometheus, and where `alertmanager` is not empty an Alertmanager; either may
/// be @FILE (flag_text.hpp). Whether anybody answers there is not looked at. Error: no URL.
[[nodiscard]] Result<AlertsProbeOptions> alert_server(const std::string& alerts,
                                                      const std::string& alertmanager);

}  // namespace plimsoll
