#!/usr/bin/env python3
"""Holds Grafana boards to rules like dashboard-linter's, and to ours.

    board_lint.py METRICS_PAGE BOARD.json ...

Prints one line per violation and exits 1 when there is any. METRICS_PAGE is docs/metrics.md, which says what metrics and
labels there are. Reads the JSON alone and knows nothing of how it was made.
"""

import json
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Iterator, NamedTuple

COLUMNS = 24
ONE_SCREEN = 22  # rows of 38 px that a 1080p screen shows below Grafana's own bars
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
# Several runs are a regular expression, for which Grafana escapes each; one is written as it is.
ONE_RUN, RUNS = ('plimsoll_run_info{job=~"$job", run%s"$run"}' % sign for sign in ("=", "=~"))
UNITS = {"short", "none", "s", "bytes", "Bps", "percentunit"}
# A selector of ours, with what may surround it before the join: rate(...), comparisons, a factor.
SELECTOR = re.compile(r'\b(plimsoll_[a-z0-9_]+)(\{[^}]*\})?')
JOIN = re.compile(r'^(?:\[\$__rate_interval\])?\)*(?: == bool \d\))? (?:and|\*) on \(job, instance\) '
                  r'(?:group_left \(run\) )?plimsoll_run_info\{')
# An annotation's second look at a series, 2 s earlier, is joined by `unless` with one that is of the run.
EARLIER = re.compile(r'^ offset 2s == \d\)')


class Metric(NamedTuple):
    kind: str
    labels: set[str]


def metrics_of(page: str) -> dict[str, Metric]:
    """By name, as queries use them: a histogram is its three series."""
    out = {}
    for name, kind, labels in re.findall(r"^\| `(plimsoll_\w+)` \| (\w+) \| ([^|]*)\|", page, re.M):
        names = set(re.findall(r"`(\w+)`", labels))
        if kind == "histogram":
            out[f"{name}_bucket"] = Metric("counter", names | {"le"})
            out[f"{name}_sum"] = out[f"{name}_count"] = Metric("counter", names)
        else:
            out[name] = Metric(kind, names)
    return out


def everything(panels: list) -> Iterator[dict]:
    for panel in panels:
        yield panel
        yield from everything(panel.get("panels", []))


def queries_of(board: dict) -> Iterator[tuple[str, str]]:
    for panel in everything(board["panels"]):
        for target in panel.get("targets", []):
            yield f"{panel['title']} / {target['refId']}", target["expr"]
    for annotation in board["annotations"]["list"]:
        yield f"annotation {annotation['name']}", annotation["expr"]


# --- queries -------------------------------------------------------------------------------------

def check_query(expr: str, metrics: dict[str, Metric], run: str) -> Iterator[str]:
    for window in re.findall(r"\[([^\]]*)\]", expr):
        if window not in ("$__rate_interval", "$__range:$__interval", "$__range:1s"):
            yield f"the window [{window}] does not follow the scrape interval or the shown time"
    for function in re.findall(r"\b(?:rate|irate|increase)\([^\[]*\[([^\]]*)\]", expr):
        if function != "$__rate_interval":
            yield "a rate needs $__rate_interval"
    labels = {"job", "instance", "run", "since", "verdict", "le"}
    foreign = re.sub(r"plimsoll_\w+", "", expr)
    for match in SELECTOR.finditer(expr):
        name, matchers, rest = match[1], match[2] or "", expr[match.end():]
        if name not in metrics:
            yield f"{name} is not in docs/metrics.md"
            continue
        labels |= metrics[name].labels
        for label in re.findall(r'(\w+)\s*(?:=~|!~|!=|=)', re.sub(r'"[^"]*"', '""', matchers)):
            if label not in metrics[name].labels | {"job", "run"}:
                yield f"{name} has no label {label}"
        if name == "plimsoll_run_info":
            if match[0] != run:
                yield f"plimsoll_run_info is not {run}"
        elif not JOIN.match(rest) and not EARLIER.match(rest):
            yield f"{name} is not joined with the chosen run"
        elif metrics[name].kind == "counter" and not re.search(r"rate\($", expr[:match.start()]) and "$__range" not in rest:
            yield f"COUNTER {name}"
    if re.search(r"\b(?:container|pg|scrape)_\w+", foreign):
        return  # labels of other exporters
    for group in re.findall(r"\b(?:by|on|group_left) \(([^)]*)\)", expr):
        for label in filter(None, (one.strip() for one in group.split(","))):
            if label not in labels:
                yield f"groups by {label}, which no metric of the query has"


