// Traces, metrics and logs as OTLP/JSON in a file: a line each request, as the Collector's file
// exporter writes them and its receiver otlpjsonfile reads them.
#pragma once

#include "exporters/otlp/otlp_options.hpp"
#include "signal/exporter.hpp"

#include <filesystem>

namespace plimsoll {

/// Three exporters that write to one file in place of a collector. The name "otlp-file", counts in
/// records: spans, data points and log records. `options`: of traces; metrics go every
/// `options.interval`. A write that fails is counted and tried no more. Error at its start: the
/// file cannot be made.
[[nodiscard]] ExporterPtr make_otlp_file_exporter(std::filesystem::path path, OtlpOptions options);

}  // namespace plimsoll
