"""One screen that tells the story of a run, and beside it whether to believe it."""

from source import shared
from source.board import board as make
from source.board import detail
from source.colours import COLOURS
from source.panels import Query, by_name, instant, named, stat, table
from source.promql import (DONE, EVERY_SECOND, EVERY_STEP, FAILED_SHARE_OF_RUN, INFO, VALIDITY, VERDICT, at_end, of_run, or_zero,
                           peak, quantile_of_run, total)


def verdict() -> dict:
    made = stat("Verdict",
                "The causes that the diagnosis names, with their confidence. They come when the run is judged, after its load.",
                "none",
                [Query(VERDICT, "{{verdict}}")], steps=((1, "failed"),), text="name")
    return instant(made)


def what_runs() -> dict:
    """`plimsoll probe` has probes and no load, which is no fault."""
    there = f"(count{of_run('plimsoll_vus_max')} > bool 0) or 0 * count({INFO})"
    return stat("What runs",
                "Whether this run has a load of its own, or only its probes look on while another tool loads.", "none",
                [Query(there, "")], mappings=named({1: ("load and probes", "text"), 0: ("probes only, no load", "p50")}))


def thresholds() -> dict:
    holds = f"min by (threshold) (last_over_time({of_run('plimsoll_threshold_ok')}{EVERY_SECOND}))"
    state = by_name("State", ("mappings", list(named({1: ("holds", "ok"), 0: ("fails", "failed")}))),
                    ("custom.cellOptions", {"type": "color-text"}), ("custom.width", 90))
    return table("Thresholds",
                 "The limits that the scenario sets, and whether they hold: so far while the run goes on, for good "
                 "when it is over.",
                 [Query(holds, "")], [("threshold", "Threshold", ""), ("Value", "State", "none")],
                 empty="The scenario sets no thresholds", overrides=[state])


def field(ref: str, unit: str, limit: float) -> dict:
    """A unit of its own for one of several figures, and from where it is red."""
    return {"matcher": {"id": "byFrameRefID", "options": ref},
            "properties": [{"id": "unit", "value": unit},
                           {"id": "thresholds", "value": {"mode": "absolute", "steps": [
                               {"color": "text", "value": None}, {"color": COLOURS["failed"], "value": limit}]}}]}


def believable() -> dict:
    there = f"count(max_over_time({INFO}{EVERY_STEP}))"
    gaps = or_zero(total(at_end("plimsoll_probe_gaps_total")), there)
    lost = or_zero(f"({total(at_end('plimsoll_exporter_dropped_total'))} + "
                   f"{total(at_end('plimsoll_exporter_rejected_total'))})", there)
    made = stat(
        "Can this be believed?",
        "The verdict on the measurement, once the run is judged. Of the run so far: how late the generator sent (p99), its busiest thread, times in which probes had no readings, "
        "records that exporters lost. Red figures mean that the generator, not the service, may be the limit, or that "
        "something is missing.", "none",
        [Query(quantile_of_run(0.99, "plimsoll_send_lag_seconds"), "send lag p99"),
         Query(f"max(max_over_time({of_run('plimsoll_generator_cpu_ratio')}{EVERY_STEP}))", "load thread"),
         Query(gaps, "probe gaps"), Query(lost, "lost records"), Query(VALIDITY, "measurement")], text="value_and_name")
    judged = {"id": "mappings", "value": list(named({0: ("VALID", "text"), 1: ("DEGRADED", "failed"),
                                                     2: ("INVALID", "failed")}))}
    validity = field("E", "none", 1)
    validity["properties"].append(judged)
    made["fieldConfig"]["overrides"] = [field("A", "s", 0.01), field("B", "percentunit", 0.8), field("C", "none", 1),
                                        field("D", "none", 1), validity]
    return instant(made)


def head() -> list:
    """Figures of the run as a whole, up to the end of the shown time: those of its report, once it is over."""
    def one(title: str, text: str, unit: str, expr: str, empty: str, steps: tuple = (), decimals: int | None = None) -> dict:
        return instant(stat(title, text, unit, [Query(expr, title)], empty=empty, steps=steps, decimals=decimals))
    requests = one("Requests", "That have finished.", "short", DONE, "no load")
    p50 = one("p50",
              "What half of the users waited at most.", "s", quantile_of_run(0.5, "plimsoll_response_seconds"), "no load")
    p95 = one("p95", "What 95 of 100 users waited at most.", "s", quantile_of_run(0.95, "plimsoll_response_seconds"), "no load")
    failed = one("Failed",
                 "Share of requests that failed; what the run's end cut off is left out.", "percentunit", FAILED_SHARE_OF_RUN,
                 "no load",
                 ((0.01, "failed"),))
    callers = one("Most waiting", "The most callers at once that waited for a connection of the application's pools.", "short",
                  peak("plimsoll_app_pool_pending"), "no pool shown", ((10, "waiting"),))
    slots = one("Server's slots", "The largest share of PostgreSQL's slots for ordinary users that was used.", "percentunit",
                f"max(max_over_time({of_run('plimsoll_pg_connections_used_ratio')}{EVERY_STEP}))", "not read",
                ((0.8, "failed"),), 0)
    return [(4, what_runs()), (8, verdict()), (2, requests), (2, p50), (2, p95), (2, failed), (2, callers), (2, slots)]


def board() -> dict:
    rows = [
        (3, head()),
        (7, [(8, shared.offered_and_achieved(beside=True, links=detail("load"))),
             (8, shared.response_time(beside=True, links=detail("load"))),
             (8, shared.failures(beside=True, links=detail("load")))]),
        (7, [(8, shared.pool_and_limit(links=detail("pool"))), (8, shared.waiters(links=detail("pool"))),
             (8, shared.cpu_by_role(links=detail("target")))]),
        (5, [(8, shared.backend_waits(links=detail("target"))), (8, thresholds()), (8, believable())]),
    ]
    return make("overview", "One run on one screen: what was asked of the service, what it did, and where it waited.", rows)
