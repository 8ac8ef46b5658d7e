// The database's disk.
#include "analysis/diagnosis/claim.hpp"
#include "analysis/diagnosis/diagnose.hpp"
#include "analysis/diagnosis/queries.hpp"
#include "analysis/diagnosis/resources.hpp"
#include "signal/names.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr double kIoShare = 0.30;
constexpr double kCpuFull = 0.90;

bool is_wal(const StoredSeries& s) {
    return s.label("wait_event").starts_with("WAL");
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

}  // namespace

std::optional<Finding> find_database_io(const Case& c) {
    if (!c.broke()) {
        return std::nullopt;
    }
    const Signal io = waits_for_io(c.data());
    const auto waiting = mean_in(io, c.after());
    const auto busy = mean_in(active_backends(c.data()), c.after());
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
    const double wal = mean_in(sum_of(c.data(), metric::kPgWaiting, is_wal), c.after()).value_or(0);
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

}  // namespace plimsoll
