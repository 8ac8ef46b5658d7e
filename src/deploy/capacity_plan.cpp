#include "deploy/capacity_plan.hpp"

#include "base/units.hpp"
#include "deploy/quantity.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// The kernel is 1500 bytes wide nearly everywhere.
constexpr double kPayload_bytes = 1448;
constexpr double kHeaders_bytes = 52;
/// Run file, reports, probes, own ports, and two for each load thread (run/run_open.cpp).
constexpr std::uint64_t kOwnDescriptors = 64;

/// Rounded up, with slack for what floating point adds; 0 where nothing can be had of it.
std::uint64_t segments_for(double needed, double per_segment) {
    if (needed <= 0) {
        return 1;
    }
    return per_segment <= 0
               ? 0
               : std::max<std::uint64_t>(
                     1, static_cast<std::uint64_t>(std::ceil(needed / per_segment - 1e-9)));
}

CapacityNeed need(std::string name, double needed, double per_segment, std::string arithmetic,
                  std::string remedy) {
    const std::uint64_t segments = segments_for(needed, per_segment);
    return {std::move(name),       needed,           per_segment, segments,
            std::move(arithmetic), std::move(remedy)};
}

CapacityNeed cpu(const LoadDemand& demand, const SegmentSize& size) {
    const double each = size.shards() * size.ceiling_per_core * kShareOfCeiling;
    return need("cpu", demand.requests_per_s(), each,
                fmt::format("{} load thread{} of {} cores × {}/s × ½ = {} requests/s",
                            size.shards(), size.shards() == 1 ? "" : "s", size.cores,
                            count_text(size.ceiling_per_core), count_text(each)),
                "more cores for each segment (--cores), or more segments");
}

CapacityNeed memory(double users, const LoadDemand& demand, const SegmentSize& size) {
    const auto bytes_per_user = static_cast<double>(demand.bytes_per_user);
    const double own = static_cast<double>(kBytesPerSegment + demand.data_bytes);
    const double left = static_cast<double>(size.memory_bytes) - own;
    const double each = std::max(0.0, std::floor(left / bytes_per_user));
    const std::string data =
        demand.data_bytes == 0
            ? ""
            : fmt::format(" − {} of test data", bytes_text(static_cast<double>(demand.data_bytes)));
    return need("memory", users, each,
                fmt::format("({} − {} of its own{}) / {} a user = {} users",
                            bytes_text(static_cast<double>(size.memory_bytes)),
                            bytes_text(static_cast<double>(kBytesPerSegment)), data,
                            bytes_text(bytes_per_user), count_text(each)),
                "more memory for each segment (--memory), or more segments");
}

CapacityNeed descriptors(double users, const SegmentSize& size) {
    const std::uint64_t own = kOwnDescriptors + std::uint64_t{2} * size.shards();
    const double each = size.descriptors > own ? static_cast<double>(size.descriptors - own) : 0;
    return need(
        "descriptors", users, each,
        fmt::format("{} − {} of its own = {} connections",
                    count_text(static_cast<double>(size.descriptors)), own, count_text(each)),
        "a higher limit (ulimit -n, LimitNOFILE=; --descriptors), or more segments");
}

CapacityNeed ports(double users, const LoadDemand& demand, const SegmentSize& size) {
    const double each =
        static_cast<double>(size.ports) * size.local_addresses * size.target_addresses;
    // Each request leaves its port behind, where connections are not kept.
    const double left_behind = demand.keeps_connections ? 0 : demand.requests_per_s() * kTimeWait_s;
    const std::string why =
        demand.keeps_connections
            ? ""
            : fmt::format("; {} requests/s × {:.0f} s of TIME_WAIT need {} beside the users'",
                          count_text(demand.requests_per_s()), kTimeWait_s,
                          count_text(left_behind));
    return need("ports", users + left_behind, each,
                fmt::format("{} local ports × {} local × {} target address{} = {} connections{}",
                            count_text(static_cast<double>(size.ports)), size.local_addresses,
                            size.target_addresses, size.target_addresses == 1 ? "" : "es",
                            count_text(each), why),
                demand.keeps_connections
                    ? "more local or target addresses (--local-addresses, --target-addresses), a "
                      "wider net.ipv4.ip_local_port_range, or more segments"
                    : "connections that are kept, more addresses, or more segments");
}

/// Packets that only say what has arrived: one for two.
double ack_bits(double payload_bytes) {
    const double packets = std::ceil(payload_bytes / kPayload_bytes);
    return 8 * kHeaders_bytes * std::ceil(packets / 2);
}

