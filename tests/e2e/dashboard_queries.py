#!/usr/bin/env python3
"""Asks a Prometheus every query of Grafana boards; exits 1 when one errors or is empty without excuse.

    dashboard_queries.py PROMETHEUS_URL BOARD.json ... [--run ID] [--from TIME] [--to TIME] [--last SECONDS]
                         [--step SECONDS] [--gaps FILE]

Variables are substituted as Grafana would: $run by --run (else the newest run that Prometheus knows), $__rate_interval by
four steps, those that have an "All" by it. A query counts as empty when it has no point in the time that is looked at (the
last --last seconds, or --from to --to in seconds since 1970), or none that is a finite number. Annotations count as queries.
Prints one line per query.

FILE says what may be empty, and why: {"metrics": {NAME or PREFIX_*: reason}, "queries": {"BOARD / PANEL / QUERY": reason}},
with * and [AB] as in file names. A query that names such a metric may be empty. An entry that excuses too much is an error:
of a metric that Prometheus has, or a query that no board has. Needs nothing but the standard library.
"""

import argparse
import fnmatch
import json
import math
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Iterator, NamedTuple


class Query(NamedTuple):
    place: str  # "panel title / refId"
    expression: str
    instant: bool  # asked for one moment, the end


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


class Window(NamedTuple):
    start: float
    end: float
    step: int


class Gaps:
    """What may be empty, and why."""

    def __init__(self, metrics: dict[str, str], queries: dict[str, str]):
        self.metrics, self.queries = metrics, queries

    def excuse(self, board: str, query: Query) -> str | None:
        for pattern, reason in self.queries.items():
            if fnmatch.fnmatchcase(f"{board} / {query.place}", pattern):
                return reason
        for name in sorted(set(re.findall(r"\b[a-z][a-z0-9]*_[a-z0-9_]+\b", re.sub(r'"[^"]*"', "", query.expression)))):
            for pattern, reason in self.metrics.items():
                if fnmatch.fnmatchcase(re.sub(r"_(bucket|sum|count)$", "", name), pattern) or fnmatch.fnmatchcase(name,
                                                                                                                  pattern):
                    return reason
        return None

    def too_much(self, prometheus: Prometheus, boards: dict[str, list[Query]], run: str, window: Window) -> Iterator[str]:
        """Entries that excuse what is there, or what nobody asks."""
        places = {f"{board} / {query.place}" for board, queries in boards.items() for query in queries}
        for pattern in self.queries:
            if not fnmatch.filter(places, pattern):
                yield f"the gap {pattern!r} is of no query"
        for pattern in self.metrics:
            name = pattern.replace("*", ".*")
            joined = f'{{__name__=~"{name}"}} and on (job, instance) plimsoll_run_info{{run="{run}"}}'
            found = prometheus.get("query_range", query=f"count by (__name__) ({joined})", start=f"{window.start:.3f}",
                                   end=f"{window.end:.3f}",
                                   step=str(window.step))["result"] if pattern.startswith("plimsoll_") else []
            if found:
                yield f"the gap {pattern!r} is none: Prometheus has {', '.join(sorted(one['metric']['__name__'] for one in found))}"


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
            yield Query(f"{panel['title']} / {target['refId']}", target["expr"], target.get("instant", False))
    for annotation in dashboard["annotations"]["list"]:
        if "expr" in annotation:
            yield Query(f"annotation {annotation['name']}", annotation["expr"], False)


def values_of(prometheus: Prometheus, dashboard: dict, run: str | None, window: Window) -> dict[str, str]:
    """What the variables stand for. Raises ValueError where one has nothing to list."""
    values = {"__rate_interval": f"{4 * window.step}s", "__interval": f"{window.step}s",
              "__interval_ms": str(1000 * window.step),
              "__range": f"{math.ceil(window.end - window.start)}s"}
    for variable in dashboard["templating"]["list"]:
        if variable["type"] != "query":
            continue
        name, query = variable["name"], variable["query"]["query"]
        match = re.fullmatch(r"label_values\((\w+)(\{[^}]*\})?, *(\w+)\)", query)
        if not match:
            raise ValueError(f"variable {name}: only label_values(metric, label) is known here, not {query}")
        if name == "run":
            known = prometheus.get(f"label/{match[3]}/values", **{"match[]": match[1]})
            if not known:
                raise ValueError(f"variable run has no value: Prometheus knows no {match[1]}")
            values[name] = run or sorted(known)[-1]
            if values[name] not in known:
                raise ValueError(f"variable run: Prometheus knows no run={values[name]!r}, only {known}")
        else:
            values[name] = variable["allValue"]
    return values


