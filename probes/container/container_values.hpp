// What the container probe reports: its metrics, and their values of one container.
#pragma once

#include "probes/container/runtime_source.hpp"
#include "signal/probe.hpp"

#include <string>
#include <vector>

namespace plimsoll {

/// plimsoll_container_*, with labels {container, role}.
[[nodiscard]] std::vector<MetricDescriptor> describe_container_metrics();
/// Values of these metrics; what is not known is left out.
void add_container_values(const ContainerFigures& figures, const std::string& role,
                          Reading& reading);

}  // namespace plimsoll
