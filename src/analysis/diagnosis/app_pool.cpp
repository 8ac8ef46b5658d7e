// The application's own connection pool is smaller than its load needs.
#include "analysis/diagnosis/case.hpp"
#include "analysis/diagnosis/claim.hpp"
#include "analysis/diagnosis/diagnose.hpp"
#include "analysis/diagnosis/full_pool.hpp"
#include "analysis/diagnosis/own_pool.hpp"
#include "analysis/diagnosis/pool_errors.hpp"
#include "analysis/diagnosis/pooler.hpp"
#include "analysis/diagnosis/queries.hpp"
#include "analysis/diagnosis/resources.hpp"
#include "analysis/diagnosis/said_pool.hpp"
#include "analysis/diagnosis/unread.hpp"
#include "analysis/diagnosis/waiting.hpp"
#include "analysis/load_level.hpp"
#include "base/units.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// Below this hold time changes with load by itself (cache, commit grouping); above, the database is
// slower, and the pool is a symptom (kSlowerHold).
constexpr double kSteadyHold = 1.5;
class PoolCase {
public:
    PoolCase(const Case& c, const FullPool& pool) : c_(c), pool_(pool) {
        const double served = c.served_rate(pool.window);
        hold_s_ = served > 0 ? pool.busy_mean / served : 0;
        const double served_before = c.served_rate(c.before());
        const auto busy_before = mean_in(pool.app->busy, c.before());
        if (busy_before && served_before > 0 &&
            samples_in(pool.app->busy, c.before()) >= kLeastSamples) {
            hold_before_s_ = *busy_before / served_before * heavier_mix(c);
        }
        finding_.cause = "app_pool_exhausted";
        finding_.onset_s = pool.onset_s;
        nested_ = holders_wait_for_another(c);
    }

    std::optional<Finding> judge() {
        if (hold_s_ <= 0 || ruled_out()) {
            return std::nullopt;
        }
        state_plateau();
        state_hold();
        state_database();
        state_canaries();
        state_errors();
        const bool late = pool_.onset_s > c_.found().certain_s + kOverlap_s;
        if (late && !finding_.direct) {
            finding_.against.emplace_back(
                fmt::format("the pool was full only from {:.1f} s on, after the break at {:.1f} s",
                            pool_.onset_s, c_.found().point.at_s),
                pool_.app->query(c_));
        }
        if (pool_.app->hidden) {
            const std::string what =
                "which connections were busy: the probe's role lacks GRANT pg_monitor";
            finding_.direct ? finding_.lacks(what) : finding_.blind_to(what);
        }
        finding_.sources = 2;  // as many as it may have, and held for no longer than before
        set_values();
        set_fix();
        return conclude(finding_);
    }

private:
    /// The pool is full, but of something else's making.
    bool ruled_out() {
        if (was_refused(c_) || fullest_pooler(c_)) {
            return true;  // or what PostgreSQL sees is PgBouncer's pool
        }
        if (transactions_unmeasured(c_)) {
            return true;
        }
        if (answers_left(c_)) {
            return true;  // its connections wait for the application
        }
        if (pool_with_room(c_) || pooler_suspected(c_, pool_.size)) {
            return true;
        }
        const auto cores = c_.cores("database");
        const DatabaseCpu cpu = database_cpu_of(c_);
        if (cpu.level == Level::Full ||
            (cores && cpu.runnable && *cpu.runnable >= *cores && pool_.size > *cores)) {
            return true;
        }
        if (cpu.level == Level::Unknown) {
            finding_.blind_to("whether the database's CPU was full: " +
                              (cpu.figure.empty() ? std::string("nobody looked") : cpu.figure));
        }
        // What stands further inside is a mere lead for want of evidence: then so is this.
        const auto idle = find_idle_in_transaction(c_);
        if (idle && !nested_ && rank_of(*idle) > 1) {
            finding_.blind_to(
                "whether the pool is full because its transactions wait for something else");
        }
        const auto locks = lock_share(c_, c_.after());
        const bool longer = hold_before_s_ && hold_s_ > kSlowerHold * *hold_before_s_;
        return (locks && *locks > kMostLocks) || (longer && !nested_) || workers_are_full();
    }

