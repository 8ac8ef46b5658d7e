"""The bundled alerts on runs that were recorded on real services: each fires with its fault, and none where all was well.

When one must fire follows from the recorded numbers by arithmetic of our own: the condition at each scrape, and then
Prometheus' state machine. promtool has to agree at every scrape.
"""

import unittest
from collections.abc import Callable
from functools import cache

from promtool import run, series
from recorded_series import RecordedRun, Values

INTERVALS = (5, 15)
HEALTHY = (
    "django-none",
    "express-none",
    "express-pool-size14",
    "fa-healthy",
    "fastapi-none",
    "fastapi-pool-size14",
    "go-none",
    "spring-none",
    "spring-threads-size25",
)
recording = cache(RecordedRun)


class Scraped:
    """A recording as scraped at one interval, with what conditions are made of."""

    def __init__(self, name: str, every_s: int) -> None:
        self.every_s = every_s
        self.series = recording(name).scraped(every_s)
        self.scrapes = len(next(iter(self.series.values())))

    def total(self, metric: str, *having: str) -> list[float]:
        """The sum at each scrape of the series whose name begins so and has these labels; what is missing counts nothing."""
        chosen = [values for name, values in self.series.items() if name.startswith(metric + "{") and all(h in name for h in having)]
        return [sum(values[i] or 0 for values in chosen) for i in range(self.scrapes)]

    def mean30(self, values: list[float]) -> list[float]:
        """Over the last 30 s, both ends included."""
        back = 30 // self.every_s
        return [sum(v := values[max(0, i - back) : i + 1]) / len(v) for i in range(self.scrapes)]

    def same30(self, values: list[float]) -> list[bool]:
        back = 30 // self.every_s
        return [len(set(values[max(0, i - back) : i + 1])) == 1 for i in range(self.scrapes)]

    def share(self, part: list[float], whole: list[float]) -> list[float]:
        """Of two counters, since the run's start: these runs are shorter than the minute that rates look back."""
        assert (self.scrapes - 1) * self.every_s <= 60
        return [(p - part[0]) / (w - whole[0]) if w > whole[0] else 0 for p, w in zip(part, whole)]


def connections_high(run: Scraped) -> list[bool]:
    return [ratio > 0.8 for ratio in run.total("plimsoll_pg_connections_used_ratio")]


def idle_in_transaction(run: Scraped) -> list[bool]:
    idle = run.mean30(run.total("plimsoll_pg_backends", 'state="idle in transaction'))
    everything = run.total("plimsoll_pg_backends")
    not_busy = run.total("plimsoll_pg_backends", 'state="idle"')
    busy = run.mean30([all_ - some for all_, some in zip(everything, not_busy)])
    longest = run.mean30(run.total("plimsoll_pg_idle_in_transaction_seconds"))
    return [i > 0.5 * b and i >= 1 and s > 0.03 for i, b, s in zip(idle, busy, longest)]


def lock_waits(run: Scraped) -> list[bool]:
    blocked = run.mean30(run.total("plimsoll_pg_blocked_backends"))
    active = run.mean30(run.total("plimsoll_pg_backends", 'state="active"'))
    return [b >= 1 and b >= 0.2 * a for b, a in zip(blocked, active)]


def throttled(run: Scraped) -> list[bool]:
    periods = run.total("plimsoll_container_cpu_periods_total", 'role="app"')
    return [ratio > 0.1 for ratio in run.share(run.total("plimsoll_container_cpu_throttled_periods_total", 'role="app"'), periods)]


def plateau(run: Scraped) -> list[bool]:
    everything = run.total("plimsoll_pg_backends")
    busy = run.mean30([all_ - some for all_, some in zip(everything, run.total("plimsoll_pg_backends", 'state="idle"'))])
    latency = run.share(run.total("plimsoll_response_seconds_sum"), run.total("plimsoll_response_seconds_count"))
    slower = [i > 0 and latency[i] > 2 * min(filter(None, latency[: i + 1]), default=latency[i]) for i in range(run.scrapes)]
    return [
        b >= 0.75 * m and flat and slow for b, m, flat, slow in zip(busy, run.mean30(everything), run.same30(everything), slower)
    ]


def callers_pending(run: Scraped) -> list[bool]:
    return [mean >= 1 for mean in run.mean30(run.total("plimsoll_app_pool_pending"))]


def clients_waiting(run: Scraped) -> list[bool]:
    return [mean >= 1 for mean in run.mean30(run.total("plimsoll_pgbouncer_clients_waiting", 'user="app"'))]


def overflows(run: Scraped) -> list[bool]:
    counted = run.total("plimsoll_host_tcp_listen_overflows_total", 'side="target"')
    return [value > counted[0] for value in counted]


