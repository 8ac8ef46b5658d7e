#include "store/run_reader.hpp"

#include "store/for_rows.hpp"
#include "store/open_run.hpp"
#include "store/reading_cursor.hpp"
#include "store/run_check.hpp"
#include "store/run_info_loader.hpp"
#include "store/schema.hpp"
#include "store/sqlite.hpp"
#include "store/tick_cursor.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

double seconds(std::int64_t ns) {
    return to_seconds(Nanoseconds(ns));
}

}  // namespace

std::string StoredSeries::label(std::string_view name) const {
    const auto found =
        std::find_if(labels.begin(), labels.end(), [&](const auto& l) { return l.first == name; });
    return found == labels.end() ? std::string() : found->second;
}

struct RunReader::State {
    OpenRun run;
    std::string file;
    RunInfo info;
    bool finished = false;
};

RunReader::RunReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
RunReader::RunReader(RunReader&&) noexcept = default;
RunReader& RunReader::operator=(RunReader&&) noexcept = default;
RunReader::~RunReader() = default;

namespace {

/// What went wrong while reading, with the file's name.
Error in_file(const std::string& file, const Error& error) {
    return Error{
        error.where.empty() || error.where == file ? error.what : error.where + ": " + error.what,
        file, error.hint};
}

}  // namespace

Result<RunReader> RunReader::open(const std::filesystem::path& path) {
    auto run = open_run(path);
    if (!run) {
        return run.error();
    }
    auto state = std::make_unique<State>();
    state->run = std::move(run).value();
    state->file = state->run.database.path();
    sqlite::Database& database = state->run.database;
    Status status = database.exec("BEGIN");  // a run that still writes stays as it was checked
    if (status.ok()) {
        status = check_tables(database);
    }
    if (status.ok()) {
        status = load_run_info(database, state->info, state->finished);
    }
    static_cast<void>(database.exec("COMMIT"));
    if (!status.ok()) {
        Error error = status.error();
        error.where = path.string();
        return error;
    }
    return RunReader(std::move(state));
}

const RunInfo& RunReader::info() const {
    return state_->info;
}

bool RunReader::finished() const {
    return state_->finished;
}

Status RunReader::for_each_tick(const std::function<void(const StoredTick&)>& visit) const {
    sqlite::Database& database = state_->run.database;
    if (Status begun = database.exec("BEGIN"); !begun.ok()) {
        return begun;
    }
    const Status status = walk(visit);
    static_cast<void>(database.exec("COMMIT"));
    return status;
}

Status RunReader::walk(const std::function<void(const StoredTick&)>& visit) const {
    auto cursor = ticks();
    if (!cursor) {
        return cursor.error();
    }
    for (;;) {
        const auto tick = cursor->next();
        if (!tick) {
            return tick.error();
        }
        if (!*tick) {
            return {};
        }
        visit(**tick);
    }
}

Result<QueryRows> RunReader::query(const std::string& sql, std::size_t most) const {
    auto statement = state_->run.database.prepare(sql);
    if (!statement) {
        return in_file(state_->file, statement.error());
    }
    QueryRows result;
    for (int i = 0; i < statement->columns(); ++i) {
        result.columns.push_back(statement->column_name(i));
    }
    while (result.rows.size() < most) {
        const auto more = statement->step();
        if (!more) {
            return in_file(state_->file, more.error());
        }
        if (!*more) {
            break;
        }
        std::vector<std::string>& row = result.rows.emplace_back();
        for (int i = 0; i < statement->columns(); ++i) {
            row.push_back(statement->text(i));
        }
    }
    return result;
}

Result<TickCursor> RunReader::ticks() const {
    return TickCursor::open(state_->run.database, state_->info);
}

Result<ReadingCursor> RunReader::readings() const {
    return ReadingCursor::open(state_->run.database);
}

