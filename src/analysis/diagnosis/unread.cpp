#include "analysis/diagnosis/unread.hpp"

#include "analysis/diagnosis/full_pool.hpp"
#include "analysis/diagnosis/queries.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr double kMost = 0.5;
constexpr double kSome = 0.2;
// What lies unread between two turns of a loop that keeps up.
constexpr double kFew = 2;
constexpr double kHardlyAny = 0.1;
constexpr std::size_t kLeast = 5;
// Of one request at a time: below it nobody works on requests, and the queue waits for accept().
constexpr double kIdle = 0.6;
// Connections that wait to be accepted: for each process, more than one that just came.
constexpr double kPile = 2;

Signal of_peer(const RunData& data, const char* metric, const char* peer) {
    return sum_of(data, metric, [&](const StoredSeries& s) { return s.label("peer") == peer; });
}

/// One reading: requests that wait unread, of those in flight.
struct Point {
    double t_s = 0, waiting = 0, not_accepted = 0, in_flight = 0;
};
std::vector<Point> points_of(const Case& c) {
    const RunData& data = c.data();
    const Signal queue = series_of(data, metric::kTargetAcceptQueue);
    const Signal unread = of_peer(data, metric::kTargetUnread, "caller");
    const auto at_once = worked_at_once(c);
    const bool works = at_once && *at_once >= kIdle;
    std::vector<Point> points;
    points.reserve(queue.size());
    std::size_t k = 0;
    std::size_t tick = 0;
    for (const auto& reading : queue) {
        while (k < unread.size() && unread[k].t_s <= reading.t_s) {
            ++k;
        }
        while (tick < data.ticks.size() && data.ticks[tick].to_s <= reading.t_s) {
            ++tick;
        }
        const bool inside = tick < data.ticks.size() && data.ticks[tick].from_s <= reading.t_s;
        const double in_flight = inside ? data.ticks[tick].state.in_flight_mean : 0;
        // A queue before somebody who has nothing to do waits for accept() alone.
        const double waiting = (k > 0 ? unread[k - 1].value : 0) + (works ? reading.value : 0);
        points.push_back({reading.t_s, std::min(in_flight, waiting), reading.value, in_flight});
    }
    return points;
}

Signal shares(const std::vector<Point>& points) {
    Signal signal;
    for (const Point& point : points) {
        const bool counts = point.waiting >= kFew && point.in_flight > 0;
        signal.push_back({point.t_s, counts ? point.waiting / point.in_flight : 0});
    }
    return signal;
}

double mean_of(const std::vector<Point>& points, Window window,
               const std::function<double(const Point&)>& figure) {
    double sum = 0;
    double count = 0;
    for (const Point& point : points) {
        if (window.holds(point.t_s)) {
            sum += figure(point);
            count += 1;
        }
    }
    return count > 0 ? sum / count : 0;
}

/// The application stands behind a proxy, whose sockets callers see.
bool proxied(const Case& c) {
    return std::ranges::any_of(c.data().probes, [](const StoredProbe& probe) {
        return probe.info.name == "target:sockets" &&
               std::ranges::any_of(probe.info.facts,
                                   [](const auto& fact) { return fact.first == "behind"; });
    });
}

}  // namespace

Unread unread_of(const Case& c) {
    Unread unread;
    if (proxied(c)) {
        return unread;  // a proxy reads them all
    }
    const std::vector<Point> points = points_of(c);
    const Signal share = shares(points);
    if (samples_in(share, c.at_break()) < kLeast) {
        return unread;
    }
    const Window after = c.after();
    unread.known = true;
    unread.waiting = mean_of(points, after, [](const Point& p) { return p.waiting; });
    unread.not_accepted = mean_of(points, after, [](const Point& p) { return p.not_accepted; });
    unread.in_flight = mean_of(points, after, [](const Point& p) { return p.in_flight; });
    unread.in_service =
        mean_of(points, after, [](const Point& p) { return p.in_flight - p.waiting; });
    const auto is_most = [](double s) { return s >= kMost; };
    unread.most = share_in(share, c.at_break(), is_most).value_or(0) >= kSustainedShare &&
                  unread.waiting >= kMost * unread.in_flight;
    unread.some =
        unread.most || (unread.waiting >= kFew && unread.waiting >= kSome * unread.in_flight);
    unread.onset_s = sustained_since(share, {c.load().from_s, after.to_s}, kSustainedShare, is_most)
                         .value_or(after.to_s);
    return unread;
}

Reach reach_by_sockets(const Case& c) {
    Reach reach;
    const Unread unread = c.broke() ? unread_of(c) : Unread();
    if (!unread.most) {
        return reach;
    }
    reach.known = reach.slow = reach.by_sockets = true;
    reach.level = Level::Full;
    reach.onset_s = unread.onset_s;
    for (const Point& point : points_of(c)) {
        if (point.t_s < unread.onset_s && point.waiting < kFew) {
            reach.in_flight_fast = std::max(reach.in_flight_fast, point.in_flight);
        } else if (point.t_s >= unread.onset_s && reach.in_flight_slow <= 0) {
            reach.in_flight_slow = point.in_flight;
        }
    }
    reach.text = fmt::format("of {:.1f} requests in flight {:.1f} lay unread", unread.in_flight,
                             unread.waiting);
    return reach;
}

