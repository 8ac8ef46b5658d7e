#include "lab/database_faults.hpp"

#include <random>

#include <fmt/format.h>

namespace plimsoll {
namespace {

int random_up_to(int most) {
    thread_local std::minstd_rand generator{std::random_device{}()};
    return std::uniform_int_distribution<int>(1, most)(generator);
}

Status as_status(const Result<PgCell>& result) {
    return result ? Status{} : Status{result.error()};
}

/// Statements of their own, each committed by itself.
Status run_separate_work(DatabaseSession& session, const Behaviour& behaviour) {
    if (behaviour.slow_sql_rows > 0) {
        const int customer = random_up_to(behaviour.slow_sql_rows / 100);
        const auto found = session.run("SELECT count(*) FROM lab_events WHERE customer = $1::int",
                                       {std::to_string(customer)});
        if (!found) {
            return found.error();
        }
    }
    if (behaviour.database_work > 0) {
        const auto hashed = session.run(
            "SELECT sum(length(sha256(i::text::bytea))) FROM generate_series(1, $1::int) i",
            {std::to_string(behaviour.database_work)});
        if (!hashed) {
            return hashed.error();
        }
    }
    for (int i = 0; i < behaviour.commits; ++i) {
        const auto written =
            session.run("INSERT INTO lab_journal (body) VALUES (repeat('x', $1::int))",
                        {std::to_string(behaviour.commit_bytes)});
        if (!written) {
            return written.error();
        }
    }
    return {};
}

Status take_row_lock(DatabaseSession& session, const Behaviour::RowLock& lock) {
    const auto locked = session.run("UPDATE lab_hot SET hits = hits + 1 WHERE id = $1::int",
                                    {std::to_string(random_up_to(lock.rows))});
    if (!locked) {
        return locked.error();
    }
    return as_status(
        session.run("SELECT pg_sleep($1::float8)", {std::to_string(to_seconds(lock.hold))}));
}

Result<HttpResponse> run_in_transaction(DatabaseSession& session, const Behaviour& behaviour,
                                        const DatabaseQuery& query, bool leak) {
    if (const auto begun = session.script("BEGIN"); !begun) {
        return begun.error();
    }
    if (behaviour.row_lock && !leak) {  // a leaked lock would stop everything at the first leak
        if (const auto locked = take_row_lock(session, *behaviour.row_lock); !locked) {
            static_cast<void>(session.script("ROLLBACK"));
            return locked.error();
        }
    }
    auto answer = query(session);
    if (behaviour.transaction_call) {
        session.pause(*behaviour.transaction_call);
    }
    if (leak && answer) {
        session.leak();
        return answer;
    }
    const auto ended = session.script(answer ? "COMMIT" : "ROLLBACK");
    return answer && !ended ? Result<HttpResponse>(ended.error()) : std::move(answer);
}

}  // namespace

Result<HttpResponse> query_with_faults(DatabaseSession& session, const Behaviour& behaviour,
                                       const DatabaseQuery& query, bool leak) {
    if (const auto worked = run_separate_work(session, behaviour); !worked) {
        return worked.error();
    }
    if (leak || behaviour.row_lock || behaviour.transaction_call) {
        return run_in_transaction(session, behaviour, query, leak);
    }
    return query(session);
}

std::string tables_for(const LabFault& fault) {
    if (fault.name() == "lock-contention") {
        return fmt::format(
            "CREATE TABLE IF NOT EXISTS lab_hot (id int PRIMARY KEY, hits bigint NOT NULL);"
            "INSERT INTO lab_hot SELECT i, 0 FROM generate_series(1, {}) i ON CONFLICT DO NOTHING",
            fault.count("rows"));
    }
    if (fault.name() == "database-io") {
        return "DROP TABLE IF EXISTS lab_journal;"
               "CREATE TABLE lab_journal (id bigint GENERATED ALWAYS AS IDENTITY, body text NOT "
               "NULL);"
               // Compressed, the row would hardly be written at all.
               "ALTER TABLE lab_journal ALTER body SET STORAGE EXTERNAL";
    }
    if (fault.name() == "slow-sql") {
        // Every customer has 100 rows, spread over the table; the index that would find them is
        // what is missing. Without parallel workers one request costs one backend.
        return fmt::format(
            "DROP TABLE IF EXISTS lab_events;"
            "CREATE TABLE lab_events (id bigint, customer int NOT NULL, note text NOT NULL)"
            " WITH (parallel_workers = 0, autovacuum_enabled = off);"
            "INSERT INTO lab_events SELECT i, 1 + i % {}, 'event ' || i"
            " FROM generate_series(1, {}) i;"
            "ANALYZE lab_events",
            fault.count("rows") / 100, fault.count("rows"));
    }
    return {};
}

}  // namespace plimsoll