    /// Whether the application had as few workers as connections: then requests wait for a worker,
    /// and the connections are busy because the workers are.
    bool workers_are_full() {
        const Reach reach = reach_of(c_);
        // Its own word that callers wait for a connection: then workers are full of these callers.
        const bool said = pool_with_queue(c_) || pool_errors(c_.data()).count > 0;
        const auto acceptors = busy_acceptors(c_);
        if (acceptors && *acceptors <= pool_.size && !said) {
            return true;  // a connection each, and nobody left to accept
        }
        const ServerKind kind = server_kind(server_command(c_));
        if (!reach.known) {
            finding_.lacks(kind == ServerKind::Loop
                               ? "canary no_database"
                               : "canary no_database, to tell a full pool from workers that are "
                                 "all busy");
            return kind == ServerKind::Workers && !said && !more_threads(c_, pool_);
        }
        const bool to_spare = workers_to_spare(c_, reach, pool_);
        if (reach.level == Level::Full && !said && !threads_at_work(c_) &&
            threads_are_workers(c_)) {
            return true;  // or there are as many threads, and nobody counted them
        }
        if (const auto threads = threads_at_work(c_);
            reach.slow && threads && more_threads(c_, pool_)) {
            finding_.evidence.emplace_back(
                fmt::format("it has more workers than connections: {:.1f} threads took turns at "
                            "its work, as equal ones would",
                            *threads),
                query::gauge(c_, metric::kTargetThreadsAtWork));
        } else if (reach.slow && to_spare) {
            if (!threads_at_work(c_) && kind != ServerKind::Loop) {
                finding_.lacks("among how many threads its work is shared out");
            }
            finding_.evidence.emplace_back(
                fmt::format("workers were to spare when the pool was not: with {:.0f} requests in "
                            "flight {}; later {}",
                            reach.in_flight_fast,
                            reach.by_sockets ? "none lay unread"
                                             : "a URL without database was still answered at once",
                            reach.by_sockets ? "most did" : "it had to wait as well"),
                reach.query);
        } else if (reach.slow && (said || reach.level == Level::Room)) {
            finding_.against.push_back(reach.said("slower too: "));
        }
        return reach.level == Level::Full && !to_spare && !said;
    }

    void state_plateau() {
        const RunInfo& info = c_.data().info;
        const double from = offered_at(info, pool_.onset_s);
        const double to = highest_offered(info, c_.data().load_end_s);
        const std::string load =
            to > 1.05 * from
                ? fmt::format("while the load rose from {:.0f} to {:.0f}{}", from, to, unit())
                : fmt::format("under a load of {:.0f}{}", to, unit());
        finding_.evidence.emplace_back(
            fmt::format("\"{}\" kept {:.0f} database connections; from {:.1f} s on {:.1f} of them "
                        "were busy on average, {}",
                        pool_.app->shown(), pool_.size, pool_.onset_s,
                        mean_in(pool_.app->busy, {pool_.onset_s, pool_.window.to_s}).value_or(0),
                        load),
            pool_.app->query(c_));
        const double served = c_.served_rate(pool_.window);
        finding_.evidence.emplace_back(
            fmt::format("it answered {:.0f} requests/s then, which is what {:.0f} connections held "
                        "{} each can do ({:.0f}/s)",
                        served, pool_.size, human_seconds(hold_s_), pool_.size / hold_s_),
            query::load(c_));
    }

    void state_hold() {
        if (!hold_before_s_) {
            finding_.lacks("time under light load, to compare the hold time with");
        } else if (hold_s_ <= kSteadyHold * *hold_before_s_) {
            finding_.evidence.emplace_back(
                fmt::format("the time a request holds a connection stayed at {} ({} before): the "
                            "work itself did not get slower, the waiting for it did",
                            human_seconds(hold_s_), human_seconds(*hold_before_s_)),
                pool_.app->query(c_));
        } else if (nested_) {
            finding_.evidence.emplace_back(
                fmt::format("the time a request holds a connection rose from {} to {}, idle inside "
                            "a transaction: as if who holds one waits for another one of this pool",
                            human_seconds(*hold_before_s_), human_seconds(hold_s_)),
                pool_.app->query(c_));
            finding_.lacks("whether requests ask for a second connection while they hold one");
        } else {
            finding_.against.emplace_back(
                fmt::format("the time a request holds a connection rose from {} to {}",
                            human_seconds(*hold_before_s_), human_seconds(hold_s_)),
                pool_.app->query(c_));
        }
    }

