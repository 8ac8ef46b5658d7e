"""Several runs on one axis: the time since each one's start."""

from source import shared
from source.board import board as make
from source.panels import NO_LOAD, NO_POOL, NO_POSTGRES, Query, graph, table
from source.promql import (EACH_INFO, EVERY_SECOND, FAILED, at_end_of_each_run, known, load_end_of_each_run, of_each_run, or_zero, ratio,
                           since_start, start_of_each_run, total)

PER_SECOND = shared.PER_SECOND
AXIS = "since\\run"  # what groupingToMatrix calls its first column


def rate(selector: str, by: str = "run") -> str:
    return total(of_each_run(f"rate({selector}[$__rate_interval])"), by)


def gauge(selector: str, how: str = "sum") -> str:
    return f"{how} by (run) ({of_each_run(selector)})"


def aligned(title: str, description: str, unit: str, expr: str, *, empty: str, log: bool = False) -> dict:
    """One line a run over the seconds since its start.

    Prometheus has only one axis of time, so the query makes a label of the time since the start, and Grafana turns the
    table of run, label and value into a column for each run.
    """
    made = graph(title, description, unit, [Query(since_start(expr), "")], log=log, empty=empty, kind="trend",
                 target={"format": "table"})
    made["options"]["xField"] = AXIS
    made["transformations"] = [
        {"id": "convertFieldType", "options": {"fields": {}, "conversions": [{"targetField": "since",
                                                                              "destinationType": "number"}]}},
        {"id": "groupingToMatrix", "options": {"columnField": "run", "rowField": "since", "valueField": "Value",
                                               "emptyValue": "null"}},
        {"id": "sortBy", "options": {"fields": {}, "sort": [{"field": AXIS}]}},
    ]
    made["fieldConfig"]["overrides"].append({"matcher": {"id": "byName", "options": AXIS},
                                             "properties": [{"id": "unit", "value": "s"}]})
    made["maxDataPoints"] = 300  # each step is a series of its own
    return made


def quantile_of(q: float) -> str:
    return known(f"histogram_quantile({q:g}, {rate('plimsoll_response_seconds_bucket', 'le, run')})")


def failed_share() -> str:
    return ratio(f"({or_zero(rate(FAILED), rate('plimsoll_requests_total'))})", rate("plimsoll_requests_total"))


def runs() -> dict:
    names = f"max by (run, scenario, version) (max_over_time({EACH_INFO}{EVERY_SECOND}))"
    length = f"{names} * on (run) group_left () ({load_end_of_each_run()} - {start_of_each_run()})"
    count = total(at_end_of_each_run("plimsoll_requests_total"), "run")
    bad = total(at_end_of_each_run(FAILED), "run")
    by_le = total(at_end_of_each_run("plimsoll_response_seconds_bucket"), "le, run")
    waiting = f"max by (run) (max_over_time(({of_each_run('plimsoll_app_pool_pending')}){EVERY_SECOND}))"
    broke = f"max by (run) (max_over_time(({of_each_run('plimsoll_breaking_point_rate')}){EVERY_SECOND}))"
    fails = f"sum by (run) (last_over_time(({of_each_run('(plimsoll_threshold_ok == bool 0)')}){EVERY_SECOND}))"
    queries = [Query(length, ""), Query(count, ""), Query(ratio(f"({or_zero(bad, count)})", count), ""),
               *(Query(known(f"histogram_quantile({q:g}, {by_le})"), "") for q in (0.5, 0.95, 0.99)), Query(waiting, ""),
               Query(fails, ""),
               Query(broke, "")]
    columns = [("run", "Run", ""), ("scenario", "Scenario", ""), ("version", "Version", ""), ("Value #A", "Length", "s"),
               ("Value #B", "Requests", "short"), ("Value #C", "Failed", "percentunit"), ("Value #D", "p50", "s"),
               ("Value #E", "p95", "s"),
               ("Value #F", "p99", "s"), ("Value #G", "Most waiting callers", "short"),
               ("Value #H", "Thresholds that fail", "none"),
               ("Value #I", "Broke at", "suffix:/s")]
    return table("Runs",
                 "The chosen runs as a whole, as far as the shown time holds them. Length is from the start to the last "
                 "scrape that saw the load going on. `Broke at` is what was offered then.",
                 queries, columns, empty="No run is chosen, or none lies in the shown time", sort="Run")


