// The files of deploy/, within the program.
#pragma once

#include <string_view>

namespace plimsoll::embedded {

extern const std::string_view kubernetes_segments;
extern const std::string_view kubernetes_gather;
extern const std::string_view kubernetes_network_policy;
extern const std::string_view kubernetes_service_monitor;
extern const std::string_view slurm_batch;

}  // namespace plimsoll::embedded
