#include "store/run_check.hpp"

#include "store/run_tables.hpp"

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

using run_tables::Column;
using run_tables::Kind;
using run_tables::kLongest_ns;
using run_tables::Relation;
using run_tables::Setting;
using run_tables::Table;

constexpr std::int64_t kMostCount = std::int64_t{1} << 50;  // sums of a million stay in 64 bits
constexpr double kMostAmount = 1e15;

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
    for (const Setting& setting : run_tables::settings()) {
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
    for (const char* const key : run_tables::texts()) {
        if (!numbers.contains(key)) {
            return damaged(fmt::format("run: {} is not there", key));
        }
    }
    return {};
}

Status check_relations(const sqlite::Database& database) {
    for (const Relation& relation : run_tables::relations()) {
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
    for (const Table& table : run_tables::tables()) {
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