# --- panels --------------------------------------------------------------------------------------

def check_panel(panel: dict) -> Iterator[str]:
    kind, description = panel["type"], panel.get("description", "")
    if not panel.get("title"):
        yield "has no title"
    if len(description) < 20 or not description.rstrip().endswith((".", ").")):
        if kind != "stat" or not description.endswith("."):  # a few words do for a single figure
            yield "has no description that is a sentence"
    if panel.get("datasource") != DATASOURCE:
        yield "does not take the chosen data source"
    if not panel.get("targets"):
        yield "asks nothing"
    seen = set()
    for target in panel.get("targets", []):
        if target.get("datasource") != DATASOURCE:
            yield f"query {target['refId']} does not take the chosen data source"
        if target["refId"] in seen:
            yield f"two queries are {target['refId']}"
        seen.add(target["refId"])
        if "legendFormat" not in target:
            yield f"query {target['refId']} has no legend"
        if target.get("instant") == target.get("range"):
            yield f"query {target['refId']} is neither instant nor a range"
        if kind in ("timeseries", "heatmap", "state-timeline", "trend") and target.get("instant"):
            yield f"query {target['refId']} has one moment for a panel of time"
    defaults = panel["fieldConfig"]["defaults"]
    unit = defaults.get("unit")
    if kind != "table" and unit not in UNITS and not str(unit).startswith("suffix:"):
        yield f"has the unit {unit}"
    if kind != "stat" and not defaults.get("noValue"):
        yield "does not say why it is empty, when it is"
    yield from check_axes(panel)


def check_axes(panel: dict) -> Iterator[str]:
    if panel["type"] not in ("timeseries", "trend"):
        return
    custom = panel["fieldConfig"]["defaults"]["custom"]
    if custom.get("axisPlacement") != "left":
        yield "has an axis elsewhere than left"
    if not custom.get("axisWidth"):
        yield "has an axis of any width: the time axes of stacked panels would not line up"
    if custom["scaleDistribution"]["type"] == "linear" and panel["fieldConfig"]["defaults"].get("min") != 0:
        yield "has a scale that does not begin at 0"
    for override in panel["fieldConfig"]["overrides"]:
        for own in override["properties"]:
            on_x = panel["type"] == "trend" and override["matcher"].get("options") == panel["options"].get("xField")
            if own["id"] == "custom.axisPlacement" or own["id"] == "unit" and not on_x:
                yield "has a second axis"


def check_places(board: dict) -> Iterator[tuple[str, str]]:
    taken: dict[tuple[int, int], str] = {}
    ids: dict[int, str] = {}
    titles: set[str] = set()
    groups = [board["panels"]] + [panel["panels"] for panel in board["panels"] if panel.get("panels")]
    for group in groups:
        taken = {}
        for panel in group:
            at, title = panel["gridPos"], panel["title"]
            if panel["id"] in ids:
                yield title, f"has the id of {ids[panel['id']]}"
            ids[panel["id"]] = title
            if title in titles:
                yield title, "stands twice on this board"
            titles.add(title)
            if at["x"] < 0 or at["x"] + at["w"] > COLUMNS or at["w"] < 1 or at["h"] < 1:
                yield title, "is beyond the grid"
            for cell in ((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])):
                if taken.setdefault(cell, title) != title:
                    yield title, f"overlaps {taken[cell]}"
                    break


# --- boards --------------------------------------------------------------------------------------

