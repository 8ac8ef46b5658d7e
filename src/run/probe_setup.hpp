// From a scenario's probes and exports to the objects that do the work.
#pragma once

#include "base/result.hpp"
#include "scenario/scenario.hpp"
#include "signal/exporter.hpp"
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

/// The trace exporter; null where the environment switches OpenTelemetry off. Error: a malformed
/// endpoint or variable.
[[nodiscard]] Result<ExporterPtr> make_otlp_from(const OtlpConfig& config);
/// The share of iterations to trace: 0 where nothing takes traces, also by OTEL_SDK_DISABLED. Then
/// none is drawn, and no traceparent is sent.
[[nodiscard]] double trace_share_of(const ExportConfig& exports);
/// Whether requests carry a traceparent header: with traces, unless OTEL_PROPAGATORS says
/// otherwise.
[[nodiscard]] bool traceparent_of(const ExportConfig& exports);

}  // namespace plimsoll
