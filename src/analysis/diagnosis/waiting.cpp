// Requests that wait inside the application for something that is neither CPU nor database: a
// worker, the event loop, or another service.
#include "analysis/diagnosis/waiting.hpp"

#include "analysis/diagnosis/claim.hpp"
#include "analysis/diagnosis/diagnose.hpp"
#include "analysis/diagnosis/full_pool.hpp"
#include "analysis/diagnosis/pooler.hpp"
#include "analysis/diagnosis/queries.hpp"
#include "analysis/diagnosis/resources.hpp"
#include "analysis/diagnosis/said_pool.hpp"
#include "analysis/diagnosis/unread.hpp"
#include "analysis/diagnosis/upstream_waits.hpp"
#include "analysis/load_level.hpp"
#include "base/units.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr double kAtOnceNoise = 0.5;
// Connections that were opened beyond what is worked on at once: requests are taken in, and not
// come back to.
constexpr double kTakenIn = 1.5;
constexpr double kTakenInMore = 2;
// As many in flight as there are workers, within this, when what needs nothing began to wait.
constexpr double kAsMany = 2;
constexpr double kAsManyMore = 4;
// Connections that each of several processes accepts: with fewer it has no threads to work on more
// than one, and somebody just knocked.
constexpr double kThreadsEach = 1.75;
// Of what is worked on at once.
constexpr double kInDatabase = 0.75;
// Connections that are as busy under light load are busy with something else.
constexpr double kRestAtFirst = 0.7;
// A request holds its worker for so many times as long as under light load.
constexpr double kHeldLonger = 2;

/// PostgreSQL's full pool, where the workers were not full before it.
bool a_pool_binds(const Case& c, const Reach& reach) {
    const std::vector<App> apps = apps_of(c.data());
    const auto pool = fullest_pool(c, apps);
    const auto acceptors = busy_acceptors(c);
    return pool && !(acceptors && *acceptors <= pool->size) &&
           (!reach.known || reach.level != Level::Full || workers_to_spare(c, reach, *pool));
}

/// Two estimates of how much is worked on at once. What was read is not all worked on where a
/// server reads ahead, and what was given up counts for longer than it was there.
bool agree(double one, double other) {
    constexpr double kTwice = 2;
    return one <= kTwice * other && other <= kTwice * one;
}

/// Threads, processes or accepted connections were counted.
bool somebody_counted(const Case& c, double at_once) {
    const auto accepted = accepted_at_once(c);
    return threads_at_work(c) || busy_acceptors(c) || (accepted && agree(*accepted, at_once));
}

/// As much is worked on at once by as many workers, and where more of them wait for one of as many
/// connections: with a full pool only a count tells.
bool workers_were_counted(const Case& c, double at_once) {
    const std::vector<App> apps = apps_of(c.data());
    return somebody_counted(c, at_once) || !fullest_pool(c, apps);
}

/// How many workers there are, from what is worked on at once, when waiting began, and, where each
/// has a connection of its own or holds one for most of a request, how many of these there are.
double workers_of(const Case& c, double at_once, const Reach& reach) {
    constexpr double kNear = 0.25;
    constexpr double kVeryNear = 0.10;
    constexpr double kAllBusy = 0.85;
    constexpr double kFewMore = 1.5;
    const auto processes = busy_acceptors(c);
    if (const auto accepted = accepted_at_once(c);
        accepted && agree(*accepted, at_once) &&
        *accepted >= kThreadsEach * processes.value_or(0)) {
        // A canary may have come and not be worked on.
        const double threads = threads_at_work(c).value_or(*accepted);
        return std::max(
            1.0, std::round(std::abs(threads - *accepted) <= kFewMore ? threads : *accepted));
    }
    if (processes) {
        return *processes;
    }
    if (const auto taken_in = taken_in_at_once(c); taken_in && agree(*taken_in, at_once)) {
        return std::max(1.0, std::round(*taken_in));
    }
    const std::vector<App> apps = apps_of(c.data());
    const auto pool = fullest_pool(c, apps);
    if (pool && pool->busy_mean >= kAllBusy * pool->size &&
        std::abs(pool->size - at_once) <= kNear * at_once + 0.5) {
        return pool->size;
    }
    if (const auto busy = busy_plateau(c, at_once);
        busy && std::abs(*busy - at_once) <= kNear * at_once + 0.5) {
        return *busy;
    }
    if (std::abs(reach.in_flight_slow - at_once) <= kVeryNear * at_once) {
        return std::round(reach.in_flight_slow);
    }
    return std::max(1.0, std::round(at_once));
}

