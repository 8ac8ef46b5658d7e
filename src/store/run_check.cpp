#include "store/run_check.hpp"

#include "record/executor_kind.hpp"
#include "record/outcome.hpp"
#include "store/schema.hpp"

#include <cmath>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using std::chrono::hours;

/// What a column may hold.
enum class Kind {
    Index,      // 0, 1, 2 ... row by row: what other tables refer to
    FromOne,    // 1, 2, 3 ...
    Ascending,  // from 0 on, above that of the row before
    Repeating,  // from 0 on, not below that of the row before
    Position,   // 0, 1, 2 ... as long as the column before it stays the same
    Refers,     // one of the rows of the table `of`, by its Index or FromOne
    Count,
    Small,        // a count of 32 bits
    Flag,         // 0 or 1
    Time,         // since the run's start; what was before it is negative
    TimeAfter,    // not before the column before it
    TimeInOrder,  // not before that of the row before
    Duration,
    Amount,  // a finite number of any sign; NULL: not a number
    Value,   // any number
    Status,  // of HTTP; 0: none
    Bits,    // any whole number
    Word,    // one of `words`
    Text,
    Bytes,
};

struct Column {
    const char* name;
    Kind kind;
    const char* of = nullptr;
    std::span<const std::string_view> words = {};
};
struct Table {
    const char* name;
    const char* order;
    std::span<const Column> columns;
    std::int64_t since = schema::kOldestVersion;  // the schema that brought it ...
    std::int64_t until = schema::kVersion;        // ... and the last that had it
};

constexpr std::int64_t kMostCount = std::int64_t{1} << 50;  // sums of a million stay in 64 bits
constexpr std::int64_t kLongest_ns = Nanoseconds(hours(24 * 366)).count();
constexpr double kMostAmount = 1e15;

using K = Kind;

constexpr Column kEndpoint[]{
    {"id", K::Index}, {"user", K::Text}, {"name", K::Text}, {"method", K::Text}};
constexpr Column kExecutor[]{
    {"id", K::Index},  {"name", K::Text},          {"kind", K::Word, nullptr, kExecutorKindNames},
    {"open", K::Flag}, {"start_value", K::Amount}, {"max_users", K::Small}};
constexpr Column kStage[]{{"executor", K::Refers, "executor"},
                          {"stage", K::Position},
                          {"from_ns", K::Duration},
                          {"to_ns", K::TimeAfter},
                          {"target", K::Amount}};
constexpr Column kName[]{{"id", K::Index}, {"name", K::Text}};
constexpr Column kTag[]{{"id", K::Index}, {"text", K::Text}};
constexpr Column kThreshold[]{{"id", K::Index},
                              {"key", K::Text},
                              {"expression", K::Text},
                              {"metric", K::Word, nullptr, schema::kThresholdMetrics},
                              {"endpoint", K::Text},
                              {"statistic", K::Word, nullptr, schema::kStatistics},
                              {"quantile", K::Amount},
                              {"comparison", K::Word, nullptr, schema::kComparisons},
                              {"\"limit\"", K::Amount},
                              {"abort_on_fail", K::Flag},
                              {"delay_abort_ns", K::Duration}};
constexpr Column kThresholdOption[]{
    {"threshold", K::Refers, "threshold"}, {"name", K::Text}, {"value", K::Text}};
constexpr Column kFact[]{{"key", K::Text}, {"value", K::Text}};

constexpr Column kTick[]{{"tick", K::Ascending},           {"from_ns", K::TimeInOrder},
                         {"to_ns", K::TimeAfter},          {"arrivals_due", K::Count},
                         {"iterations_started", K::Count}, {"iterations_completed", K::Count},
                         {"not_sent_user_cap", K::Count},  {"not_sent_generator", K::Count},
                         {"connects_ok", K::Count},        {"connects_failed", K::Count},
                         {"reconnects", K::Count},         {"errors_unsampled", K::Count},
                         {"spans_dropped", K::Count},      {"interrupted", K::Count},
                         {"in_flight", K::Small},          {"users", K::Small},
                         {"users_max", K::Small},          {"connections_open", K::Small},
                         {"in_flight_mean", K::Amount},    {"cpu_ratio", K::Amount},
                         {"loop_lag_ns", K::Duration},     {"late_sends", K::Count},
                         {"sockets_left", K::Bits}};
