// How many machines a load needs, of what size. Pure arithmetic.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll {

/// What one iteration is like, on average over the classes that run.
struct IterationShape {
    double requests = 1;
    double thinking_s = 0;
};

/// What is to be made, all segments together, at the time of its peak.
struct LoadDemand {
    double iterations_per_s = 0;
    IterationShape shape;
    double response_s = 0.1;   // of one request, while the target holds
    double looping_users = 0;  // users in a loop: each is alive all the time
    double arrivals_per_s =
        0;  // of iterations_per_s, what comes by a schedule and needs a free user
    std::uint64_t most_users = 0;  // that the scenario allows for arrivals (max_vus); 0: any number
    std::uint64_t bytes_per_user = 8192;  // as a run judges whether users fit
    double request_bytes = 0;             // of one request, headers included
    double response_bytes = 0;
    bool keeps_connections = true;
    std::uint64_t data_bytes = 0;  // of test data, which each segment holds whole

    [[nodiscard]] double requests_per_s() const { return iterations_per_s * shape.requests; }
    /// For how long an arrival keeps its user.
    [[nodiscard]] double busy_s() const { return shape.requests * response_s + shape.thinking_s; }
};

/// What one segment has to itself.
struct SegmentSize {
    std::uint32_t cores = 4;
    std::uint64_t memory_bytes = 0;
    std::uint64_t descriptors = 0;
    std::uint64_t ports = 0;  // local ones, of one address
    std::uint32_t local_addresses = 1;
    std::uint32_t target_addresses = 1;    // address and port pairs that the target answers at
    std::optional<double> bandwidth_bits;  // per second, each direction; none: not judged
    /// What one load thread could make with a core of its own (plimsoll calibrate).
    double ceiling_per_core = 0;
    std::uint64_t most_segments = 0;  // as many as there are; 0: any number

    /// Half of the cores make load; the rest is for the kernel's side of the network, the
    /// aggregator and the exporters (the default of --shards).
    [[nodiscard]] std::uint32_t shards() const { return cores < 2 ? 1 : cores / 2; }
};

/// The program without a user: code, histograms, run file's cache, exporters.
/// tests/e2e/test_plan_capacity.py holds it.
inline constexpr std::uint64_t kBytesPerSegment = std::uint64_t{128} << 20U;
/// Of the ceiling, what still leaves room for truthful timing: the check generator_ceiling.
inline constexpr double kShareOfCeiling = 0.5;
/// A closed connection keeps its local port so long (Linux: TCP_TIMEWAIT_LEN).
inline constexpr double kTimeWait_s = 60;

/// One thing that a segment has only so much of.
struct CapacityNeed {
    std::string name;            // cpu, memory ...
    double needed = 0;           // by all segments together
    double per_segment = 0;      // that one has
    std::uint64_t segments = 0;  // needed / per_segment, rounded up; 0: no number would do
    std::string arithmetic;      // as a person would write it down
    std::string remedy;          // what would make more of it
};

struct CapacityPlan {
    std::uint64_t segments = 1;
    std::vector<CapacityNeed> needs;
    std::size_t binding = 0;  // index into needs: what asks for the most segments
    double users = 0;         // at once, with room for bursts
    double bits_out = 0;      // per second, all segments together, as packets
    double bits_in = 0;
    std::vector<Error> refusals;  // why it cannot be; empty: it fits
    [[nodiscard]] bool fits() const { return refusals.empty(); }
};

/// Users of an open model: iterations/s × time that each keeps its user (Little's law), and twice
/// the square root of that more for bursts; those in a loop as they are.
[[nodiscard]] double users_at_once(const LoadDemand& demand);

/// Bits of a payload as IP packets of at most 1500 bytes: 1448 of payload, 52 of headers (IP 20,
/// TCP 20, time stamps 12).
[[nodiscard]] double packet_bits(double payload_bytes);

[[nodiscard]] CapacityPlan plan_capacity(const LoadDemand& demand, const SegmentSize& size);

}  // namespace plimsoll