def substitute(expression: str, values: dict[str, str]) -> str:
    def value(match: re.Match) -> str:
        name = match[1] or match[2]
        if name not in values:
            raise ValueError(f"variable ${name} is not declared")
        return values[name]
    # $1 is a group of label_replace.
    return re.sub(r"\$\{(\w+)(?::\w+)?\}|\$([A-Za-z_]\w*)", value, expression)


def points(prometheus: Prometheus, query: Query, values: dict[str, str], window: Window) -> tuple[int, int]:
    """(series, points that are a finite number). Raises ValueError when the query fails."""
    expression = substitute(query.expression, values)
    if query.instant:
        data = prometheus.get("query", query=expression, time=f"{window.end:.3f}")
        found = [[series["value"]] for series in data["result"]]
    else:
        data = prometheus.get("query_range", query=expression, start=f"{window.start:.3f}", end=f"{window.end:.3f}",
                              step=str(window.step))
        found = [series["values"] for series in data["result"]]
    return len(found), sum(math.isfinite(float(value)) for series in found for _, value in series)


def check(prometheus: Prometheus, board: str, query: Query, values: dict[str, str], window: Window, gaps: Gaps) -> str:
    """"ok", "gap", "EMPTY" or "ERROR"; says so."""
    try:
        series, numbers = points(prometheus, query, values, window)
    except ValueError as error:
        print(f"ERROR  {board} / {query.place}: {error}\n       {query.expression}")
        return "ERROR"
    if numbers:
        print(f"ok     {board} / {query.place}: {series} series, {numbers} points")
        return "ok"
    if excuse := gaps.excuse(board, query):
        print(f"gap    {board} / {query.place}: {excuse}")
        return "gap"
    print(f"EMPTY  {board} / {query.place}\n       {query.expression}")
    return "EMPTY"


def check_boards(url: str, paths: list[Path], run: str | None, window: Window, gaps: Gaps,
                 answered: set[str] | None = None) -> bool:
    """Whether all is as it should be; prints what is not, and the rest. Adds the queries that return data to `answered`."""
    prometheus = Prometheus(url)
    boards = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in paths}
    good, results = True, []
    try:
        asked = {name: list(queries_of(board)) for name, board in boards.items()}
        for name, board in boards.items():
            values = values_of(prometheus, board, run, window)
            run = values.get("run", run)
            for query in asked[name]:
                results.append(check(prometheus, name, query, values, window, gaps))
                if answered is not None and results[-1] == "ok":
                    answered.add(f"{name} / {query.place}")
        for text in gaps.too_much(prometheus, asked, run or "", window):
            print(f"ERROR  {text}")
            good = False
    except (ValueError, OSError) as error:
        print(f"ERROR  {error}")
        return False
    print(f"{results.count('ok')} of {len(results)} queries return data, {results.count('gap')} need not (run {run or '-'})")
    return good and results.count("ok") > 0 and all(result in ("ok", "gap") for result in results)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prometheus")
    parser.add_argument("boards", nargs="+", type=Path)
    parser.add_argument("--run", help="value of the variable run")
    parser.add_argument("--from", type=float, dest="start")
    parser.add_argument("--to", type=float, dest="end")
    parser.add_argument("--last", type=int, default=900, help="seconds to look back (default 900)")
    parser.add_argument("--step", type=int, default=1, help="scrape interval in seconds (default 1)")
    parser.add_argument("--gaps", type=Path)
    arguments = parser.parse_args()
    end = arguments.end or time.time()
    window = Window(arguments.start or end - arguments.last, end, arguments.step)
    said = json.loads(arguments.gaps.read_text(encoding="utf-8")) if arguments.gaps else {}
    gaps = Gaps(said.get("metrics", {}), said.get("queries", {}))
    return 0 if check_boards(arguments.prometheus, arguments.boards, arguments.run, window, gaps) else 1


if __name__ == "__main__":
    sys.exit(main())
