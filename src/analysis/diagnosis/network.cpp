// What lies between the two sides: lost packets, slow connects, local ports used up.
#include "analysis/diagnosis/claim.hpp"
#include "analysis/diagnosis/diagnose.hpp"
#include "analysis/diagnosis/queries.hpp"
#include "signal/names.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// Segments sent again: congestion control halves its window for one in fifty.
constexpr double kResent = 0.02;
constexpr double kAllPorts = 0.95;
constexpr double kOftenFailed = 0.01;
constexpr std::uint64_t kFewestCut = 5;

Signal of_side(const RunData& data, const char* metric, const char* side) {
    return series_of(data, metric, "side", side);
}

}  // namespace

std::optional<Finding> find_network(const Case& c) {
    const double overflows =
        increase_in(of_side(c.data(), metric::kHostListenOverflows, "target"), c.after());
    const Signal counter = of_side(c.data(), metric::kHostListenOverflows, "target");
    if (!c.broke() || overflows > 0 || counter.empty()) {
        return std::nullopt;  // connects wait for the target, and segments are sent again for it
    }
    const auto sent =
        rate_in(of_side(c.data(), metric::kHostSegmentsSent, "generator"), c.at_break());
    const auto resent =
        rate_in(of_side(c.data(), metric::kHostSegmentsResent, "generator"), c.at_break());
    const CanaryView connect = look_at_canary(c, "tcp_connect", "a TCP connect to the target");
    const bool lossy = sent && resent && *sent > 0 && *resent >= kResent * *sent;
    const bool slow = connect.known && connect.slow && refused_connects(c).count == 0;
    if (!lossy && !slow) {
        return std::nullopt;
    }
    Claim finding;
    finding.cause = "network";
    finding.onset_s = c.after().from_s;
    finding.sources = lossy && slow ? 2 : 1;
    if (lossy) {
        finding.evidence.emplace_back(
            fmt::format("{:.1f} % of the segments were sent again", 100 * *resent / *sent),
            query::counter(c, metric::kHostSegmentsResent, {{"side", "generator"}}));
        finding.values["resent_ratio"] = *resent / *sent;
    }
    if (slow) {
        finding.evidence.push_back(connect.said());
    }
    finding.fix =
        "Look at the path between generator and target (loss, bandwidth, a proxy or firewall in "
        "between), or run the generator next to the target. With a sound path expect fewer than "
        "one "
        "segment in a thousand to be sent again; run again to confirm.";
    return conclude(finding);
}

std::optional<Finding> find_cut_connections(const Case& c) {
    const RunData& data = c.data();
    const std::uint64_t cut = data.all.count(Outcome::ConnectReset);
    const auto share = static_cast<double>(cut) /
                       static_cast<double>(std::max<std::uint64_t>(1, data.all.requests));
    const auto overflows =
        increase_in(of_side(data, metric::kHostListenOverflows, "target"), c.load());
    if (cut < kFewestCut || share < kOftenFailed || overflows > 0 ||
        refused_connects(c).count >= cut) {
        // A full accept queue cuts connections too, where so configured; and so does a target that
        // ends, and then refuses.
        return std::nullopt;
    }
    const ErrorsLike errors = errors_like(data, {"connection reset", "closed before any byte"});
    Claim finding;
    finding.cause = "network";
    finding.onset_s = errors.count > 0 ? errors.first_s : c.load().from_s;
    finding.evidence.emplace_back(
        fmt::format("{} of {} requests ({:.1f} %) lost their connection before any answer", cut,
                    data.all.requests, 100 * share),
        errors.query);
    if (const double failed = failed_canaries(data, "tcp_connect", c.load()); failed > 0) {
        finding.evidence.emplace_back(
            fmt::format("{:.0f} of the canary's TCP connects failed too", failed),
            query::counter(c, metric::kCanaryFailures, {{"canary", "tcp_connect"}}));
        finding.sources = 2;
    }
    // Both look the same from outside.
    finding.lacks("whether the target itself closed them: its own log, or its restarts");
    finding.values["cut_ratio"] = share;
    finding.fix =
        "Look at what closes connections between generator and target (a proxy, load balancer or "
        "firewall), or run the generator next to the target. If the share stays, the target "
        "itself closes them: look for restarts in its log.";
    return conclude(finding);
}

std::optional<Finding> find_ephemeral_ports(const Case& c) {
    const ErrorsLike errors = errors_like(c.data(), {"cannot assign requested address"});
    const bool often = static_cast<double>(errors.count) >=
                       kOftenFailed * static_cast<double>(c.data().all.requests);
    const auto waiting = max_in(of_side(c.data(), metric::kHostTimeWait, "generator"), c.after());
    const auto ports = max_in(of_side(c.data(), metric::kHostLocalPorts, "generator"), c.after());
    const bool used_up = waiting && ports && *ports > 0 && *waiting >= kAllPorts * *ports;
    if (!(errors.count > 0 && often) && !(used_up && c.broke())) {
        return std::nullopt;
    }
    Claim finding;
    finding.cause = "ephemeral_ports";
    finding.direct = errors.count > 0;
    finding.onset_s = errors.count > 0 ? errors.first_s : c.after().from_s;
    if (errors.count > 0) {
        finding.evidence.emplace_back(
            fmt::format("{} requests failed with: {}", errors.count, errors.sample), errors.query);
    }
    if (used_up) {
        finding.evidence.emplace_back(
            fmt::format("{:.0f} connections waited in TIME_WAIT, of {:.0f} local ports", *waiting,
                        *ports),
            query::gauge(c, metric::kHostTimeWait, {{"side", "generator"}}));
    }
    finding.fix =
        "Keep connections alive, or widen net.ipv4.ip_local_port_range: each closed connection "
        "blocks its port for a minute, so a pair of addresses carries at most range / 60 new "
        "connections a second. Then expect no such errors; run again to confirm.";
    return conclude(finding);
}

}  // namespace plimsoll
