// Where no rule is sure enough: what was ruled out by which figure, what remains possible, and the
// one experiment that would tell.
#include "analysis/diagnosis/claim.hpp"
#include "analysis/diagnosis/diagnose.hpp"
#include "analysis/diagnosis/full_pool.hpp"
#include "analysis/diagnosis/queries.hpp"
#include "analysis/diagnosis/resources.hpp"
#include "analysis/diagnosis/said_pool.hpp"
#include "analysis/diagnosis/unread.hpp"
#include "signal/names.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr double kFewLocks = 0.2;
constexpr double kLittleIo = 0.3;
constexpr double kMemoryRoom = 0.9;
constexpr double kSlotsRoom = 0.95;

/// What can give way, one resource after the other: ruled out by a figure, open although measured,
/// or not looked at.
class Candidates {
public:
    explicit Candidates(const Case& c, Claim& finding) : c_(c), finding_(finding) {}

    void weigh() {
        application();
        database();
        pools();
        edges();
    }
    /// All that is open, as one sentence's end; "" where nothing is.
    [[nodiscard]] std::string open() const { return fmt::format("{}", fmt::join(open_, "; ")); }

private:
    void rule_out(const std::string& what, const std::string& figure, std::string sql) {
        finding_.evidence.emplace_back(fmt::format("ruled out: {} ({})", what, figure),
                                       std::move(sql));
    }
    void keep_open(const std::string& what, const std::string& figure) {
        open_.push_back(figure.empty() ? what : what + ": " + figure);
    }
    void application() {
        const Reach reach = reach_of(c_);
        if (reach.level == Level::Room && !reach.slow) {
            rule_out("workers, event loop and accept queue", reach.text, reach.query);
        } else {
            keep_open("its workers or its event loop", reach.text);
        }
        const AppCpu cpu = app_cpu_of(c_);
        if (cpu.level == Level::Room) {
            rule_out("the application's CPU", cpu.figure, cpu.query);
        } else {
            keep_open("its CPU", cpu.figure);
        }
    }

    void database() {
        const DatabaseCpu cpu = database_cpu_of(c_);
        if (cpu.level == Level::Room) {
            rule_out("the database's CPU", cpu.figure, cpu.query);
        } else {
            keep_open("the database's CPU", cpu.figure);
        }
        const auto share = [&](std::optional<double> of, double few, const char* what,
                               const char* waited) {
            if (of && *of < few) {
                rule_out(
                    what,
                    fmt::format("{:.0f} % of active backends waited for {}", 100 * *of, waited),
                    query::gauge(c_, metric::kPgBackends, {{"state", "active"}}));
            } else {
                keep_open(what, of ? fmt::format("{:.0f} % of active backends waited for {}",
                                                 100 * *of, waited)
                                   : std::string());
            }
        };
        const bool idle = c_.has_postgres() && cpu.runnable && !lock_share(c_, c_.after());
        share(idle ? std::optional(0.0) : lock_share(c_, c_.after()), kFewLocks, "locks", "one");
        const Signal waits = sum_of(c_.data(), metric::kPgWaiting, [](const StoredSeries& s) {
            return s.label("wait_event_type") == "IO";
        });
        const auto active = mean_in(sum_of(c_.data(), metric::kPgBackends,
                                           [](const StoredSeries& s) {
                                               return !is_ours(s) && s.label("state") == "active";
                                           }),
                                    c_.after());
        if (const auto io = mean_in(waits, c_.after()); io && active && *active > 0) {
            share(*io / *active, kLittleIo, "the database's disk", "it");
        }
        if (const auto used =
                max_in(series_of(c_.data(), metric::kPgConnectionsUsedRatio), c_.load())) {
            const std::string figure =
                fmt::format("at most {:.0f} % of its connections were used", 100 * *used);
            *used < kSlotsRoom ? rule_out("PostgreSQL's connection limit", figure,
                                          query::gauge(c_, metric::kPgConnectionsUsedRatio))
                               : keep_open("PostgreSQL's connection limit", figure);
        }
    }

    void pools() {
        const std::vector<App> apps = apps_of(c_.data());
        if (const auto pool = fullest_pool(c_, apps)) {
            keep_open("the connection pool",
                      fmt::format("of the {:.0f} connections of \"{}\" {:.1f} were busy",
                                  pool->size, pool->app->shown(), pool->busy_mean));
        } else if (const auto room = pool_with_room(c_)) {
            rule_out("the connection pool",
                     fmt::format("\"{}\" had {:.0f} of {:.0f} in use", room->name, room->used,
                                 room->size),
                     query::gauge(c_, metric::kAppPoolUsed, {{"pool", room->name}}));
        } else if (!apps.empty()) {
            double busy = 0;
            double all = 0;
            for (const App& one : apps) {
                busy += mean_in(one.busy, c_.after()).value_or(0);
                all += mean_in(one.all, c_.after()).value_or(0);
            }
            rule_out("a full connection pool",
                     fmt::format("{:.1f} of {:.1f} connections were busy on average", busy, all),
                     query::gauge(c_, metric::kPgBackends));
        } else {
            keep_open("the connection pool, and what its connections wait for", "");
        }
        const Signal waiting =
            sum_of(c_.data(), metric::kPgbouncerWaiting, [](const StoredSeries&) { return true; });
        if (const auto clients = mean_in(waiting, c_.after())) {
            const std::string figure = fmt::format("{:.1f} clients waited on average", *clients);
            *clients < 1
                ? rule_out("PgBouncer's pool", figure, query::gauge(c_, metric::kPgbouncerWaiting))
                : keep_open("PgBouncer's pool", figure);
        }
    }

