// PgBouncer had no server connection left to give, or let no more clients in.
#include "analysis/diagnosis/pooler.hpp"

#include "analysis/diagnosis/claim.hpp"
#include "analysis/diagnosis/diagnose.hpp"
#include "analysis/diagnosis/full_pool.hpp"
#include "analysis/diagnosis/queries.hpp"
#include "analysis/diagnosis/resources.hpp"
#include "analysis/diagnosis/said_pool.hpp"
#include "base/units.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// The slot of the client that is just leaving.
constexpr double kFullOfClients = 0.98;

Signal of_pool(const RunData& data, const char* metric, const FullPooler& pool) {
    return sum_of(data, metric, [&](const StoredSeries& s) {
        return s.label("database") == pool.database && s.label("user") == pool.user;
    });
}

/// Rise per second of a counter of the pool's database.
std::optional<double> rate_of(const Case& c, const char* metric, const FullPooler& pool,
                              Window window) {
    return rate_in(series_of(c.data(), metric, "database", pool.database), window);
}

/// The database behind is what is slow: the queue is its shadow.
bool database_is_the_limit(const Case& c) {
    const auto cores = c.cores("database");
    const auto on_cpu = mean_in(active_unwaited(c.data()), c.after());
    const auto locks = lock_share(c, c.after());
    return (cores && on_cpu && *on_cpu >= *cores) || (locks && *locks > kMostLocks) ||
           database_cpu_of(c).level == Level::Full;
}

void state_queue(const Case& c, const FullPooler& pool, Claim& finding) {
    const auto waiting = mean_in(of_pool(c.data(), metric::kPgbouncerWaiting, pool), c.after());
    const auto longest = max_in(of_pool(c.data(), metric::kPgbouncerMaxWait, pool), c.after());
    finding.evidence.emplace_back(
        fmt::format("all {:.0f} server connections of pool {}/{} were in use while {:.1f} clients "
                    "waited for one on average, the first of them for up to {}",
                    pool.size, pool.database, pool.user, waiting.value_or(0),
                    human_seconds(longest.value_or(0))),
        query::gauge(c, metric::kPgbouncerWaiting,
                     {{"database", pool.database}, {"user", pool.user}}));
    finding.values["pool_size"] = pool.size;
    finding.values["clients_waiting"] = waiting.value_or(0);
    finding.values["max_wait_s"] = longest.value_or(0);
    if (const ErrorsLike errors = errors_like(c.data(), {"query_wait_timeout"}); errors.count > 0) {
        finding.evidence.emplace_back(
            fmt::format("{} answers say so: {}", errors.count, errors.sample), errors.query);
    }
    const CanaryView through = look_at_canary(c, "pgbouncer_connect", "a query through PgBouncer");
    if (through.known && through.slow) {
        finding.evidence.push_back(through.said("slower too: "));
    }
}

/// Whether what else could make the queue was looked at, and is not there.
void state_contradictions(const Case& c, Claim& finding) {
    const CanaryView direct = look_at_canary(c, "select_1", "SELECT 1 past the pooler");
    if (!direct.known) {
        finding.missing.emplace_back("canary select_1 (add probes.postgres)");
    } else {
        finding.evidence.push_back(
            direct.said(direct.slow ? "slower too: " : "the database itself stayed fast: "));
    }
    const DatabaseCpu cpu = database_cpu_of(c);
    if (!cpu.runnable) {
        finding.blind_to(
            "what its server connections did (waited for locks, sat in open transactions): add "
            "probes.postgres with a DSN (role with pg_monitor)");
    } else if (cpu.level == Level::Unknown) {
        finding.lacks("CPU of the database (probes.containers with role: database)");
    } else {
        finding.evidence.emplace_back("the database had CPU to spare: " + cpu.figure, cpu.query);
    }
}

