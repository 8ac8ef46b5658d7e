// A run's figures in a file as it goes: `plimsoll run -o json=FILE`.
#pragma once

#include "signal/exporter.hpp"

#include <filesystem>

namespace plimsoll {

/// Writes the lines of JsonPoints to `path`, replacing what is there; each tick is in the file as
/// soon as it came, so that `tail -f` follows the run. Start fails where the file cannot be opened,
/// or is a pipe that nobody reads; it never waits for a reader.
/// A write that fails later ends the file and is warned of, once; the run goes on.
[[nodiscard]] ExporterPtr make_json_exporter(std::filesystem::path path);

}  // namespace plimsoll
