// The kinds of exporters that there are: what `-o KIND=WHERE` says of each, and how it is made.
#pragma once

#include "base/result.hpp"
#include "scenario/scenario.hpp"
#include "signal/exporter.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// A kind whose whole configuration is a place, its file, address or URL, has `make_at` and no
/// more; one that a scenario configures has the other three, and reads its part of ExportConfig.
struct ExporterKind {
    std::string_view name;   // as in -o NAME=WHERE
    std::string_view where;  // what WHERE is, e.g. FILE, URL
    std::string_view what;   // that goes there, for help; empty: as the name says
    bool place_optional;     // -o NAME alone is enough: the scenario or the environment says where
    bool of_probes;          // has something to say where no load runs
    /// Its place can be found not to be had when it starts: it does so before the run file, so
    /// that none is left without a run.
    bool may_refuse;
    Result<ExporterPtr> (*make_at)(const std::string& where) = nullptr;
    /// Why `where` cannot be a place of this kind, without saying where that stands; null: anything
    /// can.
    Status (*check)(const std::string& where) = nullptr;

    Status (*set)(const std::string& where, ExportConfig& exports) = nullptr;
    std::vector<std::string> (*tell)(const Scenario& scenario) = nullptr;
    Result<ExporterPtr> (*make)(const ExportConfig& exports) = nullptr;
};

[[nodiscard]] constexpr ExporterKind with_config(ExporterKind kind, decltype(ExporterKind::set) set,
                                                 decltype(ExporterKind::tell) tell,
                                                 decltype(ExporterKind::make) make) {
    kind.set = set;
    kind.tell = tell;
    kind.make = make;
    return kind;
}

/// A new kind is a row here (docs/architecture.md, "Adding an exporter").
[[nodiscard]] std::span<const ExporterKind> exporter_kinds();
/// Null: no such kind.
[[nodiscard]] const ExporterKind* find_exporter_kind(std::string_view name);

/// What `-o KIND=WHERE` says, into `exports`. Error: a place that cannot be.
[[nodiscard]] Status set_exporter(const ExporterKind& kind, const std::string& where,
                                  ExportConfig& exports);
/// Where and what, for `validate`, a line each; none: not asked for.
[[nodiscard]] std::vector<std::string> tell_exporter(const ExporterKind& kind,
                                                     const Scenario& scenario);
/// Null: not asked for, or switched off. Error: a configuration that cannot work.
[[nodiscard]] Result<ExporterPtr> make_exporter(const ExporterKind& kind,
                                                const ExportConfig& exports);

/// Those of a run but for the run file, in the order in which they start.
struct RunExporters {
    std::vector<ExporterPtr> before_run_file;
    std::vector<ExporterPtr> after_run_file;
};
/// All that `exports` asks for, none started; `with_load` false: those that have something to say
/// of probes alone.
[[nodiscard]] Result<RunExporters> make_exporters(const ExportConfig& exports, bool with_load);

/// The share of iterations to trace: 0 where nothing takes traces, also by OTEL_SDK_DISABLED. Then
/// none is drawn, and no traceparent is sent.
[[nodiscard]] double trace_share_of(const ExportConfig& exports);
/// Whether requests carry a traceparent header: with traces, unless OTEL_PROPAGATORS says
/// otherwise.
[[nodiscard]] bool traceparent_of(const ExportConfig& exports);

}  // namespace plimsoll
