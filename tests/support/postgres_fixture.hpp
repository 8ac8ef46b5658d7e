// A throwaway PostgreSQL for tests, and a plain blocking client to plant situations with.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <sys/types.h>
#include <vector>

#include <libpq-fe.h>

namespace plimsoll::test {

/// A client of its own, sharing no code with what is tested. Not thread-safe.
class PgClient {
public:
    explicit PgClient(const std::string& dsn) : connection_(PQconnectdb(dsn.c_str()), &PQfinish) {}
    [[nodiscard]] bool ok() const { return PQstatus(connection_.get()) == CONNECTION_OK; }
    [[nodiscard]] std::string error() const { return PQerrorMessage(connection_.get()); }
    /// Runs `sql` and returns the first value of its answer; "ERROR: ..." when refused.
    std::string run(const std::string& sql);
    /// Sends `sql` and does not wait.
    void send(const std::string& sql) { PQsendQuery(connection_.get(), sql.c_str()); }
    [[nodiscard]] int pid() const { return PQbackendPID(connection_.get()); }

private:
    std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
};

/// A private server on a free loopback port, run as `postgres` when the test is root. Everything
/// is gone after the destructor, and the server dies with the test.
class PostgresServer {
public:
    /// Each setting as "name=value"; max_connections is 20, 3 of them reserved, unless told.
    explicit PostgresServer(std::vector<std::string> settings = {});
    ~PostgresServer();
    PostgresServer(const PostgresServer&) = delete;
    PostgresServer& operator=(const PostgresServer&) = delete;

    /// Why the server is not there; empty when it is.
    [[nodiscard]] const std::string& error() const { return error_; }
    [[nodiscard]] std::string dsn(const std::string& user = "postgres") const;
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] pid_t pid() const { return pid_; }
    /// Over the unix socket, as superuser.
    std::string run(const std::string& sql) const;

    /// Ends the server as a crash would; `start` brings it back on the same port.
    void stop();
    void start();

private:
    [[nodiscard]] std::string socket_dsn() const;
    std::vector<std::string> settings_;
    std::string folder_;
    std::uint16_t port_ = 0;
    pid_t pid_ = -1;
    std::string error_;
};

/// A private PgBouncer before a server, on a free loopback port. Databases "postgres" (transaction
/// pooling, `pool_size` server connections) and any that `more` adds; role "stats" may read the
/// console, passwords are not asked for. Gone after the destructor.
class PgBouncer {
public:
    PgBouncer(const PostgresServer& server, int pool_size, const std::string& more = "");
    ~PgBouncer();
    PgBouncer(const PgBouncer&) = delete;
    PgBouncer& operator=(const PgBouncer&) = delete;

    /// Why it is not there; empty when it is.
    [[nodiscard]] const std::string& error() const { return error_; }
    [[nodiscard]] std::string dsn(const std::string& user, const std::string& database) const;
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] pid_t pid() const { return pid_; }

    /// Ends it as a kill -9 would; `start` brings it back on the same port.
    void stop();
    void start();

private:
    std::string folder_;
    std::uint16_t port_ = 0;
    pid_t pid_ = -1;
    std::string error_;
};

}  // namespace plimsoll::test
