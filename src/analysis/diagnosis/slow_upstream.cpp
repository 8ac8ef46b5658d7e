// Another service that requests wait for, by the application's sockets.
#include "analysis/diagnosis/claim.hpp"
#include "analysis/diagnosis/diagnose.hpp"
#include "analysis/diagnosis/queries.hpp"
#include "analysis/diagnosis/resources.hpp"
#include "analysis/diagnosis/said_pool.hpp"
#include "analysis/diagnosis/unread.hpp"
#include "analysis/diagnosis/upstream_waits.hpp"
#include "base/units.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::size_t kLeastWaits = 5;
// Of the requests that were taken in.
constexpr double kMostOfThem = 0.5;
// Of the connections to the other side.
constexpr double kTaken = 0.5;

struct Waits {
    std::string remote;
    double waiting = 0;        // requests under way there, on average
    double light_waiting = 0;  // under light load
    double connections = 0;
    double each_s = 0;   // Little's law: under way / served
    double light_s = 0;  // the same under light load
    double longest_s = 0;
};

/// The other side at which most requests wait.
std::optional<Waits> worst_of(const Case& c) {
    std::optional<Waits> worst;
    const Window light{c.before().from_s, c.before().from_s + c.before().seconds() / 3};
    for (const StoredSeries& s : c.data().series) {
        if (s.metric != metric::kTargetWaiting || s.label("peer") != "upstream" ||
            samples_in(s.points, c.after()) < kLeastWaits) {
            continue;
        }
        Waits one;
        one.remote = s.label("remote");
        const auto here = [&](const StoredSeries& other) {
            return other.label("peer") == "upstream" && other.label("remote") == one.remote;
        };
        // A reading without the series is one without such connections.
        const Signal waiting = sum_of(c.data(), metric::kTargetWaiting, here);
        one.waiting = mean_in(waiting, c.after()).value_or(0);
        one.connections =
            mean_in(sum_of(c.data(), metric::kTargetConnections, here), c.after()).value_or(0);
        one.each_s = one.waiting / std::max(1e-9, c.served_rate(c.after()));
        one.light_waiting = mean_in(waiting, light).value_or(0);
        one.light_s = one.light_waiting / std::max(1e-9, c.served_rate(light));
        one.longest_s =
            max_in(sum_of(c.data(), metric::kTargetLongestWait, here), c.after()).value_or(0);
        if (!worst || one.waiting > worst->waiting) {
            worst = one;
        }
    }
    return worst;
}

}  // namespace

std::optional<Finding> find_slow_upstream(const Case& c) {
    const auto waits = c.broke() ? worst_of(c) : std::nullopt;
    const AppCpu app = app_cpu_of(c);
    const DatabaseCpu database = database_cpu_of(c);
    if (!waits || app.level == Level::Full || database.level == Level::Full ||
        lock_share(c, c.after()).value_or(0) > kMostLocks) {
        return std::nullopt;
    }
    const Unread unread = unread_of(c);
    const bool slower =
        waits->each_s >= kSlower * waits->light_s && waits->each_s >= waits->light_s + kSlower_s;
    const bool most = unread.known && waits->waiting >= kMostOfThem * unread.in_service;
    // The others wait for one of these connections: HTTP clients keep no more than so many.
    const bool all_taken = waits->connections >= 1 && waits->waiting >= 2 * waits->light_waiting &&
                           waits->waiting >= kTaken * waits->connections && database_is_quiet(c) &&
                           pool_errors(c.data()).count == 0;
    if (waits->waiting < 1 || !(most || all_taken) || !slower) {
        return std::nullopt;
    }
    Claim finding;
    finding.cause = "upstream";
    finding.direct = true;
    finding.onset_s = c.after().from_s;
    finding.evidence.emplace_back(
        fmt::format("{:.1f}{} requests that it had taken in were waiting for {} on average, {} for "
                    "each that was served ({} under light load), one for {}",
                    waits->waiting,
                    unread.known
                        ? fmt::format(" of {:.1f}", std::max(unread.in_service, waits->waiting))
                        : "",
                    waits->remote, human_seconds(waits->each_s), human_seconds(waits->light_s),
                    human_seconds(waits->longest_s)),
        query::gauge(c, metric::kTargetWaiting));
    if (!most) {
        finding.evidence.emplace_back(
            fmt::format("of its {:.1f} connections there {:.1f} waited for an answer, and nothing "
                        "else is busy: as if the other requests wait for one of them",
                        waits->connections, waits->waiting),
            query::gauge(c, metric::kTargetConnections, {{"remote", waits->remote}}));
        finding.lacks("what the other requests wait for");
    }
    if (server_kind(server_command(c)) == ServerKind::Proxy) {
        finding.blind_to(unmeasured_cpu(c));  // it may be the application that the proxy waits for
    }
    if (!unread.known) {
        finding.lacks("how many requests it had taken in");
    }
    rule_out_cpu(app, database, finding);
    if (app.level != Level::Room) {
        finding.lacks(unmeasured_cpu(c));
    }
    if (!c.has_postgres()) {
        finding.lacks("the database's connections: add probes.postgres with a DSN");
    }
    finding.values = {{"waiting_requests", waits->waiting},
                      {"wait_s", waits->each_s},
                      {"light_wait_s", waits->light_s}};
    finding.fix = fmt::format(
        "Look at {}: its own response times under this load, and its limits. Give the call a time "
        "limit, so that it cannot hold what other requests need, and look for a limit of "
        "connections "
        "to it in the HTTP client. With it answering within {} expect these requests to be as fast "
        "as under light load; run again to confirm.",
        waits->remote, human_seconds(std::max(waits->light_s, 0.001)));
    return conclude(finding);
}

}  // namespace plimsoll
