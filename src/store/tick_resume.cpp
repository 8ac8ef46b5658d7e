// Going on with a run file that another process began.
#include "store/for_rows.hpp"
#include "store/run_stream.hpp"
#include "store/tick_writer.hpp"

#include <fmt/format.h>

namespace plimsoll {

Status TickWriter::resume(const RunInfo& run, std::span<const ProbeInfo> probes) {
    start_ = run.start.mono;
    number_metrics(probes);
    std::vector<std::string> names;
    Status status = for_rows(
        *database_,
        "SELECT probe.name || ' ' || metric.name FROM metric JOIN probe ON probe.id = metric.probe "
        "ORDER BY metric.id",
        [&](const sqlite::Row& row) { names.push_back(row.text(0)); });
    std::vector<std::string> now;
    for (const ProbeInfo& probe : probes) {
        for (const MetricDescriptor& each : probe.descriptors) {
            now.push_back(probe.name + ' ' + each.name);
        }
    }
    if (status.ok() && now != names) {
        return Error{"it was begun with other probes", {}, "resume it with the same flags"};
    }
    if (status.ok()) {
        status = for_rows(*database_,
                          "SELECT id, metric, ifnull((SELECT group_concat(char(31) || value, '') "
                          "FROM (SELECT value FROM series_label WHERE series = id ORDER BY "
                          "position)), '') FROM series",
                          [&](const sqlite::Row& row) {
                              series_[std::to_string(row.integer(1)) + row.text(2)] =
                                  row.integer(0);
                          });
    }
    const auto last_series = database_->integer("SELECT max(id) FROM series");
    const auto last_reading = database_->integer("SELECT max(id) FROM reading");
    if (!last_series || !last_reading) {
        return last_series ? last_reading.error() : last_series.error();
    }
    next_series_ = *last_series + 1;
    next_reading_ = *last_reading + 1;
    return status.ok() ? prepare() : status;
}

Result<ProbeHealth> TickWriter::health(std::size_t probe) const {
    ProbeHealth health;
    const Status status = for_rows(
        *database_,
        fmt::format("SELECT readings, expected, gaps, longest_took_ns FROM probe WHERE id = {}",
                    probe),
        [&](const sqlite::Row& row) {
            health.readings = row.unsigned_integer(0);
            health.expected = row.unsigned_integer(1);
            health.gaps = row.unsigned_integer(2);
            health.last_took = Nanoseconds(row.integer(3));
        });
    if (!status.ok()) {
        return status.error();
    }
    return health;
}

Status TickWriter::rewind(std::uint64_t tick) {
    Status status = database_->exec("DELETE FROM error");
    for (const StreamTable& table : kStreamTables) {
        if (table.kind == StreamKind::Ticked && status.ok()) {
            status = database_->exec(
                fmt::format("DELETE FROM {} WHERE tick >= {}", table.name, tick).c_str());
        }
    }
    return status;
}

}  // namespace plimsoll
