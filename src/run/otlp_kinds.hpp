// OTLP's metrics and logs as exporters; traces are in exporter_kinds.cpp, as the engine asks for
// their options too.
#pragma once

#include "exporters/otlp/otlp_options.hpp"
#include "run/exporter_kinds.hpp"

#include <optional>
#include <vector>

namespace plimsoll {

/// Those rows of exporter_kinds().
[[nodiscard]] std::vector<ExporterKind> otlp_kinds();

/// Of the traces that `exports` asks for; nothing where none are taken.
[[nodiscard]] std::optional<OtlpOptions> trace_options(const ExportConfig& exports);

}  // namespace plimsoll
