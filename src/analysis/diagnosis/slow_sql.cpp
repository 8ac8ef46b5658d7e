// Statements that do more work than they need.
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

// One statement in three, or fewer, with half of the database's time.
constexpr double kTopShare = 0.50;
constexpr int kFew = 3;
constexpr double kSlowStatement_s = 0.050;
// 8 MB of buffers looked at per row that came out: a scan where an index would do.
constexpr double kBlocksPerRow = 1000;
constexpr double kScan_s = 0.005;
constexpr double kWorking = 0.5;
// A table so small is read from end to end as fast as by an index.
constexpr double kRowsPerScan = 10'000;
// To read a row and filter it takes PostgreSQL 50 to 200 ns: so many in a second of its CPU and
// more are a good part of what it did.
constexpr double kRowsPerCpuSecond = 1e6;

double number(const RunData& data, const std::string& key) {
    const std::string text = probe_fact(data, key);
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

/// One statement that took most of the database's time, by pg_stat_statements.
struct TopStatement {
    double share = 0, mean_s = 0;
    double blocks = 0, rows = 0;  // of a call
    [[nodiscard]] bool leads() const { return share > 0; }
    /// It looks at far more than it gives.
    [[nodiscard]] bool reads_for_nothing() const {
        return blocks / std::max(1.0, rows) >= kBlocksPerRow && mean_s >= kScan_s;
    }
};
TopStatement top_statement(const RunData& data) {
    const double total = number(data, "statements.total_s");
    double top = 0;
    for (int i = 1; i <= kFew; ++i) {
        top += number(data, fmt::format("statement.{}.total_s", i));
    }
    const double first = number(data, "statement.1.total_s");
    if (total <= 0 || top < kTopShare * total || first < kTopShare * top) {
        return {};
    }
    return {first / total, number(data, "statement.1.mean_s"),
            number(data, "statement.1.blocks_per_call"), number(data, "statement.1.rows_per_call")};
}

/// The table of which most rows were read one after the other.
struct TopScan {
    std::string table;
    double scans = 0, rows_per_scan = 0;
    double rows_per_s = 0;  // while there was load
    bool matters = false;   // a good part of the database's work
    bool weighed = false;   // against its CPU
};
TopScan top_scan(const Case& c) {
    const RunData& data = c.data();
    TopScan scan{probe_fact(data, "scan.1.table"), number(data, "scan.1.scans"),
                 number(data, "scan.1.rows_per_scan")};
    scan.rows_per_s = number(data, "scan.1.rows") / std::max(1e-9, c.load().seconds());
    const auto cpu = c.cpu_of("database", c.load());
    scan.weighed = cpu.has_value();
    scan.matters = scan.rows_per_scan >= kRowsPerScan &&
                   scan.rows_per_s >= kRowsPerCpuSecond * cpu.value_or(1);
    return scan;
}

void state_statement(const RunData& data, const TopStatement& top, Claim& finding) {
    finding.evidence.emplace_back(
        fmt::format("one statement took {:.0f} % of the database's time, {} a call: {}",
                    100 * top.share, human_seconds(top.mean_s),
                    probe_fact(data, "statement.1.sql")),
        query::facts("statement"));
    if (top.reads_for_nothing()) {
        finding.evidence.emplace_back(
            fmt::format("each call looked at {:.0f} blocks ({:.0f} MB) to give {:.1f} rows",
                        top.blocks, top.blocks * 8192 / 1e6, top.rows),
            query::facts("statement.1."));
    }
    finding.values = {{"statement_mean_s", top.mean_s},
                      {"statement_share", top.share},
                      {"blocks_per_call", top.blocks}};
    finding.missing.emplace_back("its plan: run EXPLAIN (ANALYZE, BUFFERS) on it");
    finding.fix = fmt::format(
        "Look at the statement's plan and give it an index for what it filters and joins by. With "
        "{} a call gone expect the hold time and the database's load to fall by {:.0f} %; run "
        "again to confirm.",
        human_seconds(top.mean_s), 100 * top.share);
}

void state_scan(const TopScan& scan, Claim& finding) {
    finding.evidence.emplace_back(
        fmt::format("{} was read from end to end {:.0f} times, {:.0f} rows each time: {:.1f} "
                    "million rows a second",
                    scan.table, scan.scans, scan.rows_per_scan, scan.rows_per_s / 1e6),
        query::facts("scan"));
    finding.values["rows_per_scan"] = scan.rows_per_scan;
    if (!scan.weighed) {
        finding.lacks("CPU of the database (probes.containers with role: database)");
    }
    if (finding.fix.empty()) {
        finding.missing.emplace_back("which statement it is: pg_stat_statements");
        finding.fix = fmt::format(
            "Find the statements that read {} (pg_stat_statements or auto_explain name them) and "
            "give it an index for what they filter and join by. With the scans gone expect the "
            "database's load to fall by most of what it is; run again to confirm.",
            scan.table);
    }
}

}  // namespace

std::optional<Finding> find_slow_sql(const Case& c) {
    const RunData& data = c.data();
    const TopStatement top = top_statement(data);
    const TopScan scan = top_scan(c);
    if (!c.broke()) {
        return std::nullopt;
    }
    const bool reads = (top.leads() && top.reads_for_nothing()) || scan.matters;
    const bool slow = top.leads() && (top.mean_s >= kSlowStatement_s || top.reads_for_nothing());
    if (!slow && !scan.matters) {
        return std::nullopt;
    }
    // A statement that waits for a lock or sleeps is slow, but no slow SQL.
    const auto busy = mean_in(active_backends(data), c.load());
    const auto on_cpu = mean_in(active_unwaited(data), c.load());
    const auto io = mean_in(waits_for_io(data), c.load());
    if (!busy || *busy <= 0 || on_cpu.value_or(0) + io.value_or(0) < kWorking * *busy) {
        return std::nullopt;
    }
    // On a full CPU every statement is slow; only what it reads for nothing speaks against it.
    if (!reads && database_cpu_of(c).level != Level::Room) {
        return std::nullopt;
    }
    Claim finding;
    finding.cause = "slow_sql";
    finding.direct = reads;
    finding.sources = 2;
    finding.onset_s = 0;  // as slow under light load
    if (slow) {
        state_statement(data, top, finding);
    }
    if (scan.matters) {
        state_scan(scan, finding);
    }
    return conclude(finding);
}

}  // namespace plimsoll
