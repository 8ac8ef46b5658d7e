#include "store/segment_file.hpp"

#include "store/for_rows.hpp"
#include "store/run_check.hpp"
#include "store/run_file.hpp"
#include "store/run_info_loader.hpp"
#include "store/schema.hpp"
#include "store/tick_cursor.hpp"
#include "store/tick_decoder.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr int kErrorColumns = 8;
constexpr int kEventColumns = 4;

std::tuple<std::int64_t, std::string, std::int64_t, std::int64_t> error_key(
    const sqlite::Row& row) {
    return {row.integer(0), row.text(1), row.integer(2), row.integer(3)};
}

/// With the row's number, so that what comes twice is there once.
std::string insert_text(const StreamTable& table, int columns) {
    std::string marks;
    for (int i = 0; i < columns; ++i) {
        marks += i == 0 ? "?" : ",?";
    }
    return table.kind == StreamKind::Grown
               ? fmt::format("INSERT OR REPLACE INTO {}(rowid, t_ns, kind, text) VALUES({})",
                             table.name, marks)
               : fmt::format("INSERT OR REPLACE INTO {} VALUES({})", table.name, marks);
}

}  // namespace

Result<std::unique_ptr<SegmentFile>> SegmentFile::create(const std::filesystem::path& path,
                                                         std::string_view fixed_rows) {
    auto database = sqlite::Database::open(path, sqlite::Database::Mode::Create);
    if (!database) {
        return database.error();
    }
    std::unique_ptr<SegmentFile> file(new SegmentFile(path, std::move(*database)));
    Status status = create_run_tables(file->database_);
    if (status.ok()) {
        status = for_stream_rows(fixed_rows, [&](const StreamRow& row) {
            return kStreamTables[row.table].kind == StreamKind::Fixed
                       ? file->insert(row)
                       : Status(Error{"only what is known at first can begin a file"});
        });
    }
    if (status.ok()) {
        status = check_tables(file->database_);
    }
    if (status.ok()) {
        status = file->database_.exec("COMMIT");
    }
    if (status.ok()) {
        status = file->load();
    }
    if (!status.ok()) {
        file.reset();
        std::error_code code;
        for (const char* const suffix : {"", "-wal", "-shm"}) {
            std::filesystem::remove(path.string() + suffix, code);
        }
        return Error{status.error().what, path.string(), status.error().hint};
    }
    return file;
}

Result<std::unique_ptr<SegmentFile>> SegmentFile::open(const std::filesystem::path& path) {
    auto database = sqlite::Database::open(path, sqlite::Database::Mode::Continue);
    if (!database) {
        return database.error();
    }
    std::unique_ptr<SegmentFile> file(new SegmentFile(path, std::move(*database)));
    Status status = file->database_.exec(schema::kCacheSize);
    if (status.ok()) {
        status = check_tables(file->database_);
    }
    if (status.ok()) {
        status = file->load();
    }
    if (!status.ok()) {
        return Error{status.error().what, path.string(), status.error().hint};
    }
    return file;
}

Status SegmentFile::load() {
    info_ = RunInfo();
    if (Status loaded = load_run_info(database_, info_, finished_); !loaded.ok()) {
        return loaded;
    }
    const auto ticks = database_.integer("SELECT count(*) FROM tick");
    const auto tick = database_.integer("SELECT max(tick) FROM tick");
    const auto event = database_.integer("SELECT max(rowid) FROM event");
    if (!ticks || !tick || !event) {
        return !ticks ? ticks.error() : !tick ? tick.error() : event.error();
    }
    last_tick_ = *ticks == 0 ? -1 : *tick;
    last_event_ = *event;
    errors_.clear();
    return for_rows(
        database_, "SELECT endpoint, outcome, status, fingerprint, count FROM error",
        [&](const sqlite::Row& row) { errors_[error_key(row)] = row.unsigned_integer(4); });
}

Status SegmentFile::insert(const StreamRow& row) {
    sqlite::Statement& statement = inserts_[row.table];
    if (!statement.prepared()) {
        auto prepared = database_.prepare(insert_text(kStreamTables[row.table], row.columns()));
        if (!prepared) {
            return prepared.error();
        }
        statement = std::move(*prepared);
    }
    row.bind(statement);
    return statement.run();
}

