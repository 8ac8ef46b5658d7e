// The database's disk, and statements that do more work than they need.
#include "analysis/diagnosis/claim.hpp"
#include "analysis/diagnosis/diagnose.hpp"
#include "analysis/diagnosis/queries.hpp"
#include "analysis/diagnosis/resources.hpp"
#include "base/units.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr double kIoShare = 0.30;
constexpr double kCpuFull = 0.90;
// One statement in three, or fewer, with half of the database's time.
constexpr double kTopShare = 0.50;
constexpr int kFew = 3;
constexpr double kSlowStatement_s = 0.050;
// 8 MB of buffers looked at per row that came out: a scan where an index would do.
constexpr double kBlocksPerRow = 1000;
constexpr double kScan_s = 0.005;
constexpr double kWorking = 0.5;

bool is_wal(const StoredSeries& s) {
    return s.label("wait_event").starts_with("WAL");
}
bool is_io(const StoredSeries& s) {
    const std::string type = s.label("wait_event_type");
    return type == "IO" || (type == "LWLock" && is_wal(s));
}

Signal active(const RunData& data) {
    return sum_of(data, metric::kPgBackends, [](const StoredSeries& s) {
        return !is_ours(s) && s.label("state") == "active";
    });
}

double rate(const Case& c, const char* metric, std::string_view label = {},
            std::string_view value = {}) {
    return rate_in(series_of(c.data(), metric, label, value), c.after()).value_or(0);
}

/// What of the disk it was: commits or reads.
void state_kind(const Case& c, double io, double wal, Finding& finding) {
    const double checkpoints = increase_in(
        series_of(c.data(), "plimsoll_pg_checkpoints_total", "reason", "requested"), c.after());
    if (wal >= io / 2) {
        finding.evidence.emplace_back(
            fmt::format("{:.0f} % of these waits were for the write-ahead log, of which {:.1f} "
                        "MB/s were made",
                        100 * wal / io, rate(c, "plimsoll_pg_wal_bytes_total") / 1e6),
            query::counter(c, "plimsoll_pg_wal_bytes_total"));
        finding.fix =
            "Commit less often or in larger transactions, put the write-ahead log on faster "
            "storage, or, where losing the last moments is acceptable, set synchronous_commit = "
            "off.";
    } else {
        finding.evidence.emplace_back(
            fmt::format("{:.0f} blocks/s came from outside shared_buffers",
                        rate(c, "plimsoll_pg_blocks_total", "source", "read")),
            query::counter(c, "plimsoll_pg_blocks_total", {{"source", "read"}}));
        finding.fix =
            "Give the database more memory (shared_buffers and the system's cache) or faster "
            "storage, or read less: look for missing indexes in the top statements.";
    }
    if (checkpoints > 0) {
        finding.evidence.emplace_back(
            fmt::format("{:.0f} checkpoint{} forced meanwhile: max_wal_size is too small",
                        checkpoints, checkpoints == 1 ? " was" : "s were"),
            query::counter(c, "plimsoll_pg_checkpoints_total", {{"reason", "requested"}}));
        finding.fix += " Raise max_wal_size.";
    }
    finding.fix +=
        " With half the waiting expect the hold time to fall by as much; run again to confirm.";
}

double number(const RunData& data, const std::string& key) {
    const std::string text = probe_fact(data, key);
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

}  // namespace

