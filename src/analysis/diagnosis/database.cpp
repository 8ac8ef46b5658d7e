// Causes inside the database: its CPU, its locks, transactions left open.
#include "analysis/diagnosis/diagnose.hpp"
#include "base/units.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// One runnable backend per core is a full CPU, whoever counts.
constexpr double kRunnablePerCore = 1.0;
// cgroup accounting and sampling leave a tenth.
constexpr double kCpuFull = 0.90;
constexpr double kLockShare = 0.20;
constexpr double kIdleShare = 0.50;
// Healthy transactions are sampled idle for milliseconds; beyond this something else is waited for.
constexpr double kDwell_s = 0.1;

Finding begin(const char* cause, double onset_s) {
    Finding finding;
    finding.cause = cause;
    finding.onset_s = onset_s;
    return finding;
}

/// The statements that the probe saw at both ends of a lock, three times and more.
void state_blockers(const RunData& data, Finding& finding) {
    constexpr double kOften = 3;
    const double seen = std::strtod(probe_fact(data, "blocking.1.samples").c_str(), nullptr);
    if (seen < kOften) {
        finding.missing.emplace_back(
            "who blocks whom: give the probe's role pg_monitor, or ask pg_blocking_pids() during a "
            "run");
        return;
    }
    const std::string application = probe_fact(data, "blocking.1.blocker_application");
    finding.evidence.push_back(fmt::format(
        "in {:.0f} of {} looks, up to {} backends waited for one of \"{}\" ({}) that had run: {}",
        seen, probe_fact(data, "blocking.samples"), probe_fact(data, "blocking.1.waiters"),
        application, probe_fact(data, "blocking.1.blocker_state"),
        probe_fact(data, "blocking.1.blocker_sql")));
    finding.evidence.push_back("what waited: " + probe_fact(data, "blocking.1.waiter_sql"));
    finding.confidence = "high";
    finding.values["blocking_samples"] = seen;
}

}  // namespace

std::optional<Finding> find_database_cpu(const Case& c) {
    const auto cores = c.cores("database");
    if (!c.broke() || !cores) {
        return std::nullopt;
    }
    const Signal runnable = active_unwaited(c.data());
    const auto full = [&](double n) { return n >= kRunnablePerCore * *cores; };
    const auto share = share_in(runnable, c.after(), full);
    if (!share || *share < kSustainedShare || samples_in(runnable, c.after()) < kLeastSamples) {
        return std::nullopt;
    }
    Finding finding = begin(
        "database_cpu",
        sustained_since(runnable, c.load(), kSustainedShare, full).value_or(c.after().from_s));
    finding.evidence.push_back(
        fmt::format("on average {:.1f} backends were running or wanted a core, on {:g} cores",
                    mean_in(runnable, c.after()).value_or(0), *cores));
    int sources = 1;
    if (const auto cpu = c.cpu_of("database", c.after())) {
        const bool busy = *cpu >= kCpuFull * *cores;
        sources += busy ? 1 : 0;
        (busy ? finding.evidence : finding.against)
            .push_back(fmt::format("the database used {:.2f} of {:g} cores", *cpu, *cores));
        finding.values["database_cpu_cores"] = *cpu;
    } else {
        finding.missing.emplace_back("CPU of the database (probes.containers with role: database)");
    }
    if (const CanaryView view = look_at_canary(c, "select_1", "SELECT 1"); view.known) {
        sources += view.slow ? 1 : 0;
        (view.slow ? finding.evidence : finding.against).push_back(view.text);
    } else {
        finding.missing.emplace_back("canary select_1");
    }
    if (sources < 2) {
        return std::nullopt;  // runnable backends alone also come from a short burst of samples
    }
    finding.confidence = finding.against.empty() && sources == 3 ? "high" : "medium";
    finding.values["cores"] = *cores;
    finding.fix =
        "More connections will not help: the database has no CPU left. Look at the top statements "
        "by total time (pg_stat_statements), their plans and indexes, or give it more cores. With "
        "half the CPU time per request expect twice the rate; run again to confirm.";
    return finding;
}

std::optional<Finding> find_lock_contention(const Case& c) {
    const auto share = lock_share(c, c.after());
    if (!c.broke() || !share || *share < kLockShare) {
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
    Finding finding =
        begin("lock_contention",
              sustained_since(waiting, c.load(), kSustainedShare, some).value_or(c.after().from_s));
    finding.confidence = "medium";
    finding.evidence.push_back(
        fmt::format("{:.0f} % of active backends waited for a lock, {:.1f} at a time on average",
                    100 * *share, mean_in(waiting, c.after()).value_or(0)));
    if (const auto longest =
            max_in(series_of(c.data(), metric::kPgLongestTransaction), c.after())) {
        finding.evidence.push_back(
            fmt::format("the longest transaction lasted {}", human_seconds(*longest)));
    }
    state_blockers(c.data(), finding);
    finding.values["lock_share"] = *share;
    finding.fix =
        "Shorten the transactions that take the contended rows or tables, take locks in one order, "
        "or spread the hot rows. With the blocker gone expect these backends to be active or idle "
        "instead of waiting; run again to confirm.";
    return finding;
}

std::optional<Finding> find_idle_in_transaction(const Case& c) {
    if (!c.broke() || find_connection_leak(c)) {
        return std::nullopt;  // those that are never given back are idle for ever
    }
    const auto idle = mean_in(sum_of(c.data(), metric::kPgBackends,
                                     [](const StoredSeries& s) {
                                         return !is_ours(s) &&
                                                s.label("state").starts_with("idle in transaction");
                                     }),
                              c.after());
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
    Finding finding = begin("idle_in_transaction",
                            sustained_since(dwell, c.load(), kSustainedShare, [](double s) {
                                return s >= kDwell_s;
                            }).value_or(c.after().from_s));
    finding.confidence = "medium";
    finding.evidence.push_back(
        fmt::format("{:.0f} % of busy connections were idle inside a transaction, the longest for "
                    "{} (median of "
                    "the samples)",
                    100 * *idle / *busy, human_seconds(*typical)));
    finding.values["idle_in_transaction_share"] = *idle / *busy;
    finding.values["dwell_s"] = *typical;
    finding.fix =
        "Move calls to other services and other waiting out of the transaction, and set "
        "idle_in_transaction_session_timeout. With that expect the hold time to fall by the idle "
        "share; run again to confirm.";
    return finding;
}

}  // namespace plimsoll
