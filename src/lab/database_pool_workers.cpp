// The pool's threads: each holds one connection, or opens one for each job.
#include "lab/database_pool.hpp"
#include "lab/json_answer.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

constexpr auto kShortestPause = 50ms;
constexpr auto kLongestPause = 1000ms;

/// Counts something as long as it lives.
class Counted {
public:
    explicit Counted(std::atomic<int>& count) : count_(count) { ++count_; }
    ~Counted() { --count_; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;

private:
    std::atomic<int>& count_;
};

}  // namespace

Status DatabasePool::connect(DatabaseConnection& connection, Clock::time_point deadline,
                             bool prepare) {
    if (const auto status =
            connection.connect(options_.dsn, deadline, options_.application_name.c_str());
        !status) {
        return status;
    }
    if (!prepare) {
        return {};
    }
    for (const DbStatement& statement : options_.statements) {
        const auto status = connection.prepare(statement.name, statement.sql, deadline);
        if (!status) {
            connection.close();
            return status;
        }
    }
    return {};
}

void DatabasePool::serve_fixed(std::unique_ptr<DatabaseConnection> connection) {
    DbJob job;
    while (take(job)) {
        std::optional<Counted> busy(std::in_place, busy_);
        // The server may have closed it while it was idle, as after a restart.
        if (!connection->usable() && !revive(*connection)) {
            std::string reason;
            {
                const std::lock_guard lock(mutex_);
                reason = reason_;
            }
            answer_unavailable(std::move(job), reason);
        } else {
            run_on(*connection, std::move(job), true);
        }
        job = DbJob{};
        busy.reset();
        if (!connection->usable() && !reconnect(*connection)) {
            return;
        }
    }
}

/// One quick attempt, on behalf of a job that waits for it. On failure the connection counts as
/// gone.
bool DatabasePool::revive(DatabaseConnection& connection) {
    const auto status = connect(connection, Clock::now() + options_.connect_limit, true);
    if (!status) {
        connection.close();
        const std::lock_guard lock(mutex_);
        reason_ = status.error().what;
    }
    return status.ok();
}

void DatabasePool::run_on(DatabaseConnection& connection, DbJob job, bool prepared) {
    DatabaseSession session(connection,
                            prepared ? options_.statements : std::span<const DbStatement>{},
                            options_.statement_limit, interrupted_);
    auto answer = job.work(session);
    const bool usable = connection.usable();
    if (!prepared && !session.leaked()) {
        connection.close();  // before the answer, so that the client's next request finds the slot
    }
    if (answer) {
        job.responder.send(std::move(answer).value());
    } else if (usable) {
        job.responder.send(json_error(500, answer.error().what));
    } else {
        ++failures_;
        job.responder.send(json_error(503, "database connection lost: " + answer.error().what));
        const std::lock_guard lock(mutex_);
        reason_ = answer.error().what;
    }
    if (session.leaked() && usable) {
        park(connection);
    }
}

/// Keeps the connection out of use until leaks are released.
void DatabasePool::park(DatabaseConnection& connection) {
    const Counted leaked(leaked_);
    {
        std::unique_lock lock(mutex_);
        const auto round = leak_round_;
        stopped_.wait(lock, [&] { return stopping_ || leak_round_ != round; });
    }
    if (!connection.run_script("ROLLBACK", Clock::now() + options_.connect_limit)) {
        connection.close();
    }
}

/// Tries until there is a connection; false when stopping. Meanwhile this thread takes no job.
bool DatabasePool::reconnect(DatabaseConnection& connection) {
    std::deque<DbJob> stranded;
    std::string reason;
    {
        const std::lock_guard lock(mutex_);
        if (--connected_ == 0) {
            stranded.swap(queue_);  // nobody is left to serve them
        }
        reason = reason_;
    }
    for (auto& job : stranded) {
        answer_unavailable(std::move(job), reason);
    }
    auto pause = kShortestPause;
    while (true) {
        {
            std::unique_lock lock(mutex_);
            if (stopped_.wait_for(lock, pause, [this] { return stopping_; })) {
                return false;
            }
        }
        const auto status = connect(connection, Clock::now() + options_.connect_limit, true);
        const std::lock_guard lock(mutex_);
        if (status) {
            ++connected_;
            return true;
        }
        reason_ = status.error().what;
        pause = std::min(pause * 2, kLongestPause);
    }
}

void DatabasePool::serve_extra() {
    DbJob job;
    while (take_extra(job)) {
        run_on_new_connection(std::move(job));
        job = DbJob{};
    }
}

void DatabasePool::run_on_new_connection(DbJob job) {
    DatabaseConnection connection(&interrupted_);
    const Counted busy(busy_);  // connecting is part of the work
    const auto opened = connect(connection, Clock::now() + options_.connect_limit, false);
    if (!opened) {
        answer_unavailable(std::move(job), opened.error().what);
        return;
    }
    const Counted open(extra_open_);
    run_on(connection, std::move(job), false);
}

}  // namespace plimsoll
