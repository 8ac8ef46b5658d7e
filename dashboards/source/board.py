"""A board: its panels in places, its variables, its links."""

from source.panels import DATASOURCE
from source.promql import INFO, of_run, started

WIDTH = 24
UIDS = {"overview": "plimsoll-run", "pool": "plimsoll-pool", "load": "plimsoll-load", "target": "plimsoll-target",
        "generator": "plimsoll-generator", "compare": "plimsoll-compare"}
TITLES = {"overview": "Plimsoll / Overview", "pool": "Plimsoll / Pool exhaustion", "load": "Plimsoll / Load and latency",
          "target": "Plimsoll / Target resources", "generator": "Plimsoll / Generator and probes",
          "compare": "Plimsoll / Compare runs"}


def query_variable(name: str, label: str, query: str, *, multi: bool, sort: int = 1, all_value: str = ".+") -> dict:
    made = {"name": name, "label": label, "type": "query", "datasource": DATASOURCE, "query": {"query": query, "refId": name},
            "refresh": 2, "sort": sort, "multi": multi, "includeAll": multi, "hide": 0, "regex": "", "options": []}
    if multi:
        made.update(allValue=all_value, current={"text": ["All"], "value": ["$__all"]})
    return made


def variables(several_runs: bool, more: list[str]) -> list[dict]:
    known = {
        "pool": query_variable("pool", "Pool", 'label_values(plimsoll_app_pool_size{job=~"$job"}, pool)', multi=True),
        "endpoint": query_variable("endpoint", "Endpoint", 'label_values(plimsoll_requests_total{job=~"$job"}, endpoint)',
                                   multi=True),
    }
    # Names of runs begin with the time, so that the newest is the first.
    run = query_variable("run", "Runs" if several_runs else "Run", 'label_values(plimsoll_run_info{job=~"$job"}, run)',
                         multi=several_runs,
                         sort=2)
    return [
        {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus", "hide": 0,
         "includeAll": False, "multi": False, "options": [], "refresh": 1, "regex": ""},
        query_variable("job", "Job", "label_values(plimsoll_run_info, job)", multi=True),
        run, *(known[name] for name in more)]


def annotation(name: str, colour: str, expr: str, title: str, **more) -> dict:
    return {"name": name, "enable": True, "hide": False, "iconColor": colour, "datasource": DATASOURCE, "expr": expr,
            "step": "1s",
            "titleFormat": title, **more}


def annotations() -> list[dict]:
    def became(selector: str, state: int) -> str:
        return f"({of_run(selector)} == {state}) unless ({selector} offset 2s == {state})"
    broke = f"1000 * ({of_run('plimsoll_breaking_point_seconds')} + on (job, instance) {started(INFO)})"
    return [
        annotation("Stages", "blue", became("plimsoll_stage", 1), "{{executor}}: stage {{stage}}", tagKeys="executor,stage"),
        annotation("Thresholds that fail", "red", became("plimsoll_threshold_ok", 0), "fails: {{threshold}}",
                   tagKeys="threshold"),
        annotation("Breaking point", "dark-red", broke, "the target broke", useValueForTime=True),
    ]


def placed(rows: list) -> list[dict]:
    """Rows of (height, [(width, panel), ...]), and of (title, rows) for a section that is folded until clicked on."""
    out: list[dict] = []
    y = number = 0

    def line(height: int, cells: list) -> list[dict]:
        nonlocal number
        assert sum(width for width, _ in cells) == WIDTH, [panel["title"] for _, panel in cells]
        x, made = 0, []
        for width, panel in cells:
            number += 1
            made.append({"id": number, "gridPos": {"h": height, "w": width, "x": x, "y": y}, **panel})
            x += width
        return made

    for first, second in rows:
        if isinstance(first, int):
            out += line(first, second)
            y += first
            continue
        number += 1
        head = {"id": number, "type": "row", "title": first, "collapsed": True,
                "gridPos": {"h": 1, "w": WIDTH, "x": 0, "y": y}, "panels": []}
        out.append(head)
        y += 1
        start = y
        for height, cells in second:
            head["panels"] += line(height, cells)
            y += height
        y = start  # a folded section takes no room
    return out


def detail(name: str) -> list[dict]:
    """A link in a panel's corner, to the board that says more."""
    return [{"type": "link", "title": TITLES[name].split(" / ")[1],
             "url": f"/d/{UIDS[name]}?${{__url_time_range}}&${{__all_variables}}",
             "asDropdown": False, "icon": "", "includeVars": False, "keepTime": False, "tags": [], "targetBlank": False,
             "tooltip": ""}]


def board(name: str, description: str, rows: list, *, several_runs: bool = False, more: list[str] = [],
          shown: str = "now-15m") -> dict:
    link = {"type": "dashboards", "title": "Boards", "tags": ["plimsoll"], "asDropdown": True, "includeVars": True,
            "keepTime": True,
            "targetBlank": False, "icon": "external link", "tooltip": "The same run on the other boards", "url": ""}
    return {
        "uid": UIDS[name], "title": TITLES[name], "description": description, "tags": ["plimsoll"], "schemaVersion": 39,
        "version": 1, "editable": True, "graphTooltip": 1, "refresh": "5s", "timezone": "browser",
        "time": {"from": shown, "to": "now"}, "timepicker": {"refresh_intervals": ["1s", "5s", "10s", "30s", "1m"]},
        "links": [link], "annotations": {"list": [] if several_runs else annotations()},
        "templating": {"list": variables(several_runs, more)}, "panels": placed(rows),
    }