/// a = what the demand would keep busy: transactions per request, their time, and the highest load.
void state_fix(const Case& c, const FullPooler& pool, Finding& finding) {
    const Window window = c.answered(c.after());
    const auto transactions = rate_of(c, metric::kPgbouncerTransactions, pool, window);
    // total_xact_time begins when the client asks, so it holds the waiting for a server too.
    const auto taken = rate_of(c, metric::kPgbouncerTransactionSeconds, pool, window);
    const double waited = rate_of(c, metric::kPgbouncerWaitSeconds, pool, window).value_or(0);
    const double in_use =
        mean_in(of_pool(c.data(), metric::kPgbouncerActive, pool), window).value_or(pool.size);
    std::optional<double> busy = taken;
    if (taken) {
        // More than the pool's connections can have been in use, it cannot be.
        busy = *taken - waited > 0 && *taken > in_use ? *taken - waited : *taken;
        busy = std::min(*busy, std::max(in_use, pool.size));
    }
    const double served = c.served_rate(window);
    if (!transactions || !busy || *transactions <= 0 || served <= 0) {
        finding.missing.emplace_back("PgBouncer's total_xact_time, to compute the size it needs");
        finding.fix =
            "Raise the pool's size, as far as PostgreSQL's max_connections and cores allow, or "
            "hold connections for less time. With it expect clients to wait less; run again to "
            "confirm.";
        return;
    }
    const double hold = *busy / *transactions;
    const double needed = c.highest_demand() * (*transactions / served) * hold;
    const double n = recommended_pool(needed);
    finding.values["hold_s"] = hold;
    finding.values["needed_connections"] = needed;
    finding.values["recommended_pool_size"] = n;
    finding.fix = fmt::format(
        "Set pool_size of \"{}\" from {:.0f} to {:.0f}: {:.0f} requests/s with {:.2f} transactions "
        "of {} each keep {:.1f} connections busy on average (Little's law), and 2√{:.1f} more "
        "cover bursts.",
        pool.database, pool.size, n, c.highest_demand(), *transactions / served,
        human_seconds(hold), needed, needed);
    if (const auto slots = slots_of(c.data())) {
        finding.fix += fmt::format(
            " PostgreSQL gives {:.0f} in all ({:.0f} max_connections - "
            "{:.0f} reserved).",
            slots->usable(), slots->max_connections, slots->reserved);
    } else {
        finding.fix += " Check that PostgreSQL's max_connections leaves room for it.";
    }
    finding.fix += fmt::format(
        " With {:.0f} expect no clients waiting up to {:.0f} requests/s; run again to confirm.", n,
        c.highest_demand());
}

std::optional<Finding> full_of_clients(const Case& c) {
    const ErrorsLike errors = errors_like(
        c.data(), {"no more connections allowed", "client connections exceeded"},
        {"max_client_conn", "max_db_client_connections", "max_user_client_connections"});
    const Signal used = series_of(c.data(), metric::kPgbouncerConnections);
    const auto limit = max_in(series_of(c.data(), metric::kPgbouncerMaxConnections), c.load());
    const auto most = max_in(used, c.load());
    const bool full = limit && most && *limit > 0 && *most >= kFullOfClients * *limit;
    if (errors.count == 0 && !(full && c.broke())) {
        return std::nullopt;
    }
    Claim finding;
    finding.cause = "pgbouncer_pool";
    finding.direct = errors.count > 0;
    finding.sources = 2;
    finding.onset_s = errors.count > 0 ? errors.first_s : c.after().from_s;
    if (full) {
        const auto first = std::find_if(used.begin(), used.end(), [&](const auto& p) {
            return p.value >= kFullOfClients * *limit;
        });
        finding.onset_s = std::min(finding.onset_s, std::max(0.0, first->t_s));
        finding.evidence.emplace_back(
            fmt::format("PgBouncer had {:.0f} clients of the {:.0f} that max_client_conn allows",
                        *most, *limit),
            query::gauge(c, metric::kPgbouncerConnections));
        finding.values["max_client_conn"] = *limit;
    }
    if (errors.count > 0) {
        finding.evidence.emplace_back(
            fmt::format("{} answers carry PgBouncer's refusal: {}", errors.count, errors.sample),
            errors.query);
    }
    finding.fix =
        "Raise max_client_conn (and the limit of open files with it), or let the application keep "
        "fewer connections open. With room for all clients expect no refusals by PgBouncer; run "
        "again to confirm.";
    return conclude(finding);
}

/// Without the console: clients of the pooler say that it let them wait for too long.
std::optional<Finding> said_by_its_clients(const Case& c) {
    const ErrorsLike errors = errors_like(c.data(), {"query_wait_timeout"});
    if (errors.count == 0 || database_is_the_limit(c)) {
        return std::nullopt;
    }
    Claim finding;
    finding.cause = "pgbouncer_pool";
    finding.direct = true;
    finding.onset_s = std::min(errors.first_s, c.after().from_s);
    finding.evidence.emplace_back(fmt::format("{} answers say so: {}", errors.count, errors.sample),
                                  errors.query);
    finding.lacks("its pool's size and who waits: PgBouncer's console (probes.pgbouncer)");
    if (!database_cpu_of(c).runnable) {
        finding.blind_to(
            "what its server connections did (waited for locks, sat in open transactions): add "
            "probes.postgres with a DSN (role with pg_monitor)");
    }
    finding.fix =
        "Read PgBouncer's console during a run (probes.pgbouncer): it gives the size that the pool "
        "needs. With a larger pool_size expect no query_wait_timeout; run again to confirm.";
    return conclude(finding);
}