    void state_database() {
        const auto cores = c_.cores("database");
        const auto on_cpu = mean_in(active_unwaited(c_.data()), pool_.window);
        const auto cpu = c_.cpu_of("database", pool_.window);
        if (cores && cpu) {
            auto& list = *cpu < kIdleDatabase * *cores ? finding_.evidence : finding_.against;
            list.emplace_back(
                fmt::format("the database used {:.2f} of {:g} cores", *cpu, *cores),
                query::counter(c_, metric::kContainerCpuSeconds, {{"role", "database"}}));
        } else {
            finding_.lacks("CPU of the database (probes.containers with role: database)");
        }
        if (cores && on_cpu && *on_cpu >= kIdleDatabase * *cores) {
            finding_.against.emplace_back(
                fmt::format("on average {:.1f} backends were running on the database's {:g} cores",
                            *on_cpu, *cores),
                query::gauge(c_, metric::kPgBackends, {{"state", "active"}}));
        }
        const auto slots = slots_of(c_.data());
        const auto used = max_in(series_of(c_.data(), metric::kPgConnectionsUsedRatio), c_.load());
        if (slots && used && *used < 1) {
            finding_.evidence.emplace_back(
                fmt::format(
                    "PostgreSQL refused nobody: at most {:.0f} of the {:.0f} connections it "
                    "gives were used",
                    *used * slots->usable(), slots->usable()),
                query::gauge(c_, metric::kPgConnectionsUsedRatio));
        }
    }

    void state_canaries() {
        std::vector<std::string> normal;
        // Whatever the database does is seen in its backends, so these two only illustrate.
        const auto look = [&](const char* name, const char* shown) {
            const CanaryView view = look_at_canary(c_, name, shown);
            if (!view.known) {
                const bool tried = !canary_tries(c_.data(), name).empty();
                finding_.missing.push_back(
                    fmt::format("{}canary {}", tried ? "after the break, a try of " : "", name));
            } else if (view.slow) {
                finding_.evidence.push_back(view.said("slower too: "));
            } else {
                normal.push_back(view.text);
            }
        };
        const Reach reach = reach_of(c_);
        if (reach.known && !reach.slow) {
            normal.push_back(reach.text);
        }
        look("select_1", "SELECT 1");
        look("pg_connect", "a new database connection");
        if (!normal.empty()) {
            finding_.evidence.emplace_back(
                fmt::format("what does not need the pool stayed fast: {}", fmt::join(normal, ", ")),
                query::canary(c_, {}));
        }
    }

    void state_errors() {
        const ErrorsLike errors = pool_errors(c_.data());
        if (errors.count > 0) {
            finding_.direct = true;
            finding_.evidence.emplace_back(
                fmt::format("{} answers say so: {}", errors.count, errors.sample), errors.query);
        }
        if (const auto said = pool_with_queue(c_)) {
            finding_.direct = true;
            finding_.onset_s = std::min(finding_.onset_s, said->onset_s);
            finding_.evidence.emplace_back("the application says so: " + said->shown(),
                                           said->query(c_));
        }
        if (!finding_.direct && !statements_known(c_.data())) {
            finding_.lacks(
                "whether a pooler stands in between: its console (probes.pgbouncer), or "
                "pg_stat_statements");
        }
    }

    void set_values() {
        const double needed = c_.highest_demand() * hold_s_;
        finding_.values = {
            {"pool_size", pool_.size},      {"hold_s", hold_s_},
            {"busy_mean", pool_.busy_mean}, {"capacity_rate", pool_.size / hold_s_},
            {"needed_connections", needed}, {"recommended_pool_size", recommended_pool(needed)}};
    }

