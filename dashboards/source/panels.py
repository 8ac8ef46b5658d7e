"""Panels as Grafana 11 to 13 read them. Each function returns one without its place, which `board.py` gives it."""

from source.colours import COLOURS, fixed

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
SOFT_MAX = {"percentunit": 0.1, "s": 0.01, "bytes": 1024, "Bps": 1024}
AXIS_WIDTH = 70  # the same everywhere, so that the time axes of stacked panels line up

NO_LOAD = "No load here: only probes run"
NO_POOL = "The application shows no pool: probes.app_metrics reads one"
NO_PGBOUNCER = "No PgBouncer is read: probes.pgbouncer"
NO_POSTGRES = "No PostgreSQL is read: probes.postgres"
NO_CONTAINER = "No process or container is read: probes.containers"
NO_TARGET = "The target's sockets are out of sight: probes.host, on its machine"
NO_PEER = "No TCP connection of the target to others is in sight: probes.host, on its machine"
NO_HOST = "The machine is not read: probes.host"
NO_RUNTIME = "The application does not publish it: probes.app_metrics"
NO_CANARY = "No canary is sent: probes.canaries"


class Query:
    """One query of a panel. `colour` is a meaning of colours.py for all its series; without one their names decide."""

    def __init__(self, expr: str, legend: str, colour: str = "", dashed: bool = False, below: bool = False):
        self.expr, self.legend, self.colour, self.dashed, self.below = expr, legend, colour, dashed, below


def targets_of(queries: list[Query], **more) -> list[dict]:
    return [{"refId": chr(ord("A") + i), "datasource": DATASOURCE, "editorMode": "code", "expr": query.expr,
             "legendFormat": query.legend, "range": True, "instant": False, **more} for i, query in enumerate(queries)]


def by_name(name: str, *properties: tuple[str, object]) -> dict:
    return {"matcher": {"id": "byName", "options": name},
            "properties": [{"id": key, "value": value} for key, value in properties]}


def shades(pattern: str, meaning: str) -> dict:
    """Shades of a meaning's colour for all series whose names match."""
    return {"matcher": {"id": "byRegexp", "options": pattern},
            "properties": [{"id": "color", "value": {**fixed(meaning), "mode": "shades"}}]}


