// Causes inside the database: its CPU, its locks, transactions left open.
#include "analysis/diagnosis/claim.hpp"
#include "analysis/diagnosis/diagnose.hpp"
#include "analysis/diagnosis/queries.hpp"
#include "analysis/diagnosis/resources.hpp"
#include "analysis/diagnosis/said_pool.hpp"
#include "analysis/diagnosis/unread.hpp"
#include "base/units.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr double kIdleShare = 0.50;
// Healthy transactions are sampled idle for milliseconds; beyond this something else is waited for.
// What is sampled is the longest so far, and so less than the whole of each wait.
constexpr double kDwell_s = 0.03;
// Between two statements of one transaction.
constexpr double kHandOver_s = 0.005;
constexpr std::size_t kLeastDwells = 5;
// Of the dwell after the break: a wait that was there before, give or take a sample's phase.
constexpr double kSteadyDwell = 0.4;
// A transaction that is open for so long, and ages by most of the time that passes.
constexpr double kForgotten_s = 3;
constexpr double kAges = 0.5;

Claim begin(const char* cause, double onset_s) {
    Claim finding;
    finding.cause = cause;
    finding.onset_s = onset_s;
    return finding;
}

std::string plural(double n, const char* what);

/// The statements that the probe saw at both ends of a lock, three times and more.
void state_blockers(const RunData& data, Claim& finding) {
    constexpr double kOften = 3;
    const double seen = std::strtod(probe_fact(data, "blocking.1.samples").c_str(), nullptr);
    if (seen < kOften) {
        finding.missing.emplace_back(
            "who blocks whom: give the probe's role pg_monitor, or ask pg_blocking_pids() during a "
            "run");
        return;
    }
    const std::string application = probe_fact(data, "blocking.1.blocker_application");
    finding.evidence.emplace_back(
        fmt::format(
            "in {:.0f} of {} looks, up to {} waited for one of {} ({}) that had run: {}", seen,
            probe_fact(data, "blocking.samples"),
            plural(data.fact("postgres.blocking.1.waiters", 1), "backend"),
            application.empty() ? "an application without a name" : "\"" + application + "\"",
            probe_fact(data, "blocking.1.blocker_state"),
            probe_fact(data, "blocking.1.blocker_sql")),
        query::facts("blocking."));
    finding.evidence.emplace_back("what waited: " + probe_fact(data, "blocking.1.waiter_sql"),
                                  query::facts("blocking.1.waiter_sql"));
    finding.direct = true;
    finding.values["blocking_samples"] = seen;
}

/// The median of those samples in which some connection was idle in a transaction at all.
std::optional<double> typical_dwell(const Signal& dwell, Window window) {
    Signal some;
    std::copy_if(dwell.begin(), dwell.end(), std::back_inserter(some),
                 [](const auto& point) { return point.value > kHandOver_s; });
    return samples_in(some, window) >= kLeastDwells ? median_in(some, window) : std::nullopt;
}

/// What the CPU was spent on, as far as pg_stat_statements says.
void state_top_statement(const RunData& data, Claim& finding) {
    const double total = data.fact("postgres.statements.total_s", 0);
    const double first = data.fact("postgres.statement.1.total_s", 0);
    if (total <= 0) {
        finding.missing.emplace_back("the statements that used it: pg_stat_statements");
    } else {
        finding.evidence.emplace_back(
            fmt::format("{:.0f} % of the database's time went to: {}", 100 * first / total,
                        probe_fact(data, "statement.1.sql")),
            query::facts("statement"));
    }
}

std::string plural(double n, const char* what) {
    return fmt::format("{:.0f} {}{}", n, what, n == 1 ? "" : "s");
}

}  // namespace

std::optional<Finding> find_database_cpu(const Case& c) {
    const DatabaseCpu cpu = database_cpu_of(c);
    if (!c.broke() || cpu.level != Level::Full) {
        return std::nullopt;
    }
    const Signal runnable = active_unwaited(c.data());
    const auto full = [&](double n) { return n >= *cpu.cores; };
    Claim finding = begin(
        "database_cpu",
        sustained_since(runnable, c.load(), kSustainedShare, full).value_or(c.after().from_s));
    finding.direct = !cpu.shared;
    finding.sources = 2;
    finding.evidence.emplace_back(
        fmt::format("on average {:.1f} backends were running or wanted a core, on {:g} cores",
                    *cpu.runnable, *cpu.cores),
        query::gauge(c, metric::kPgBackends, {{"state", "active"}, {"wait_event_type", ""}}));
    finding.evidence.emplace_back(cpu.figure, cpu.query);
    finding.values["database_cpu_cores"] = *cpu.used;
    if (const CanaryView view = look_at_canary(c, "select_1", "SELECT 1"); view.known) {
        // Short statements get a turn soon on a full machine too: no contradiction there.
        if (view.slow || !cpu.shared) {
            (view.slow ? finding.evidence : finding.against).push_back(view.said());
        }
    } else {
        cpu.shared ? finding.missing.push_back("canary select_1")
                   : finding.lacks("canary select_1");
    }
    state_top_statement(c.data(), finding);
    finding.values["cores"] = *cpu.cores;
    finding.fix =
        "More connections will not help: the database has no CPU left. Look at the top statements "
        "by total time (pg_stat_statements), their plans and indexes, or give it more cores. With "
        "half the CPU time per request expect twice the rate; run again to confirm.";
    return conclude(finding);
}