constexpr Column kPhaseTick[]{{"tick", K::Repeating}, {"phase", K::Small}, {"times", K::Bytes}};
constexpr Column kHttpTick[]{{"tick", K::Ascending}, {"redirects", K::Count}};
constexpr Column kShardTick[]{{"tick", K::Repeating},        {"shard", K::Small},
                              {"in_flight", K::Small},       {"users", K::Small},
                              {"users_max", K::Small},       {"connections_open", K::Small},
                              {"in_flight_mean", K::Amount}, {"cpu_ratio", K::Amount},
                              {"loop_lag_ns", K::Duration},  {"late_sends", K::Count}};
constexpr Column kExecutorTick[]{{"tick", K::Repeating},
                                 {"executor", K::Refers, "executor"},
                                 {"stage", K::Small},
                                 {"offered", K::Amount}};
constexpr Column kEndpointTick[]{{"tick", K::Repeating},   {"endpoint", K::Refers, "endpoint"},
                                 {"requests", K::Count},   {"failed", K::Count},
                                 {"bytes_sent", K::Count}, {"bytes_received", K::Count},
                                 {"statuses", K::Text},    {"response", K::Bytes},
                                 {"service", K::Bytes},    {"send_lag", K::Bytes}};
constexpr Column kFlowTick[]{{"tick", K::Ascending},         {"iterations_cut_short", K::Count},
                             {"steps_unrendered", K::Count}, {"starts_failed", K::Count},
                             {"users_stopped", K::Count},    {"out_of_data", K::Count}};
// Since schema 6.
constexpr Column kCountTick[]{{"tick", K::Repeating}, {"name", K::Text}, {"value", K::Count}};
constexpr Column kGroupTick[]{{"tick", K::Repeating},   {"step_group", K::Refers, "step_group"},
                              {"count", K::Count},      {"failed", K::Count},
                              {"broken_off", K::Count}, {"duration", K::Bytes}};
constexpr Column kCheckTick[]{{"tick", K::Repeating},
                              {"check_name", K::Refers, "check_name"},
                              {"passed", K::Count},
                              {"failed", K::Count}};

// Since schema 4.
constexpr Column kCensoredTick[]{{"tick", K::Repeating},
                                 {"endpoint", K::Refers, "endpoint"},
                                 {"response", K::Bytes},
                                 {"service", K::Bytes},
                                 {"cut_off", K::Bytes}};
constexpr Column kAnswerTick[]{{"tick", K::Ascending}, {"last_ns", K::Time}};
// Since schema 5.
constexpr Column kCutCheckTick[]{
    {"tick", K::Repeating}, {"check_name", K::Refers, "check_name"}, {"cut_off", K::Count}};
constexpr Column kCensoredGroupTick[]{
    {"tick", K::Repeating}, {"step_group", K::Refers, "step_group"}, {"duration", K::Bytes}};

constexpr Column kProbe[]{{"id", K::Index},       {"name", K::Text},
                          {"readings", K::Count}, {"expected", K::Count},
                          {"gaps", K::Count},     {"longest_took_ns", K::Duration}};
constexpr Column kProbeFact[]{
    {"probe", K::Refers, "probe"}, {"position", K::Position}, {"key", K::Text}, {"value", K::Text}};
constexpr Column kMetric[]{{"id", K::FromOne},
                           {"probe", K::Refers, "probe"},
                           {"name", K::Text},
                           {"type", K::Word, nullptr, schema::kMetricTypes},
                           {"help", K::Text}};
constexpr Column kMetricLabel[]{
    {"metric", K::Refers, "metric"}, {"position", K::Position}, {"name", K::Text}};
constexpr Column kSeries[]{{"id", K::Ascending}, {"metric", K::Refers, "metric"}};
constexpr Column kSeriesLabel[]{
    {"series", K::Repeating}, {"position", K::Position}, {"value", K::Text}};
constexpr Column kReading[]{{"id", K::Ascending},
                            {"probe", K::Refers, "probe"},
                            {"t_ns", K::Time},
                            {"took_ns", K::Duration}};
constexpr Column kPoint[]{{"reading", K::Repeating}, {"series", K::Count}, {"value", K::Value}};
constexpr Column kGap[]{{"probe", K::Refers, "probe"},
                        {"from_ns", K::Time},
                        {"to_ns", K::TimeAfter},
                        {"open", K::Flag},
                        {"reason", K::Text}};
constexpr Column kEvent[]{
    {"t_ns", K::Time}, {"kind", K::Word, nullptr, schema::kEventKinds}, {"text", K::Text}};
