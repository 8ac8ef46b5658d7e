"""Pools of connections: the application's, PgBouncer's, PostgreSQL's slots; and who waits for them."""

from source import shared
from source.board import board as make
from source.panels import (NO_LOAD, NO_PGBOUNCER, NO_POOL, NO_POSTGRES, NO_RUNTIME, Query, graph, stat)
from source.promql import USED_RATIO, from_half, most, of_run, or_zero, per_second, quantile, ratio, value

POOL = '{pool=~"$pool"}'
PER_SECOND = shared.PER_SECOND
NO_SOCKETS = "No TCP connection of the target to a database is in sight: probes.host, on its machine"
USED = f"plimsoll_app_pool_used{POOL}"
PENDING = f"plimsoll_app_pool_pending{POOL}"
SIZE = f"plimsoll_app_pool_size{POOL}"


def head() -> list:
    def one(title: str, text: str, unit: str, expr: str, empty: str, steps: tuple = (), calc: str = "max") -> dict:
        return stat(title, text, unit, [Query(expr, title)], empty=empty, steps=steps, calc=calc)
    slots = "The largest share of PostgreSQL's slots for ordinary users that was used in the shown time."
    return [
        (4, one("Pool size",
                "The most connections that the application's pools may have.", "short", value(SIZE), "no pool shown",
                calc="lastNotNull")),
        (4, one("Most in use",
                "Connections that the pools had given out at most in the shown time.", "short", value(USED), "no pool shown")),
        (4, one("Most waiting callers",
                "Callers that waited at once for a connection of the pools, at most in the shown time.", "short",
                value(PENDING), "no pool shown", ((10, "waiting"),))),
        (4, one("Most waiting at PgBouncer",
                "Clients at once that had sent a query and had no server connection yet, at most in the shown time.",
                "short", value("plimsoll_pgbouncer_clients_waiting"), "no PgBouncer", ((10, "waiting"),))),
        (4, one("Most of the server's slots", slots, "percentunit", USED_RATIO, "not read", ((0.8, "failed"),))),
        (4, one("Slots of the server",
                "Connections that ordinary users of PostgreSQL can have: max_connections without the reserved ones.", "short",
                f"{most('plimsoll_pg_max_connections')} - {most('plimsoll_pg_reserved_connections')}", "not read",
                calc="lastNotNull")),
    ]


def pool() -> dict:
    return graph("The application's pools",
                 "Given out and free connections of each pool, stacked, and the pool's size. Full and flat at the size is an "
                 "exhausted pool; full while PostgreSQL's backends mostly idle in transaction is one that is held too long.",
                 "short",
                 [Query(value(USED, "pool"), "in use ({{pool}})", "in use"),
                  Query(value(f"plimsoll_app_pool_idle{POOL}", "pool"), "free ({{pool}})", "free"),
                  Query(value(SIZE, "pool"), "pool size ({{pool}})", "pool size", dashed=True)], stacked=True, empty=NO_POOL)


def waiting() -> dict:
    return graph("Callers that wait for a connection", "By pool. PgBouncer's queue too, where there is one.", "short",
                 [Query(value(PENDING, "pool"), "waiting ({{pool}})", "waiting"),
                  Query(value("plimsoll_pgbouncer_clients_waiting", "database"), "at PgBouncer ({{database}})", "pgbouncer")],
                 empty=NO_POOL)


def held() -> dict:
    """Little's law: what is in use at once = how often x how long."""
    done = per_second('plimsoll_requests_total{outcome="ok"}')
    return graph("How long a request holds a connection",
                 "By Little's law: connections in use over requests answered well per second. Over the pool's size it gives "
                 "the most that the pool can carry: 5 connections, held 20 ms each, carry 250 requests/s. Says nothing where "
                 "many requests need no connection.", "s",
                 [Query(ratio(value(USED), done), "held on average", "in use")], empty=NO_POOL)


def ceiling() -> dict:
    done = per_second('plimsoll_requests_total{outcome="ok"}')
    return graph("What the pool can carry",
                 "Requests answered well per second, over the share of the pool in use: where it would be full. Offered above "
                 "it makes a queue.", PER_SECOND,
                 [Query(value("plimsoll_offered_rate"), "offered", "offered", dashed=True), Query(done, "ok", "ok"),
                  Query(ratio(f"{done} * {value(SIZE)}", value(USED)), "full pool would carry", "pool size", dashed=True)],
                 empty=NO_POOL)