CapacityNeed bandwidth(const char* name, double bits, double payload_bytes, double per_s,
                       const SegmentSize& size) {
    return need(name, bits, *size.bandwidth_bits,
                fmt::format("{}/s of {} each = {} with packet headers, of {}", count_text(per_s),
                            bytes_text(payload_bytes), bandwidth_text(bits),
                            bandwidth_text(*size.bandwidth_bits)),
                "a faster network (--bandwidth), or more segments");
}

void refuse_too_few_users(const LoadDemand& demand, CapacityPlan& plan) {
    const double busy = demand.arrivals_per_s > 0 ? demand.busy_s() : 0;
    const double needed = demand.arrivals_per_s * busy;
    if (demand.most_users == 0 || busy <= 0 || needed <= static_cast<double>(demand.most_users)) {
        return;
    }
    plan.refusals.push_back(
        {fmt::format("{} users at most, each busy for {} an iteration, carry {} iterations/s, "
                     "not {}",
                     count_text(static_cast<double>(demand.most_users)), human_seconds(busy),
                     count_text(static_cast<double>(demand.most_users) / busy),
                     count_text(demand.arrivals_per_s)),
         "max_vus",
         fmt::format("raise max_vus to {}, or expect shorter responses (--response-time)",
                     count_text(std::ceil(needed + 2 * std::sqrt(needed))))});
}

/// A user is on one segment; a segment without one makes no load.
void refuse_segments_without_users(const LoadDemand& demand, CapacityPlan& plan) {
    const double most = demand.looping_users + static_cast<double>(demand.most_users);
    if (most <= 0 || (demand.arrivals_per_s > 0 && demand.most_users == 0) ||
        static_cast<double>(plan.segments) <= most) {
        return;
    }
    plan.refusals.push_back(
        {fmt::format("{} users make load on as many segments at most, and {} are needed",
                     count_text(most), plan.segments),
         plan.needs[plan.binding].name, "more users, or larger segments"});
}

void refuse_what_no_number_holds(CapacityPlan& plan) {
    for (const CapacityNeed& each : plan.needs) {
        if (each.segments == 0) {
            plan.refusals.push_back(
                {fmt::format("a segment of this size holds nothing of it: {}", each.arithmetic),
                 each.name, each.remedy});
        }
    }
}

void refuse_more_than_there_are(const SegmentSize& size, CapacityPlan& plan) {
    if (size.most_segments == 0) {
        return;
    }
    for (const CapacityNeed& each : plan.needs) {
        if (each.segments > size.most_segments) {
            plan.refusals.push_back(
                {fmt::format("{} segments are needed and {} are there: {}", each.segments,
                             size.most_segments, each.arithmetic),
                 each.name, each.remedy});
        }
    }
}

}  // namespace

double users_at_once(const LoadDemand& demand) {
    const double busy = demand.arrivals_per_s * demand.busy_s();
    return demand.looping_users + std::ceil(busy + 2 * std::sqrt(busy) - 1e-9);
}

double packet_bits(double payload_bytes) {
    return 8 * (payload_bytes + kHeaders_bytes * std::ceil(payload_bytes / kPayload_bytes));
}

CapacityPlan plan_capacity(const LoadDemand& demand, const SegmentSize& size) {
    CapacityPlan plan;
    plan.users = users_at_once(demand);
    const double per_s = demand.requests_per_s();
    plan.bits_out = per_s * (packet_bits(demand.request_bytes) + ack_bits(demand.response_bytes));
    plan.bits_in = per_s * (packet_bits(demand.response_bytes) + ack_bits(demand.request_bytes));
    plan.needs.push_back(cpu(demand, size));
    plan.needs.push_back(memory(plan.users, demand, size));
    plan.needs.push_back(descriptors(plan.users, size));
    if (size.ports > 0) {
        plan.needs.push_back(ports(plan.users, demand, size));
    }
    if (size.bandwidth_bits) {
        plan.needs.push_back(
            bandwidth("bandwidth_out", plan.bits_out, demand.request_bytes, per_s, size));
        plan.needs.push_back(
            bandwidth("bandwidth_in", plan.bits_in, demand.response_bytes, per_s, size));
    }
    for (std::size_t i = 0; i < plan.needs.size(); ++i) {
        if (plan.needs[i].segments > plan.segments) {
            plan.segments = plan.needs[i].segments;
            plan.binding = i;
        }
    }
    refuse_too_few_users(demand, plan);
    refuse_segments_without_users(demand, plan);
    refuse_what_no_number_holds(plan);
    refuse_more_than_there_are(size, plan);
    return plan;
}

}  // namespace plimsoll