void weigh_unread(const Case& c, const Reach& reach, Claim& finding) {
    const Unread unread = unread_of(c);
    if (reach.by_sockets) {
        finding.lacks("a URL that needs no database: add probes.canaries.no_database");
    }
    if (!unread.known) {
        return;
    }
    if (unread.most) {
        finding.direct = true;
        finding.values["unread_requests"] = unread.waiting;
        finding.evidence.emplace_back(
            fmt::format("by the kernel's word {:.1f} of {:.1f} requests in flight had not been "
                        "read by the application, {:.1f} of them on connections that it had not "
                        "accepted",
                        unread.waiting, unread.in_flight,
                        std::min(unread.waiting, unread.not_accepted)),
            query::gauge(
                c, unread.not_accepted > 0 ? metric::kTargetAcceptQueue : metric::kTargetUnread));
    } else if (finding.cause == "event_loop_blocked" && !answers_left(c)) {
        finding.against.emplace_back(
            fmt::format("of {:.1f} requests in flight only {:.1f} had not been read",
                        unread.in_flight, unread.waiting),
            query::gauge(c, metric::kTargetUnread));
    }
}

std::optional<AnswersLeft> answers_left(const Case& c) {
    // Who reads at once is caught between two reads now and then.
    constexpr double kGoodPart = 0.25;
    constexpr double kLeastMean = 0.7;
    const Signal unread = of_peer(c.data(), metric::kTargetUnread, "database");
    const Signal all = of_peer(c.data(), metric::kTargetConnections, "database");
    const auto some = [](double n) { return n >= 1; };
    const Reach reach = reach_of(c);
    if (!c.broke() || (reach.known && !reach.slow) ||
        samples_in(unread, c.after()) < kLeastSamples ||
        share_in(unread, c.after(), some).value_or(0) < kSustainedShare) {
        return std::nullopt;
    }
    const AnswersLeft left{
        mean_in(unread, c.after()).value_or(0), mean_in(all, c.after()).value_or(0),
        sustained_since(unread, {c.load().from_s, c.after().to_s}, kSustainedShare, some)
            .value_or(c.after().from_s)};
    return left.unread >= std::max(kLeastMean, kGoodPart * left.connections) ? std::optional(left)
                                                                             : std::nullopt;
}

std::optional<double> busy_acceptors(const Case& c) {
    const double processes = processes_of(c).value_or(0);
    const auto queue =
        median_in(series_of(c.data(), metric::kTargetAcceptQueue), c.after()).value_or(0);
    return processes >= 2 && queue >= kPile * processes ? std::optional(processes) : std::nullopt;
}

std::optional<double> processes_of(const Case& c) {
    return median_in(series_of(c.data(), metric::kTargetWorkers), c.after());
}

std::optional<double> accepted_at_once(const Case& c) {
    const Signal queue = series_of(c.data(), metric::kTargetAcceptQueue);
    const Signal accepted = of_peer(c.data(), metric::kTargetConnections, "caller");
    const Window loaded{c.after().from_s, c.data().load_end_s};
    Signal piling;
    std::size_t k = 0;
    for (const auto& reading : queue) {
        while (k < accepted.size() && accepted[k].t_s < reading.t_s) {
            ++k;
        }
        if (k < accepted.size() && accepted[k].t_s == reading.t_s && reading.value >= kPile) {
            piling.push_back(accepted[k]);
        }
    }
    return samples_in(piling, loaded) >= kLeast ? median_in(piling, loaded) : std::nullopt;
}

std::optional<double> threads_at_work(const Case& c) {
    constexpr std::size_t kLeastThreads = 4;  // one reading a second
    const Signal threads = series_of(c.data(), metric::kTargetThreadsAtWork);
    return samples_in(threads, c.after()) >= kLeastThreads ? median_in(threads, c.after())
                                                           : std::nullopt;
}

bool threads_are_workers(const Case& c) {
    const std::string command = server_command(c);
    return may_be_single_threaded(command) && server_kind(command) != ServerKind::Loop;
}

bool more_threads(const Case& c, const FullPool& pool) {
    constexpr double kMore = 1.25;
    double connections = 0;  // each process may give its own a name
    for (const App& app : apps_of(c.data())) {
        const bool same = app.datname == pool.app->datname && app.usename == pool.app->usename;
        connections += same ? mean_in(app.all, c.after()).value_or(0) : 0;
    }
    return server_kind(server_command(c)) != ServerKind::Loop && !answers_left(c) &&
           threads_at_work(c).value_or(0) >= kMore * std::max(pool.size, connections) + (kMore - 1);
}

bool workers_to_spare(const Case& c, const Reach& reach, const FullPool& pool) {
    constexpr double kFewer = 0.6;
    constexpr double kInFlight = 1.5;
    constexpr double kInFlightNoise = 2;
    if (more_threads(c, pool)) {
        return true;
    }
    // Fewer threads than connections: a loop, or a runtime that shares few threads out.
    return !(threads_are_workers(c) && threads_at_work(c).value_or(0) >= kFewer * pool.size) &&
           reach.in_flight_fast > kInFlight * pool.size + kInFlightNoise;
}

bool answers_were_read(const Case& c) {
    return samples_in(of_peer(c.data(), metric::kTargetUnread, "database"), c.after()) >=
               kLeastSamples &&
           mean_in(of_peer(c.data(), metric::kTargetConnections, "database"), c.after())
                   .value_or(0) >= 1 &&
           !answers_left(c);
}

std::optional<double> taken_in_at_once(const Case& c) {
    const Unread unread = unread_of(c);
    return unread.most && unread.in_service > kHardlyAny ? std::optional(unread.in_service)
                                                         : std::nullopt;
}

}  // namespace plimsoll
