// The batch script that runs a load under Slurm: deploy/slurm/plimsoll.sbatch, filled in.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

struct SlurmPlan {
    std::string name;  // of the job
    std::uint32_t segments = 2;
    std::uint32_t cores = 2;  // of each
    std::uint32_t shards = 1;
    std::uint64_t memory_bytes = 0;  // of each; 0: the partition's default
    std::uint64_t length_s = 0;      // of the load
    std::string partition;           // empty: the default one
    std::string plimsoll = "plimsoll";
    std::string scenario;  // as the nodes see it
    std::string results = "results";
    bool gather = true;  // merge live, on the job's first node; not where `upload` is set
    std::string upload;  // s3://bucket/prefix; empty: the results' folder is shared
    std::vector<std::string> arguments;                            // more, of segments and gather
    std::vector<std::pair<std::string, std::string>> environment;  // what the scenario reads
};

/// The script. Error: a job name or partition that no #SBATCH line can hold.
[[nodiscard]] Result<std::string> slurm_script(const SlurmPlan& plan);

}  // namespace plimsoll
