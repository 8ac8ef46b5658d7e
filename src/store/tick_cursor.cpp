#include "store/tick_cursor.hpp"

#include "store/schema.hpp"
#include "store/tick_rows.hpp"
#include "store/tick_sum.hpp"

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

    /// What `tick` has of its own, and its load on top of what is in `load`, which may be the tick
    /// itself.
    Status fill(StoredTick& tick, TickLoad& load) {
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
                tick.tick, [&](const sqlite::Statement& row) { return read_endpoint(row, load); });
        }
        if (status.ok()) {
            status = fill_flow(tick, load);
        }
        return status;
    }

    Status fill_flow(StoredTick& tick, TickLoad& load) {
        Status status = fill_counts(tick);
        if (status.ok()) {
            status = groups.take_tick(
                tick.tick, [&](const sqlite::Statement& row) { return read_group(row, load); });
        }
        if (status.ok()) {
            status = checks.take_tick(
                tick.tick, [&](const sqlite::Statement& row) { return read_check(row, load); });
        }
        if (status.ok()) {
            status = phases.take_tick(
                tick.tick, [&](const sqlite::Statement& row) { return read_phase(row, load); });
        }
        return status.ok() ? fill_censored(tick, load) : status;
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

    Status fill_censored(StoredTick& tick, TickLoad& load) {
        if (!has_censored) {
            guess_censored(load);
            return {};
        }
        Status status = censored.take_tick(
            tick.tick, [&](const sqlite::Statement& row) { return read_censored(row, load); });
        if (status.ok() && has_cut_checks) {
            status = cut_checks.take_tick(
                tick.tick, [&](const sqlite::Statement& row) { return read_cut_check(row, load); });
        }
        if (status.ok()) {
            status = censored_groups.take_tick(tick.tick, [&](const sqlite::Statement& row) {
                return read_censored_group(row, load);
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
    if (!number()) {
        return std::optional<StoredTick>();
    }
    StoredTick tick = read_tick(tables_->ticks.row());
    resize(tick);
    if (const Status taken = take(tick, tick); !taken.ok()) {
        return taken.error();
    }
    return std::optional(std::move(tick));
}

std::optional<std::uint64_t> TickCursor::number() const {
    const Rows& ticks = tables_->ticks;
    return ticks.more() ? std::optional(ticks.row().unsigned_integer(0)) : std::nullopt;
}

Result<StoredTick> TickCursor::next_onto(TickLoad& sum) {
    if (!tables_->has_censored) {  // what is guessed is guessed from a tick of its own
        auto tick = next();
        if (!tick) {
            return tick.error();
        }
        resize(sum);
        add_load(**tick, sum);
        static_cast<TickLoad&>(**tick) = TickLoad();
        return **std::move(tick);
    }
    StoredTick tick = read_tick(tables_->ticks.row());
    resize(sum);
    const Status taken = take(tick, sum);
    return taken.ok() ? Result<StoredTick>(std::move(tick)) : taken.error();
}

void TickCursor::resize(TickLoad& load) const {
    load.endpoints.resize(endpoints_);
    load.groups.resize(groups_);
    load.checks.resize(checks_);
}

Status TickCursor::take(StoredTick& tick, TickLoad& load) {
    Status status = tables_->fill(tick, load);
    if (status.ok()) {
        status = tables_->ticks.advance();
    }
    if (!status.ok()) {
        Error error = status.error();
        error.where = tables_->file;
        return error;
    }
    return {};
}

}  // namespace plimsoll
