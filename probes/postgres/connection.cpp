#include "probes/postgres/connection.hpp"

#include "probes/postgres/refusals.hpp"

#include <charconv>
#include <poll.h>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <libpq-fe.h>

namespace plimsoll {

void PgRows::Free::operator()(pg_result* result) const {
    PQclear(result);
}
int PgRows::size() const {
    return PQntuples(result_.get());
}
int PgRows::columns() const {
    return PQnfields(result_.get());
}
std::string_view PgRows::column_name(int column) const {
    return PQfname(result_.get(), column);
}
bool PgRows::null(int row, int column) const {
    return PQgetisnull(result_.get(), row, column) != 0;
}
std::string_view PgRows::text(int row, int column) const {
    return {PQgetvalue(result_.get(), row, column),
            static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}
double PgRows::number(int row, int column) const {
    const std::string_view value = text(row, column);
    double parsed = 0;
    std::from_chars(value.data(), value.data() + value.size(), parsed);
    return parsed;
}

PgConnection::PgConnection(PgTarget target, std::string set_up)
    : target_(std::move(target)), set_up_(std::move(set_up)), connection_(nullptr, &PQfinish) {}
PgConnection::~PgConnection() = default;
PgConnection::PgConnection(PgConnection&&) noexcept = default;
PgConnection& PgConnection::operator=(PgConnection&&) noexcept = default;

void PgConnection::close() {
    connection_.reset();
    lookup_.reset();
    stage_ = Stage::Down;
    busy_ = false;
}

Error PgConnection::fail(std::string_view message) {
    ConnectFailure failure = read_connect_failure(message);
    sqlstate_ = std::move(failure.sqlstate);
    close();
    return {target_.redact(std::move(failure.text)), target_.where()};
}

Error PgConnection::late(const char* what) const {
    return {fmt::format("{} (for {:.1f} s)", what, to_seconds(Clock::now() - since_)),
            target_.where()};
}

Status PgConnection::connect(Clock::time_point deadline) {
    if (stage_ == Stage::Down) {
        sqlstate_.clear();
        since_ = Clock::now();
        stage_ = Stage::LookingUp;
    }
    while (stage_ != Stage::Up) {
        if (Status status = step(deadline); !status) {
            if (connecting() && Clock::now() - since_ > kConnectLimit) {
                close();
            }
            return status;
        }
    }
    return {};
}

Status PgConnection::step(Clock::time_point deadline) {
    switch (stage_) {
        case Stage::LookingUp:
            return look_up(deadline);
        case Stage::Connecting:
            return poll_connect(deadline);
        case Stage::SettingUp:
            return set_up(deadline);
        case Stage::Down:
        case Stage::Up:
            break;
    }
    return {};
}

Status PgConnection::look_up(Clock::time_point deadline) {
    if (target_.host_to_look_up().empty()) {
        return begin({});
    }
    if (!lookup_) {
        lookup_.emplace(target_.host_to_look_up());
    }
    const Result<std::vector<std::string>> addresses = lookup_->wait(deadline);
    if (addresses) {
        return begin(*addresses);
    }
    return lookup_->still_waiting() ? late("the host's name is still being looked up")
                                    : fail(addresses.error().what);
}

Status PgConnection::begin(const std::vector<std::string>& addresses) {
    // libpq tries a list of addresses in turn, given a host name beside each.
    std::string hosts;
    std::string list;
    for (const std::string& address : addresses) {
        hosts += (hosts.empty() ? "" : ",") + target_.host_to_look_up();
        list += (list.empty() ? "" : ",") + address;
    }
    std::vector<const char*> keywords;
    std::vector<const char*> values;
    for (const auto& [keyword, value] : target_.parameters()) {
        const bool host = keyword == "host" && !hosts.empty();
        keywords.push_back(keyword.c_str());
        values.push_back(host ? hosts.c_str() : value.c_str());
    }
    if (!list.empty()) {
        keywords.push_back("hostaddr");
        values.push_back(list.c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    connection_.reset(PQconnectStartParams(keywords.data(), values.data(), 0));
    if (connection_ == nullptr) {
        return fail("out of memory");
    }
    if (PQstatus(connection_.get()) == CONNECTION_BAD) {
        return fail(PQerrorMessage(connection_.get()));
    }
    // Puts the SQLSTATE of a refusal into the message: there is no other way to learn it.
    PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);
    wait_for_ = POLLOUT;
    stage_ = Stage::Connecting;
    return {};
}

Status PgConnection::poll_connect(Clock::time_point deadline) {
    PGconn* connection = connection_.get();
    for (;;) {
        // libpq must only be called when its socket is ready: it takes the call for the news.
        if (!wait_ready(PQsocket(connection), wait_for_, deadline)) {
            return late("no answer yet to the attempt to connect");
        }
        const PostgresPollingStatusType state = PQconnectPoll(connection);
        if (state == PGRES_POLLING_FAILED) {
            return fail(PQerrorMessage(connection));
        }
        if (state == PGRES_POLLING_OK) {
            break;
        }
        wait_for_ = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    }
    PQsetErrorVerbosity(connection, PQERRORS_DEFAULT);
    PQsetnonblocking(connection, 1);
    // Notices would go to stderr.
    PQsetNoticeProcessor(
        connection, [](void*, const char*) {}, nullptr);
    if (set_up_.empty()) {
        stage_ = Stage::Up;
        return {};
    }
    if (PQsendQuery(connection, set_up_.c_str()) == 0) {
        return fail(PQerrorMessage(connection));
    }
    stage_ = Stage::SettingUp;
    busy_ = true;
    return {};
}

Status PgConnection::set_up(Clock::time_point deadline) {
    const Result<PgRows> done = collect(deadline);
    if (done) {
        stage_ = Stage::Up;
        return {};
    }
    if (!busy_) {  // answered, with a refusal
        close();
    }
    return done.error();
}

Result<PgRows> PgConnection::query(const std::string& sql, Clock::time_point deadline) {
    if (Status ready = make_ready(); !ready) {
        return ready.error();
    }
    return answer(PQsendQueryParams(connection_.get(), sql.c_str(), 0, nullptr, nullptr, nullptr,
                                    nullptr, 0) == 1,
                  deadline);
}

Result<PgRows> PgConnection::query_prepared(const std::string& name, Clock::time_point deadline) {
    if (Status ready = make_ready(); !ready) {
        return ready.error();
    }
    return answer(
        PQsendQueryPrepared(connection_.get(), name.c_str(), 0, nullptr, nullptr, nullptr, 0) == 1,
        deadline);
}

Result<PgRows> PgConnection::query_simple(const std::string& sql, Clock::time_point deadline) {
    if (Status ready = make_ready(); !ready) {
        return ready.error();
    }
    return answer(PQsendQuery(connection_.get(), sql.c_str()) == 1, deadline);
}

int PgConnection::server_version() const {
    return up() ? PQserverVersion(connection_.get()) : 0;
}

Status PgConnection::make_ready() {
    if (!up()) {
        return Error{"not connected", target_.where()};
    }
    if (busy_) {
        const Result<PgRows> old = collect(Clock::now());
        if (busy_ || !up()) {
            return old.error();
        }
    }
    return {};
}

Result<PgRows> PgConnection::answer(bool sent, Clock::time_point deadline) {
    if (!sent) {
        return fail(PQerrorMessage(connection_.get()));
    }
    busy_ = true;
    since_ = Clock::now();
    return collect(deadline);
}

/// Sends what is left to send and takes the whole answer, up to the point where the server waits
/// for the next statement. `busy_` stays set if the deadline comes first.
Result<PgRows> PgConnection::collect(Clock::time_point deadline) {
    PGconn* connection = connection_.get();
    std::optional<PgRows> rows;
    std::optional<Error> error;
    for (;;) {
        const int unsent = PQflush(connection);
        if (unsent < 0) {
            return fail(PQerrorMessage(connection));
        }
        if (PQisBusy(connection) != 0) {
            const auto events = static_cast<short>(unsent == 1 ? POLLIN | POLLOUT : POLLIN);
            if (!wait_ready(PQsocket(connection), events, deadline)) {
                return give_up_waiting();
            }
            if (PQconsumeInput(connection) == 0) {
                return fail(PQerrorMessage(connection));
            }
            continue;
        }
        PGresult* result = PQgetResult(connection);
        if (result == nullptr) {
            break;
        }
        const ExecStatusType status = PQresultStatus(result);
        const bool good = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
        rows.emplace(result);
        if (!good && !error) {
            error = refusal(*result);
        }
    }
    busy_ = false;
    if (PQstatus(connection) == CONNECTION_BAD) {
        Error lost = error ? *error : fail(PQerrorMessage(connection));
        close();
        return lost;
    }
    if (error || !rows) {
        return error ? *error : Error{"the server sent no answer", target_.where()};
    }
    return std::move(*rows);
}

Error PgConnection::give_up_waiting() {
    Error error = late("no answer from the server");
    if (Clock::now() - since_ > busy_limit_) {
        close();
    }
    return error;
}

Error PgConnection::refusal(const pg_result& result) const {
    const char* text = PQresultErrorField(&result, PG_DIAG_MESSAGE_PRIMARY);
    const char* code = PQresultErrorField(&result, PG_DIAG_SQLSTATE);
    return {target_.redact(fmt::format("{} (SQLSTATE {})",
                                       text != nullptr ? text : PQresultErrorMessage(&result),
                                       code != nullptr ? code : "unknown")),
            target_.where()};
}

void PgConnection::look() {
    if (connection_ == nullptr || stage_ != Stage::Up) {
        return;
    }
    if (busy_) {
        static_cast<void>(collect(Clock::now()));
        return;
    }
    // A server that goes says so first and closes then: that takes two reads.
    for (int reads = 0; reads < 3; ++reads) {
        if (!wait_ready(PQsocket(connection_.get()), POLLIN, Clock::now())) {
            return;
        }
        if (PQconsumeInput(connection_.get()) == 0) {
            close();
            return;
        }
    }
}

}  // namespace plimsoll
