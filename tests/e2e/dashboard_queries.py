#!/usr/bin/env python3
"""Runs every query of a Grafana dashboard against a Prometheus; exits 1 when one errors or is empty.

    dashboard_queries.py PROMETHEUS_URL DASHBOARD.json [--run ID] [--last SECONDS] [--step SECONDS]

Variables are substituted as Grafana would: $run by --run (else the newest run that Prometheus
knows), $__rate_interval by four steps. A query counts as empty when it has no point in the last
--last seconds, or none that is a finite number. Annotations count as queries; each needs data like a panel does.
Prints one line per query. Needs nothing but the standard library.
"""

import argparse
import json
import math
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Iterator, NamedTuple


class Query(NamedTuple):
    place: str  # "panel title / refId"
    expression: str


class Prometheus:
    def __init__(self, url: str):
        self.url = url.rstrip("/")

    def get(self, path: str, **parameters: str):
        """The `data` of an API call. Raises ValueError with what Prometheus says is wrong."""
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            try:
                raise ValueError(json.load(error)["error"]) from None
            except json.JSONDecodeError:
                raise ValueError(f"HTTP status {error.code}") from None


def panels_of(panels: list) -> Iterator[dict]:
    for panel in panels:
        yield panel
        yield from panels_of(panel.get("panels", []))


def queries_of(dashboard: dict) -> Iterator[Query]:
    for panel in panels_of(dashboard["panels"]):
        if panel["type"] in ("row", "text"):
            continue
        if not panel.get("targets"):
            raise ValueError(f"panel {panel['title']!r} has no query")
        for target in panel["targets"]:
            yield Query(f"{panel['title']} / {target['refId']}", target["expr"])
    for annotation in dashboard["annotations"]["list"]:
        if "expr" in annotation:
            yield Query(f"annotation {annotation['name']}", annotation["expr"])


def label_variables(dashboard: dict) -> Iterator[tuple[str, str, str]]:
    """(variable, metric, label) of each variable that lists a label's values."""
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            match = re.fullmatch(r"label_values\((\w+), *(\w+)\)", variable["query"]["query"])
            if not match:
                raise ValueError(f"variable {variable['name']}: only label_values(metric, label) is known here")
            yield variable["name"], match[1], match[2]


def choose_values(prometheus: Prometheus, dashboard: dict, given: dict[str, str]) -> dict[str, str]:
    values = {}
    for name, metric, label in label_variables(dashboard):
        known = prometheus.get(f"label/{label}/values", **{"match[]": metric})
        if not known:
            raise ValueError(f"variable {name} has no value: Prometheus knows no {metric}")
        values[name] = given.get(name) or sorted(known)[-1]
        if values[name] not in known:
            raise ValueError(f"variable {name}: Prometheus knows no {label}={values[name]!r}, only {known}")
    return values


def substitute(expression: str, values: dict[str, str]) -> str:
    def value(match: re.Match) -> str:
        name = match[1] or match[2]
        if name not in values:
            raise ValueError(f"variable ${name} is not declared")
        return values[name]
    return re.sub(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)", value, expression)


def points(prometheus: Prometheus, expression: str, start: float, end: float, step: int) -> tuple[int, int]:
    """(series, points that are a finite number). Raises ValueError when the query fails."""
    data = prometheus.get("query_range", query=expression, start=f"{start:.3f}", end=f"{end:.3f}",
                          step=str(step))
    numbers = sum(math.isfinite(float(value)) for series in data["result"] for _, value in series["values"])
    return len(data["result"]), numbers


def check(prometheus: Prometheus, query: Query, values: dict[str, str], window: tuple[float, float, int]) -> bool:
    try:
        series, numbers = points(prometheus, substitute(query.expression, values), *window)
    except ValueError as error:
        print(f"ERROR  {query.place}: {error}\n       {query.expression}")
        return False
    if numbers == 0:
        print(f"EMPTY  {query.place}\n       {query.expression}")
        return False
    print(f"ok     {query.place}: {series} series, {numbers} points")
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prometheus")
    parser.add_argument("dashboard")
    parser.add_argument("--run", help="value of the variable run")
    parser.add_argument("--last", type=int, default=900, help="seconds to look back (default 900)")
    parser.add_argument("--step", type=int, default=1, help="scrape interval in seconds (default 1)")
    arguments = parser.parse_args()

    with open(arguments.dashboard, encoding="utf-8") as file:
        dashboard = json.load(file)
    prometheus = Prometheus(arguments.prometheus)
    try:
        given = {"run": arguments.run} if arguments.run else {}
        values = choose_values(prometheus, dashboard, given)
        queries = list(queries_of(dashboard))
    except (ValueError, OSError) as error:
        print(f"ERROR  {error}")
        return 1
    values.update({"__rate_interval": f"{4 * arguments.step}s", "__interval": f"{arguments.step}s",
                   "__range": f"{arguments.last}s"})
    now = time.time()
    window = (now - arguments.last, now, arguments.step)
    good = [check(prometheus, query, values, window) for query in queries]
    print(f"{sum(good)} of {len(good)} queries return data (run {values.get('run', '-')})")
    return 0 if good and all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
