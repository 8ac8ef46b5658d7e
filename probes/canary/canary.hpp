// Tiny requests that each isolate one layer of the target.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "probes/postgres/refusals.hpp"
#include "signal/probe.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace plimsoll {

/// Every canary is a probe "canary:<name>" that reports, with label {canary} = its name,
/// - plimsoll_canary_seconds: how long the request took; left out when it failed (a quick refusal
///   is not a quick answer);
/// - plimsoll_canary_failures_total: failed or not done by the read's deadline;
/// - plimsoll_canary_tries_total: all of them. A reading without a new one repeats the last
///   duration.
///
/// A failure is data: `read` gives a reading all the same. `start` makes one attempt, that is not
/// counted, and fails if that does; reads go on trying whatever start said. One request a second is
/// enough to tell layers apart and too little to matter; one that takes much CPU time of ours (a
/// fresh connection that hashes a password) pauses up to 10 s between successes, while its last
/// duration stands.
inline constexpr Nanoseconds kCanaryPeriod = std::chrono::seconds(1);

struct HttpCanaryOptions {
    std::string name = "no_database";
    std::string host;  // name or address, IPv6 without brackets
    std::uint16_t port = 80;
    std::string host_header;  // host, brackets and port as HTTP wants them
    std::string path = "/";   // with query
    Nanoseconds period = kCanaryPeriod;
};
/// GET of a URL, over a kept-alive plain connection: first byte sent → last byte of the response.
/// Connecting is not counted (tcp_connect measures that). Good: a status of 200 to 399. A response
/// without Content-Length is timed to the end of its header, and its connection closed.
[[nodiscard]] ProbePtr make_http_canary(HttpCanaryOptions options);

struct TcpCanaryOptions {
    std::string name = "tcp_connect";
    std::string host;
    std::uint16_t port = 80;
    Nanoseconds period = kCanaryPeriod;
};
/// TCP connect and close. Time: the handshake, without the look-up of the host's name.
[[nodiscard]] ProbePtr make_tcp_canary(TcpCanaryOptions options);

struct PostgresCanaryOptions {
    std::string dsn;   // secret
    std::string name;  // "select_1" or "pg_connect" when empty
    Nanoseconds period = kCanaryPeriod;
    /// Of the server's PostgreSQL probe, which then reports the refusals of both; without one the
    /// pg_connect canary reports plimsoll_pg_connection_refused_total itself.
    std::shared_ptr<Refusals> refusals;
};
/// SELECT 1 on a connection held since start. Time: one round trip. A lost connection is opened
/// again by later reads; each that has none is a failure. Error: the DSN cannot be read.
[[nodiscard]] Result<ProbePtr> make_select_canary(PostgresCanaryOptions options);

/// A fresh PostgreSQL connection, closed as soon as the server is ready for a query. Takes a slot
/// for that moment, so never more often than once a second.
/// Time: look-up, TCP, authentication. Error: the DSN cannot be read.
[[nodiscard]] Result<ProbePtr> make_connect_canary(PostgresCanaryOptions options);

struct PoolerCanaryOptions {
    std::string pgbouncer_dsn;  // secret
    /// Of a PostgreSQL behind the PgBouncer, secret: its database, role and password are used at
    /// the PgBouncer's address. Not where `pgbouncer_dsn` names a database other than the console.
    std::string database_dsn;
    std::string name = "pgbouncer_connect";
    Nanoseconds period = kCanaryPeriod;
};
/// A fresh connection through PgBouncer and SELECT 1 on it, since PgBouncer lets clients in before
/// it has a server connection for them: queues with the application's requests for that. Never
/// more often than once a second. Null where neither DSN names a database. Error: a DSN cannot be
/// read.
[[nodiscard]] Result<ProbePtr> make_pooler_canary(PoolerCanaryOptions options);

}  // namespace plimsoll