def service() -> dict:
    return graph("Response time beside the service's own",
                 "p95 from due to done, and from sent to done. A wait for a pool is in both; lateness of the generator only "
                 "in the first.", "s",
                 [Query(quantile(0.5, "plimsoll_response_seconds"), "p50", "p50"),
                  Query(quantile(0.95, "plimsoll_response_seconds"), "p95", "p95"),
                  Query(quantile(0.95, "plimsoll_service_seconds"), "service p95", "service", dashed=True)], log=True,
                  empty=NO_LOAD)


def by_application() -> dict:
    return graph("Database connections by application", "Client backends by the application_name that they gave.", "short",
                 [Query(f'label_replace({value("plimsoll_pg_backends", "application_name")}, "application_name", "(no name)", '
                        '"application_name", "")', "{{application_name}}")], stacked=True, empty=NO_POSTGRES)


def transactions() -> dict:
    return graph("Oldest transactions",
                 "Age of the oldest open transaction, and the longest time that a backend sits idle in one. A transaction that "
                 "idles for seconds holds its connection, and its locks.", "s",
                 [Query(most("plimsoll_pg_longest_transaction_seconds"), "oldest transaction", "active"),
                  Query(most("plimsoll_pg_idle_in_transaction_seconds"), "idle in transaction", "idle in transaction")],
                 empty=NO_POSTGRES)


def slots() -> dict:
    return graph("Server's slots used",
                 "Client backends over the slots that ordinary users can have. At 100 % PostgreSQL refuses logins.",
                 "percentunit", [Query(USED_RATIO, "used", "backends")], top=1, limit=0.8, empty=NO_POSTGRES)


def refused() -> dict:
    looked = most("plimsoll_pg_max_connections")
    return graph("New and refused connections",
                 "Backends that connected within the last second (a pool that works makes few), and refusals of PostgreSQL to "
                 "the probe per second: 53300 means that no slot is left.", "short",
                 [Query(value("plimsoll_pg_new_backends"), "new in the last second", "backends"),
                  Query(or_zero(per_second("plimsoll_pg_connection_refused_total"), looked), "refused to the probe, per second",
                        "failed")],
                 empty=NO_POSTGRES)


def stale() -> dict:
    return graph("Connections that nobody uses",
                 "Backends in a state other than active for 5 s or longer. Those idle in transaction that only grow in "
                 "number are leaked.", "short",
                 [Query(value("plimsoll_pg_stale_backends", "state"), "{{state}}"),
                  Query(or_zero(value("plimsoll_pg_stale_backends"), most("plimsoll_pg_max_connections")), "all", "backends",
                        dashed=True)],
                 names=shared.STATES, empty=NO_POSTGRES)


def pgbouncer() -> list:
    clients = graph("PgBouncer: clients and servers",
                    "Clients that wait and that are served; server connections in use and free; the most that the "
                    "pools may have.", "short",
                    [Query(value("plimsoll_pgbouncer_clients_waiting"), "clients that wait", "waiting"),
                     Query(value("plimsoll_pgbouncer_clients_active"), "clients served", "pgbouncer"),
                     Query(value("plimsoll_pgbouncer_servers_active"), "server connections in use", "in use"),
                     Query(value("plimsoll_pgbouncer_servers_idle"), "server connections free", "free"),
                     Query(value("plimsoll_pgbouncer_pool_size"), "pool size", "pool size", dashed=True)], empty=NO_PGBOUNCER)
    wait = graph("PgBouncer: times",
                 "How long the first in the queue has waited, and on average per transaction: the wait for a server "
                 "connection, and the time on it.", "s",
                 [Query(most("plimsoll_pgbouncer_max_wait_seconds"), "first in the queue", "waiting"),
                  Query(ratio(per_second("plimsoll_pgbouncer_wait_seconds_total"),
                              per_second("plimsoll_pgbouncer_transactions_total")),
                        "wait per transaction", "pgbouncer"),
                  Query(ratio(per_second("plimsoll_pgbouncer_transaction_seconds_total"),
                              per_second("plimsoll_pgbouncer_transactions_total")),
                        "time per transaction", "database"),
                  Query(ratio(per_second("plimsoll_pgbouncer_query_seconds_total"),
                              per_second("plimsoll_pgbouncer_queries_total")),
                        "time per query", "backends")], empty=NO_PGBOUNCER)
    limit = graph("PgBouncer: clients against its limit",
                  "All clients' connections, and max_client_conn from half of it on.", "short",
                  [Query(value("plimsoll_pgbouncer_client_connections"), "clients", "pgbouncer"),
                   Query(from_half(most("plimsoll_pgbouncer_max_client_connections"),
                                   most("plimsoll_pgbouncer_client_connections")), "max_client_conn",
                         "server limit", dashed=True)], empty=NO_PGBOUNCER)
    return [(8, clients), (8, wait), (8, limit)]


