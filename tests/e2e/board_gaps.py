"""Which queries of the boards may be empty in which run, and why. dashboard_queries.py says what an entry means.

Metrics are what a run cannot have: that it has none is checked. Queries are what a run may have.
"""
from dashboard_queries import Gaps

NO_ENGINE = "processes are read, no container of an engine"
NO_TCP = "the lab reaches its database by a Unix socket, and no upstream"
NO_QUOTA = "no quota is planted"
NO_PGBOUNCER = "no PgBouncer is in front"
NO_RUNTIME = "the lab publishes no figures of a runtime"
NO_NEIGHBOUR = "no such exporter is scraped in this run"
NO_LOAD = "plimsoll probe has no load"
BELOW_HALF = "a limit is drawn from half of it on"
BESIDE = "a sign of another tool's load, where Plimsoll has none"

ALWAYS_METRICS = {
    "plimsoll_container_pressure_seconds_total": NO_ENGINE,
    "plimsoll_container_network_bytes_total": NO_ENGINE,
    "plimsoll_container_running": NO_ENGINE,
    "plimsoll_container_exit_code": NO_ENGINE,
    "plimsoll_container_restarts_total": NO_ENGINE,
    "plimsoll_pg_io_*": "PostgreSQL has pg_stat_io from 16 on, and Debian 12 has 15",
    "plimsoll_target_waiting_connections": NO_TCP,
    "plimsoll_target_longest_wait_seconds": NO_TCP,
}
NEIGHBOURS = {"pg_stat_activity_count": NO_NEIGHBOUR, "pg_settings_max_connections": NO_NEIGHBOUR, "container_*": NO_NEIGHBOUR}
RUNTIME = {name: NO_RUNTIME for name in (
    "plimsoll_app_loop_*", "plimsoll_app_gc_*", "plimsoll_app_cpu_seconds_total", "plimsoll_app_scheduler_wait_seconds_total",
    "plimsoll_app_workers_*", "plimsoll_app_pool_waits_total", "plimsoll_target_gc_thread_cpu_seconds_total")}
QUOTA = {name: NO_QUOTA for name in (
    "plimsoll_container_cpu_limit_cores", "plimsoll_container_cpu_periods_total", "plimsoll_container_cpu_throttled_*")}
PGBOUNCER = {"plimsoll_pgbouncer_*": NO_PGBOUNCER}
LOAD = {name: NO_LOAD for name in (
    "plimsoll_requests_total", "plimsoll_response_seconds", "plimsoll_service_seconds", "plimsoll_send_lag_seconds",
    "plimsoll_phase_seconds",
    "plimsoll_redirects_total", "plimsoll_bytes_total", "plimsoll_iterations_*", "plimsoll_steps_unrendered_total",
    "plimsoll_user_starts_failed_total", "plimsoll_users_stopped_total", "plimsoll_out_of_data_total", "plimsoll_checks_total",
    "plimsoll_group_seconds", "plimsoll_dropped_iterations_total", "plimsoll_connects_total", "plimsoll_in_flight_requests",
    "plimsoll_vus*",
    "plimsoll_connections_open", "plimsoll_offered_rate", "plimsoll_stage", "plimsoll_generator_*",
    "plimsoll_threshold_*", "plimsoll_finding", "plimsoll_breaking_point_*", "plimsoll_run_validity")}

ALWAYS_QUERIES = {
    "* / annotation Breaking point": "not every run breaks its target",
    "* / annotation Thresholds that fail": "not every run fails one",
    "overview / Failures / A": "not every run has a request that fails",
    "compare / Findings / A": "no cause may be named",
    "compare / Runs / I": "not every run breaks its target",
    "overview / Connections against pool and limit / E": BELOW_HALF,
    "overview / Response time / E": BELOW_HALF,
    "pool / Database connections by state / B": BELOW_HALF,
    "pool / PgBouncer: clients against its limit / B": BELOW_HALF,
    "pool / Connections to databases, as the kernel sees them / A": NO_TCP,
    "pool / Connections that nobody uses / A": "a backend need not be idle for long",
    "target / Memory by role / B": BELOW_HALF,
    "target / Memory of the machine / B": BELOW_HALF,
    "target / Accept queue / B": BELOW_HALF,
    "target / Sockets and ports / C": BELOW_HALF,
    "target / CPU by role, in cores / C": "nothing is held back",
    "overview / CPU by role, in cores / C": "nothing is held back",
    "target / What backends wait for, in detail / A": "a backend need not wait",
    "load / Users and connections / D": BELOW_HALF,
    "generator / Exporters: lost / [BC]": "nothing is refused or sent again",
}
WITH_LOAD = {"overview / Offered and achieved / [EF]": BESIDE, "overview / Response time / D": BESIDE,
             "overview / Failures / [CDE]": BESIDE}

# What no run of board_runs.py returns: what it would take is not on every machine that runs the tests.
NEVER = {
    **{f"target / {panel} / {query}": NO_ENGINE for panel, query in (
        ("Pressure on containers", "A"), ("Network of containers", "A"), ("Containers that run", "A"),
        ("Kills, restarts and ends", "B"),
        ("Kills, restarts and ends", "C"))},
    **{place: NO_TCP for place in (
        "target / Longest wait for others / A", "target / Unread and unanswered / B", "overview / Who waits, and for what / G",
        "pool / Longest wait for the database / A", "pool / Connections to databases, as the kernel sees them / A",
        "pool / Connections to databases, as the kernel sees them / B")},
    **{place: "PostgreSQL 15 has no pg_stat_io" for place in ("target / Operations on data files / A",
                                                              "target / Time on data files / B")},
    **{place: BELOW_HALF for place in (
        "target / Memory by role / B", "target / Memory of the machine / B", "target / Sockets and ports / C",
        "pool / PgBouncer: clients against its limit / B")},
}

DEMO = {
    **RUNTIME, **QUOTA, **PGBOUNCER, **NEIGHBOURS, "plimsoll_app_*": "the demo reads no metrics of its application",
    "plimsoll_checks_total": "the demo checks nothing but a status", "plimsoll_group_seconds": "the demo groups no steps",
    "plimsoll_threshold_*": "the demo sets no thresholds"}

# Of the runs in board_runs.py, and of `plimsoll demo`: metrics that it cannot have, queries that it may have.
SITUATIONS = {
    "demo": (DEMO, WITH_LOAD),
    "healthy": ({**RUNTIME, **QUOTA, **PGBOUNCER, **NEIGHBOURS}, WITH_LOAD),
    "pool": ({**RUNTIME, **QUOTA, **PGBOUNCER}, {**WITH_LOAD, "target / cAdvisor: held back by the quota / *": NO_QUOTA}),
    "lock": ({**RUNTIME, **QUOTA, **PGBOUNCER, **NEIGHBOURS}, WITH_LOAD),
    "throttled": ({**RUNTIME, **PGBOUNCER, **NEIGHBOURS}, WITH_LOAD),
    "pgbouncer": ({**RUNTIME, **QUOTA, **NEIGHBOURS}, WITH_LOAD),
    "runtime": ({**QUOTA, **PGBOUNCER, **NEIGHBOURS}, WITH_LOAD),
    "probe": ({**RUNTIME, **QUOTA, **PGBOUNCER, **NEIGHBOURS, **LOAD}, {}),
}


def gaps_of(situation):
    metrics, queries = SITUATIONS[situation]
    return Gaps({**ALWAYS_METRICS, **metrics}, {**ALWAYS_QUERIES, **queries})