/// `at_once` 0: not known. `opened` 0: no more connections than before.
Finding event_loop(const Case& c, const Reach& reach, const Inside& inside, double at_once,
                   double opened) {
    Claim finding = waiting_claim("event_loop_blocked", reach);
    const ServerKind kind = server_kind(server_command(c));
    if (const auto left = answers_left(c)) {
        finding.direct = true;
        finding.onset_s = reach.known ? std::min(reach.onset_s, left->onset_s) : left->onset_s;
        finding.evidence.emplace_back(
            fmt::format("by the kernel's word answers of PostgreSQL lay unread on {:.1f} of its "
                        "{:.1f} connections: who had asked did not come back to them",
                        left->unread, left->connections),
            query::gauge(c, metric::kTargetUnread, {{"peer", "database"}}));
        if (kind == ServerKind::Unknown) {
            finding.lacks(
                "what kind of server it is: one without a loop would have to stand still");
        }
    } else if (at_once >= kOneAtATime && kind == ServerKind::Unknown && unread_of(c).some) {
        finding.blind_to(
            fmt::format("whether its one process has {:.0f} threads that take requests for "
                        "themselves, instead of a loop that stands still: the server's own figures "
                        "(probes.app_metrics)",
                        workers_of(c, at_once, reach)));
    } else if (opened <= 0 && kind != ServerKind::Loop) {
        finding.lacks("what kind of server it is: one worker looks like one blocked loop");
    } else if (opened <= 0 && at_once >= kOneAtATime) {
        finding.lacks("how many processes it has, each with a loop of its own");
    }
    weigh_unread(c, reach, finding);
    if (at_once > 0) {
        finding.evidence.emplace_back(
            fmt::format(
                "by the response times of light load it worked on {:.1f} request{} at a time",
                at_once, std::lround(at_once * 10) == 10 ? "" : "s"),
            query::endpoints(c));
    }
    if (opened > 0) {
        finding.evidence.emplace_back(
            fmt::format("meanwhile it opened {:.0f} database connections, for requests that it had "
                        "taken in and did not come back to",
                        opened),
            query::gauge(c, metric::kPgBackends));
    }
    state_room(inside, finding);
    const double served = std::max(1e-9, c.served_rate(c.most_served(c.around_break())));
    finding.values.insert({{"blocked_s_per_request", 1 / served}, {"capacity_rate", served}});
    finding.fix = fmt::format(
        "Find the call that does not yield (a blocking driver, sleep, file or DNS access, a "
        "synchronous library in an async handler; on average it takes {} of each request) and make "
        "it asynchronous or move it to a thread. More processes only multiply the limit of "
        "{:.0f}/s. "
        "Then expect a URL without database to stay fast; run again to confirm.",
        human_seconds(1 / served), served);
    return conclude(finding);
}