def outside() -> list:
    kernel = graph("Connections to databases, as the kernel sees them",
                   "Of the target's process, by its own sockets, whether or not it shows its pools; and those to which "
                   "something was sent and nothing has come back.", "short",
                   [Query(value('plimsoll_target_connections{peer="database"}'), "open", "backends"),
                    Query(value('plimsoll_target_waiting_connections{peer="database"}'), "wait for an answer", "active")],
                   empty=NO_SOCKETS)
    longest = graph("Longest wait for the database",
                    "Since something was sent on a connection to which nothing has come back.", "s",
                    [Query(most('plimsoll_target_longest_wait_seconds{peer="database"}'), "longest wait", "database")],
                    empty=NO_SOCKETS)
    workers = graph("The application's workers",
                    "Threads or processes that requests may be worked on by, those that work, and what waits for one. A full "
                    "worker pool looks like a full connection pool from outside; here they are told apart.", "short",
                    [Query(value("plimsoll_app_workers_busy", "workers"), "busy ({{workers}})", "in use"),
                     Query(value("plimsoll_app_workers_size", "workers"), "size ({{workers}})", "pool size", dashed=True),
                     Query(value("plimsoll_app_workers_queued", "workers"), "queued ({{workers}})", "waiting")],
                     empty=NO_RUNTIME)
    return [(8, kernel), (8, longest), (8, workers)]


def others() -> list:
    """postgres_exporter's series, of the databases that the probe saw."""
    known = of_run("plimsoll_pg_backends")
    here = f"and on (datname) sum by (datname) {known}"
    activity = graph("postgres_exporter: connections by state",
                     "pg_stat_activity_count of the databases that Plimsoll's probe sees, beside its own count. The exporter "
                     "counts its own and Plimsoll's connections too, and PostgreSQL's own processes.", "short",
                     [Query(f"sum by (state) (pg_stat_activity_count {here})", "{{state}}"),
                      Query(value("plimsoll_pg_backends"), "Plimsoll's count", "backends", dashed=True)],
                     names=shared.STATES, stacked=True, empty="No postgres_exporter is scraped by this Prometheus")
    limit = graph("postgres_exporter: slots used",
                  "Its connections over its max_connections, beside Plimsoll's share of the slots that ordinary "
                  "users can have.",
                  "percentunit",
                  [Query(f"sum(pg_stat_activity_count {here}) / max(pg_settings_max_connections)", "postgres_exporter",
                         "database"),
                   Query(USED_RATIO, "Plimsoll", "backends", dashed=True)], top=1,
                  empty="No postgres_exporter is scraped by this Prometheus")
    return [(12, activity), (12, limit)]


def board() -> dict:
    rows = [
        (3, head()),
        (7, [(8, pool()), (8, waiting()), (8, shared.pool_wait_rates(POOL))]),
        (7, [(8, ceiling()), (8, held()), (8, service())]),
        (7, [(8, shared.backends_by_state()), (8, by_application()), (8, transactions())]),
        (7, [(8, slots()), (8, refused()), (8, stale())]),
        ("The kernel's view, and workers", [(7, outside())]),
        ("PgBouncer", [(7, pgbouncer())]),
        ("Beside postgres_exporter", [(7, others())]),
    ]
    return make("pool", "Who waits for a connection, and which pool or limit makes them wait.", rows, more=["pool"])
