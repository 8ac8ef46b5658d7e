// The demo target: a deployments service on PostgreSQL, with faults planted on request.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "lab/fault.hpp"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <stop_token>
#include <string>

namespace plimsoll {

struct LabOptions {
    std::string dsn;  // libpq connection string of an ordinary role that may create tables
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  // 0: any free one
    int http_threads = 1;
    FaultSpec fault;
    /// How long a deployment request holds its connection, unless the fault says otherwise.
    Nanoseconds hold = std::chrono::milliseconds(20);
    /// How long a request waits for a connection before it is answered 503.
    Nanoseconds pool_timeout = std::chrono::seconds(2);
    /// The most requests at work at once under `max-connections`.
    int per_request_threads = 256;
    /// How long the start may wait for the database, which may be starting too.
    Nanoseconds database_wait = std::chrono::seconds(15);
};

/// Routes: GET /health and GET /mem (no database), GET /lab/state, GET /v1/deployments[?status=],
/// POST /v1/deployments, GET, PUT and DELETE /v1/deployments/{id}. HTTP threads never wait for the
/// database, so /health stays fast while the pool is exhausted.
/// Threading: start and stop from one thread.
class Lab {
public:
    /// Makes and fills the table, opens the pool, listens.
    /// Error: the database stays unreachable, has too few slots for the pool, or the port is taken.
    [[nodiscard]] static Result<Lab> start(const LabOptions& options);
    ~Lab();
    Lab(Lab&&) noexcept;
    Lab& operator=(Lab&&) noexcept;

    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] std::string url() const;
    /// What GET /lab/state answers.
    [[nodiscard]] std::string state_json() const;
    /// Closes all connections and joins all threads. Idempotent.
    void stop();

private:
    struct State;
    explicit Lab(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// The lab as a program: serves until `stop` is requested. Once it serves it prints one line,
/// "ready http://127.0.0.1:PORT", to `out`, which a parent process can wait for.
[[nodiscard]] Status run_lab(const LabOptions& options, std::stop_token stop,
                             std::FILE* out = stdout);

}  // namespace plimsoll