void SegmentFile::take_error(const StreamRow& row, SegmentNews& news) {
    const std::uint64_t count = row.unsigned_integer(5);
    const auto found = errors_.find(error_key(row));
    const std::uint64_t known = found == errors_.end() ? 0 : found->second;
    if (count > known) {
        ErrorSample error;
        error.endpoint = row.small(0);
        error.outcome = outcome_from(row.text(1)).value_or(Outcome::Ok);
        error.status = static_cast<std::uint16_t>(row.small(2));
        error.fingerprint = row.unsigned_integer(3);
        error.text = row.text(4);
        error.count = count - known;
        constexpr int kFirst = 6;
        constexpr int kLast = 7;
        error.at = Clock::time_point(Nanoseconds(row.integer(known == 0 ? kFirst : kLast)));
        fresh_errors_[error_key(row)] = count;
        news.errors.push_back(std::move(error));
    }
}

Status SegmentFile::take_row(const StreamRow& row, SegmentNews& news) {
    switch (kStreamTables[row.table].kind) {
        case StreamKind::Fixed:
            return insert(row);
        case StreamKind::Ticked:
            return row.integer(0) > last_tick_ ? insert(row) : Status();
        case StreamKind::Grown: {
            if (row.columns() != kEventColumns) {
                return Error{"an event has another form"};
            }
            if (row.integer(0) <= last_event_) {
                return {};
            }
            const auto kind = schema::value_of<EventKind>(kEventKindNames, row.text(2));
            if (!kind) {
                return Error{"an event is of a kind that is not known here"};
            }
            fresh_event_ = row.integer(0);
            news.events.push_back(
                {Clock::time_point(Nanoseconds(row.integer(1))), *kind, row.text(3)});
            return insert(row);
        }
        case StreamKind::Replaced:
            if (row.columns() != kErrorColumns || row.integer(0) < 0 ||
                row.unsigned_integer(0) >= info_.endpoints.size() || !outcome_from(row.text(1))) {
                return Error{"an error is of no endpoint, or of no outcome"};
            }
            take_error(row, news);
            return insert(row);
    }
    return {};
}

Result<SegmentNews> SegmentFile::take(std::string_view rows) {
    SegmentNews news;
    TickDecoder decoder(info_);
    bool fixed = false;
    fresh_errors_.clear();
    fresh_event_ = last_event_;
    Status status = database_.exec("BEGIN IMMEDIATE");
    if (status.ok()) {
        status = for_stream_rows(rows, [&](const StreamRow& row) {
            const StreamTable& table = kStreamTables[row.table];
            if (table.kind == StreamKind::Fixed && !std::exchange(fixed, true)) {
                // Levels that were set while it ran have made more of them.
                if (Status emptied = database_.exec("DELETE FROM stage"); !emptied.ok()) {
                    return emptied;
                }
            }
            const bool old = table.kind == StreamKind::Ticked && row.integer(0) <= last_tick_;
            if (Status decoded = old ? Status() : decoder.take(row); !decoded.ok()) {
                return decoded;
            }
            return take_row(row, news);
        });
    }
    if (status.ok()) {
        status = database_.exec("COMMIT");
    }
    if (!status.ok()) {
        static_cast<void>(database_.exec("ROLLBACK"));
        return status.error();
    }
    news.ticks = std::move(decoder).ticks();
    for (const StoredTick& tick : news.ticks) {
        last_tick_ = static_cast<std::int64_t>(tick.tick);
    }
    last_event_ = fresh_event_;
    for (const auto& [key, count] : fresh_errors_) {
        errors_[key] = count;
    }
    if (fixed) {
        if (Status loaded = load(); !loaded.ok()) {
            return loaded.error();
        }
    }
    return news;
}

Status SegmentFile::write_fact(std::string_view key, std::string_view value) {
    auto statement = database_.prepare("INSERT OR REPLACE INTO fact VALUES(?,?)");
    return statement ? statement->bind_all(key, value).run() : Status(statement.error());
}

Result<std::vector<StoredTick>> SegmentFile::ticks_from(std::uint64_t first) const {
    auto cursor = TickCursor::open(database_, info_);
    if (!cursor) {
        return cursor.error();
    }
    std::vector<StoredTick> all;
    for (;;) {
        auto tick = cursor->next();
        if (!tick) {
            return tick.error();
        }
        if (!*tick) {
            return all;
        }
        if ((*tick)->tick >= first) {
            all.push_back(*std::move(*tick));
        }
    }
}

}  // namespace plimsoll