def findings() -> dict:
    named = f"max by (run, cause, confidence) (max_over_time(({of_each_run('plimsoll_finding')}){EVERY_SECOND}))"
    return table("Findings", "The causes that each run's diagnosis names.", [Query(named, "")],
                 [("run", "Run", ""), ("cause", "Cause", ""), ("confidence", "Confidence", "")],
                 empty="No cause is named in these runs")


def endpoints() -> dict:
    by = "run, method, endpoint"
    slow = f"histogram_quantile(0.95, {total(at_end_of_each_run('plimsoll_response_seconds_bucket'), f'le, {by}')})"
    return table("Endpoints: p95 and requests", "Of each run as a whole, as far as the shown time holds it.",
                 [Query(total(at_end_of_each_run("plimsoll_requests_total"), by), ""), Query(slow, "")],
                 [("method", "Method", ""), ("endpoint", "Endpoint", ""), ("run", "Run", ""), ("Value #A", "Requests", "short"),
                  ("Value #B", "p95", "s")],
                 empty=NO_LOAD, sort="p95")


def board() -> dict:
    charts = [
        aligned("Achieved",
                "Iterations per second that ran to their end.", PER_SECOND, rate("plimsoll_iterations_total"), empty=NO_LOAD),
        aligned("Offered",
                "Iterations per second that the schedule asks for.", PER_SECOND, gauge("plimsoll_offered_rate"), empty=NO_LOAD),
        aligned("Failed",
                "Share of requests that failed; what a run's end cut off is left out.", "percentunit", failed_share(),
                empty=NO_LOAD),
        aligned("Response p50", "What half of the users wait at most.", "s", quantile_of(0.5), empty=NO_LOAD, log=True),
        aligned("Response p95", "What 95 of 100 users wait at most.", "s", quantile_of(0.95), empty=NO_LOAD, log=True),
        aligned("Response p99", "What 99 of 100 users wait at most.", "s", quantile_of(0.99), empty=NO_LOAD, log=True),
        aligned("Pool connections in use",
                "Of all pools that the application shows.", "short", gauge("plimsoll_app_pool_used"), empty=NO_POOL),
        aligned("Callers that wait for a connection",
                "Of all pools that the application shows.", "short", gauge("plimsoll_app_pool_pending"), empty=NO_POOL),
        aligned("Database backends",
                "Client backends of PostgreSQL.", "short", gauge("plimsoll_pg_backends"), empty=NO_POSTGRES),
        aligned("Blocked by locks",
                "Backends that wait for a lock that another one holds.", "short", gauge("plimsoll_pg_blocked_backends"),
                empty=NO_POSTGRES),
        aligned("CPU of the application, in cores",
                "Of the processes and containers with the role app.", "short",
                rate('plimsoll_container_cpu_seconds_total{role="app"}'),
                empty="No process with the role app is read"),
        aligned("CPU of the database, in cores",
                "Of the processes and containers with the role database.", "short",
                rate('plimsoll_container_cpu_seconds_total{role="database"}'),
                empty="No process with the role database is read"),
    ]
    rows = [(6, [(24, runs())]), *((7, [(8, chart) for chart in charts[i:i + 3]]) for i in range(0, len(charts), 3)),
            (6, [(8, findings()), (16, endpoints())])]
    return make("compare", "Several runs on one axis, the time since each one's start, by their own clocks. Show a time that "
                           "holds them all.", rows,
                several_runs=True, shown="now-1h")