def states(holds: list[bool], every_s: int, for_s: int, keep_s: int) -> list[str]:
    """Inactive, pending or firing at each evaluation, as Prometheus has it."""
    out = []
    since = healed = None
    for i, now in enumerate(holds):
        at = i * every_s
        if now:
            since, healed = at if since is None else since, None
        elif since is not None and out[-1] == "firing" and keep_s:
            healed = at if healed is None else healed
            since = since if at - healed < keep_s else None
        else:
            since = None
        out.append("" if since is None else "firing" if at - since >= for_s else "pending")
    return out


# alert, its condition, `for`, `keep_firing_for`; recordings of its fault, and at which intervals the recording is long enough.
FAULTS: list[tuple[str, Callable[[Scraped], list[bool]], int, int, dict[str, tuple[int, ...]]]] = [
    ("PlimsollPostgresConnectionsHigh", connections_high, 10, 30, {"go-max": INTERVALS, "node-maxconn": INTERVALS}),
    ("PlimsollPostgresIdleInTransaction", idle_in_transaction, 10, 0, {"fa-idletx": INTERVALS, "go-idle": INTERVALS}),
    ("PlimsollPostgresLockWaits", lock_waits, 10, 0, {"django-lock": INTERVALS, "fa-lock-vus": INTERVALS}),
    ("PlimsollCpuThrottled", throttled, 10, 0, {"fa-quota": INTERVALS}),
    (
        "PlimsollPoolPlateau",
        plateau,
        0,
        30,
        {"fa-pool-prom": INTERVALS, "fa-pool-otel": INTERVALS, "fa-pool-2w": INTERVALS, "fastapi-pool": (5,), "fs-pool": (5,)},
    ),
    ("PlimsollAppPoolPending", callers_pending, 10, 0, {"spring-pool": (5,)}),
    ("PlimsollPgbouncerClientsWaiting", clients_waiting, 10, 0, {"node-pgbouncer": (5,)}),
    ("PlimsollAcceptQueueOverflow", overflows, 0, 0, {"node-backlog": INTERVALS}),
]


def with_end(values: dict[str, Values]) -> list[dict]:
    """The series, and then the endpoint is gone."""
    return series({name: [*each, *[None] * 4] for name, each in values.items()})


class RecordedFaults(unittest.TestCase):
    def test_each_alert_fires_when_the_numbers_say_so(self) -> None:
        for alert, condition, for_s, keep_s, recordings in FAULTS:
            for name, intervals in recordings.items():
                for every_s in intervals:
                    with self.subTest(alert, recording=name, every_s=every_s):
                        scraped = Scraped(name, every_s)
                        expected = states(condition(scraped), every_s, for_s, keep_s)
                        self.assertIn("firing", expected)
                        self.assertEqual(expected[0], "")
                        self.assertEqual(self.disagreement(alert, scraped, expected), "")

    @staticmethod
    def disagreement(alert: str, scraped: Scraped, expected: list[str]) -> str:
        checks = [
            {
                "expr": f'count by (alertstate) (ALERTS{{alertname="{alert}"}})',
                "eval_time": f"{i * scraped.every_s}s",
                "exp_samples": [{"labels": f'{{alertstate="{state}"}}', "value": 1}] if state else [],
            }
            for i, state in enumerate(expected)
        ]
        return run(["plimsoll.rules.yml"], scraped.every_s, [{"input_series": with_end(scraped.series), "promql_expr_test": checks}])

    def test_it_is_over_when_the_window_has_passed_the_end_of_the_endpoint(self) -> None:
        scraped = Scraped("fa-lock-vus", 15)
        end_s = (scraped.scrapes - 1) * 15
        checks = [
            {
                "expr": 'count(ALERTS{alertname="PlimsollPostgresLockWaits"})',
                "eval_time": f"{end_s + after_s}s",
                "exp_samples": [{"labels": "{}", "value": 1}] if fires else [],
            }
            for after_s, fires in ((0, True), (15, True), (45, False))
        ]
        test = {"input_series": with_end(scraped.series), "promql_expr_test": checks}
        self.assertEqual(run(["plimsoll.rules.yml"], 15, [test]), "")


class RecordedHealth(unittest.TestCase):
    def test_nothing_fires_nor_is_pending(self) -> None:
        for every_s in (1, *INTERVALS):
            tests = []
            for name in HEALTHY:
                scraped = Scraped(name, every_s)
                at = (scraped.scrapes - 1) * every_s
                tests.append(
                    {
                        "name": name,
                        "input_series": with_end(scraped.series),
                        "promql_expr_test": [
                            {"expr": f"max_over_time(ALERTS[{at}s])", "eval_time": f"{at}s", "exp_samples": []},
                            # And the load was seen at all.
                            {
                                "expr": "count(plimsoll:response_seconds:mean1m > 0)",
                                "eval_time": f"{at}s",
                                "exp_samples": [{"labels": "{}", "value": 1}],
                            },
                        ],
                    }
                )
            self.assertEqual(run(["plimsoll.rules.yml"], every_s, tests), "", f"every {every_s} s")


if __name__ == "__main__":
    unittest.main()
