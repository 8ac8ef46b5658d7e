// A lab with faults to plant, load for it, and eyes that share no code with our probes.
#pragma once

#include "lab/child_process.hpp"
#include "lab/lab.hpp"
#include "lab/throwaway_pgbouncer.hpp"
#include "lab/throwaway_postgres.hpp"
#include "processes.hpp"
#include "tests/support/http_exchange.hpp"
#include "tests/support/postgres_fixture.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace plimsoll::test {

/// Clients that ask for the same thing again and again, on a connection per request.
class Clients {
public:
    Clients(unsigned short port, HttpAsk ask, int count);
    ~Clients() { stop(); }
    Clients(const Clients&) = delete;
    Clients& operator=(const Clients&) = delete;
    void stop();
    /// So many answers had this status; 0: no answer.
    [[nodiscard]] int answered(int status) const;
    [[nodiscard]] std::string last_body(int status) const;

private:
    std::atomic<bool> stopping_{false};
    mutable std::mutex mutex_;
    std::map<int, int> counts_;
    std::map<int, std::string> bodies_;
    std::vector<std::thread> threads_;
};

/// The port in "http://127.0.0.1:PORT".
[[nodiscard]] unsigned short port_of(const std::string& url);

/// A socket that is connecting to 127.0.0.1:`port`, non-blocking. The caller closes it.
[[nodiscard]] int open_connection(unsigned short port);

/// Processor time a process and its threads have used, from /proc/PID/stat.
[[nodiscard]] double cpu_seconds(pid_t pid);

/// What `key` stands for in a flat file of "key value" or "key: value" lines.
[[nodiscard]] std::int64_t figure_in(const std::string& file, const std::string& key);

/// A lab inside the test, on a PostgreSQL of its own.
class FaultTest : public ::testing::Test {
protected:
    void open(const std::vector<std::string>& faults = {}, Nanoseconds hold = {},
              bool pgbouncer = false);
    /// Plants it while the lab runs.
    void plant(const std::string& fault) const;
    void remove(const std::string& name) const;
    [[nodiscard]] HttpAnswer control(const std::string& method, const std::string& target,
                                     const std::string& body = {}) const;
    [[nodiscard]] HttpAnswer ask(const std::string& method, const std::string& target,
                                 const std::string& body = {}) const;
    /// One number from PostgreSQL, asked as superuser by a client of its own.
    [[nodiscard]] int number(const std::string& sql);
    /// How many backends of the service are so.
    [[nodiscard]] int backends(const std::string& condition);

    /// Ends the service's backends: they report their counts when they go, else up to 10 s later.
    void report_counts();

    std::optional<ThrowawayPostgres> postgres_;
    std::optional<ThrowawayPgbouncer> pgbouncer_;
    std::optional<Lab> lab_;
    std::optional<PgClient> eye_;
    unsigned short port_ = 0;
    unsigned short control_port_ = 0;
};

/// A lab as a process of its own, so that limits on it do not hit the test.
class FaultProcessTest : public FaultTest {
protected:
    void launch(const std::vector<std::string>& arguments);
    void TearDown() override;
    [[nodiscard]] double cpu() const { return cpu_seconds(process_->pid()); }

    std::optional<ChildProcess> process_;
};

}  // namespace plimsoll::test
