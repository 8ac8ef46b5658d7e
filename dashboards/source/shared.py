"""Panels that stand on more than one board."""

from source.panels import NO_CONTAINER, NO_LOAD, NO_POOL, NO_POSTGRES, Query, graph
from source.promql import CPU, FAILED, REQUESTS, SERVER_LIMIT, limits_of, most, or_zero, per_second, quantile, ratio, value, without_load

PER_SECOND = "suffix:/s"
OK = per_second('plimsoll_requests_total{outcome="ok"}')
OUTCOMES = ("ok", "http_4xx", "http_5xx", "rate_limited", "check_failed", "dns", "connect_refused", "connect_timeout",
            "connect_reset", "tls", "send_failed", "response_timeout", "body_timeout", "closed_early", "protocol", "no_ports",
            "cut_off")
STATES = ("active", "idle", "idle in transaction", "hidden")
WAITS = ("not waiting", "Lock", "LWLock", "IO", "Client", "IPC", "Timeout", "BufferPin", "Activity", "Extension")
ROLES = ("app", "database", "pgbouncer", "generator", "target")


def signs_of_load() -> list[Query]:
    return [Query(without_load(per_second("plimsoll_pg_transactions_total")), "no load here: transactions of the database",
                  "database"),
            Query(without_load(value('plimsoll_target_connections{peer="caller"}')), "no load here: callers' connections",
                  "caller")]


def signs_of_failure() -> list[Query]:
    dropped = per_second('plimsoll_host_tcp_listen_drops_total{side="target"}')
    return [Query(without_load(per_second('plimsoll_pg_transactions_total{result="rollback"}')), "no load here: rollbacks",
                  "blocked by a lock"),
            Query(without_load(dropped), "no load here: dropped connections", "to be accepted"),
            Query(without_load(per_second("plimsoll_app_pool_timeouts_total")), "no load here: pool timeouts", "gave up")]


def offered_and_achieved(beside: bool = False, **more) -> dict:
    """`beside`: with signs of another tool's load, where this run has none."""
    return graph(
        "Offered and achieved",
        "Iterations (flows) per second: what the schedule asks for, what ran to its end, and what was due and never started. "
        "`of these answered well` is achieved times the share of requests that did not fail. Where it leaves offered, the "
        "service has reached its limit. Without a schedule (a fixed number of users) nothing is offered.", PER_SECOND,
        [Query(value("plimsoll_offered_rate"), "offered", "offered", dashed=True),
         Query(per_second("plimsoll_iterations_total"), "achieved", "achieved"),
         Query(ratio(f"{per_second('plimsoll_iterations_total')} * {OK}", REQUESTS), "of these answered well", "ok"),
         Query(or_zero(per_second("plimsoll_dropped_iterations_total"), per_second("plimsoll_iterations_total")),
               "not started", "dropped"),
         *(signs_of_load() if beside else [])], empty=NO_LOAD, **more)


def response_time(labels: str = "", beside: bool = False, **more) -> dict:
    slowest = quantile(0.99, "plimsoll_response_seconds", labels)
    limit = Query(limits_of("http_req_duration", slowest), "limit: {{limit}}", "limit", dashed=True)
    canaries = [Query(without_load(most("plimsoll_canary_seconds", "canary")), "no load here: canary {{canary}}")]
    return graph(
        "Response time",
        "From when a request was due by the schedule to its last byte: what a user waits. All outcomes. The scale "
        "is logarithmic." + ("" if labels else " Limits that the scenario sets are drawn from half of them on."),
        "s", [Query(quantile(q, "plimsoll_response_seconds", labels), name, name)
              for q, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))] + (canaries if beside else []) + ([] if labels else [limit]), log=True,
              empty=NO_LOAD,
        target={"exemplar": True}, **more)


def failures(beside: bool = False, **more) -> dict:
    return graph(
        "Failures",
        "Requests per second that did not end well, by what they came to; cut off are those that the run's end left "
        "unanswered. `failed` is their sum without these.", PER_SECOND,
        [Query(per_second('plimsoll_requests_total{outcome!="ok"}', "outcome"), "{{outcome}}"),
         Query(or_zero(per_second(FAILED), REQUESTS), "failed", "failed", dashed=True),
         *(signs_of_failure() if beside else [])], names=OUTCOMES[1:], stacked=True, empty=NO_LOAD, **more)