    void set_fix() {
        const double n = finding_.values.at("recommended_pool_size");
        const double needed = finding_.values.at("needed_connections");
        finding_.fix = fmt::format(
            "Set the pool of \"{}\" from {:.0f} to {:.0f} connections, all its processes together: "
            "{:.0f} requests/s × {} of hold time keep {:.1f} busy on average (Little's law), and "
            "2√{:.1f} more cover bursts.",
            pool_.app->shown(), pool_.size, n, c_.highest_demand(), human_seconds(hold_s_), needed,
            needed);
        finding_.fix += setting_for(n);
        finding_.fix += room_for(n);
        finding_.fix += next_limit();
        finding_.fix += fmt::format(
            " With {:.0f} expect no queue for connections up to {:.0f} requests/s; run again to "
            "confirm.",
            n, c_.highest_demand());
    }

    /// Where that is set, and what each process gets where there are several.
    std::string setting_for(double n) const {
        const ErrorsLike errors = pool_errors(c_.data());
        const PoolError* error = errors.count > 0 ? pool_error_in(errors.sample) : nullptr;
        const double processes = processes_of(c_).value_or(1);
        const std::string each = processes > 1
                                     ? fmt::format("{:.0f} in each of its {:.0f} processes",
                                                   std::ceil(n / processes), processes)
                                     : "";
        if (error == nullptr || error->setting.empty()) {
            return each.empty() ? "" : fmt::format(" That is {}.", each);
        }
        return fmt::format(" It is set by {} ({}){}{}.", error->setting, error->library,
                           each.empty() ? "" : ": ", each);
    }

    /// Whether PostgreSQL has slots for a pool of n.
    std::string room_for(double n) const {
        const auto slots = slots_of(c_.data());
        if (!slots) {
            return " Check that PostgreSQL's max_connections leaves room for it.";
        }
        const Signal ratio = series_of(c_.data(), metric::kPgConnectionsUsedRatio);
        const double used = max_in(ratio, c_.load()).value_or(0) * slots->usable();
        const double others = std::max(0.0, used - pool_.size);
        const double room = slots->usable() - others;
        const std::string sum = fmt::format(
            "{:.0f} max_connections - {:.0f} reserved - {:.0f} "
            "others = {:.0f}",
            slots->max_connections, slots->reserved, others, room);
        if (n <= room) {
            return fmt::format(" It fits: {}.", sum);
        }
        return fmt::format(
            " It does not fit ({}): raise max_connections to {:.0f} or more, put a "
            "pooler in between, or shorten the hold time.",
            sum, n + others + slots->reserved);
    }

    /// What the database's CPU says to the whole demand getting through.
    std::string next_limit() {
        const auto cores = c_.cores("database");
        const auto cpu = c_.cpu_of("database", pool_.window);
        const double served = c_.served_rate(pool_.window);
        if (!cores || !cpu || served <= 0) {
            return {};
        }
        const double needed = *cpu / served * c_.highest_demand();
        finding_.values["database_cores_needed"] = needed;
        if (needed < kIdleDatabase * *cores) {
            return {};
        }
        return fmt::format(
            " The database would then need {:.1f} of its {:g} cores: it is the next limit.", needed,
            *cores);
    }

    [[nodiscard]] const char* unit() const {
        return is_open_model(c_.data().info) ? "/s" : " users";
    }

    const Case& c_;
    const FullPool& pool_;
    double hold_s_ = 0;
    std::optional<double> hold_before_s_;
    bool nested_ = false;  // who holds a connection waits for another one
    Claim finding_;
};

}  // namespace

std::optional<Finding> find_app_pool_exhausted(const Case& c) {
    if (!c.broke()) {
        return std::nullopt;
    }
    const std::vector<App> apps = apps_of(c.data());
    const auto pool = fullest_pool(c, apps);
    if (pool) {
        return PoolCase(c, *pool).judge();
    }
    auto said = pool_by_its_own_metrics(c);
    return said ? said : pool_by_errors_alone(c);
}

}  // namespace plimsoll