Result<std::vector<StoredSeries>> RunReader::series() const {
    const sqlite::Database& database = state_->run.database;
    std::vector<StoredSeries> all;
    std::unordered_map<std::int64_t, std::size_t> index;
    Status status = for_rows(
        database,
        "SELECT series.id, probe.name, metric.name, metric.type FROM series "
        "JOIN metric ON metric.id = series.metric JOIN probe ON probe.id = metric.probe "
        "ORDER BY series.id",
        [&](const sqlite::Statement& row) {
            index[row.integer(0)] = all.size();
            const auto type = schema::value_of<MetricType>(schema::kMetricTypes, row.text(3));
            all.push_back({row.text(1), row.text(2), type.value_or(MetricType::Gauge), {}, {}});
        });
    const auto into = [&](std::int64_t id) -> StoredSeries* {
        const auto found = index.find(id);
        return found == index.end() ? nullptr : &all[found->second];
    };
    if (status.ok()) {
        status = for_rows(database,
                          "SELECT series.id, metric_label.name, series_label.value "
                          "FROM series JOIN series_label ON series_label.series = series.id "
                          "JOIN metric_label ON metric_label.metric = series.metric AND "
                          "metric_label.position = series_label.position "
                          "ORDER BY series.id, series_label.position",
                          [&](const sqlite::Statement& row) {
                              if (StoredSeries* const s = into(row.integer(0))) {
                                  s->labels.emplace_back(row.text(1), row.text(2));
                              }
                          });
    }
    if (status.ok()) {
        status = for_rows(database,
                          "SELECT point.series, reading.t_ns, point.value FROM point "
                          "JOIN reading ON reading.id = point.reading ORDER BY point.rowid",
                          [&](const sqlite::Statement& row) {
                              if (StoredSeries* const s = into(row.integer(0))) {
                                  s->points.push_back({seconds(row.integer(1)), row.real(2)});
                              }
                          });
    }
    if (!status.ok()) {
        return in_file(state_->file, status.error());
    }
    return all;
}

Result<std::vector<StoredProbe>> RunReader::probes() const {
    const sqlite::Database& database = state_->run.database;
    std::vector<StoredProbe> all;
    const auto probe = [&](const sqlite::Statement& row) -> StoredProbe& {
        return all[static_cast<std::size_t>(row.integer(0))];
    };
    Status status;
    const auto rows = [&](std::string_view sql, auto&& row) {
        if (status.ok()) {
            status = for_rows(database, sql, row);
        }
    };
    rows("SELECT name, readings, expected, gaps, longest_took_ns FROM probe ORDER BY id",
         [&](const sqlite::Statement& row) {
             StoredProbe& added = all.emplace_back();
             added.info.name = row.text(0);
             added.readings = row.unsigned_integer(1);
             added.expected = row.unsigned_integer(2);
             added.gaps = row.unsigned_integer(3);
             added.longest_took_s = seconds(row.integer(4));
         });
    rows("SELECT probe, key, value FROM probe_fact ORDER BY probe, position",
         [&](const sqlite::Statement& row) {
             probe(row).info.facts.emplace_back(row.text(1), row.text(2));
         });
    std::unordered_map<std::int64_t, std::pair<std::size_t, std::size_t>> metrics;
    rows("SELECT probe, id, name, type, help FROM metric ORDER BY id", [&](const sqlite::Statement&
                                                                               row) {
        auto& descriptors = probe(row).info.descriptors;
        metrics[row.integer(1)] = {static_cast<std::size_t>(row.integer(0)), descriptors.size()};
        const auto type = schema::value_of<MetricType>(schema::kMetricTypes, row.text(3));
        descriptors.push_back({row.text(2), type.value_or(MetricType::Gauge), row.text(4), {}});
    });
    rows("SELECT metric, name FROM metric_label ORDER BY metric, position",
         [&](const sqlite::Statement& row) {
             const auto [owner, metric] = metrics[row.integer(0)];
             all[owner].info.descriptors[metric].labels.push_back(row.text(1));
         });
    rows("SELECT probe, t_ns FROM reading ORDER BY id", [&](const sqlite::Statement& row) {
        StoredProbe& read = probe(row);
        const double t_s = seconds(row.integer(1));
        if (!read.times_s.empty()) {
            read.largest_gap_s = std::max(read.largest_gap_s, t_s - read.times_s.back());
        }
        read.times_s.push_back(t_s);
    });
    if (!status.ok()) {
        return in_file(state_->file, status.error());
    }
    return all;
}