def pool_and_limit(labels: str = "", **more) -> dict:
    return graph(
        "Connections against pool and limit",
        "Connections that the application's pools have given out, and the most that they may have; client backends that "
        "PostgreSQL has. The server's own limit is drawn from half of it on, where it belongs to the scale. A flat line at the "
        "pool's size with callers waiting is a pool that is too small, or held too long.", "short",
        [Query(value(f"plimsoll_app_pool_used{labels}", "pool"), "in use ({{pool}})", "in use"),
         Query(value("plimsoll_pg_backends"), "backends", "backends"),
         Query(value(f"plimsoll_app_pool_size{labels}", "pool"), "pool size ({{pool}})", "pool size", dashed=True),
         Query(value("plimsoll_pgbouncer_pool_size"), "PgBouncer pool size", "limit", dashed=True),
         Query(SERVER_LIMIT, "server limit", "server limit", dashed=True)], empty=NO_POSTGRES, **more)


def waiters(**more) -> dict:
    return graph(
        "Who waits, and for what",
        "Counts of callers and connections that stand in a queue: for a pooled connection, for PgBouncer, for a lock in the "
        "database, for a worker of the application, to be accepted, for an upstream's answer. The queue that grows names "
        "the bottleneck.", "short",
        [Query(value("plimsoll_app_pool_pending"), "for a pooled connection", "waiting"),
         Query(value("plimsoll_pgbouncer_clients_waiting"), "for PgBouncer", "pgbouncer"),
         Query(value("plimsoll_pg_blocked_backends"), "for a lock in the database", "blocked by a lock"),
         Query(value("plimsoll_app_workers_queued"), "for a worker", "for a worker"),
         Query(value("plimsoll_target_accept_queue_connections"), "to be accepted", "to be accepted"),
         Query(value('plimsoll_target_unread_connections{peer="caller"}'), "to be read by the application", "unread"),
         Query(value('plimsoll_target_waiting_connections{peer="upstream"}'), "for an upstream", "upstream")],
         empty="Nothing that has queues is read", **more)


def cpu_by_role(**more) -> dict:
    limit = value("plimsoll_container_cpu_limit_cores", "role")
    return graph(
        "CPU by role, in cores",
        "Processor time in cores, and how many cores each may use where it has a quota. `held back` is time that threads were "
        "ready and the quota did not let them run: all of it is waiting. The whole machine is on the board Target resources.",
        "short",
        [Query(CPU, "{{role}}"), Query(limit, "limit of {{role}}", "limit", dashed=True),
         Query(per_second("plimsoll_container_cpu_throttled_seconds_total", "role") + " > 0", "held back: {{role}}",
               "held back")],
        names=ROLES, empty=NO_CONTAINER, **more)


def backend_waits(**more) -> dict:
    busy = value('plimsoll_pg_backends{state!="idle"}', "wait_event_type")
    return graph(
        "What the database's backends do",
        "Client backends that are not idle, by what they wait for. `not waiting` works on a processor; `Client` holds a "
        "transaction open while its application does something else; `Lock` waits for another transaction.", "short",
        [Query(f'label_replace({busy}, "wait_event_type", "not waiting", "wait_event_type", "")', "{{wait_event_type}}")],
        names=WAITS, stacked=True, empty=NO_POSTGRES, **more)


def backends_by_state(**more) -> dict:
    return graph(
        "Database connections by state",
        "Client backends of PostgreSQL by what they do. `idle in transaction` holds a connection, and perhaps locks, without "
        "working. The server's limit is drawn from half of it on.", "short",
        [Query(value("plimsoll_pg_backends", "state"), "{{state}}"),
         Query(SERVER_LIMIT, "server limit", "server limit", dashed=True)],
        names=STATES, stacked=True, empty=NO_POSTGRES, **more)


def pool_wait_rates(labels: str = "") -> dict:
    return graph(
        "Waits and timeouts of the pool",
        "Callers per second that had to wait for a connection, and that gave up. Not every library counts both: what it does "
        "not count has no line.", PER_SECOND,
        [Query(per_second(f"plimsoll_app_pool_waits_total{labels}"), "had to wait", "waiting"),
         Query(per_second(f"plimsoll_app_pool_timeouts_total{labels}"), "gave up", "gave up")], empty=NO_POOL)
