// From a scenario's probes to the objects that do the work.
#pragma once

#include "base/result.hpp"
#include "scenario/scenario.hpp"
#include "signal/probe.hpp"

#include <vector>

namespace plimsoll {

/// The probes that a scenario asks for, none started. A PostgreSQL comes with its two canaries, a
/// PgBouncer with one, and any of these at all with one that connects to the target, but for those
/// that the scenario switches off; the machine's own figures are there unless switched off. A
/// target without a host: there is none. `connect_canary_dsn`: for the canary that opens fresh
/// connections; empty: the probe's own. Error: a configuration that cannot work, with its place.
[[nodiscard]] Result<std::vector<ProbePtr>> make_probes(const ProbesConfig& config,
                                                        const TargetUrl& target,
                                                        const std::string& connect_canary_dsn);

}  // namespace plimsoll