Result<std::vector<StoredEvent>> RunReader::events() const {
    std::vector<StoredEvent> all;
    const Status status = for_rows(
        state_->run.database, "SELECT t_ns, kind, text FROM event ORDER BY t_ns, rowid",
        [&](const sqlite::Statement& row) {
            const auto kind = schema::value_of<EventKind>(kEventKindNames, row.text(1));
            all.push_back({seconds(row.integer(0)), kind.value_or(EventKind::Note), row.text(2)});
        });
    if (!status.ok()) {
        return in_file(state_->file, status.error());
    }
    return all;
}

Result<std::vector<StoredGap>> RunReader::gaps() const {
    std::vector<StoredGap> all;
    const Status status =
        for_rows(state_->run.database,
                 "SELECT probe.name, gap.reason, gap.from_ns, gap.to_ns, gap.open FROM gap "
                 "JOIN probe ON probe.id = gap.probe ORDER BY gap.from_ns, gap.probe",
                 [&](const sqlite::Statement& row) {
                     all.push_back({row.text(0), row.text(1), seconds(row.integer(2)),
                                    seconds(row.integer(3)), row.integer(4) != 0});
                 });
    if (!status.ok()) {
        return in_file(state_->file, status.error());
    }
    return all;
}

Result<std::vector<StoredError>> RunReader::errors() const {
    std::vector<StoredError> all;
    const Status status = for_rows(
        state_->run.database,
        "SELECT endpoint, outcome, status, fingerprint, text, count, first_ns, last_ns FROM error "
        "ORDER BY count DESC, first_ns, endpoint, fingerprint",
        [&](const sqlite::Statement& row) {
            StoredError error{{}, seconds(row.integer(6)), seconds(row.integer(7))};
            error.sample.endpoint = row.small(0);
            error.sample.outcome = outcome_from(row.text(1)).value_or(Outcome::Protocol);
            error.sample.status = static_cast<std::uint16_t>(row.integer(2));
            error.sample.fingerprint = row.unsigned_integer(3);
            error.sample.text = row.text(4);
            error.sample.count = row.unsigned_integer(5);
            all.push_back(std::move(error));
        });
    if (!status.ok()) {
        return in_file(state_->file, status.error());
    }
    return all;
}

Result<std::map<std::string, std::string>> RunReader::facts() const {
    std::map<std::string, std::string> all;
    const Status status =
        for_rows(state_->run.database, "SELECT key, value FROM fact",
                 [&](const sqlite::Statement& row) { all[row.text(0)] = row.text(1); });
    if (!status.ok()) {
        return in_file(state_->file, status.error());
    }
    return all;
}

Result<std::optional<std::string>> RunReader::verdict() const {
    std::optional<std::string> json;
    const Status status =
        for_rows(state_->run.database, "SELECT value FROM run WHERE key = 'verdict'",
                 [&](const sqlite::Statement& row) { json = row.text(0); });
    if (!status.ok()) {
        return in_file(state_->file, status.error());
    }
    return json;
}

Result<std::string> RunReader::scenario_sha256() const {
    std::string hash;
    const Status status =
        for_rows(state_->run.database, "SELECT value FROM run WHERE key = 'scenario_sha256'",
                 [&](const sqlite::Statement& row) { hash = row.text(0); });
    if (!status.ok()) {
        return in_file(state_->file, status.error());
    }
    return hash;
}

}  // namespace plimsoll
