#include "store/reading_cursor.hpp"

#include "store/for_rows.hpp"

#include <utility>

namespace plimsoll {

Status ReadingCursor::load_series(const sqlite::Database& database) {
    // Metrics of one probe have ids in the order of its descriptors.
    Status status = for_rows(
        database,
        "SELECT series.id, metric.id - (SELECT min(first.id) FROM metric AS first WHERE "
        "first.probe = metric.probe) FROM series JOIN metric ON metric.id = series.metric",
        [&](const sqlite::Statement& row) { series_[row.integer(0)].metric = row.small(1); });
    if (status.ok()) {
        status =
            for_rows(database, "SELECT series, value FROM series_label ORDER BY series, position",
                     [&](const sqlite::Statement& row) {
                         series_[row.integer(0)].labels.push_back(row.text(1));
                     });
    }
    return status;
}

Result<ReadingCursor> ReadingCursor::open(const sqlite::Database& database) {
    ReadingCursor cursor;
    if (const Status loaded = cursor.load_series(database); !loaded.ok()) {
        return loaded.error();
    }
    auto readings = database.prepare("SELECT id, probe, t_ns, took_ns FROM reading ORDER BY id");
    auto points = database.prepare("SELECT reading, series, value FROM point ORDER BY rowid");
    if (!readings || !points) {
        return !readings ? readings.error() : points.error();
    }
    cursor.readings_ = std::move(*readings);
    cursor.points_ = std::move(*points);
    const auto more = cursor.points_.step();
    if (!more) {
        return more.error();
    }
    cursor.more_points_ = *more;
    return cursor;
}

Result<std::optional<StoredReading>> ReadingCursor::next() {
    const auto more = readings_.step();
    if (!more) {
        return more.error();
    }
    if (!*more) {
        return std::optional<StoredReading>();
    }
    StoredReading stored;
    const std::int64_t id = readings_.integer(0);
    stored.probe = static_cast<std::size_t>(readings_.integer(1));
    stored.reading.at = Clock::time_point(Nanoseconds(readings_.integer(2)));
    stored.reading.took = Nanoseconds(readings_.integer(3));
    while (more_points_ && points_.integer(0) <= id) {
        if (points_.integer(0) == id) {
            const Series& series = series_[points_.integer(1)];
            stored.reading.values.push_back({series.metric, series.labels, points_.real(2)});
        }
        const auto another = points_.step();
        if (!another) {
            return another.error();
        }
        more_points_ = *another;
    }
    return std::optional(std::move(stored));
}

}  // namespace plimsoll