std::optional<Finding> find_database_io(const Case& c) {
    if (!c.broke()) {
        return std::nullopt;
    }
    const Signal io = sum_of(c.data(), metric::kPgWaiting, is_io);
    const auto waiting = mean_in(io, c.after());
    const auto busy = mean_in(active(c.data()), c.after());
    const auto some = [](double n) { return n >= 1; };
    if (!waiting || !busy || *busy <= 0 || *waiting < kIoShare * *busy ||
        samples_in(io, c.after()) < kLeastSamples ||
        share_in(io, c.after(), some).value_or(0) < kSustainedShare) {
        return std::nullopt;
    }
    Claim finding;
    finding.cause = "database_io";
    finding.sources = 2;
    finding.onset_s =
        sustained_since(io, c.load(), kSustainedShare, some).value_or(c.after().from_s);
    finding.evidence.emplace_back(
        fmt::format("{:.0f} % of active backends waited for the disk, {:.1f} at a time on average",
                    100 * *waiting / *busy, *waiting),
        query::gauge(c, metric::kPgWaiting));
    const double wal = mean_in(sum_of(c.data(), metric::kPgWaiting,
                                      [](const StoredSeries& s) { return is_io(s) && is_wal(s); }),
                               c.after())
                           .value_or(0);
    state_kind(c, *waiting, wal, finding);
    finding.direct = true;  // PostgreSQL's own word for what they wait for
    const auto cores = c.cores("database");
    const auto cpu = c.cpu_of("database", c.after());
    if (cores && cpu) {
        (*cpu < kCpuFull * *cores ? finding.evidence : finding.against)
            .emplace_back(fmt::format("the database used {:.2f} of {:g} cores", *cpu, *cores),
                          query::counter(c, metric::kContainerCpuSeconds, {{"role", "database"}}));
    } else {
        finding.lacks("CPU of the database (probes.containers with role: database)");
    }
    finding.values["io_share"] = *waiting / *busy;
    finding.values["wal_share"] = wal / *waiting;
    return conclude(finding);
}

std::optional<Finding> find_slow_sql(const Case& c) {
    const RunData& data = c.data();
    const double total = number(data, "statements.total_s");
    if (!c.broke() || total <= 0) {
        return std::nullopt;
    }
    double top = 0;
    for (int i = 1; i <= kFew; ++i) {
        top += number(data, fmt::format("statement.{}.total_s", i));
    }
    const double first = number(data, "statement.1.total_s");
    const double mean = number(data, "statement.1.mean_s");
    const double blocks = number(data, "statement.1.blocks_per_call");
    const double rows = std::max(1.0, number(data, "statement.1.rows_per_call"));
    const bool scans = blocks / rows >= kBlocksPerRow && mean >= kScan_s;
    if (top < kTopShare * total || first < kTopShare * top || (mean < kSlowStatement_s && !scans)) {
        return std::nullopt;
    }
    // A statement that waits for a lock or sleeps is slow, but no slow SQL.
    const auto busy = mean_in(active(data), c.load());
    const auto on_cpu = mean_in(active_unwaited(data), c.load());
    const auto io = mean_in(sum_of(data, metric::kPgWaiting, is_io), c.load());
    if (!busy || *busy <= 0 || on_cpu.value_or(0) + io.value_or(0) < kWorking * *busy) {
        return std::nullopt;
    }
    // On a full CPU every statement is slow; only what it reads for nothing speaks against it.
    if (!scans && database_cpu_of(c).level != Level::Room) {
        return std::nullopt;
    }
    Claim finding;
    finding.cause = "slow_sql";
    finding.direct = scans;
    finding.sources = 2;
    finding.onset_s = 0;  // as slow under light load
    finding.evidence.emplace_back(
        fmt::format("one statement took {:.0f} % of the database's time, {} a call: {}",
                    100 * first / total, human_seconds(mean), probe_fact(data, "statement.1.sql")),
        query::facts("statement"));
    if (scans) {
        finding.evidence.emplace_back(
            fmt::format("each call looked at {:.0f} blocks ({:.0f} MB) to give {:.1f} rows", blocks,
                        blocks * 8192 / 1e6, number(data, "statement.1.rows_per_call")),
            query::facts("statement.1."));
    }
    finding.values = {{"statement_mean_s", mean},
                      {"statement_share", first / total},
                      {"blocks_per_call", blocks}};
    finding.missing.emplace_back("its plan: run EXPLAIN (ANALYZE, BUFFERS) on it");
    finding.fix = fmt::format(
        "Look at the statement's plan and give it an index for what it filters and joins by. With "
        "{} a call gone expect the hold time and the database's load to fall by {:.0f} %; run "
        "again to confirm.",
        human_seconds(mean), 100 * first / total);
    return conclude(finding);
}

}  // namespace plimsoll