def check_board(board: dict) -> Iterator[str]:
    if not re.fullmatch(r"plimsoll-[a-z]+", board.get("uid", "")):
        yield "has no uid that links can rely on"
    if "plimsoll" not in board.get("tags", []):
        yield "has no tag by which the other boards find it"
    if board.get("id") is not None:
        yield "carries the id of one Grafana's database"
    if len(board.get("description", "")) < 20:
        yield "has no description"
    links = [link for link in board["links"] if link["type"] == "dashboards" and link["tags"] == ["plimsoll"]]
    if len(links) != 1 or not (links[0]["includeVars"] and links[0]["keepTime"]):
        yield "has no links to the other boards that keep run and time"
    variables = {variable["name"]: variable for variable in board["templating"]["list"]}
    if list(variables)[:3] != ["datasource", "job", "run"]:
        yield "has not the variables datasource, job, run in this order"
    for name, variable in variables.items():
        query = variable["query"] if isinstance(variable["query"], str) else variable["query"]["query"]
        if variable["type"] == "query" and name != "job" and 'job=~"$job"' not in query:
            yield f"the variable {name} lists what belongs to other jobs"
        if variable["type"] == "query" and variable["multi"] != variable["includeAll"]:
            yield f"the variable {name} takes several values and not all, or all and not several"
    used = json.dumps(board["panels"])
    for name in set(re.findall(r"\$\{?([a-z_]\w*)", used)) - set(variables):
        if not name.startswith("__"):
            yield f"the variable {name} is used and not declared"
    for name in variables:
        if f"${name}" not in used and f"${{{name}}}" not in used and name != "run":
            yield f"the variable {name} is declared and not used"


def colours_of(panel: dict) -> Iterator[tuple[str, str]]:
    """(series, colour) of what has a colour for good, with labels' places in the name left open."""
    legends = {target["refId"]: target["legendFormat"] for target in panel.get("targets", [])}
    for override in panel["fieldConfig"]["overrides"]:
        for own in override["properties"]:
            if own["id"] == "color" and own["value"]["mode"] == "fixed":
                name = str(override["matcher"]["options"])
                by_query = override["matcher"]["id"] == "byFrameRefID"
                yield legends.get(name, name) if by_query else name, own["value"]["fixedColor"]


def check_colours(boards: list[dict]) -> Iterator[tuple[str, str]]:
    """A name has one colour on all boards; two names of a panel have two."""
    known: dict[str, tuple[str, str]] = {}
    for board in boards:
        for panel in everything(board["panels"]):
            if panel["type"] == "row":
                continue
            here: dict[str, str] = defaultdict(str)
            for name, colour in colours_of(panel):
                before = known.setdefault(name, (colour, f"{board['title']}: {panel['title']}"))
                if before[0] != colour:
                    yield f"{board['title']}: {panel['title']}", f"{name} is {colour}, and {before[0]} in {before[1]}"
                if here[colour] and here[colour] != name:
                    yield f"{board['title']}: {panel['title']}", f"{name} and {here[colour]} are both {colour}"
                here[colour] = name


def lint(boards: list[dict], metrics: dict[str, Metric]) -> list[str]:
    found = [f"{where}: {text}" for where, text in check_colours(boards)]
    uids = {board.get("uid") for board in boards}
    if len(uids) != len(boards):
        found.append("two boards have one uid")
    for board in boards:
        title = board["title"]
        found += [f"{title}: {text}" for text in check_board(board)]
        found += [f"{title}: {panel}: {text}" for panel, text in check_places(board)]
        described = {panel["title"]: panel.get("description", "") for panel in everything(board["panels"])}
        for panel in everything(board["panels"]):
            if panel["type"] != "row":
                found += [f"{title}: {panel['title']}: {text}" for text in check_panel(panel)]
            for uid in re.findall(r"/d/([\w-]+)", json.dumps(panel.get("links", []))):
                if uid not in uids:
                    found.append(f"{title}: {panel['title']}: a link to {uid}, which is no board")
        several = any(variable["name"] == "run" and variable["multi"] for variable in board["templating"]["list"])
        for place, expr in queries_of(board):
            for text in check_query(expr, metrics, RUNS if several else ONE_RUN):
                # A count since the start is honest when the panel says that it is one.
                if text.startswith("COUNTER "):
                    if "since the run's start" in described.get(place.split(" / ")[0], "").lower():
                        continue
                    text = f"{text.removeprefix('COUNTER ')} is a counter and has no rate"
                found.append(f"{title}: {place}: {text}")
    return found


def main() -> int:
    metrics = metrics_of(Path(sys.argv[1]).read_text(encoding="utf-8"))
    found = lint([json.loads(Path(name).read_text(encoding="utf-8")) for name in sys.argv[2:]], metrics)
    for text in found:
        print(text)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
