#include "app/capacity_report.hpp"

#include "base/units.hpp"
#include "deploy/quantity.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace plimsoll {
namespace {

namespace json = boost::json;

std::string load_text(const LoadDemand& demand) {
    return fmt::format("load      {} iterations/s × {:.3g} requests = {} requests/s\n",
                       count_text(demand.iterations_per_s), demand.shape.requests,
                       count_text(demand.requests_per_s()));
}

std::string users_text(const LoadDemand& demand, const CapacityPlan& plan,
                       const CapacityNotes& notes) {
    std::string text = "users     ";
    if (demand.looping_users > 0) {
        text += fmt::format("{} in a loop", count_text(demand.looping_users));
    }
    if (demand.arrivals_per_s > 0) {
        const double busy = demand.arrivals_per_s * demand.busy_s();
        text += fmt::format(
            "{}{} arrivals/s × ({:.3g} × {} + {} of thinking) = {} busy on average, and 2√{} more "
            "for bursts",
            demand.looping_users > 0 ? ", and " : "", count_text(demand.arrivals_per_s),
            demand.shape.requests, human_seconds(demand.response_s),
            human_seconds(demand.shape.thinking_s), count_text(busy), count_text(busy));
    }
    text += fmt::format(": {} at once\n", count_text(plan.users));
    if (notes.response_assumed) {
        text += fmt::format("          a response time of {} is assumed (--response-time)\n",
                            human_seconds(demand.response_s));
    }
    return text;
}

std::string network_text(const LoadDemand& demand, const CapacityPlan& plan,
                         const CapacityNotes& notes) {
    return fmt::format("network   {} out, {} in, for {} a request and {} a response{}\n",
                       bandwidth_text(plan.bits_out), bandwidth_text(plan.bits_in),
                       bytes_text(demand.request_bytes), bytes_text(demand.response_bytes),
                       notes.sizes_assumed ? ", assumed (--request-size, --response-size)" : "");
}

std::string segments_word(std::uint64_t segments) {
    return segments == 0 ? "no number of segments"
                         : fmt::format("{} segment{}", segments, segments == 1 ? "" : "s");
}

std::string needs_text(const SegmentSize& size, const CapacityPlan& plan) {
    std::string text =
        fmt::format("\none segment of {} core{} and {} holds\n", size.cores,
                    size.cores == 1 ? "" : "s", bytes_text(static_cast<double>(size.memory_bytes)));
    for (const CapacityNeed& each : plan.needs) {
        text += fmt::format("  {:<13} {}; {} needed: {}\n", each.name, each.arithmetic,
                            each.name.starts_with("bandwidth") ? bandwidth_text(each.needed)
                                                               : count_text(each.needed),
                            segments_word(each.segments));
    }
    return text;
}

std::string answer_text(const LoadDemand& demand, const SegmentSize& size,
                        const CapacityPlan& plan) {
    const auto n = static_cast<double>(plan.segments);
    return fmt::format(
        "\n{} of {} core{} and {}: {} binds\n"
        "  each makes {} requests/s with {} users, --shards {}; {} cores and {} in all\n",
        segments_word(plan.segments), size.cores, size.cores == 1 ? "" : "s",
        bytes_text(static_cast<double>(size.memory_bytes)), plan.needs[plan.binding].name,
        count_text(demand.requests_per_s() / n), count_text(plan.users / n), size.shards(),
        count_text(n * size.cores), bytes_text(n * static_cast<double>(size.memory_bytes)));
}

}  // namespace

std::string capacity_text(const LoadDemand& demand, const SegmentSize& size,
                          const CapacityPlan& plan, const CapacityNotes& notes) {
    std::string text = load_text(demand) + users_text(demand, plan, notes) +
                       network_text(demand, plan, notes) +
                       fmt::format(
                           "ceiling   {} requests/s by one load thread with a core of its "
                           "own, {}; half of it leaves room for truthful timing\n",
                           count_text(size.ceiling_per_core), notes.ceiling);
    if (notes.tls) {
        text +=
            "          without TLS, whose encryption comes on top: measure it with a run of "
            "one segment\n";
    }
    text += needs_text(size, plan);
    if (plan.fits()) {
        return text + answer_text(demand, size, plan);
    }
    text += "\ndoes not fit\n";
    for (const Error& refusal : plan.refusals) {
        text += fmt::format("  {}: {}\n      what would do: {}\n", refusal.where, refusal.what,
                            refusal.hint);
    }
    return text;
}

std::string capacity_json(const LoadDemand& demand, const SegmentSize& size,
                          const CapacityPlan& plan) {
    json::object out;
    out["schema"] = 1;
    out["fits"] = plan.fits();
    out["segments"] = plan.segments;
    out["binding"] = plan.needs[plan.binding].name;
    out["load"] = {{"iterations_per_s", demand.iterations_per_s},
                   {"requests_per_iteration", demand.shape.requests},
                   {"requests_per_s", demand.requests_per_s()},
                   {"response_s", demand.response_s},
                   {"users", plan.users},
                   {"request_bytes", demand.request_bytes},
                   {"response_bytes", demand.response_bytes},
                   {"bits_out_per_s", plan.bits_out},
                   {"bits_in_per_s", plan.bits_in}};
    out["segment"] = {{"cores", size.cores},
                      {"shards", size.shards()},
                      {"memory_bytes", size.memory_bytes},
                      {"descriptors", size.descriptors},
                      {"local_ports", size.ports},
                      {"local_addresses", size.local_addresses},
                      {"target_addresses", size.target_addresses},
                      {"ceiling_per_core", size.ceiling_per_core}};
    if (size.bandwidth_bits) {
        out["segment"].as_object()["bandwidth_bits_per_s"] = *size.bandwidth_bits;
    }
    json::array needs;
    for (const CapacityNeed& each : plan.needs) {
        json::object need{{"name", each.name},
                          {"needed", each.needed},
                          {"per_segment", each.per_segment},
                          {"arithmetic", each.arithmetic}};
        need["segments"] = each.segments == 0 ? json::value() : json::value(each.segments);
        needs.push_back(std::move(need));
    }
    out["needs"] = std::move(needs);
    json::array refusals;
    for (const Error& each : plan.refusals) {
        refusals.push_back(
            {{"what", each.where}, {"why", each.what}, {"what_would_do", each.hint}});
    }
    out["refusals"] = std::move(refusals);
    return json::serialize(out) + '\n';
}

}  // namespace plimsoll
