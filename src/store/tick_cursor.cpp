#include "store/tick_cursor.hpp"

#include "store/histogram_pack.hpp"
#include "store/schema.hpp"
#include "store/tick_writer.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {
namespace {

/// The rows of one table, in order of their first column, the tick.
class Rows {
public:
    Status open(const sqlite::Database& database, std::string_view sql) {
        auto statement = database.prepare(sql);
        if (!statement) {
            return statement.error();
        }
        statement_ = std::move(statement).value();
        return advance();
    }
    Status advance() {
        const auto more = statement_.step();
        if (!more) {
            return more.error();
        }
        more_ = more.value();
        return {};
    }
    [[nodiscard]] bool more() const { return more_; }
    [[nodiscard]] const sqlite::Statement& row() const { return statement_; }

    /// Calls `take` for each row of `tick`, skipping what lies before it.
    template <typename Take>
    Status take_tick(std::uint64_t tick, Take&& take) {
        while (more_ && statement_.unsigned_integer(0) <= tick) {
            if (statement_.unsigned_integer(0) == tick) {
                if (Status taken = take(statement_); !taken.ok()) {
                    return taken;
                }
            }
            if (Status moved = advance(); !moved.ok()) {
                return moved;
            }
        }
        return {};
    }

private:
    sqlite::Statement statement_;
    bool more_ = false;
};

/// A histogram, where its bytes make one of as many values and as long a time as a run can have.
Result<Histogram> read_histogram(std::span<const std::uint8_t> bytes) {
    constexpr std::uint64_t kMostCount = std::uint64_t{1} << 50;
    constexpr Nanoseconds kLongest = std::chrono::hours(24 * 366);
    auto read = unpack_histogram(bytes);
    if (read &&
        (read->count() > kMostCount || read->max() < Nanoseconds{} || read->max() > kLongest)) {
        return Error{"holds absurd times"};
    }
    return read;
}

/// Eight columns from `first` on, in the order of the schema.
ShardState read_state(const sqlite::Statement& row, int first) {
    ShardState state;
    state.in_flight = row.small(first);
    state.users = row.small(first + 1);
    state.users_max = row.small(first + 2);
    state.connections_open = row.small(first + 3);
    state.in_flight_mean = row.real(first + 4);
    state.cpu_ratio = row.real(first + 5);
    state.loop_lag_max = Nanoseconds(row.integer(first + 6));
    state.late_sends = row.unsigned_integer(first + 7);
    return state;
}

StoredTick read_tick(const sqlite::Statement& row) {
    StoredTick tick;
    tick.tick = row.unsigned_integer(0);
    tick.from = Nanoseconds(row.integer(1));
    tick.to = Nanoseconds(row.integer(2));
    int column = 3;
    for (std::size_t i = 0; i < schema::kCountsInTick; ++i) {
        tick.counts.*kLoadCounts[i].value = row.unsigned_integer(column++);
    }
    tick.state = read_state(row, 14);
    tick.state.sockets_left = row.unsigned_integer(22);
    return tick;
}

Status read_endpoint(const sqlite::Statement& row, StoredTick& tick) {
    const auto index = static_cast<std::size_t>(row.integer(1));
    auto statuses = decode_statuses(row.text(6));
    auto response = read_histogram(row.bytes(7));
    auto service = read_histogram(row.bytes(8));
    auto send_lag = read_histogram(row.bytes(9));
    if (index >= tick.endpoints.size() || !statuses || !response || !service || !send_lag) {
        return Error{
            fmt::format(
                "is damaged: endpoint_tick: tick {} holds an endpoint's counts that cannot be read",
                tick.tick),
            {},
            "it was cut short, or changed since"};
    }
    EndpointStats& stats = tick.endpoints[index];
    stats.requests = row.unsigned_integer(2);
    stats.failed = row.unsigned_integer(3);
    stats.bytes_sent = row.unsigned_integer(4);
    stats.bytes_received = row.unsigned_integer(5);
    stats.statuses = std::move(statuses).value();
    stats.response = std::move(response).value();
    stats.service = std::move(service).value();
    stats.send_lag = std::move(send_lag).value();
    return {};
}

Status read_censored(const sqlite::Statement& row, StoredTick& tick) {
    const auto index = static_cast<std::size_t>(row.integer(1));
    auto response = unpack_histogram(row.bytes(2));
    auto service = unpack_histogram(row.bytes(3));
    auto cut_off = unpack_histogram(row.bytes(4));
    if (index >= tick.endpoints.size() || !response || !service || !cut_off ||
        response->count() > tick.endpoints[index].response.count() ||
        service->count() != response->count() || cut_off->count() > response->count()) {
        return Error{"holds an endpoint's censored times that cannot be read", "censored_tick",
                     "the run file may be damaged"};
    }
    EndpointStats& stats = tick.endpoints[index];
    stats.censored = RareHistogram(std::move(response).value());
    stats.censored_service = RareHistogram(std::move(service).value());
    stats.cut_off = RareHistogram(std::move(cut_off).value());
    return {};
}

Status read_censored_group(const sqlite::Statement& row, StoredTick& tick) {
    const auto index = static_cast<std::size_t>(row.integer(1));
    auto duration = unpack_histogram(row.bytes(2));
    if (index >= tick.groups.size() || !duration ||
        duration->count() > tick.groups[index].duration.count()) {
        return Error{"holds a group's censored times that cannot be read", "censored_group_tick",
                     "the run file may be damaged"};
    }
    tick.groups[index].censored = RareHistogram(std::move(duration).value());
    return {};
}

/// Schema 3 says how many requests ran into their timeout, not after how long: they are taken as
/// the slowest of their tick.
void guess_censored(StoredTick& tick) {
    for (EndpointStats& stats : tick.endpoints) {
        std::uint64_t timeouts = 0;
        for (const StatusCount& entry : stats.statuses) {
            timeouts += is_timeout(entry.outcome) ? entry.count : 0U;
        }
        if (timeouts > 0) {
            stats.censored = RareHistogram(stats.response.largest(timeouts));
            stats.censored_service = RareHistogram(stats.service.largest(timeouts));
        }
    }
}

/// Of a name that a later program counts, nothing is known here.
void read_count(const sqlite::Statement& row, LoadCounts& counts) {
    const std::string name = row.text(1);
    for (const LoadCount& count : kLoadCounts) {
        if (count.name == name) {
            counts.*count.value = row.unsigned_integer(2);
        }
    }
}

/// Up to schema 5.
void read_flow(const sqlite::Statement& row, LoadCounts& counts) {
    counts.iterations_cut_short = row.unsigned_integer(1);
    counts.steps_unrendered = row.unsigned_integer(2);
    counts.starts_failed = row.unsigned_integer(3);
    counts.users_stopped = row.unsigned_integer(4);
    counts.out_of_data = row.unsigned_integer(5);
}

Status read_group(const sqlite::Statement& row, StoredTick& tick) {
    const auto index = static_cast<std::size_t>(row.integer(1));
    auto duration = read_histogram(row.bytes(5));
    if (index >= tick.groups.size() || !duration) {
        return Error{
            fmt::format(
                "is damaged: group_tick: tick {} holds a group's counts that cannot be read",
                tick.tick),
            {},
            "it was cut short, or changed since"};
    }
    GroupStats& stats = tick.groups[index];
    stats.count = row.unsigned_integer(2);
    stats.failed = row.unsigned_integer(3);
    stats.broken_off = row.unsigned_integer(4);
    stats.duration = std::move(duration).value();
    return {};
}

Status read_check(const sqlite::Statement& row, StoredTick& tick) {
    const auto index = static_cast<std::size_t>(row.integer(1));
    if (index >= tick.checks.size()) {
        return Error{
            fmt::format(
                "is damaged: check_tick: tick {} holds the counts of a check that it does not name",
                tick.tick),
            {},
            "it was cut short, or changed since"};
    }
    tick.checks[index].passed = row.unsigned_integer(2);
    tick.checks[index].failed = row.unsigned_integer(3);
    return {};
}

Status read_cut_check(const sqlite::Statement& row, StoredTick& tick) {
    const auto index = static_cast<std::size_t>(row.integer(1));
    if (index >= tick.checks.size()) {
        return Error{
            fmt::format(
                "is damaged: cut_check_tick: tick {} holds the counts of a check that it does "
                "not name",
                tick.tick),
            {},
            "it was cut short, or changed since"};
    }
    tick.checks[index].cut_off = row.unsigned_integer(2);
    return {};
}

Status read_phase(const sqlite::Statement& row, StoredTick& tick) {
    const auto index = row.unsigned_integer(1);
    auto times = read_histogram(row.bytes(2));
    if (index >= kRequestPhaseCount || !times) {
        return Error{
            fmt::format("is damaged: phase_tick: tick {} holds a phase's times that cannot be read",
                        tick.tick),
            {},
            "it was cut short, or changed since"};
    }
    tick.phases.times[index] = std::move(times).value();
    return {};
}

}  // namespace

