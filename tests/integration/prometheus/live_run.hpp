// A run as the engine and the probes would report it, without either: a ramp that drives an
// application with a pool of 5 connections past its limit.
#pragma once

#include "signal/exporter.hpp"

#include <cstdint>
#include <vector>

namespace plimsoll::test {

/// Deterministic: equal seeds give equal snapshots and readings.
class LiveRun {
public:
    explicit LiveRun(std::uint64_t seed = 1);

    [[nodiscard]] const RunInfo& run() const { return run_; }
    /// 0: postgres, 1: process:lab (role app), 2: process:postgres (role database), 3: canary.
    [[nodiscard]] const std::vector<ProbeInfo>& probes() const { return probes_; }

    /// Tick `n`, counted from 0; ask for them in order. About `n + 1` times ten requests.
    [[nodiscard]] SnapshotPtr next(bool last = false);
    /// What a probe reads `seconds` after the start.
    [[nodiscard]] Reading reading(std::size_t probe, double seconds) const;
    [[nodiscard]] static ProbeHealth healthy(std::uint64_t readings);

private:
    void add_endpoint(std::vector<EndpointStats>& delta, EndpointId endpoint, std::uint64_t count,
                      double pool_wait_seconds);

    std::uint64_t seed_;
    RunInfo run_;
    std::vector<ProbeInfo> probes_;
    std::uint64_t tick_ = 0;
    std::vector<EndpointStats> total_;
    LoadCounts total_counts_;
    std::vector<CheckCount> total_checks_;
    std::vector<GroupStats> total_groups_;
};

}  // namespace plimsoll::test
