#include "store/sqlite.hpp"

#include "base/utf8.hpp"

#include <limits>

#include <fmt/format.h>
#include <sqlite3.h>

namespace plimsoll::sqlite {
namespace {

constexpr int kBusyTimeout_ms = 2000;
constexpr int kLongestValue_bytes = 64 << 20;  // the longest is a scenario's text

Error error_of(sqlite3* handle) {
    const char* file = sqlite3_db_filename(handle, "main");
    return Error{sqlite3_errmsg(handle), file != nullptr ? file : "", ""};
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}

Statement& Statement::bind(int index, std::int64_t value) {
    sqlite3_bind_int64(handle_.get(), index, value);
    return *this;
}

Statement& Statement::bind(int index, std::uint64_t value) {
    return bind(index, static_cast<std::int64_t>(value));
}

Statement& Statement::bind(int index, double value) {
    sqlite3_bind_double(handle_.get(), index, value);
    return *this;
}

Statement& Statement::bind(int index, std::string_view text) {
    sqlite3_bind_text64(handle_.get(), index, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
    return *this;
}

Statement& Statement::bind(int index, std::span<const std::uint8_t> bytes) {
    sqlite3_bind_blob64(handle_.get(), index, bytes.data(), bytes.size(), SQLITE_STATIC);
    return *this;
}

Result<bool> Statement::step() {
    switch (sqlite3_step(handle_.get())) {
        case SQLITE_ROW:
            return true;
        case SQLITE_DONE:
            return false;
        default:
            return error_of(sqlite3_db_handle(handle_.get()));
    }
}

Status Statement::run() {
    Status status;
    while (true) {
        const auto row = step();
        if (!row) {
            status = row.error();
            break;
        }
        if (!row.value()) {
            break;
        }
    }
    reset();
    return status;
}

void Statement::reset() {
    sqlite3_reset(handle_.get());
    sqlite3_clear_bindings(handle_.get());
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(handle_.get(), column);
}

double Statement::real(int column) const {
    if (sqlite3_column_type(handle_.get(), column) == SQLITE_NULL) {
        return std::numeric_limits<double>::quiet_NaN();  // SQLite stores a NaN as NULL
    }
    return sqlite3_column_double(handle_.get(), column);
}

std::string Statement::text(int column) const {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(handle_.get(), column));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column));
    return data != nullptr ? valid_utf8({data, size}) : std::string();
}

int Statement::columns() const {
    return sqlite3_column_count(handle_.get());
}

std::string Statement::column_name(int column) const {
    const char* const name = sqlite3_column_name(handle_.get(), column);
    return name != nullptr ? valid_utf8(name) : std::string();
}

std::span<const std::uint8_t> Statement::bytes(int column) const {
    const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(handle_.get(), column));
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

bool Statement::is_null(int column) const {
    return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
}

bool Statement::is_integer(int column) const {
    return sqlite3_column_type(handle_.get(), column) == SQLITE_INTEGER;
}

bool Statement::is_number(int column) const {
    return is_integer(column) || sqlite3_column_type(handle_.get(), column) == SQLITE_FLOAT;
}

bool Statement::is_text(int column) const {
    return is_null(column) || sqlite3_column_type(handle_.get(), column) == SQLITE_TEXT;
}

bool Statement::is_bytes(int column) const {
    return is_null(column) || sqlite3_column_type(handle_.get(), column) == SQLITE_BLOB;
}

std::string Statement::shown(int column) const {
    constexpr std::size_t kMostShown = 40;
    switch (sqlite3_column_type(handle_.get(), column)) {
        case SQLITE_NULL:
            return "NULL";
        case SQLITE_BLOB:
            return fmt::format("{} bytes", sqlite3_column_bytes(handle_.get(), column));
        case SQLITE_TEXT:
            return fmt::format("\"{}\"", valid_utf8(text(column).substr(0, kMostShown)));
        default:
            return text(column);
    }
}

void Database::Close::operator()(sqlite3* handle) const {
    sqlite3_close_v2(handle);
}

Result<Database> Database::open(const std::filesystem::path& path, Mode mode) {
    const int flags = mode == Mode::Read ? SQLITE_OPEN_READONLY
                      : mode == Mode::Continue
                          ? SQLITE_OPEN_READWRITE
                          : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXCLUSIVE;
    sqlite3* raw = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
    Database database;
    database.handle_.reset(raw);
    if (code != SQLITE_OK) {
        return Error{raw != nullptr ? sqlite3_errmsg(raw) : sqlite3_errstr(code), path.string(),
                     ""};
    }
    sqlite3_busy_timeout(raw, kBusyTimeout_ms);
    if (mode == Mode::Read) {
        sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
        sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
        sqlite3_limit(raw, SQLITE_LIMIT_LENGTH, kLongestValue_bytes);
    }
    return database;
}

Status Database::exec(const char* sql) {
    if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
        return error_of(handle_.get());
    }
    return {};
}

Result<Statement> Database::prepare(std::string_view sql) const {
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v2(handle_.get(), sql.data(), static_cast<int>(sql.size()), &raw,
                           nullptr) != SQLITE_OK) {
        return error_of(handle_.get());
    }
    Statement statement;
    statement.handle_.reset(raw);
    return statement;
}

std::string Database::path() const {
    const char* const file = sqlite3_db_filename(handle_.get(), "main");
    return file != nullptr ? file : "";
}

Result<std::int64_t> Database::integer(std::string_view sql) const {
    auto statement = prepare(sql);
    if (!statement) {
        return statement.error();
    }
    const auto row = statement->step();
    if (!row) {
        return row.error();
    }
    return row.value() ? statement->integer(0) : 0;
}

}  // namespace plimsoll::sqlite