struct TickCursor::Tables {
    Rows ticks, shards, executors, endpoints, counts, groups, checks, phases;
    Rows flows, https;
    Rows censored, censored_groups, answers, cut_checks;
    bool has_censored = true;    // since schema 4
    bool has_cut_checks = true;  // since schema 5
    bool has_counts = true;      // since schema 6; before it flows and https
    std::string file;

    Status open(const sqlite::Database& database) {
        file = database.path();
        Status status = ticks.open(database, "SELECT * FROM tick ORDER BY tick");
        if (status.ok()) {
            status = shards.open(database, "SELECT * FROM shard_tick ORDER BY rowid");
        }
        if (status.ok()) {
            status = executors.open(database, "SELECT * FROM executor_tick ORDER BY rowid");
        }
        if (status.ok()) {
            status = endpoints.open(database, "SELECT * FROM endpoint_tick ORDER BY rowid");
        }
        if (status.ok()) {
            status = groups.open(database, "SELECT * FROM group_tick ORDER BY rowid");
        }
        if (status.ok()) {
            status = checks.open(database, "SELECT * FROM check_tick ORDER BY rowid");
        }
        if (status.ok()) {
            status = phases.open(database, "SELECT * FROM phase_tick ORDER BY rowid");
        }
        const auto version = database.integer("PRAGMA user_version");
        if (!version) {
            return version.error();
        }
        if (status.ok()) {
            status = open_counts(database, *version);
        }
        return status.ok() ? open_censored(database, *version) : status;
    }