    void edges() {
        const Signal overflows =
            series_of(c_.data(), metric::kHostListenOverflows, "side", "target");
        if (!overflows.empty() && increase_in(overflows, c_.after()) <= 0) {
            rule_out("the queue of new connections", "the kernel dropped none",
                     query::counter(c_, metric::kHostListenOverflows, {{"side", "target"}}));
        }
        for (const StoredSeries& s : c_.data().series) {
            const auto limit = s.metric == metric::kContainerMemory
                                   ? max_in(series_of(c_.data(), metric::kContainerMemoryLimit,
                                                      "container", s.label("container")),
                                            c_.load())
                                   : std::nullopt;
            const auto used = limit ? max_in(s.points, c_.load()) : std::nullopt;
            if (used && *limit > 0 && *used < kMemoryRoom * *limit) {
                rule_out("the memory of " + s.label("container"),
                         fmt::format("at most {:.0f} % of its limit", 100 * *used / *limit),
                         query::gauge(c_, metric::kContainerMemory,
                                      {{"container", s.label("container")}}));
            }
        }
        keep_open(
            "something inside the application that nobody sees from outside (another service, a "
            "thread pool, a lock of its own)",
            "");
    }

    const Case& c_;
    Claim& finding_;
    std::vector<std::string> open_;
};

/// What is missing, the one that tells most first: it halves what remains possible.
std::string state_missing(const Case& c, Claim& finding) {
    const RunData& data = c.data();
    std::string experiment;
    const auto need = [&](bool there, const std::string& what, const char* tells) {
        if (!there) {
            finding.lacks(what);
            experiment = experiment.empty() ? tells : experiment;
        }
    };
    const auto has_cpu_of = [&](const char* role) {
        return has_metric(data, metric::kContainerCpuSeconds, "role", role);
    };
    need(has_metric(data, metric::kCanarySeconds, "canary", "no_database"),
         "a URL that needs no database: add probes.canaries.no_database",
         "add probes.canaries.no_database and run again. If that URL waits as well, expect the "
         "cause to be the application's workers, event loop or CPU; if it stays fast, expect it in "
         "what requests wait for: a pool, the database, another service.");
    const std::vector<App> apps = apps_of(data);
    need(reach_of(c).level != Level::Full || threads_at_work(c) || !fullest_pool(c, apps),
         "whether as many threads as connections work on requests, or more of them wait for one: "
         "its own figures of its pool or workers (probes.app_metrics), or a run on its machine",
         "add probes.app_metrics with a page that tells of its pool or workers and run again. If "
         "callers wait for a connection, expect the pool to be the cause; if not, the workers.");
    need(
        has_metric(data, metric::kPgBackends),
        "the database's connections: add probes.postgres with a DSN (role with pg_monitor)",
        "add probes.postgres and run again. If all connections of the application are busy, expect "
        "the pool or what its connections wait for; if they are idle, expect something else that "
        "requests wait for.");
    need(!has_cpu_of("app") || server_kind(server_command(c)) != ServerKind::Proxy,
         unmeasured_cpu(c),
         "give the application's own process in place of the proxy's (--container app=pid:N) and "
         "run "
         "again. Its CPU, its workers and what they wait for can be told then.");
    need(has_cpu_of("app"),
         "CPU and memory of the application: add it to probes.containers with role: app",
         "add the application to probes.containers with role: app and run again. If its cores are "
         "full, expect its CPU to be the cause; if they are idle, expect what it waits for.");
    need(has_cpu_of("database"),
         "CPU and memory of the database: add it to probes.containers with role: database",
         "add the database to probes.containers with role: database and run again. If its cores "
         "are full, expect its CPU to be the cause; if they are idle, expect what stands before "
         "it.");
    return experiment;
}

const char* experiment_for(const Case& c) {
    if (reach_of(c).level == Level::Full) {
        return "double the number of workers or processes and run again. If the breaking point "
               "moves in proportion, expect a worker pool or a blocked loop to be the cause; if "
               "not, what they all wait for.";
    }
    return "run again with the slowest endpoint alone, then without it. Whichever run does not "
           "break, expect the cause in what that endpoint waits for.";
}

}  // namespace

Finding admit_unknown(const Case& c) {
    Claim finding;
    finding.cause = "unknown";
    finding.onset_s = c.found().point.at_s;
    finding.evidence.emplace_back("the load side alone: " + c.found().point.symptom,
                                  query::load(c));
    const ErrorsLike refused = refused_connects(c);
    if (refused.count > 0) {
        finding.evidence.emplace_back(
            fmt::format("nobody listened at the target: {} requests between {:.1f} s and {:.1f} s "
                        "were refused a connection",
                        refused.count, refused.first_s, refused.last_s),
            refused.query);
        finding.lacks("why the target ended: its log, its exit status, its restarts");
        finding.fix = fmt::format(
            "Read the target's log and its exit status at {:.0f} s: its process ended, or was "
            "started again. Once it stays, expect no refused connection. ",
            refused.first_s);
    }
    Candidates candidates(c, finding);
    candidates.weigh();
    finding.evidence.emplace_back("what remains possible: " + candidates.open());
    const std::string missing = state_missing(c, finding);
    finding.fix +=
        "One experiment tells: " + (missing.empty() ? std::string(experiment_for(c)) : missing);
    return conclude(finding);
}

}  // namespace plimsoll
