// Which part of the load this process runs: said outright, or known from who started it.
#pragma once

#include "base/result.hpp"
#include "record/run_info.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace plimsoll {

/// The value of an environment variable; null where it is not set.
using EnvironmentLookup = std::function<const char*(const char* name)>;

struct SegmentChoice {
    Segment segment;
    /// What said so, for people: "JOB_COMPLETION_INDEX=2 and PLIMSOLL_SEGMENTS=8". Empty where the
    /// flag itself did.
    std::string source;
};

/// What --segment asks for: "i/n", or "auto", which takes both numbers from the environment:
/// - JOB_COMPLETION_INDEX (from 0; Kubernetes sets it in the pods of an Indexed Job) with
///   PLIMSOLL_SEGMENTS (how many there are, which Kubernetes does not tell a pod);
/// - SLURM_PROCID (from 0) with SLURM_NTASKS, both of which srun sets.
/// Where both pairs are there they must say the same. Error: neither pair is there, half of one is,
/// a value is no such number, or what is there contradicts itself. Each names the variable.
[[nodiscard]] Result<SegmentChoice> choose_segment(std::string_view flag,
                                                   const EnvironmentLookup& environment);

}  // namespace plimsoll