/// Without the console: the pool that PostgreSQL sees is not the application's.
std::optional<Finding> behind_an_unread_pooler(const Case& c) {
    const std::vector<App> apps = apps_of(c.data());
    const auto full = fullest_pool(c, apps);
    if (!full || full->app->hidden || database_is_the_limit(c)) {
        return std::nullopt;
    }
    const std::string signs = signs_of_pooler(c, full->size);
    if (signs.empty() || reach_of(c).level == Level::Full) {
        return std::nullopt;
    }
    Claim finding;
    finding.cause = "pgbouncer_pool";
    finding.onset_s = full->onset_s;
    finding.evidence.emplace_back(
        fmt::format("PostgreSQL saw {:.0f} connections of \"{}\", {:.1f} of them busy on average "
                    "from {:.1f} s on",
                    full->size, full->app->shown(), full->busy_mean, full->onset_s),
        full->app->query(c));
    finding.evidence.emplace_back(signs, pooler_between(c) ? query::facts("statement.")
                                                           : query::gauge(c, metric::kAppPoolUsed));
    finding.lacks("who waits for them: PgBouncer's console (probes.pgbouncer)");
    finding.values["pool_size"] = full->size;
    finding.fix =
        "Read PgBouncer's console during a run (probes.pgbouncer): it says who waits, and gives "
        "the "
        "size that the pool needs. With a larger pool_size expect the queue to be gone; run again "
        "to confirm.";
    return conclude(finding);
}

}  // namespace

std::string signs_of_pooler(const Case& c, std::optional<double> full_pool) {
    constexpr double kMore = 1.3;
    if (full_pool) {
        for (const StoredSeries& s : c.data().series) {
            if (s.metric != metric::kAppPoolUsed) {
                continue;
            }
            const double used = median_in(s.points, c.after()).value_or(0);
            if (used > kMore * *full_pool + 1) {
                return fmt::format(
                    "the application's pool \"{}\" had {:.0f} connections in use at the same time: "
                    "a "
                    "pooler stands in between",
                    s.label("pool"), used);
            }
        }
        if (const auto room = pool_with_room(c); room && room->size > *full_pool) {
            return fmt::format(
                "the application's pool \"{}\" had {:.0f} of {:.0f} connections in use: the limit "
                "that was reached is not its own",
                room->name, room->used, room->size);
        }
    }
    return pooler_between(c) ? "connections are named by statement (SET application_name=...), as "
                               "PgBouncer does; drivers do so when they connect"
                             : "";
}

std::optional<FullPooler> fullest_pooler(const Case& c) {
    std::set<std::pair<std::string, std::string>> pools;
    for (const StoredSeries& s : c.data().series) {
        if (s.metric == metric::kPgbouncerWaiting) {
            pools.insert({s.label("database"), s.label("user")});
        }
    }
    std::optional<FullPooler> best;
    double most = 0;
    for (const auto& [database, user] : pools) {
        FullPooler pool{database, user, 0, 0};
        const Signal waiting = of_pool(c.data(), metric::kPgbouncerWaiting, pool);
        const Signal active = of_pool(c.data(), metric::kPgbouncerActive, pool);
        const Signal idle = of_pool(c.data(), metric::kPgbouncerIdle, pool);
        pool.size =
            max_in(of_pool(c.data(), metric::kPgbouncerPoolSize, pool), c.after()).value_or(0);
        const auto some = [](double n) { return n >= 1; };
        const auto full = [&](double n) { return n >= pool.size; };
        const auto none = [](double n) { return n < 1; };
        if (pool.size < 1 || samples_in(waiting, c.after()) < kLeastSamples ||
            share_in(waiting, c.after(), some).value_or(0) < kSustainedShare ||
            share_in(active, c.after(), full).value_or(0) < kSustainedShare ||
            share_in(idle, c.after(), none).value_or(0) < kSustainedShare) {
            continue;
        }
        pool.onset_s =
            sustained_since(waiting, {c.load().from_s, c.after().to_s}, kSustainedShare, some)
                .value_or(c.after().from_s);
        const double queue = mean_in(waiting, c.after()).value_or(0);
        if (queue > most) {
            most = queue;
            best = pool;
        }
    }
    return best;
}

std::optional<Finding> find_pgbouncer_pool(const Case& c) {
    const auto pool = c.broke() ? fullest_pooler(c) : std::nullopt;
    if (!pool || database_is_the_limit(c)) {
        auto full = full_of_clients(c);
        if (full || pool || !c.broke()) {
            return full;
        }
        auto said = said_by_its_clients(c);
        return said ? said : behind_an_unread_pooler(c);
    }
    Claim finding;
    finding.direct = true;
    finding.cause = "pgbouncer_pool";
    finding.onset_s = pool->onset_s;
    state_queue(c, *pool, finding);
    state_contradictions(c, finding);
    state_fix(c, *pool, finding);
    return conclude(finding);
}

}  // namespace plimsoll
