// The demo target: a deployments service on PostgreSQL, with faults planted on request.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "lab/fault_catalogue.hpp"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace plimsoll {

struct LabApplication;  // see application.hpp

/// Whose names GET /metrics uses for the pool: OpenTelemetry's semantic conventions as Prometheus
/// shows them, HikariCP's by Micrometer, those of pgxpool's usual collector, or no pool metrics.
enum class PoolMetrics { None, Otel, Hikari, Pgx };
/// "otel", "hikari", "pgx" or "none".
[[nodiscard]] Result<PoolMetrics> parse_pool_metrics(std::string_view text);

struct LabOptions {
    /// libpq connection string of an ordinary role that may create tables. May lead through
    /// PgBouncer; then `prepared_statements` must be off and `direct_dsn` lead around it.
    std::string dsn;
    std::string direct_dsn;           // for tables and ballast; empty: `dsn`
    std::string admin_dsn;            // superuser, for the faults that need one; may be empty
    std::string pgbouncer_admin_dsn;  // its console; empty: there is no PgBouncer
    int pgbouncer_pool_size = 20;     // to go back to
    bool prepared_statements = true;
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  // 0: any free one
    int http_threads = 1;
    std::vector<LabFault> faults;  // planted from the start
    /// What it serves; null for the deployments API.
    std::shared_ptr<const LabApplication> application;
    /// How long a deployment request holds its connection, unless the fault says otherwise.
    Nanoseconds hold = std::chrono::milliseconds(20);
    int pool_size = 64;  // without the fault app-pool; fewer where the server has fewer slots
    int pool_overflow = 0;
    /// How long a request waits for a connection before it is answered 503.
    Nanoseconds pool_timeout = std::chrono::seconds(2);
    /// The most requests at work at once under `max-connections`.
    int per_request_threads = 256;
    /// Threads that compute; 0: one per core, at least two.
    int workers = 0;
    PoolMetrics pool_metrics = PoolMetrics::None;
    bool proxy = false;     // a proxy in front, for the fault network
    std::string fault_log;  // JSON lines are added to this file; empty: none
    /// How long the start may wait for the database, which may be starting too.
    Nanoseconds database_wait = std::chrono::seconds(15);
};

/// Routes of the service: GET /health and GET /mem (no database), GET /metrics, the API under /v1.
/// Routes of the lab: GET /lab/state; GET, POST and DELETE /lab/faults. The latter are answered at
/// the control address, which is always a loopback one, and at the service's own address when that
/// is one too. HTTP threads never wait for the database, so /health stays fast while the pool is
/// exhausted. Threading: start and stop from one thread; the rest from any.
class Lab {
public:
    /// Makes and fills the tables, opens the pool, listens, plants the faults.
    /// Error: the database stays unreachable, has too few slots for the pool, the port is taken, or
    /// a fault cannot be planted here.
    [[nodiscard]] static Result<Lab> start(const LabOptions& options);
    ~Lab();
    Lab(Lab&&) noexcept;
    Lab& operator=(Lab&&) noexcept;

    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] std::string url() const;
    /// Where faults are switched, whatever they do to the service.
    [[nodiscard]] std::string control_url() const;
    /// What GET /lab/state answers.
    [[nodiscard]] std::string state_json() const;
    /// Closes all connections and joins all threads. Idempotent.
    void stop();

private:
    struct State;
    explicit Lab(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// The lab as a program: serves until `stop` is requested. Once it serves it prints
/// "ready http://127.0.0.1:PORT", which a parent process can wait for, and "control http://..." to
/// `out`.
[[nodiscard]] Status run_lab(const LabOptions& options, std::stop_token stop,
                             std::FILE* out = stdout);

}  // namespace plimsoll