std::optional<Finding> find_lock_contention(const Case& c) {
    const auto share = lock_share(c, c.after());
    if (!c.broke() || !share || *share < kMostLocks) {
        return std::nullopt;
    }
    const Signal waiting = sum_of(c.data(), metric::kPgBackends, [](const StoredSeries& s) {
        return !is_ours(s) && s.label("wait_event_type") == "Lock";
    });
    const auto some = [](double n) { return n >= 1; };
    if (share_in(waiting, c.after(), some).value_or(0) < kSustainedShare ||
        samples_in(waiting, c.after()) < kLeastSamples) {
        return std::nullopt;
    }
    Claim finding =
        begin("lock_contention",
              sustained_since(waiting, c.load(), kSustainedShare, some).value_or(c.after().from_s));
    finding.sources = 2;  // PostgreSQL's own word for what they wait for, and for how long
    finding.evidence.emplace_back(
        fmt::format("{:.0f} % of active backends waited for a lock, {:.1f} at a time on average",
                    100 * *share, mean_in(waiting, c.after()).value_or(0)),
        query::gauge(c, metric::kPgBackends, {{"state", "active"}}));
    if (const auto longest =
            max_in(series_of(c.data(), metric::kPgLongestTransaction), c.after())) {
        finding.evidence.emplace_back(
            fmt::format("the longest transaction lasted {}", human_seconds(*longest)),
            query::gauge(c, metric::kPgLongestTransaction));
    }
    state_blockers(c.data(), finding);
    finding.values["lock_share"] = *share;
    finding.fix =
        "Shorten the transactions that take the contended rows or tables, take locks in one order, "
        "or spread the hot rows. With the blocker gone expect these backends to be active or idle "
        "instead of waiting; run again to confirm.";
    return conclude(finding);
}

std::optional<Finding> find_idle_in_transaction(const Case& c) {
    if (!c.broke() || find_connection_leak(c)) {
        return std::nullopt;  // those that are never given back are idle for ever
    }
    if (answers_left(c)) {
        return std::nullopt;  // PostgreSQL has answered, and it is the application that is late
    }
    const Signal idle_signal = sum_of(c.data(), metric::kPgBackends, [](const StoredSeries& s) {
        return !is_ours(s) && s.label("state").starts_with("idle in transaction");
    });
    const auto idle = mean_in(idle_signal, c.after());
    const auto busy = mean_in(sum_of(c.data(), metric::kPgBackends,
                                     [](const StoredSeries& s) {
                                         return !is_ours(s) && is_busy_state(s.label("state"));
                                     }),
                              c.after());
    const Signal dwell = series_of(c.data(), metric::kPgIdleInTransaction);
    const auto typical = median_in(dwell, c.after());
    if (!idle || !busy || *busy < 1 || !typical || *idle < kIdleShare * *busy ||
        *typical < kDwell_s || samples_in(dwell, c.after()) < kLeastSamples) {
        return std::nullopt;
    }
    // An application that does not get to it leaves PostgreSQL's answers unread: that looks the
    // same. But then it begins with the break; what a transaction itself waits for is there before.
    const auto before = typical_dwell(dwell, c.before());
    const bool steady = before && *before >= kSteadyDwell * *typical;
    // What ages with the clock is never given back: that is no transaction's waiting.
    const Window second{c.after().from_s + c.after().seconds() / 2, c.after().to_s};
    const Window first{c.after().from_s, second.from_s};
    const double aged = median_in(dwell, second).value_or(0) - median_in(dwell, first).value_or(0);
    if (*typical >= kForgotten_s && aged >= kAges * second.seconds()) {
        return std::nullopt;
    }
    const Reach reach = reach_of(c);
    if (!steady && (!reach.known || reach.slow ||
                    (pool_errors(c.data()).count > 0 && !answers_were_read(c)))) {
        return std::nullopt;  // or who holds a connection waits for another one
    }
    Claim finding = begin("idle_in_transaction",
                          sustained_since(dwell, c.load(), kSustainedShare, [](double s) {
                              return s >= kDwell_s;
                          }).value_or(c.after().from_s));
    finding.sources = 2;
    finding.evidence.emplace_back(
        fmt::format("{:.0f} % of busy connections were idle inside a transaction, the longest for "
                    "{} (median of the samples)",
                    100 * *idle / *busy, human_seconds(*typical)),
        query::gauge(c, metric::kPgBackends));
    if (steady) {
        finding.evidence.emplace_back(
            fmt::format(
                "so they were before the break as well, for {}: it is the transactions' own "
                "waiting, and no queue's",
                human_seconds(*before)),
            query::gauge(c, metric::kPgIdleInTransaction));
    } else {
        finding.lacks("such transactions under light load, to compare with");
    }
    if (!reach.known) {
        finding.lacks("canary no_database");
    } else if (reach.slow && answers_were_read(c)) {
        finding.evidence.push_back(reach.said(
            "its workers are full of these transactions, and what needs no database waits too: "));
        finding.evidence.emplace_back(
            "by the kernel's word the application had read what PostgreSQL answered",
            query::gauge(c, metric::kTargetUnread, {{"peer", "database"}}));
    } else if (reach.slow) {
        finding.against.push_back(reach.said({}, ": its process may leave answers unread"));
    } else {
        finding.evidence.push_back(reach.said("the application itself stayed responsive: "));
    }
    finding.values["idle_in_transaction_share"] = *idle / *busy;
    finding.values["dwell_s"] = *typical;
    finding.fix =
        "Move calls to other services and other waiting out of the transaction, and set "
        "idle_in_transaction_session_timeout. With that expect the hold time to fall by the idle "
        "share; run again to confirm.";
    return conclude(finding);
}

}  // namespace plimsoll