    Status open_counts(const sqlite::Database& database, std::int64_t version) {
        has_counts = version >= 6;
        if (has_counts) {
            return counts.open(database, "SELECT * FROM count_tick ORDER BY rowid");
        }
        const Status status = flows.open(database, "SELECT * FROM flow_tick ORDER BY rowid");
        return status.ok() ? https.open(database, "SELECT * FROM http_tick ORDER BY rowid")
                           : status;
    }

    Status open_censored(const sqlite::Database& database, std::int64_t version) {
        has_censored = version >= 4;
        Status status;
        if (has_censored) {
            status = censored.open(database, "SELECT * FROM censored_tick ORDER BY rowid");
        }
        if (status.ok() && has_censored) {
            status =
                censored_groups.open(database, "SELECT * FROM censored_group_tick ORDER BY rowid");
        }
        if (status.ok() && has_censored) {
            status = answers.open(database, "SELECT * FROM answer_tick ORDER BY rowid");
        }
        has_cut_checks = version >= 5;
        if (status.ok() && has_cut_checks) {
            status = cut_checks.open(database, "SELECT * FROM cut_check_tick ORDER BY rowid");
        }
        return status;
    }

    Status fill(StoredTick& tick) {
        Status status = shards.take_tick(tick.tick, [&](const sqlite::Statement& row) -> Status {
            tick.shards.push_back(read_state(row, 2));
            return {};
        });
        if (status.ok()) {
            status = executors.take_tick(tick.tick, [&](const sqlite::Statement& row) -> Status {
                const auto index = static_cast<std::size_t>(row.integer(1));
                tick.executors.resize(std::max(tick.executors.size(), index + 1));
                tick.executors[index] = {row.small(2), row.real(3)};
                return {};
            });
        }
        if (status.ok()) {
            status = endpoints.take_tick(
                tick.tick, [&](const sqlite::Statement& row) { return read_endpoint(row, tick); });
        }
        if (status.ok()) {
            status = fill_flow(tick);
        }
        return status;
    }

