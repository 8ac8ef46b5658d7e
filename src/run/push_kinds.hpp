// The exporters that push to a server of somebody else's.
#pragma once

#include "base/result.hpp"
#include "exporters/remote_write/remote_write_exporter.hpp"
#include "run/export_access.hpp"
#include "run/exporter_kinds.hpp"
#include "scenario/export_config.hpp"

#include <vector>

namespace plimsoll {

/// Those rows of exporter_kinds().
[[nodiscard]] std::vector<ExporterKind> push_kinds();

/// What `config` and the variables PLIMSOLL_REMOTE_WRITE_... say (make_access). Each series gets
/// the labels job and instance (this host) unless `config` has them. Error: as make_access.
[[nodiscard]] Result<RemoteWriteOptions> remote_write_options(const RemoteWriteConfig& config,
                                                              const EnvironmentLookup& environment);

}  // namespace plimsoll