constexpr Column kError[]{{"endpoint", K::Refers, "endpoint"},
                          {"outcome", K::Word, nullptr, kOutcomeNames},
                          {"status", K::Status},
                          {"fingerprint", K::Bits},
                          {"text", K::Text},
                          {"count", K::Count},
                          {"first_ns", K::Time},
                          {"last_ns", K::TimeAfter}};

/// What a table refers to stands before it.
constexpr Table kChecked[]{{"endpoint", "id", kEndpoint},
                           {"executor", "id", kExecutor},
                           {"stage", "executor, stage", kStage},
                           {"user_class", "id", kName},
                           {"check_name", "id", kName},
                           {"step_group", "id", kName},
                           {"tag", "id", kTag},
                           {"threshold", "id", kThreshold},
                           {"threshold_option", "rowid", kThresholdOption},
                           {"fact", "key", kFact},
                           {"tick", "tick", kTick},
                           {"phase_tick", "rowid", kPhaseTick},
                           {"http_tick", "rowid", kHttpTick, 3, 5},
                           {"shard_tick", "rowid", kShardTick},
                           {"executor_tick", "rowid", kExecutorTick},
                           {"endpoint_tick", "rowid", kEndpointTick},
                           {"censored_tick", "rowid", kCensoredTick, 4},
                           {"answer_tick", "rowid", kAnswerTick, 4},
                           {"flow_tick", "rowid", kFlowTick, 3, 5},
                           {"count_tick", "rowid", kCountTick, 6},
                           {"group_tick", "rowid", kGroupTick},
                           {"censored_group_tick", "rowid", kCensoredGroupTick, 4},
                           {"check_tick", "rowid", kCheckTick},
                           {"cut_check_tick", "rowid", kCutCheckTick, 5},
                           {"probe", "id", kProbe},
                           {"probe_fact", "probe, position", kProbeFact},
                           {"metric", "id", kMetric},
                           {"metric_label", "metric, position", kMetricLabel},
                           {"series", "id", kSeries},
                           {"series_label", "series, position", kSeriesLabel},
                           {"reading", "id", kReading},
                           {"point", "rowid", kPoint},
                           {"gap", "probe, from_ns", kGap},
                           {"event", "rowid", kEvent},
                           {"error", "endpoint", kError}};

/// Numbers of the table `run`, each by its key.
struct Setting {
    const char* key;
    std::int64_t least;
    std::int64_t most;
};
constexpr Setting kSettings[]{
    {"shards", 0, 1 << 16},
    {"segment", 1, 1 << 16},
    {"segments", 1, 1 << 16},
    {"start_wall_ns", 0, std::int64_t{1} << 62},  // until the year 2116
    {"tick_ns", 1'000'000, Nanoseconds(hours(1)).count()},
    {"planned_duration_ns", 0, kLongest_ns},
    {"request_timeout_ns", 0, kLongest_ns},
    {"finished", 0, 1},
};
constexpr const char* kTexts[]{"id", "scenario_name", "scenario_text", "version", "target"};

/// What no single row shows: a query that finds a row where it is not so.
struct Relation {
    const char* found;
    const char* what;
};
constexpr Relation kRelations[]{
    {"SELECT tick FROM tick WHERE tick > 1 + from_ns / (SELECT value FROM run WHERE key = "
     "'tick_ns') LIMIT 1",
     "tick: begins before its number, {}, says"},
    {"SELECT id FROM executor WHERE kind <> 'externally-controlled' AND "
     "open <> (kind LIKE '%-arrival-rate') LIMIT 1",
     "executor: row {}: its kind contradicts whether it is open"},
    {"SELECT shard FROM shard_tick WHERE shard >= (SELECT value FROM run WHERE key = 'shards') "
     "LIMIT 1",
     "shard_tick: is of shard {}, more than the run has"},
    {"SELECT value FROM run WHERE key = 'shards' AND value > 1024 AND "
     "value > 1 + (SELECT ifnull(max(shard), 0) FROM shard_tick)",
     "run: shards is {}, more than anything tells of"},
    {"SELECT point.rowid FROM point LEFT JOIN reading ON reading.id = point.reading "
     "LEFT JOIN series ON series.id = point.series LEFT JOIN metric ON metric.id = series.metric "
     "WHERE reading.id IS NULL OR metric.id IS NULL OR metric.probe <> reading.probe LIMIT 1",
     "point: row {}: is of no reading, or of no series of that reading's probe"},
    {"SELECT series_label.series FROM series_label LEFT JOIN series "
     "ON series.id = series_label.series WHERE series.id IS NULL LIMIT 1",
     "series_label: is of series {}, which is not there"},
    {"SELECT id FROM series WHERE (SELECT count(*) FROM series_label WHERE series = series.id) <> "
     "(SELECT count(*) FROM metric_label WHERE metric = series.metric) LIMIT 1",
     "series: row {}: has not as many labels as its metric"},
    {"SELECT b.id FROM metric AS a JOIN metric AS b ON b.id = a.id + 1 "
     "WHERE b.probe < a.probe LIMIT 1",
     "metric: row {}: the metrics of one probe do not stand together"},
};