    Status fill_flow(StoredTick& tick) {
        Status status = fill_counts(tick);
        if (status.ok()) {
            status = groups.take_tick(
                tick.tick, [&](const sqlite::Statement& row) { return read_group(row, tick); });
        }
        if (status.ok()) {
            status = checks.take_tick(
                tick.tick, [&](const sqlite::Statement& row) { return read_check(row, tick); });
        }
        if (status.ok()) {
            status = phases.take_tick(
                tick.tick, [&](const sqlite::Statement& row) { return read_phase(row, tick); });
        }
        return status.ok() ? fill_censored(tick) : status;
    }

    Status fill_counts(StoredTick& tick) {
        if (has_counts) {
            return counts.take_tick(tick.tick, [&](const sqlite::Statement& row) -> Status {
                read_count(row, tick.counts);
                return {};
            });
        }
        const Status status =
            flows.take_tick(tick.tick, [&](const sqlite::Statement& row) -> Status {
                read_flow(row, tick.counts);
                return {};
            });
        return status.ok() ? https.take_tick(tick.tick,
                                             [&](const sqlite::Statement& row) -> Status {
                                                 tick.counts.redirects = row.unsigned_integer(1);
                                                 return {};
                                             })
                           : status;
    }

    Status fill_censored(StoredTick& tick) {
        if (!has_censored) {
            guess_censored(tick);
            return {};
        }
        Status status = censored.take_tick(
            tick.tick, [&](const sqlite::Statement& row) { return read_censored(row, tick); });
        if (status.ok() && has_cut_checks) {
            status = cut_checks.take_tick(
                tick.tick, [&](const sqlite::Statement& row) { return read_cut_check(row, tick); });
        }
        if (status.ok()) {
            status = censored_groups.take_tick(tick.tick, [&](const sqlite::Statement& row) {
                return read_censored_group(row, tick);
            });
        }
        if (status.ok()) {
            status = answers.take_tick(tick.tick, [&](const sqlite::Statement& row) -> Status {
                tick.last_answer = Nanoseconds(row.integer(1));
                return {};
            });
        }
        return status;
    }
};

TickCursor::TickCursor(std::unique_ptr<Tables> tables, const RunInfo& info)
    : tables_(std::move(tables)),
      endpoints_(info.endpoints.size()),
      groups_(info.groups.size()),
      checks_(info.checks.size()) {}
TickCursor::TickCursor(TickCursor&&) noexcept = default;
TickCursor& TickCursor::operator=(TickCursor&&) noexcept = default;
TickCursor::~TickCursor() = default;

Result<TickCursor> TickCursor::open(const sqlite::Database& database, const RunInfo& info) {
    auto tables = std::make_unique<Tables>();
    if (const Status opened = tables->open(database); !opened.ok()) {
        return opened.error();
    }
    return TickCursor(std::move(tables), info);
}

Result<std::optional<StoredTick>> TickCursor::next() {
    if (!tables_->ticks.more()) {
        return std::optional<StoredTick>();
    }
    StoredTick tick = read_tick(tables_->ticks.row());
    tick.endpoints.resize(endpoints_);
    tick.groups.resize(groups_);
    tick.checks.resize(checks_);
    Status status = tables_->fill(tick);
    if (status.ok()) {
        status = tables_->ticks.advance();
    }
    if (!status.ok()) {
        Error error = status.error();
        error.where = tables_->file;
        return error;
    }
    return std::optional(std::move(tick));
}

namespace {

template <typename Row>
Status for_rows(const sqlite::Database& database, std::string_view sql, Row&& row) {
    auto statement = database.prepare(sql);
    if (!statement) {
        return statement.error();
    }
    for (;;) {
        const auto more = statement->step();
        if (!more) {
            return more.error();
        }
        if (!*more) {
            return {};
        }
        row(*statement);
    }
}

}  // namespace

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
