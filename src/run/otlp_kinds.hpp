// OTLP's metrics and logs as exporters; traces are in exporter_kinds.cpp, as the engine asks for
// their options too.
#pragma once

#include "run/exporter_kinds.hpp"

#include <vector>

namespace plimsoll {

/// Those rows of exporter_kinds().
[[nodiscard]] std::vector<ExporterKind> otlp_kinds();

}  // namespace plimsoll
