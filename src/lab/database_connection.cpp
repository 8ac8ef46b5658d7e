#include "lab/database_connection.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <poll.h>

#include <libpq-fe.h>

namespace plimsoll {
namespace {

using PgResult = std::unique_ptr<PGresult, decltype(&PQclear)>;

std::vector<const char*> pointers(const std::vector<PgParam>& parameters) {
    std::vector<const char*> values;
    values.reserve(parameters.size());
    for (const auto& parameter : parameters) {
        values.push_back(parameter ? parameter->c_str() : nullptr);
    }
    return values;
}

}  // namespace

std::string tidy_pg_message(const std::string& message) {
    std::size_t from = 0;
    for (const std::string_view severity : {"FATAL:", "PANIC:", "ERROR:"}) {
        const auto at = message.find(severity);
        if (at != std::string::npos) {
            from = at;
            break;
        }
    }
    // Without a message from the server, the part after the address says what happened.
    constexpr std::string_view kFailed = " failed: ";
    if (from == 0 && message.starts_with("connection to server")) {
        const auto at = message.find(kFailed);
        from = at == std::string::npos ? 0 : at + kFailed.size();
    }
    std::string tidy;
    // Further lines are libpq's guesses at the reason.
    for (const char c : std::string_view(message).substr(from, message.find('\n', from) - from)) {
        if (c != ' ' || !tidy.ends_with(' ')) {
            tidy += c;
        }
    }
    return tidy;
}

void DatabaseConnection::close() {
    PQfinish(connection_);
    connection_ = nullptr;
}

Error DatabaseConnection::lost(const std::string& fallback) {
    std::string message = tidy_pg_message(PQerrorMessage(connection_));
    close();
    return Error{message.empty() ? fallback : message, {}, {}};
}

bool DatabaseConnection::wait(short events, Clock::time_point deadline) const {
    using std::chrono::milliseconds;
    while (interrupted_ == nullptr || !interrupted_->load(std::memory_order_relaxed)) {
        const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
        if (left <= milliseconds(0)) {
            return false;
        }
        pollfd entry{PQsocket(connection_), events, 0};
        if (::poll(&entry, 1, static_cast<int>(std::min(left, milliseconds(100)).count())) > 0) {
            return true;
        }
    }
    return false;
}

Status DatabaseConnection::connect(const std::string& dsn, Clock::time_point deadline,
                                   const char* application_name) {
    close();
    // Checked apart, because libpq's complaint about a malformed string quotes it, password and
    // all.
    PQconninfoOption* parsed = PQconninfoParse(dsn.c_str(), nullptr);
    if (parsed == nullptr) {
        return Error{"the connection string is not valid",
                     {},
                     "expected host=... port=... user=... dbname=... or postgresql://..."};
    }
    PQconninfoFree(parsed);
    const std::array<const char*, 3> keywords = {
        "dbname", application_name == nullptr ? nullptr : "application_name", nullptr};
    const std::array<const char*, 3> values = {dsn.c_str(), application_name, nullptr};
    connection_ = PQconnectStartParams(keywords.data(), values.data(), 1);
    if (connection_ == nullptr || PQstatus(connection_) == CONNECTION_BAD) {
        return lost("the database connection could not be started");
    }
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    while (next != PGRES_POLLING_OK) {
        if (next == PGRES_POLLING_FAILED) {
            return lost("the database could not be reached");
        }
        if (!wait(next == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline)) {
            close();
            return Error{"timed out while connecting to the database", {}, {}};
        }
        next = PQconnectPoll(connection_);
    }
    if (PQsetnonblocking(connection_, 1) != 0) {
        return lost("the database connection could not be set up");
    }
    // Notices ("relation already exists, skipping") would go to standard error.
    PQsetNoticeProcessor(
        connection_, [](void*, const char*) {}, nullptr);
    return {};
}

bool DatabaseConnection::usable() const {
    if (connection_ == nullptr || PQstatus(connection_) != CONNECTION_OK) {
        return false;
    }
    // An idle connection has nothing to read; if it has, it is the server's farewell.
    pollfd entry{PQsocket(connection_), POLLIN, 0};
    return ::poll(&entry, 1, 0) == 0;
}

bool DatabaseConnection::flush(Clock::time_point deadline) {
    while (true) {
        const int left = PQflush(connection_);
        if (left <= 0) {
            return left == 0;
        }
        if (!wait(POLLIN | POLLOUT, deadline) || PQconsumeInput(connection_) == 0) {
            return false;
        }
    }
}

/// Waits for all results of what was just sent and keeps the last cell, or the first failure.
Result<PgCell> DatabaseConnection::collect(int sent, Clock::time_point deadline) {
    sqlstate_.clear();
    if (sent == 0 || !flush(deadline)) {
        return lost("the database connection was lost");
    }
    PgCell cell;
    Error failure;
    while (true) {
        while (PQisBusy(connection_) != 0) {
            if (!wait(POLLIN, deadline)) {
                close();
                return Error{"timed out waiting for the database", {}, {}};
            }
            if (PQconsumeInput(connection_) == 0) {
                return lost("the database connection was lost");
            }
        }
        const PgResult result(PQgetResult(connection_), &PQclear);
        if (!result) {
            break;
        }
        const ExecStatusType status = PQresultStatus(result.get());
        if (status == PGRES_TUPLES_OK && PQntuples(result.get()) > 0 &&
            PQgetisnull(result.get(), 0, 0) == 0) {
            cell.emplace(PQgetvalue(result.get(), 0, 0),
                         static_cast<std::size_t>(PQgetlength(result.get(), 0, 0)));
        } else if (status == PGRES_FATAL_ERROR && failure.what.empty()) {
            failure.what = tidy_pg_message(PQresultErrorMessage(result.get()));
            const char* const state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
            sqlstate_ = state == nullptr ? "" : state;
        }
    }
    if (!failure.what.empty()) {
        if (PQstatus(connection_) != CONNECTION_OK) {
            close();
        }
        return failure;
    }
    return cell;
}

Status DatabaseConnection::prepare(const std::string& name, const std::string& sql,
                                   Clock::time_point deadline) {
    const auto result =
        collect(PQsendPrepare(connection_, name.c_str(), sql.c_str(), 0, nullptr), deadline);
    return result ? Status{} : Status{result.error()};
}

Result<PgCell> DatabaseConnection::run_prepared(const std::string& name,
                                                const std::vector<PgParam>& parameters,
                                                Clock::time_point deadline) {
    const auto values = pointers(parameters);
    return collect(PQsendQueryPrepared(connection_, name.c_str(), static_cast<int>(values.size()),
                                       values.data(), nullptr, nullptr, 0),
                   deadline);
}

Result<PgCell> DatabaseConnection::run(const std::string& sql,
                                       const std::vector<PgParam>& parameters,
                                       Clock::time_point deadline) {
    const auto values = pointers(parameters);
    return collect(PQsendQueryParams(connection_, sql.c_str(), static_cast<int>(values.size()),
                                     nullptr, values.data(), nullptr, nullptr, 0),
                   deadline);
}

Status DatabaseConnection::run_script(const std::string& sql, Clock::time_point deadline) {
    const auto result = collect(PQsendQuery(connection_, sql.c_str()), deadline);
    return result ? Status{} : Status{result.error()};
}

}  // namespace plimsoll