Error damaged(std::string what) {
    return Error{"is damaged: " + std::move(what), {}, "it was cut short, or changed since"};
}

/// Walks one table.
class TableCheck {
public:
    TableCheck(const sqlite::Database& database, const Table& table,
               std::map<std::string_view, std::int64_t>& counts)
        : database_(database), table_(table), counts_(counts), above_(table.columns.size(), 0) {}

    Status run() {
        std::string sql = "SELECT ";
        for (const Column& column : table_.columns) {
            sql += fmt::format("{}{}", &column == table_.columns.data() ? "" : ", ", column.name);
        }
        sql += fmt::format(" FROM {} ORDER BY {}", table_.name, table_.order);
        auto rows = database_.prepare(sql);
        if (!rows) {
            return damaged(rows.error().what);
        }
        for (;; ++row_) {
            const auto more = rows->step();
            if (!more) {
                return damaged(more.error().what);
            }
            if (!*more) {
                counts_[table_.name] = row_;
                return {};
            }
            if (Status checked = check_row(*rows); !checked.ok()) {
                return checked;
            }
        }
    }

private:
    Status check_row(const sqlite::Statement& row) {
        for (std::size_t c = 0; c < table_.columns.size(); ++c) {
            const auto expected = wrong_at(row, static_cast<int>(c));
            if (expected) {
                return damaged(fmt::format("{}: row {}: {} is {}, must be {}", table_.name,
                                           row_ + 1, table_.columns[c].name,
                                           row.shown(static_cast<int>(c)), *expected));
            }
        }
        return {};
    }

    /// What the column should hold, where it does not.
    std::optional<std::string> wrong_at(const sqlite::Statement& row, int c) {
        const Column& column = table_.columns[static_cast<std::size_t>(c)];
        switch (column.kind) {
            case Kind::Text:
                return row.is_text(c) ? std::nullopt : std::optional<std::string>("text");
            case Kind::Bytes:
                return row.is_bytes(c) ? std::nullopt : std::optional<std::string>("bytes");
            case Kind::Word:
                return wrong_word(row, c, column.words);
            case Kind::Value:
                return row.is_number(c) || row.is_null(c) ? std::nullopt
                                                          : std::optional<std::string>("a number");
            case Kind::Amount: {
                const bool fits =
                    row.is_null(c) || (row.is_number(c) && std::fabs(row.real(c)) <= kMostAmount);
                return fits ? std::nullopt : std::optional<std::string>("a number up to 1e15");
            }
            default:
                return wrong_integer(row, c, column);
        }
    }

    static std::optional<std::string> wrong_word(const sqlite::Statement& row, int c,
                                                 std::span<const std::string_view> words) {
        const std::string word = row.is_text(c) ? row.text(c) : std::string();
        for (const std::string_view known : words) {
            if (word == known) {
                return std::nullopt;
            }
        }
        return "a word that this version knows";
    }

    std::optional<std::string> wrong_integer(const sqlite::Statement& row, int c,
                                             const Column& column) {
        if (!row.is_integer(c)) {
            return "a whole number";
        }
        const std::int64_t value = row.integer(c);
        std::int64_t& above = above_[static_cast<std::size_t>(c)];
        const std::int64_t before = std::exchange(above, value);
        const auto [least, most] = range(row, c, column, before);
        if (value >= least && value <= most) {
            return std::nullopt;
        }
        return least == most  ? fmt::format("{}", least)
               : most < least ? fmt::format("a row of {}, which has none", column.of)
                              : fmt::format("from {} to {}", least, most);
    }