Finding worker_pool(const Case& c, const Reach& reach, const Inside& inside, double at_once) {
    Claim finding = waiting_claim("worker_pool", reach);
    const std::vector<App> apps = apps_of(c.data());
    if (fullest_pool(c, apps) && server_kind(server_command(c)) != ServerKind::Workers) {
        // Health checks often ask the database, whatever one is told.
        finding.lacks(
            "whether the URL without database really needs none: its wait began as all connections "
            "were busy");
    }
    weigh_unread(c, reach, finding);
    if (!somebody_counted(c, at_once)) {
        finding.lacks("among how many threads its work is shared out");
    }
    const double workers = workers_of(c, at_once, reach);
    if (const auto taken_in = taken_in_at_once(c);
        taken_in && !busy_acceptors(c) && !agree(*taken_in, at_once)) {
        finding.lacks("how many workers there are: the server's own figures (probes.app_metrics)");
    }
    const double served = std::max(1e-9, c.served_rate(c.most_served(c.around_break())));
    const double hold = workers / served;
    const double needed = c.highest_demand() * hold;
    const double n = recommended_pool(needed);
    finding.evidence.emplace_back(
        fmt::format("that began with {:.0f} requests in flight; by the response times of light "
                    "load it worked on {:.1f} at a time, the others waited: that is what {:.0f} "
                    "worker{} can do",
                    reach.in_flight_slow, at_once, workers, workers == 1 ? "" : "s"),
        query::load(c));
    if (const double busy = busy_connections(c, c.after()); busy >= 1) {
        finding.evidence.emplace_back(
            fmt::format("of its {:.0f} database connections {:.1f} were busy: no more than it has "
                        "workers",
                        app_connections(c, c.after()), busy),
            query::gauge(c, metric::kPgBackends));
    }
    state_room(inside, finding);
    finding.values.insert({{"workers", workers},
                           {"hold_s", hold},
                           {"capacity_rate", served},
                           {"needed_workers", needed},
                           {"recommended_workers", n}});
    finding.fix = fmt::format(
        "Raise the number of workers or threads from {:.0f} to {:.0f}, all processes together: "
        "{:.0f} requests/s × {} each keep {:.1f} busy on average (Little's law), and 2√{:.1f} more "
        "cover bursts (gunicorn --workers or --threads, Tomcat's server.tomcat.threads.max, the "
        "thread limiter of async frameworks). Each may want a database connection as well. With "
        "{:.0f} expect a URL without database to stay fast; run again to confirm.",
        workers, n, c.highest_demand(), human_seconds(hold), needed, needed, n);
    return conclude(finding);
}

/// A runtime whose threads each wait for their own answer leaves none unread, unless all of it
/// stands still.
bool loop_leaves_answers(const Case& c) {
    const ServerKind kind = server_kind(server_command(c));
    return (kind == ServerKind::Loop || kind == ServerKind::Unknown) && answers_left(c).has_value();
}

}  // namespace

std::optional<Finding> find_waiting(const Case& c) {
    if (!c.broke()) {
        return std::nullopt;
    }
    const Reach reach = reach_of(c);
    const Inside inside = look_inside(c);
    if (!inside.known || inside.full) {
        return std::nullopt;
    }
    if (loop_leaves_answers(c)) {
        return event_loop(c, reach, inside, worked_at_once(c).value_or(0), 0);
    }
    if (!reach.known || a_pool_binds(c, reach) || find_accept_queue(c) || find_rate_limited(c) ||
        find_memory(c) || find_idle_in_transaction(c) || find_slow_upstream(c) ||
        find_full_workers(c)) {
        return std::nullopt;
    }
    if (reach.level != Level::Full) {
        return pool_with_queue(c) || pool_errors(c.data()).count > 0 ? std::nullopt
                                                                     : some_stay(c, inside);
    }
    const auto at_once = worked_at_once(c);
    if (!at_once) {
        return std::nullopt;
    }
    // All workers are taken, and the work takes far longer than it did: they wait as well.
    const auto known = known_workers(c);
    if (collapsed(c) || (known && known->count >= kHeldLonger * *at_once)) {
        return all_hang(c, reach, inside);
    }
    const double before = app_connections(c, {c.before().from_s, c.before().to_s / 2});
    const double after = app_connections(c, c.after());
    const bool taken_in = after >= kTakenIn * *at_once + kTakenInMore && after >= kTakenIn * before;
    const ServerKind kind = server_kind(server_command(c));
    const bool one = *at_once < kOneAtATime && kind != ServerKind::Workers;
    // A loop each in a few processes; what they hand to threads goes on at more at once.
    const bool loops =
        kind == ServerKind::Loop && *at_once <= c.data().fact("env.cores", 0) + kAtOnceNoise;
    // Requests lie unread: threads that read for themselves are all busy, or a loop stands still.
    // Of a single process that is not known by name the latter is likelier.
    const bool unread = kind == ServerKind::Unknown && unread_of(c).some;
    const auto processes = processes_of(c);
    if (taken_in || one || loops || (unread && processes == 1)) {
        return event_loop(c, reach, inside, *at_once, taken_in ? after : 0);
    }
    if (unread && !processes) {
        return std::nullopt;
    }
    if (!workers_were_counted(c, *at_once) || transactions_unmeasured(c)) {
        return std::nullopt;  // the pool may be what binds, or what its transactions wait for
    }
    const bool as_many = reach.in_flight_fast <= kAsMany * *at_once + kAsManyMore;
    // As many are in the database as are worked on: they wait for nothing that they did not wait
    // for under light load.
    const Window light{c.before().from_s, c.before().from_s + c.before().seconds() / 3};
    const double busy = busy_connections(c, c.after());
    const bool in_database =
        busy >= kInDatabase * *at_once && busy_connections(c, light) <= kRestAtFirst * busy;
    return as_many || in_database ? worker_pool(c, reach, inside, *at_once)
                                  : all_hang(c, reach, inside);
}

