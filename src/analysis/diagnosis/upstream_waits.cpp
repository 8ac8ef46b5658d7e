#include "analysis/diagnosis/upstream_waits.hpp"

#include "analysis/diagnosis/queries.hpp"
#include "analysis/diagnosis/said_pool.hpp"
#include "analysis/diagnosis/unread.hpp"
#include "analysis/load_level.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr double kAsBefore = 1.5;
// Of an endpoint's answers per second before the break.
constexpr double kGone = 0.3;

double rate_of(const Case& c, std::size_t endpoint, Window window) {
    double requests = 0;
    for (const TickFacts& tick : c.data().ticks) {
        if (window.holds(tick.middle_s()) && endpoint < tick.endpoints.size()) {
            requests += static_cast<double>(tick.endpoints[endpoint].requests);
        }
    }
    return requests / std::max(1e-9, window.seconds());
}

/// Endpoints that take several times as long as under light load, and those that do not.
struct Split {
    std::vector<std::string> slow, as_before;
    double slow_at_once = 0;  // worked on, of the slow ones
};
Split split_endpoints(const Case& c) {
    Split split;
    const Window window = c.at_break();
    const std::vector<double> light = light_responses(c);
    for (std::size_t e = 0; e < light.size(); ++e) {
        double sum = 0;
        double requests = 0;
        double seconds = 0;
        for (const TickFacts& tick : c.data().ticks) {
            if (window.holds(tick.middle_s()) && e < tick.endpoints.size()) {
                sum += tick.endpoints[e].response_s;
                requests += static_cast<double>(tick.endpoints[e].requests);
                seconds += tick.seconds();
            }
        }
        if (light[e] <= 0 || seconds <= 0) {
            continue;
        }
        const double mean = requests > 0 ? sum / requests : 0;
        const std::string& name = c.data().info.endpoints[e].name;
        // One that gives hardly any answers any more is slow too.
        const bool gone = requests / seconds < kGone * rate_of(c, e, c.before());
        if (gone || (mean >= kSlower * light[e] && mean >= light[e] + kSlower_s)) {
            split.slow.push_back(name);
            split.slow_at_once += requests / seconds * light[e];
        } else if (mean <= kAsBefore * light[e] || mean <= light[e] + kSlower_s) {
            split.as_before.push_back(name);
        }
    }
    return split;
}

std::string list(const std::vector<std::string>& names) {
    constexpr std::size_t kShown = 3;
    std::vector<std::string> shown(
        names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(kShown, names.size())));
    return fmt::format("{}{}", fmt::join(shown, ", "), names.size() > kShown ? " ..." : "");
}

void state_upstream(const Case& c, Claim& finding, const Inside& inside) {
    state_room(inside, finding);
    const auto pool = pool_with_room(c);
    if (pool) {
        finding.evidence.emplace_back(
            fmt::format("it is not that: pool \"{}\" had {:.0f} of {:.0f} connections in use",
                        pool->name, pool->used, pool->size),
            query::gauge(c, metric::kAppPoolUsed, {{"pool", pool->name}}));
    }
    finding.missing.emplace_back(
        "the other service itself: its own response times, or its pool of "
        "connections in the application");
    finding.fix =
        "Measure what these requests call (another service, a cache, a queue, a file, a lock of "
        "the application's own), give the call a time limit, and look for a limit of connections "
        "to it in the HTTP client. With it answering at once expect these endpoints to be as fast "
        "as under light load; run again to confirm.";
}

}  // namespace

std::optional<Finding> some_stay(const Case& c, const Inside& inside) {
    const Split split = split_endpoints(c);
    const CanaryView connect = look_at_canary(c, "tcp_connect", "a TCP connect to the target");
    if (split.slow.empty() || !database_is_quiet(c) || (connect.known && connect.slow)) {
        return std::nullopt;  // who cannot connect waits outside
    }
    if (collapsed(c) && split.as_before.empty()) {
        return std::nullopt;  // connections that were all forgotten stop everything as well
    }
    Claim finding;
    finding.cause = "upstream";
    finding.onset_s = c.after().from_s;
    finding.evidence.emplace_back(
        fmt::format("{} took several times as long as under light load", list(split.slow)),
        query::endpoints(c));
    if (!split.as_before.empty()) {
        finding.evidence.emplace_back(fmt::format("{} did not", list(split.as_before)),
                                      query::endpoints(c));
        finding.sources = 2;
    }
    if (split.slow_at_once >= kOneAtATime) {
        finding.values["worked_at_once"] = split.slow_at_once;
        finding.evidence.emplace_back(
            fmt::format("by the response times of light load {:.1f} of these were under way at a "
                        "time, the others waited",
                        split.slow_at_once),
            query::endpoints(c));
    }
    finding.evidence.push_back(reach_of(c).said("the application itself stayed responsive: "));
    // Everything else has room: by elimination, which is no more than a lead.
    finding.lacks("what these requests wait for");
    state_upstream(c, finding, inside);
    return conclude(finding);
}

Finding all_hang(const Case& c, const Reach& reach, const Inside& inside) {
    Claim finding = waiting_claim("upstream", reach);
    const auto known = known_workers(c);
    const auto at_once = worked_at_once(c);
    finding.evidence.emplace_back(
        known && at_once && !collapsed(c)
            ? fmt::format("each of its {:.0f} {} holds a request for {:.1f} times as long as under "
                          "light load, and neither the CPU nor the database works on it",
                          known->count, known->what, known->count / *at_once)
        : collapsed(c)
            ? "what is under way does not end: neither the CPU nor the database works on it"
            : "what is under way takes far longer than under light load, and neither the CPU nor "
              "the database works on it",
        query::load(c));
    finding.lacks("what these requests wait for");
    state_upstream(c, finding, inside);
    return conclude(finding);
}

}  // namespace plimsoll
