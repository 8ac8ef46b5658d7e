"""Reads the files of a run back with Python's own parsers and compares them with what is true of it.

    check_files.py FOLDER TRUTH.json

Prints one line per difference and exits 1 when there is any.
"""

import csv
import json
import sys
import xml.etree.ElementTree as ElementTree
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path

PERCENTILES = ["50%", "66%", "75%", "80%", "90%", "95%", "98%", "99%", "99.9%", "99.99%", "100%"]
differences = []


def same(what, actual, expected):
    if actual != expected:
        differences.append(f"{what}: is {actual!r}, should be {expected!r}")


def close(what, actual, expected, relative=1e-9):
    if abs(actual - expected) > relative * max(1, abs(expected)):
        differences.append(f"{what}: is {actual!r}, should be {expected!r}")


def rows(folder, name):
    # newline="" and strict: exactly RFC 4180, no repair
    with open(folder / f"locust_{name}.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, strict=True))


def check_percentiles(what, row):
    if row["50%"] == "N/A":
        same(f"{what}: all percentiles", [row[p] for p in PERCENTILES], ["N/A"] * len(PERCENTILES))
        return
    values = [float(row[p]) for p in PERCENTILES]
    same(f"{what}: percentiles rise", values, sorted(values))


def check_stats(folder, truth):
    stats = rows(folder, "stats")
    *endpoints, total = stats
    same("stats: last row", (total["Type"], total["Name"]), ("", "Aggregated"))
    same("stats: requests", int(total["Request Count"]), truth["requests"])
    same("stats: failures", int(total["Failure Count"]), truth["failed"])
    same("stats: sum of requests", sum(int(r["Request Count"]) for r in endpoints), truth["requests"])
    same("stats: sum of failures", sum(int(r["Failure Count"]) for r in endpoints), truth["failed"])
    same("stats: order", [(r["Name"], r["Type"]) for r in endpoints], sorted((r["Name"], r["Type"]) for r in endpoints))
    same("stats: endpoints", sorted((r["Type"], r["Name"]) for r in endpoints), sorted(map(tuple, truth["endpoints"])))
    close("stats: rate", float(total["Requests/s"]), truth["requests"] / truth["duration_s"])
    for row in stats:
        check_percentiles(f"stats {row['Name']}", row)
        same(f"stats {row['Name']}: 100% is the maximum", row["100%"] in ("N/A", row["Max Response Time"]), True)
    return stats


def check_history(folder, truth):
    history = rows(folder, "stats_history")
    stamps = [int(r["Timestamp"]) for r in history]
    same("history: one row a second", stamps, list(range(stamps[0], stamps[0] + len(stamps))))
    same("history: first second", stamps[0], truth["started_unix"] + 1)
    same("history: names", {r["Name"] for r in history}, {"Aggregated"})
    same("history: requests in the end", int(history[-1]["Total Request Count"]), truth["requests"])
    same("history: failures in the end", int(history[-1]["Total Failure Count"]), truth["failed"])
    # Rates of whole seconds are counts: together with the last, shorter one they are all requests.
    whole = sum(float(r["Requests/s"]) for r in history[:-1])
    same("history: rates add up", round(whole), int(history[-2]["Total Request Count"]))
    for row in history:
        check_percentiles(f"history {row['Timestamp']}", row)
        int(row["User Count"])


def check_failures(folder, truth, stats):
    by_row = {}
    for row in rows(folder, "failures"):
        key = (row["Method"], row["Name"])
        by_row[key] = by_row.get(key, 0) + int(row["Occurrences"])
        first, last = (datetime.strptime(row[c], "%Y-%m-%dT%H:%M:%SZ") for c in ("First Seen", "Last Seen"))
        same(f"failures {key}: order of times", first <= last, True)
        if "\n" in row["Error"]:
            differences.append(f"failures {key}: an error spans lines")
    for row in stats[:-1]:
        same(f"failures of {row['Name']}", by_row.get((row["Type"], row["Name"]), 0), int(row["Failure Count"]))
    same("exceptions", rows(folder, "exceptions"), [])


def refuse_constant(name):
    raise ValueError(f"{name} is not JSON")


def check_summary(folder, truth):
    text = (folder / "summary.json").read_text(encoding="utf-8")
    summary = json.loads(text, parse_constant=refuse_constant)
    same("summary: schema", summary["schema"], 1)
    same("summary: requests", summary["totals"]["requests"], truth["requests"])
    same("summary: failed", summary["totals"]["failed"], truth["failed"])
    same("summary: sum over endpoints", sum(e["requests"] for e in summary["endpoints"]), truth["requests"])
    for endpoint in summary["endpoints"]:
        same(f"summary {endpoint['name']}: outcomes add up", sum(endpoint["outcomes"].values()), endpoint["requests"])
    same("summary: scenario", summary["run"]["scenario"], truth["scenario"])
    started = datetime.strptime(summary["run"]["started"] + "+0000", "%Y-%m-%dT%H:%M:%SZ%z")
    same("summary: started", int(started.timestamp()), truth["started_unix"])
    return summary


def check_junit(folder, summary):
    root = ElementTree.parse(folder / "junit.xml").getroot()
    suites = {suite.get("name"): suite for suite in root}
    thresholds = suites["thresholds"].findall("testcase")
    answered = summary["answers"]["ok"]
    same("junit: thresholds", [t["ok"] for t in summary["thresholds"]] + [answered],
         [case.find("failure") is None for case in thresholds])
    same("junit: names", [f"{t['metric']}: {t['expression']}" for t in summary["thresholds"]] + ["requests are answered"],
         [case.get("name") for case in thresholds])
    checks = suites["validity"].findall("testcase")
    same("junit: checks", [c["ok"] for c in summary["validity"]["checks"]],
         [case.find("failure") is None and case.find("skipped") is None for case in checks])
    for suite in suites.values():
        cases = suite.findall("testcase")
        same("junit: tests", int(suite.get("tests")), len(cases))
        same("junit: failures", int(suite.get("failures")), sum(c.find("failure") is not None for c in cases))
        same("junit: skipped", int(suite.get("skipped")), sum(c.find("skipped") is not None for c in cases))


class Page(HTMLParser):
    """Whether every element is closed, and what the page would load."""

    VOID = {"meta", "link", "br", "input", "path", "circle", "img"}

    def __init__(self):
        super().__init__()
        self.open, self.loads, self.data, self.texts = [], [], "", []

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("src", "href", "action", "srcset") and not value.startswith("data:"):
                self.loads.append(value)
            if name.startswith("on"):
                differences.append(f"html: a handler {name} on <{tag}>")
        if tag not in self.VOID:
            self.open.append((tag, dict(attributes).get("id")))

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        if tag in self.VOID:
            return
        if not self.open or self.open[-1][0] != tag:
            differences.append(f"html: </{tag}> at {self.getpos()} closes {self.open[-1:]}")
            return
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] == ("script", "run-data"):
            self.data += data
        elif self.open and self.open[-1][0] not in ("script", "style"):
            self.texts.append(data)


def check_page(folder, summary):
    page = Page()
    page.feed((folder / "report.html").read_text(encoding="utf-8"))
    same("html: elements left open", page.open, [])
    same("html: what it loads", page.loads, [])
    data = json.loads(page.data, parse_constant=refuse_constant)
    for chart in data["charts"]:
        for series in chart["series"]:
            same(f"html {chart['id']} {series['label']}: length", len(series["y"]), len(chart["x"]))
        same(f"html {chart['id']}: time rises", chart["x"], sorted(chart["x"]))
    text = " ".join(" ".join(page.texts).split())
    for endpoint in summary["endpoints"]:
        if " ".join(endpoint["name"].split()) not in text:
            differences.append(f"html: endpoint {endpoint['name']!r} is missing")


def main():
    folder, truth = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    stats = check_stats(folder, truth)
    check_history(folder, truth)
    check_failures(folder, truth, stats)
    summary = check_summary(folder, truth)
    check_junit(folder, summary)
    check_page(folder, summary)
    print("\n".join(differences))
    sys.exit(1 if differences else 0)


main()