std::optional<Finding> find_workers_by_name(const Case& c) {
    const std::string command = server_command(c);
    const std::vector<App> apps = apps_of(c.data());
    const auto pool = c.broke() ? fullest_pool(c, apps) : std::nullopt;
    // Where each request opens a connection of its own there is no pool to count, but for what is
    // worked on at once.
    const auto at_once = c.broke() ? worked_at_once(c) : std::nullopt;
    const DatabaseCpu cpu = database_cpu_of(c);
    if ((!pool && (!at_once || collapsed(c))) || reach_of(c).known ||
        server_kind(command) != ServerKind::Workers || pool_with_queue(c) ||
        pool_errors(c.data()).count > 0 || fullest_pooler(c) ||
        pooler_suspected(c, pool ? std::optional(pool->size) : std::nullopt) ||
        cpu.level != Level::Room || app_cpu_of(c).level != Level::Room ||
        transactions_unmeasured(c) || lock_share(c, c.after()).value_or(0) > kMostLocks ||
        refusal_errors(c.data()).count > 0 || find_idle_in_transaction(c) ||
        find_connection_leak(c) || find_full_workers(c) || find_slow_upstream(c) ||
        (pool && more_threads(c, *pool))) {
        return std::nullopt;
    }
    Claim finding;
    finding.cause = "worker_pool";
    finding.onset_s = pool ? pool->onset_s : c.after().from_s;
    const double workers = pool ? pool->size : std::max(1.0, std::round(*at_once));
    if (!pool) {
        finding.evidence.emplace_back(
            fmt::format("\"{}\" takes as many requests as it has workers; by the response times of "
                        "light load it worked on {:.1f} at a time, the others waited",
                        command, *at_once),
            query::endpoints(c));
    } else {
        finding.evidence.emplace_back(
            fmt::format("\"{}\" takes as many requests as it has workers, and all {:.0f} database "
                        "connections were busy from {:.1f} s on, one for each worker",
                        command, pool->size, pool->onset_s),
            pool->app->query(c));
    }
    finding.lacks("canary no_database, to tell workers that are all busy from a full pool");
    finding.values = {{"workers", workers}};
    finding.fix =
        "Add probes.canaries.no_database and run again: if a URL without database waits as well, "
        "the workers are the limit; then more of them (gunicorn --workers or --threads) should "
        "move the breaking point. Expect it to; run again to confirm.";
    return conclude(finding);
}

}  // namespace plimsoll