    struct Range {
        std::int64_t least;
        std::int64_t most;
    };
    Range range(const sqlite::Statement& row, int c, const Column& column, std::int64_t before) {
        switch (column.kind) {
            case Kind::Index:
                return {row_, row_};
            case Kind::FromOne:
                return {row_ + 1, row_ + 1};
            case Kind::Ascending:
                return {row_ == 0 ? 0 : before + 1, kMostCount};
            case Kind::Repeating:
                return {row_ == 0 ? 0 : before, kMostCount};
            case Kind::Position: {
                const std::int64_t group = row.integer(c - 1);
                const bool same = row_ > 0 && group_ == group;
                group_ = group;
                return same ? Range{before + 1, before + 1} : Range{0, 0};
            }
            case Kind::Refers: {
                const std::int64_t first = std::string_view(column.of) == "metric" ? 1 : 0;
                return {first, counts_[column.of] + first - 1};
            }
            case Kind::Count:
                return {0, kMostCount};
            case Kind::Small:
                return {0, INT32_MAX};
            case Kind::Flag:
                return {0, 1};
            case Kind::Time:
                return {-kLongest_ns, kLongest_ns};
            case Kind::TimeAfter:
                return {row.integer(c - 1), kLongest_ns};
            case Kind::TimeInOrder:
                return {row_ == 0 ? -kLongest_ns : before, kLongest_ns};
            case Kind::Duration:
                return {0, kLongest_ns};
            case Kind::Status:
                return {0, 999};
            default:
                return {INT64_MIN, INT64_MAX};
        }
    }

    const sqlite::Database& database_;
    const Table& table_;
    std::map<std::string_view, std::int64_t>& counts_;
    std::vector<std::int64_t> above_;  // by column: what the row before held
    std::int64_t group_ = 0;
    std::int64_t row_ = 0;
};

/// A view could be made to give rows without end.
Status check_is_table(const sqlite::Database& database, const char* name) {
    const auto there = database.integer(
        fmt::format("SELECT count(*) FROM sqlite_master WHERE name = '{}' AND type = 'table' AND "
                    "sql LIKE 'CREATE TABLE%'",
                    name));
    if (!there) {
        return damaged(there.error().what);
    }
    return *there == 1 ? Status{} : damaged(fmt::format("the table {} is not there", name));
}

Status check_settings(const sqlite::Database& database) {
    std::map<std::string, std::optional<std::int64_t>> numbers;
    auto rows = database.prepare("SELECT key, value FROM run");
    if (!rows) {
        return damaged(rows.error().what);
    }
    for (;;) {
        const auto more = rows->step();
        if (!more) {
            return damaged(more.error().what);
        }
        if (!*more) {
            break;
        }
        numbers[rows->text(0)] =
            rows->is_integer(1) ? std::optional(rows->integer(1)) : std::nullopt;
    }
    for (const Setting& setting : kSettings) {
        const auto found = numbers.find(setting.key);
        if (found == numbers.end() || !found->second || *found->second < setting.least ||
            *found->second > setting.most) {
            return damaged(fmt::format("run: {} is {}, must be from {} to {}", setting.key,
                                       found == numbers.end() ? std::string("not there")
                                       : found->second        ? std::to_string(*found->second)
                                                              : std::string("no whole number"),
                                       setting.least, setting.most));
        }
    }
    if (*numbers["segment"] > *numbers["segments"]) {
        return damaged(
            fmt::format("run: segment is {} of {}", *numbers["segment"], *numbers["segments"]));
    }
    for (const char* const key : kTexts) {
        if (!numbers.contains(key)) {
            return damaged(fmt::format("run: {} is not there", key));
        }
    }
    return {};
}

Status check_relations(const sqlite::Database& database) {
    for (const Relation& relation : kRelations) {
        auto found = database.prepare(relation.found);
        if (!found) {
            return damaged(found.error().what);
        }
        const auto row = found->step();
        if (!row) {
            return damaged(row.error().what);
        }
        if (*row) {
            return damaged(fmt::format(fmt::runtime(relation.what), found->integer(0)));
        }
    }
    return {};
}

}  // namespace

Status check_tables(const sqlite::Database& database) {
    auto sound = database.prepare("PRAGMA quick_check(1)");
    const auto said = sound ? sound->step() : Result<bool>(sound.error());
    if (!said || !*said || sound->text(0) != "ok") {
        return damaged(!said ? said.error().what : *said ? sound->text(0) : "cannot be checked");
    }
    std::map<std::string_view, std::int64_t> counts;
    Status status = check_is_table(database, "run");
    if (status.ok()) {
        status = check_settings(database);
    }
    const auto version = database.integer("PRAGMA user_version");
    if (!version) {
        return damaged(version.error().what);
    }
    for (const Table& table : kChecked) {
        if (*version < table.since || *version > table.until) {
            continue;
        }
        if (status.ok()) {
            status = check_is_table(database, table.name);
        }
        if (status.ok()) {
            status = TableCheck(database, table, counts).run();
        }
    }
    return status.ok() ? check_relations(database) : status;
}

}  // namespace plimsoll
