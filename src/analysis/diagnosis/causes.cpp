#include "analysis/diagnosis/causes.hpp"

#include <algorithm>

namespace plimsoll {

const std::vector<Cause>& cause_table() {
    static const std::vector<Cause> kTable{
        {"rate_limited",
         "a rate limit, which is policy",
         "rate limited by policy",
         0,
         "answers with status 429",
         "any limit of capacity: a rate limit answers fast, and the same number at any load",
         {},
         "rate-limit:rate=50/s,burst=10"},
        {"network",
         "the network",
         "network slow, losing packets or cutting connections",
         0,
         "TCP connects that take longer, or segments that are sent again, while the target's "
         "accept queue has room; connections that are cut before any answer where nothing else "
         "explains it",
         "accept_queue (the kernel counts its overflows); a target that ended (its machine refuses "
         "connections, so that the way to it is sound)",
         {},
         "network:latency=20ms,reset_rate=1%"},
        {"ephemeral_ports",
         "local TCP ports",
         "out of ephemeral ports",
         0,
         "\"Cannot assign requested address\" in errors or answers, or as many connections in "
         "TIME_WAIT as there are local ports",
         "max_connections (PostgreSQL refuses), accept_queue (the target drops)",
         {},
         "ephemeral-ports:ports=100"},
        {"accept_queue",
         "the queue of new TCP connections",
         "accept queue overflows",
         0,
         "ListenOverflows in the target's network namespace from the break on, while requests that "
         "were accepted did not wait inside",
         "event_loop_blocked, worker_pool and app_cpu: nobody accepts, and the queue overflows "
         "seconds later",
         {},
         "accept-queue:backlog=1,pause=100ms"},
        {"memory",
         "the target's memory",
         "out of memory",
         0,
         "kills by the kernel, or an end with status 137 with its memory full",
         "a restart for another reason: its memory was not full",
         {"accept_queue", "upstream"},
         "memory-growth:per_request=256KiB,limit=256MiB"},
        {"worker_pool",
         "the application's workers",
         "all workers or threads busy",
         1,
         "a URL that needs nothing waits as soon as as many requests are in flight as are worked "
         "on "
         "at once, with CPU and database idle; requests that lie unread; or the server's own "
         "figures",
         "app_pool_exhausted (more threads take turns at its work than it has connections, or the "
         "URL without database waits only later), "
         "event_loop_blocked (one at a time, or more connections opened than are worked on)",
         {"accept_queue"},
         "worker-pool:size=4"},
        {"event_loop_blocked",
         "the application's event loop",
         "application's event loop blocked",
         1,
         "a URL that needs nothing waits, or requests lie unread, with CPU and database idle, "
         "while "
         "requests are worked on one at a time or connections are opened for requests that are not "
         "come back to; or PostgreSQL's answers lie unread on a good part of its connections",
         "app_cpu (its core is full), idle_in_transaction and lock waits (the answers of "
         "PostgreSQL "
         "lie unread), accept_queue (nobody accepts)",
         {"accept_queue", "idle_in_transaction", "app_pool_exhausted", "worker_pool"},
         "event-loop:block=20ms"},
        {"app_cpu_throttled",
         "the application's CPU quota",
         "application throttled by its CPU quota",
         2,
         "its cgroup was held back in a tenth of the quota's periods or more",
         "app_cpu: there is no quota",
         {"app_cpu", "accept_queue", "idle_in_transaction", "app_pool_exhausted", "worker_pool",
          "event_loop_blocked"},
         "app-cpu:burn=10ms cpu-quota:cores=0.5"},
        {"app_cpu",
         "the application's CPU",
         "application out of CPU",
         2,
         "all cores that it may use, or one core of more while a URL that needs nothing waits; or "
         "as much used, and waited for while others on its machine had the CPU",
         "password_hashing (sign-ins use it), event_loop_blocked (the CPU is idle), database_cpu "
         "(the backends use it)",
         {"accept_queue", "idle_in_transaction", "app_pool_exhausted", "worker_pool",
          "event_loop_blocked"},
         "app-cpu:burn=10ms"},
        {"password_hashing",
         "password hashing",
         "password hashing takes the CPU",
         3,
         "sign-ins that take 20 ms of CPU or more each, and most of what the application used",
         "app_cpu: other requests use it",
         {"app_cpu", "app_cpu_throttled", "accept_queue", "idle_in_transaction",
          "app_pool_exhausted", "worker_pool", "event_loop_blocked"},
         "password-hashing:iterations=300000"},
        {"gc_pause",
         "garbage collection",
         "garbage collection stops the application",
         3,
         "a quarter of the time or more spent in pauses by its own figures, or two fifths of its "
         "CPU "
         "used by garbage collection while that CPU is full",
         "app_cpu (requests use it), memory (it ends, instead of slowing down)",
         {"app_cpu", "app_cpu_throttled", "accept_queue", "idle_in_transaction",
          "app_pool_exhausted", "worker_pool", "event_loop_blocked"},
         "gc-pause:pause=200ms,every=40"},
        {"upstream",
         "something else that requests wait for",
         "waits for another service",
         3,
         "some endpoints are slow while the application answers a URL that needs nothing at once, "
         "and neither CPU nor database is busy; or requests that do not end hold every worker; or "
         "most connections that it has opened to another service wait for an answer, for longer "
         "than "
         "under light load",
         "app_pool_exhausted and idle_in_transaction (connections are busy), connection_leak "
         "(connections go idle one after another before the break)",
         {"worker_pool", "accept_queue"},
         "thread-pool:size=4,hold=50ms"},
        {"app_pool_exhausted",
         "the application's database connection pool",
         "application connection pool exhausted",
         3,
         "all its connections busy, each for no longer than before, while what needs none stays "
         "fast or more threads than connections take turns; or its own figures or error texts",
         "worker_pool (a URL without database waits as well, for no more threads than "
         "connections), pgbouncer_pool (the connections are "
         "a "
         "pooler's), lock_contention, idle_in_transaction and database_cpu (connections are busy "
         "because of these)",
         {"worker_pool", "accept_queue"},
         "app-pool:size=5"},
        {"pgbouncer_pool",
         "PgBouncer's server pool",
         "PgBouncer's pool exhausted",
         4,
         "clients that wait in its console while all server connections are in use; its error "
         "texts",
         "app_pool_exhausted (nobody waits in PgBouncer)",
         {"app_pool_exhausted", "worker_pool", "accept_queue"},
         "pgbouncer-pool:size=5"},
        {"max_connections",
         "PostgreSQL's connection limit (max_connections)",
         "PostgreSQL's max_connections reached",
         5,
         "SQLSTATE 53300 in answers or of our own connects, or no slot left while requests fail",
         "connection_leak: what takes the slots is not used",
         {"app_pool_exhausted", "pgbouncer_pool", "worker_pool", "accept_queue"},
         "max-connections:limit=15"},
        {"connection_leak",
         "connections that are never given back",
         "database connections leak",
         6,
         "connections that nobody uses, more and more of them before and after the break, and that "
         "stay after the load",
         "a pool that is larger than needed (idle from the start), upstream (all idle at once), "
         "idle_in_transaction (given back after a while)",
         {"app_pool_exhausted", "pgbouncer_pool", "max_connections", "worker_pool", "upstream",
          "idle_in_transaction", "accept_queue"},
         "connection-leak:every=20"},
        {"idle_in_transaction",
         "transactions left open while waiting for something else",
         "transactions held open while idle",
         6,
         "half of the busy connections idle inside a transaction for 30 ms or more, before the "
         "break "
         "as after it",
         "event_loop_blocked and app_cpu (PostgreSQL's answers lie unread: it begins with the "
         "break), connection_leak (it never ends)",
         {"app_pool_exhausted", "pgbouncer_pool", "worker_pool", "accept_queue", "upstream"},
         "app-pool:size=20 idle-in-transaction:call=200ms"},
        {"lock_contention",
         "locks in the database",
         "lock contention in the database",
         7,
         "a fifth of the active backends or more wait for a lock, lastingly",
         "database_cpu (they run), idle_in_transaction (who holds the lock may be idle)",
         {"app_pool_exhausted", "pgbouncer_pool", "worker_pool", "accept_queue",
          "idle_in_transaction", "upstream"},
         "lock-contention:rows=1,hold=20ms"},
        {"database_cpu",
         "the database's CPU",
         "database out of CPU",
         7,
         "as many runnable backends as cores or more, with these cores used, or twice as many on a "
         "machine that is full",
         "slow_sql (one statement reads far more than it gives), app_pool_exhausted",
         {"app_pool_exhausted", "pgbouncer_pool", "worker_pool", "idle_in_transaction",
          "accept_queue", "event_loop_blocked", "upstream"},
         "database-cpu:work=20000"},
        {"slow_sql",
         "slow statements",
         "slow SQL",
         8,
         "few statements with most of the database's time, that read a thousand blocks for each "
         "row or are slow with the CPU idle; or a table read from end to end, a million rows and "
         "more for each second of the database's CPU",
         "database_cpu: every statement is slow on a full CPU",
         {"database_cpu", "app_pool_exhausted", "pgbouncer_pool", "worker_pool",
          "idle_in_transaction", "accept_queue", "event_loop_blocked", "upstream"},
         "slow-sql:rows=200000"},
        {"database_io",
         "the database's disk",
         "database waits for I/O",
         8,
         "a third of the active backends or more wait for the disk or the write-ahead log",
         "database_cpu (they run), lock_contention",
         {"app_pool_exhausted", "pgbouncer_pool", "worker_pool", "accept_queue", "upstream"},
         "database-io:commits=5"},
        {"generator",
         "the load generator itself",
         "the load generator was the limit",
         0,
         "a decisive check of the measurement fails; then nothing is said against the target",
         "any cause in the target",
         {}},
        {"unknown",
         "unknown",
         "cause unknown",
         0,
         "something broke and no other cause is shown; it says what was ruled out and what is "
         "missing, and, where connections were refused, since when nobody listened",
         "",
         {}},
    };
    return kTable;
}

const Cause* find_cause(std::string_view id) {
    const std::vector<Cause>& table = cause_table();
    const auto found = std::find_if(table.begin(), table.end(),
                                    [&](const Cause& cause) { return cause.id == id; });
    return found == table.end() ? nullptr : &*found;
}

bool explains(std::string_view inner, std::string_view outer) {
    const Cause* const cause = find_cause(inner);
    return cause != nullptr && std::find(cause->explains.begin(), cause->explains.end(), outer) !=
                                   cause->explains.end();
}

int depth_of(std::string_view id) {
    const Cause* const cause = find_cause(id);
    return cause != nullptr ? -cause->depth : 0;
}

}  // namespace plimsoll