def overrides_of(queries: list[Query], names: list[str]) -> list[dict]:
    out = [by_name(name, ("color", fixed(name))) for name in names]
    for i, query in enumerate(queries):
        properties = []
        if query.colour:
            properties.append({"id": "color", "value": fixed(query.colour)})
        if query.dashed:
            properties += [{"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [8, 6]}},
                           {"id": "custom.fillOpacity", "value": 0},
                           {"id": "custom.stacking", "value": {"mode": "none", "group": "B"}}]
        if properties:
            out.append({"matcher": {"id": "byFrameRefID", "options": chr(ord("A") + i)}, "properties": properties})
    return out


def panel(kind: str, title: str, description: str, queries: list[Query], defaults: dict, options: dict,
          overrides: list[dict], **more) -> dict:
    return {"type": kind, "title": title, "description": description, "datasource": DATASOURCE,
            "targets": targets_of(queries, **more.pop("target", {})),
            "fieldConfig": {"defaults": defaults, "overrides": overrides}, "options": options, **more}


def graph(title: str, description: str, unit: str, queries: list[Query], *, names: tuple[str, ...] = (),
          stacked: bool = False, log: bool = False, top: float | None = None, empty: str = "",
          kind: str = "timeseries", limit: float | None = None, **more) -> dict:
    """Lines over time. `names`: series whose names, made of labels, are meanings of colours.py. `top`: what the scale shows at least."""
    custom = {
        "drawStyle": "line", "lineWidth": 2, "fillOpacity": 40 if stacked else 0 if log else 8, "lineInterpolation": "linear",
        "showPoints": "auto" if kind == "trend" else "never", "pointSize": 4, "spanNulls": kind == "trend",
        "axisPlacement": "left", "axisWidth": AXIS_WIDTH, "axisBorderShow": False,
        "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
        "scaleDistribution": {"type": "log", "log": 10} if log else {"type": "linear"},
        "thresholdsStyle": {"mode": "dashed" if limit is not None else "off"},
    }
    steps = [{"color": "transparent", "value": None}]
    if limit is not None:
        steps.append({"color": COLOURS["limit"], "value": limit})
    defaults = {"unit": unit, "color": {"mode": "palette-classic"}, "custom": custom,
                "thresholds": {"mode": "absolute", "steps": steps}}
    if not log:
        defaults["min"] = 0
        # Where all is 0, Grafana's own scale would end at 100, or 10,000 %.
        custom["axisSoftMax"] = SOFT_MAX.get(unit, 1) if top is None else top
    if empty:
        defaults["noValue"] = empty
    options = {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
               "tooltip": {"mode": "multi", "sort": "desc"}}
    return panel(kind, title, description, queries, defaults, {**options, **more.pop("options", {})},
                 overrides_of(queries, list(names)), **more)


def stat(title: str, description: str, unit: str, queries: list[Query], *, steps: tuple = (), empty: str = "",
         mappings: tuple = (), text: str = "auto", decimals: int | None = None, graph_mode: str = "none",
         calc: str = "lastNotNull", **more) -> dict:
    """The latest value, large. `steps`: (from, colour), the colour below the first one being the text's."""
    defaults = {"unit": unit, "color": {"mode": "thresholds"}, "mappings": list(mappings),
                "thresholds": {"mode": "absolute",
                               "steps": [{"color": "text", "value": None}]
                               + [{"color": COLOURS.get(colour, colour), "value": start} for start, colour in steps]}}
    if empty:
        defaults["noValue"] = empty
    if decimals is not None:
        defaults["decimals"] = decimals
    options = {"colorMode": "value", "graphMode": graph_mode, "justifyMode": "auto", "orientation": "auto",
               "percentChangeColorMode": "standard", "showPercentChange": False, "textMode": text, "wideLayout": True,
               "reduceOptions": {"calcs": [calc], "fields": "", "values": False}}
    return panel("stat", title, description, queries, defaults, options, [], **more)


def instant(made: dict, points: int = 1500) -> dict:
    """Asks once, at the end of the shown range. `points` sets $__interval to that part of the range."""
    for target in made["targets"]:
        target.update(range=False, instant=True)
    return {**made, "maxDataPoints": points}


def table(title: str, description: str, queries: list[Query], columns: list[tuple[str, str, str]], *,
          empty: str = "", overrides: list[dict] = [], sort: str = "", points: int = 1500) -> dict:
    """Instant queries beside each other. `columns`: (label or "Value #A", heading, unit), in this order; no other is shown."""
    names = {name: heading for name, heading, _ in columns}
    transformations = [{"id": "merge", "options": {}}] if len(queries) > 1 else []
    transformations += [
        {"id": "filterFieldsByName", "options": {"include": {"names": list(names)}}},
        {"id": "organize", "options": {"excludeByName": {}, "indexByName": {name: i for i, name in enumerate(names)},
                                       "renameByName": names}}]
    units = [by_name(heading, ("unit", unit)) for _, heading, unit in columns if unit]
    defaults = {"color": {"mode": "thresholds"}, "custom": {"align": "auto", "inspect": False, "cellOptions": {"type": "auto"}},
                "thresholds": {"mode": "absolute", "steps": [{"color": "text", "value": None}]}, "mappings": []}
    if empty:
        defaults["noValue"] = empty
    options = {"frameIndex": 0, "showHeader": True, "cellHeight": "sm",
               "sortBy": [{"displayName": sort, "desc": True}] if sort else []}
    made = panel("table", title, description, queries, defaults, options, units + overrides,
                 transformations=transformations, target={"format": "table"})
    return instant(made, points)


def states(title: str, description: str, queries: list[Query], mappings: tuple, *, empty: str = "") -> dict:
    """A bar over time for each series, coloured by its state."""
    defaults = {"color": {"mode": "thresholds"}, "mappings": list(mappings), "unit": "none",
                "custom": {"fillOpacity": 75, "lineWidth": 0},
                "thresholds": {"mode": "absolute", "steps": [{"color": "text", "value": None}]}}
    if empty:
        defaults["noValue"] = empty
    options = {"alignValue": "left", "mergeValues": True, "rowHeight": 0.8, "showValue": "never",
               "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
               "tooltip": {"mode": "single", "sort": "none"}}
    return panel("state-timeline", title, description, queries, defaults, options, [])


def heatmap(title: str, description: str, query: Query, empty: str = "") -> dict:
    options = {"calculate": False, "cellGap": 0, "showValue": "never",
               "color": {"mode": "scheme", "scheme": "Purples", "fill": "dark-purple", "scale": "exponential", "exponent": 0.5,
                         "steps": 64, "reverse": False},
               "exemplars": {"color": COLOURS["offered"]}, "filterValues": {"le": 1e-9}, "legend": {"show": True},
               "rowsFrame": {"layout": "auto"}, "tooltip": {"mode": "single", "yHistogram": True, "showColorScale": True},
               "yAxis": {"axisPlacement": "left", "axisWidth": AXIS_WIDTH, "unit": "s", "reverse": False}}
    defaults = {"unit": "suffix:/s", "custom": {"scaleDistribution": {"type": "linear"}}}
    if empty:
        defaults["noValue"] = empty
    return panel("heatmap", title, description, [query], defaults, options, [], target={"format": "heatmap"})


def named(states_: dict[int, tuple[str, str]]) -> tuple:
    """A value mapping: value -> (text, colour)."""
    return ({"type": "value", "options": {str(value): {"text": text, "color": COLOURS.get(colour, colour), "index": i}
                                          for i, (value, (text, colour)) in enumerate(states_.items())}},)
