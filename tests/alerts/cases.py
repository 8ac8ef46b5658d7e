"""One total fault for each bundled alert, as series that a Prometheus would have scraped.

The fault begins just before a scrape (the luckiest phase): a gauge shows it at once, a counter what happened since. The table
"Shortest possible delay" of docs/alerts.md says when the alert fires; test_rules.py has promtool judge that.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

Level = float | Callable[[int], float] | None


@dataclass(frozen=True)
class Gauge:
    """`fault` may be a function of the seconds since the onset; None: the series is not there."""

    before: Level
    fault: Level

    def values(self, every: int, onset: int, until: int, scrapes: int) -> list[float | None]:
        return [self._level(self.fault if onset <= i < until else self.before, (i - onset) * every) for i in range(scrapes)]

    @staticmethod
    def _level(level: Level, age_s: int) -> float | None:
        return level(age_s) if callable(level) else level


@dataclass(frozen=True)
class Counter:
    """Grows by so many a second, and by `burst` in the instant of the onset. `new`: not there before it has counted."""

    before: float
    fault: float
    burst: float = 0
    new: bool = False

    def values(self, every: int, onset: int, until: int, scrapes: int) -> list[float | None]:
        out: list[float | None] = []
        value = 0.0
        for i in range(scrapes):
            if i > 0:
                value += every * (self.fault if onset < i <= until else self.before)
            value += self.burst if i == onset else 0
            out.append(None if self.new and value == 0 else value)
        return out


@dataclass(frozen=True)
class Case:
    alert: str
    fault: str  # as in the table of docs/alerts.md
    series: dict[str, Gauge | Counter]
    # Of the alert at the last scrape of the fault, at the longest scrape interval (of the slow burns 60 s).
    labels: str = ""
    says: dict[str, str] = field(default_factory=dict)  # only annotations that the rules file has templates in
    health_s: int = 60  # before the onset
    lasts_s: int = 120
    heals_within_s: int = 120

    def is_slow(self) -> bool:
        """Takes half an hour or more to heal: looked at every 60 s."""
        return self.heals_within_s > 1000


HERE = 'job="plimsoll",instance="a:1"'
PG = f'{HERE},datname="shop",usename="web",application_name="shop"'
REQUEST = f'{HERE},user="u",endpoint="/",method="GET"'


def backends(state: str, before: float, fault: float, wait: str = "Client") -> dict[str, Gauge | Counter]:
    return {f'plimsoll_pg_backends{{{PG},state="{state}",wait_event_type="{wait}"}}': Gauge(before, fault)}


def requests(failing: Counter, seconds: Counter = Counter(2, 2)) -> dict[str, Gauge | Counter]:
    """100 a second of 20 ms."""
    return {
        f"plimsoll_response_seconds_count{{{REQUEST}}}": Counter(100, 100),
        f"plimsoll_response_seconds_sum{{{REQUEST}}}": seconds,
        f'plimsoll_requests_total{{{REQUEST},outcome="ok",status="200"}}': Counter(100, 100 - failing.fault),
        f'plimsoll_requests_total{{{REQUEST},outcome="http_5xx",status="500"}}': failing,
    }


def slo(alert: str, heals_within_s: int, says: str) -> Case:
    return Case(
        alert,
        "every request fails, after 5 minutes of health",
        requests(Counter(0, 100)),
        HERE,
        {"summary": says},
        health_s=300,
        heals_within_s=heals_within_s,
    )


PLIMSOLL = [
    Case(
        "PlimsollPostgresConnectionsHigh",
        "all connections are taken",
        {f"plimsoll_pg_connections_used_ratio{{{HERE}}}": Gauge(0.2, 1)},
        HERE,
        {"summary": "PostgreSQL has given 100% of its connections"},
    ),
    Case(
        "PlimsollPostgresIdleInTransaction",
        "4 connections that were busy are now idle in a transaction for 200 ms each",
        backends("idle", 6, 6)
        | backends("active", 4, 0, "")
        | backends("idle in transaction", 0, 4)
        | {f"plimsoll_pg_idle_in_transaction_seconds{{{HERE}}}": Gauge(0, 0.2)},
        PG,
        {"summary": "4.0 connections of web shop sit idle in a transaction"},
    ),
    Case(
        "PlimsollPostgresTransactionForgotten",
        "a backend stays idle in a transaction",
        {f"plimsoll_pg_idle_in_transaction_seconds{{{HERE}}}": Gauge(0, float)},
        HERE,
        {"summary": "A transaction has been idle for 1m 45s"},  # 8 scrapes, the first at 0 s
    ),
    Case(
        "PlimsollPostgresLockWaits",
        "8 backends wait for a lock beside 4 that run",
        backends("active", 4, 4, "")
        | backends("active", 0, 8, "Lock")
        | {f"plimsoll_pg_blocked_backends{{{HERE}}}": Gauge(0, 8)},
        HERE,
        {"summary": "8.0 backends wait for locks"},
    ),
    Case(
        "PlimsollPoolPlateau",
        "5 idle connections are all busy, and responses take 400 ms instead of 20 ms",
        backends("idle", 5, 0) | backends("active", 0, 5, "") | requests(Counter(0, 0), Counter(2, 40)),
        PG,
        {
            "summary": "The connections of web shop no longer grow while responses get slower",
            "description": "5.0 are busy on average, hardly one is free, none was added for 30 s, and the mean response time is more"
            " than twice its best of the last 15 minutes. Requests queue for a connection, or for what keeps these busy.",
        },
    ),
    Case(
        "PlimsollPgbouncerClientsWaiting",
        "8 clients wait",
        {f'plimsoll_pgbouncer_clients_waiting{{{HERE},database="shop",user="web"}}': Gauge(0, 8)},
        f'{HERE},database="shop",user="web"',
        {"summary": "8.0 clients of shop wait in PgBouncer"},
    ),
    Case(
        "PlimsollAppPoolPending",
        "8 callers wait",
        {f'plimsoll_app_pool_pending{{{HERE},pool="main"}}': Gauge(0, 8)},
        f'{HERE},pool="main"',
        {"summary": "Callers wait for a connection of the pool main"},
    ),
    Case(
        "PlimsollAppPoolPending",
        "of a pool that only counts, 4 of 4 connections instead of 1 are given out and 20 callers a second wait",
        {
            f'plimsoll_app_pool_size{{{HERE},pool="main"}}': Gauge(4, 4),
            f'plimsoll_app_pool_used{{{HERE},pool="main"}}': Gauge(1, 4),
            f'plimsoll_app_pool_waits_total{{{HERE},pool="main"}}': Counter(0, 20),
        },
        f'{HERE},pool="main"',
        {"summary": "Callers wait for a connection of the pool main"},
    ),
    Case(
        "PlimsollCpuThrottled",
        "every period is throttled",
        {
            f'plimsoll_container_cpu_periods_total{{{HERE},container="web",role="app"}}': Counter(10, 10),
            f'plimsoll_container_cpu_throttled_periods_total{{{HERE},container="web",role="app"}}': Counter(0, 10),
        },
        f'{HERE},container="web",role="app"',
        {"summary": "web is held back by its CPU quota 100% of the time"},
    ),
    Case(
        "PlimsollAcceptQueueOverflow",
        "a connection is dropped, and another each second",
        {f'plimsoll_host_tcp_listen_overflows_total{{{HERE},side="{side}"}}': Counter(0, 1, burst=1) for side in ("target", "generator")},
        f'{HERE},side="target"',
        {"description": "About 60 in the last minute, because its accept queue was full."},
    ),
    Case("PlimsollErrorRate", "every request fails", requests(Counter(0, 100)), HERE, {"summary": "100% of the requests fail"}),
    Case(
        "PlimsollErrorRate",
        "every request fails in a way that is new",
        requests(Counter(0, 100, new=True)),
        HERE,
        {"summary": "100% of the requests fail"},
    ),
    # 105 s of failures in 405 s; the others are looked at every 60 s: 60 s in 360 s.
    slo("PlimsollSloBurnFast", 420, "25.93% of the requests fail, 14.4 times what the objective allows"),
    slo("PlimsollSloBurnMedium", 2000, "16.67% of the requests fail, 6 times what the objective allows"),
    slo("PlimsollSloBurnSlow", 22000, "16.67% of the requests fail, more than the objective allows"),
    Case(
        "PlimsollProbeLost",
        "a probe gets no readings",
        {
            f'plimsoll_probe_up{{{HERE},probe="postgres"}}': Gauge(1, 0),
            f'plimsoll_probe_up{{{HERE},probe="host:target"}}': Gauge(1, 1),
            f"plimsoll_vus{{{HERE}}}": Gauge(0, 0),
        },
        f'{HERE},probe="postgres"',
        {"summary": "The probe postgres gets no readings"},
    ),
    Case(
        "PlimsollProbeGaps",
        "three gaps at once",
        {f'plimsoll_probe_gaps_total{{{HERE},probe="postgres"}}': Counter(0, 0, burst=3)},
        f'{HERE},probe="postgres"',
        {"summary": "The probe postgres keeps missing readings", "description": "3 gaps within 5 minutes. Alerts on its gauges start anew after each."},
        heals_within_s=300,
    ),
]

DATABASE = 'job="pg",instance="db:9187"'
CLIENT = f'{DATABASE},datname="shop",usename="web",application_name="shop"'
BOUNCER = 'job="bouncer",instance="db:9127"'
CONTAINER = 'job="cadvisor",instance="node:8080",id="/docker/1",image="web:1",name="web"'
SERVICE = 'job="shop",instance="web:8080"'


def activity(state: str, before: Level, fault: Level, wait: str = "Client", what: str = "count") -> dict[str, Gauge | Counter]:
    labels = f'{CLIENT},state="{state}",backend_type="client backend",wait_event_type="{wait}"'
    return {f"pg_stat_activity_{what}{{{labels}}}": Gauge(before, fault)}


def answers(failing: float, seconds: Counter = Counter(2, 2)) -> dict[str, Gauge | Counter]:
    """100 a second of 20 ms."""
    of = f'{SERVICE},http_request_method="GET",http_route="/"'
    return {
        f'http_server_request_duration_seconds_count{{{of},http_response_status_code="200"}}': Counter(100, 100 - failing),
        f'http_server_request_duration_seconds_count{{{of},http_response_status_code="500"}}': Counter(0, failing),
        f'http_server_request_duration_seconds_sum{{{of},http_response_status_code="200"}}': seconds,
    }


def production(
    alert: str,
    fault: str,
    series: dict[str, Gauge | Counter],
    labels: str,
    says: dict[str, str],
    health_s: int = 600,
    heals_within_s: int = 900,
) -> Case:
    return Case(alert, fault, series, labels, says, health_s, 600, heals_within_s)


PRODUCTION = [
    production(
        "PostgresConnectionsHigh",
        "all connections are taken",
        activity("idle", 20, 97)
        | {
            f"pg_settings_max_connections{{{DATABASE}}}": Gauge(100, 100),
            f"pg_settings_superuser_reserved_connections{{{DATABASE}}}": Gauge(3, 3),
        },
        DATABASE,
        {"summary": "PostgreSQL db:9187 has given 100% of its connections"},
    ),
    production(
        "PostgresIdleInTransaction",
        "4 connections that were busy are now idle in a transaction for 2 s each",
        activity("idle", 6, 6)
        | activity("active", 4, None, "")
        | activity("idle in transaction", None, 4)
        | activity("idle in transaction", None, 2, what="max_tx_duration"),
        CLIENT,
        {"summary": "4.0 connections of web shop sit idle in a transaction"},
    ),
    production(
        "PostgresTransactionForgotten",
        "a backend stays idle in a transaction",
        activity("idle in transaction", None, float, what="max_tx_duration"),
        CLIENT,
        {"summary": "A transaction of web shop is 9m 0s old, and idle"},  # 10 scrapes, the first at 0 s
    ),
    production(
        "PostgresLockWaits",
        "8 backends wait for a lock beside 4 that run",
        activity("active", 4, 4, "") | activity("active", None, 8, "Lock"),
        DATABASE,
        {"summary": "8.0 backends of db:9187 wait for locks"},
    ),
    production(
        "PostgresPoolPlateau",
        "5 idle connections are all busy, and responses take 400 ms instead of 20 ms",
        activity("idle", 5, None) | activity("active", None, 5, "") | answers(0, Counter(2, 40)),
        CLIENT,
        {
            "summary": "The connections of web shop no longer grow while responses get slower",
            "description": "5.0 are busy on average, hardly one is free, none was added for 5 minutes, and the mean response time is"
            " more than twice its best of the last hour. Requests queue for a connection, or for what keeps these busy.",
        },
    ),
    production(
        "PostgresExporterBlind",
        "PostgreSQL does not answer",
        {f"pg_up{{{DATABASE}}}": Gauge(1, 0)},
        DATABASE,
        {"summary": "postgres_exporter db:9187 cannot ask its PostgreSQL"},
    ),
    production(
        "PgbouncerClientsWaiting",
        "8 clients wait",
        {f'pgbouncer_pools_client_waiting_connections{{{BOUNCER},database="shop",user="web"}}': Gauge(0, 8)},
        f'{BOUNCER},database="shop",user="web"',
        {"summary": "8.0 clients of shop wait in PgBouncer"},
    ),
    production(
        "PgbouncerExporterBlind",
        "PgBouncer does not answer",
        {f"pgbouncer_up{{{BOUNCER}}}": Gauge(1, 0)},
        BOUNCER,
        {"summary": "pgbouncer_exporter db:9127 cannot ask its PgBouncer"},
    ),
    production(
        "ContainerCpuThrottled",
        "every period is throttled",
        {
            f"container_cpu_cfs_periods_total{{{CONTAINER}}}": Counter(10, 10),
            f"container_cpu_cfs_throttled_periods_total{{{CONTAINER}}}": Counter(0, 10),
        },
        CONTAINER,
        {"summary": "web is held back by its CPU quota 100% of the time"},
    ),
    production(
        "ContainerAcceptQueueOverflow",
        "a connection is dropped, and another each second",
        {f'container_network_advance_tcp_stats_total{{{CONTAINER},tcp_state="listenoverflows"}}': Counter(0, 1, burst=1)},
        f'{CONTAINER},tcp_state="listenoverflows"',
        {
            "summary": "The kernel dropped new connections to web",
            "description": "About 300 in the last 5 minutes, because an accept queue in it was full.",
        },
    ),
    production(
        "NodeAcceptQueueOverflow",
        "a connection is dropped, and another each second",
        {'node_netstat_TcpExt_ListenOverflows{job="node",instance="node:9100"}': Counter(0, 1, burst=1)},
        'job="node",instance="node:9100"',
        {
            "summary": "The kernel of node:9100 dropped new connections",
            "description": "About 300 in the last 5 minutes, because the accept queue of some listener was full.",
        },
    ),
    *(
        production(
            "ServicePoolPending",
            f"8 callers wait, by {whose} metric",
            {f"{metric}{{{SERVICE},{label}}}": Gauge(0, 8)},
            f"{SERVICE},{label}",
            {
                "summary": "Callers of web:8080 wait for a database connection",
                "description": "By the application's own figures 8.0 wait on average of the last 5 minutes.",
            },
        )
        for whose, metric, label in (
            ("HikariCP's", "hikaricp_connections_pending", 'pool="main"'),
            ("OpenTelemetry's", "db_client_connection_pending_requests", 'db_client_connection_pool_name="main"'),
        )
    ),
    production(
        "ServiceErrorRate",
        "every request fails",
        answers(100),
        'job="shop"',
        {"summary": "100% of the requests to shop fail"},
    ),
    *(
        production(
            f"ServiceSloBurn{which}",
            "every request fails, after an hour of health",
            answers(100),
            'job="shop"',
            {"summary": f"{share} of the requests to shop fail, {much} the objective allows"},
            3600,
            heals_within_s,
        )
        for which, heals_within_s, share, much in (
            ("Fast", 420, "15%", "14.4 times what"),  # 540 of 3,600 s
            ("Medium", 2000, "13.04%", "6 times what"),  # 540 of 4,140 s
            ("Slow", 22000, "13.04%", "more than"),
        )
    ),
]
