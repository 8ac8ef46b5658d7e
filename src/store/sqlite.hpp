// A thin owner for SQLite handles. Only the sources of this module include it.
//
// Not thread-safe: one Database and its Statements belong to one caller at a time. Every failure is
// a Status or Result with SQLite's own words; nothing here throws.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace plimsoll::sqlite {

/// One row of a table, wherever it comes from. Columns count from 0.
class Row {
public:
    virtual ~Row() = default;
    [[nodiscard]] virtual std::int64_t integer(int column) const = 0;
    [[nodiscard]] virtual double real(int column) const = 0;
    /// UTF-8 whatever is stored: what is no text becomes U+FFFD.
    [[nodiscard]] virtual std::string text(int column) const = 0;
    /// Valid until the next row.
    [[nodiscard]] virtual std::span<const std::uint8_t> bytes(int column) const = 0;
    [[nodiscard]] std::uint64_t unsigned_integer(int column) const {
        return static_cast<std::uint64_t>(integer(column));
    }
    [[nodiscard]] std::uint32_t small(int column) const {
        return static_cast<std::uint32_t>(integer(column));
    }
};

/// A prepared statement, and the row that it stands on. Parameters count from 1, columns from 0, as
/// in SQLite.
class Statement final : public Row {
public:
    Statement() = default;

    /// Binds in place; each returns *this so that a row reads as one line. A failed bind shows as
    /// the error of the next step. Text and bytes must stay alive until then.
    Statement& bind(int index, std::int64_t value);
    Statement& bind(int index, std::uint64_t value);
    Statement& bind(int index, std::uint32_t value) {
        return bind(index, static_cast<std::int64_t>(value));
    }
    Statement& bind(int index, double value);
    Statement& bind(int index, std::string_view text);
    Statement& bind(int index, std::span<const std::uint8_t> bytes);

    /// Binds parameters 1, 2, 3 ... in order.
    template <typename... Values>
    Statement& bind_all(const Values&... values) {
        int index = 0;
        (bind(++index, values), ...);
        return *this;
    }

    /// True: a row is there. False: done.
    [[nodiscard]] Result<bool> step();
    /// Runs to the end and makes the statement ready to be bound again.
    [[nodiscard]] Status run();
    void reset();

    /// Whether there is one: a Statement is empty until one is prepared into it.
    [[nodiscard]] bool prepared() const { return handle_ != nullptr; }
    [[nodiscard]] int columns() const;
    [[nodiscard]] std::string column_name(int column) const;
    [[nodiscard]] std::int64_t integer(int column) const override;
    [[nodiscard]] double real(int column) const override;
    [[nodiscard]] std::string text(int column) const override;
    [[nodiscard]] std::span<const std::uint8_t> bytes(int column) const override;

    /// How a value is stored, for those who do not trust the file. Empty text and empty bytes may
    /// be stored as NULL.
    [[nodiscard]] bool is_null(int column) const;
    [[nodiscard]] bool is_integer(int column) const;
    [[nodiscard]] bool is_number(int column) const;  // whole or not
    [[nodiscard]] bool is_text(int column) const;
    [[nodiscard]] bool is_bytes(int column) const;
    /// The value for an error message, cut to a length that can be read.
    [[nodiscard]] std::string shown(int column) const;

private:
    friend class Database;
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

class Database {
public:
    enum class Mode { Create, Read, Continue };
    /// Create makes the file and refuses one that exists; Continue writes to one that does; Read
    /// never changes it, and takes nothing from it that could run code or is larger than a run file
    /// has.
    [[nodiscard]] static Result<Database> open(const std::filesystem::path& path, Mode mode);

    /// Runs one or more statements that return nothing of interest.
    [[nodiscard]] Status exec(const char* sql);
    [[nodiscard]] Result<Statement> prepare(std::string_view sql) const;
    /// The first column of the first row, 0 where there is none.
    [[nodiscard]] Result<std::int64_t> integer(std::string_view sql) const;
    [[nodiscard]] std::string path() const;

private:
    struct Close {
        void operator()(sqlite3* handle) const;
    };
    std::unique_ptr<sqlite3, Close> handle_;
};

}  // namespace plimsoll::sqlite
