#!/usr/bin/env python3
"""The boards as they are committed: made by their source, without violation of the rules, and with all that docs/metrics.md has.

    boards_test.py SOURCE_DIR
"""

import copy
import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from board_lint import ONE_SCREEN, everything, lint, metrics_of, queries_of

SOURCE = Path(sys.argv[1]).resolve()
PATHS = sorted((SOURCE / "dashboards/grafana").glob("*.json"))
PAGE = (SOURCE / "docs/metrics.md").read_text(encoding="utf-8")
UIDS = {"compare": "plimsoll-compare", "generator": "plimsoll-generator", "load": "plimsoll-load", "overview": "plimsoll-run",
        "pool": "plimsoll-pool", "target": "plimsoll-target"}


def boards() -> dict[str, dict]:
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in PATHS}


class Committed(unittest.TestCase):
    def test_are_what_the_source_makes(self) -> None:
        done = subprocess.run([sys.executable, str(SOURCE / "dashboards/generate.py"), "--check"], capture_output=True,
                              text=True, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_keep_the_uids_that_links_rely_on(self) -> None:
        self.assertEqual({name: board["uid"] for name, board in boards().items()}, UIDS)

    def test_break_no_rule(self) -> None:
        self.assertEqual(lint(list(boards().values()), metrics_of(PAGE)), [])

    def test_show_every_metric(self) -> None:
        text = " ".join(expr for board in boards().values() for _, expr in queries_of(board))
        asked = set(re.findall(r"plimsoll_[a-z0-9_]+", text))
        documented = set(re.findall(r"^\| `(plimsoll_\w+)` \|", PAGE, re.M))
        self.assertGreater(len(documented), 130)
        shown = {name for name in documented if {name, f"{name}_bucket", f"{name}_sum", f"{name}_count"} & asked}
        self.assertEqual(sorted(documented - shown), [])

    def test_the_overview_fits_one_screen(self) -> None:
        panels = boards()["overview"]["panels"]
        self.assertLessEqual(max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels), ONE_SCREEN)
        self.assertNotIn("row", {panel["type"] for panel in panels})

    def test_ask_what_prometheus_understands(self) -> None:
        rules = []
        for board in boards().values():
            for _, expr in queries_of(board):
                for name, value in (("$__rate_interval", "4s"), ("$__range", "900s"), ("$__interval_ms", "1000"),
                                    ("$__interval", "1s")):
                    expr = expr.replace(name, value)
                rules.append({"record": f"rule{len(rules)}", "expr": expr})
        self.assertGreater(len(rules), 200)
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            json.dump({"groups": [{"name": "boards", "rules": rules}]}, file)
            file.flush()
            done = subprocess.run(["promtool", "check", "rules", file.name], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f"SUCCESS: {len(rules)} rules found", done.stdout)


class PlantedViolations(unittest.TestCase):
    """Each is made in the overview, and found; without it nothing is."""

    def setUp(self) -> None:
        self.all = boards()
        self.board = self.all["overview"]
        self.graph = next(panel for panel in self.board["panels"] if panel["title"] == "Response time")

    def found(self) -> list[str]:
        return lint(list(self.all.values()), metrics_of(PAGE))

    def expect(self, text: str) -> None:
        said = self.found()
        self.assertTrue(any(text in one for one in said), said)

    def test_in_queries(self) -> None:
        first = self.graph["targets"][0]
        good = first["expr"]
        for expr, text in (
                (good.replace("plimsoll_response_seconds", "plimsoll_answer_seconds"),
                 "plimsoll_answer_seconds_bucket is not in docs/metrics.md"),
                (good.replace("$__rate_interval", "1m"), "a rate needs $__rate_interval"),
                (good.replace("$__rate_interval", "1m"), "the window [1m] does not follow"),
                (good.replace(', run="$run"', ""), "plimsoll_run_info is not plimsoll_run_info{"),
                (good.replace('run="$run"', 'run=~"$run"'), 'run="$run"}'),
                ("sum(plimsoll_vus)", "plimsoll_vus is not joined with the chosen run"),
                ('sum(plimsoll_vus{color="red"} and on (job, instance) plimsoll_run_info{job=~"$job", run="$run"})',
                 "plimsoll_vus has no label color"),
                ('sum by (role) (plimsoll_vus and on (job, instance) plimsoll_run_info{job=~"$job", run="$run"})',
                 "groups by role, which no metric"),
                ('sum(plimsoll_redirects_total and on (job, instance) plimsoll_run_info{job=~"$job", run="$run"})',
                 "is a counter and has no rate")):
            with self.subTest(text=text):
                self.assertNotEqual(expr, good)
                first["expr"] = expr
                self.expect(text)
        first["expr"] = good
        self.assertEqual(self.found(), [])

    def test_in_panels(self) -> None:
        kept = copy.deepcopy(self.graph)
        second = {"matcher": {"id": "byFrameRefID", "options": "B"}, "properties": [{"id": "custom.axisPlacement",
                                                                                     "value": "right"}]}
        defaults = ("fieldConfig", "defaults")
        for path, value, text in (
                (("title",), "", "has no title"), (("description",), "Times", "has no description that is a sentence"),
                (("datasource",), {"type": "prometheus", "uid": "abc"}, "does not take the chosen data source"),
                (("targets", 0, "datasource"), {"type": "prometheus", "uid": "abc"},
                 "query A does not take the chosen data source"),
                (("targets", 1, "refId"), "A", "two queries are A"), (("targets",), [], "asks nothing"),
                ((*defaults, "unit"), "furlongs", "has the unit furlongs"),
                ((*defaults, "noValue"), "", "does not say why it is empty"),
                ((*defaults, "custom", "axisPlacement"), "right", "has an axis elsewhere than left"),
                ((*defaults, "custom", "axisWidth"), None, "has an axis of any width"),
                ((*defaults, "custom", "scaleDistribution"), {"type": "linear"}, "has a scale that does not begin at 0"),
                (("fieldConfig", "overrides"), [*kept["fieldConfig"]["overrides"], second], "has a second axis"),
                (("fieldConfig", "overrides", 1, "properties", 0, "value", "fixedColor"), "red", "p95 is red, and purple in"),
                (("fieldConfig", "overrides", 1, "properties", 0, "value", "fixedColor"), "#3CB3B3",
                 "p95 and p50 are both #3CB3B3"),
                (("gridPos", "x"), 4, "overlaps"), (("gridPos", "x"), 20, "is beyond the grid"), (("id",), 1, "has the id of"),
                (("links", 0, "url"), "/d/plimsoll-nothing", "a link to plimsoll-nothing, which is no board"),
                (("title",), "Failures", "stands twice on this board")):
            with self.subTest(text=text):
                changed: dict = copy.deepcopy(kept)
                place = changed
                for key in path[:-1]:
                    place = place[key]
                place[path[-1]] = value
                self.graph.clear()
                self.graph.update(changed)
                self.expect(text)
        self.graph.clear()
        self.graph.update(kept)
        self.assertEqual(self.found(), [])

    def test_in_boards(self) -> None:
        variables = self.board["templating"]["list"]
        for path, value, text in (
                (("uid",), "", "has no uid"), (("uid",), "plimsoll-pool", "two boards have one uid"),
                (("tags",), [], "has no tag"),
                (("id",), 7, "carries the id of one Grafana's database"), (("description",), "", "has no description"),
                (("links",), [], "has no links to the other boards"), (("templating", "list"), variables[:2],
                                                                       "has not the variables"),
                (("templating", "list"), [*variables, {**variables[1], "name": "idle"}],
                 "the variable idle is declared and not used"),
                (("templating", "list"), [*variables, {**variables[1], "name": "idle"}],
                 "the variable idle lists what belongs to other jobs"),
                (("templating", "list"), [variables[0], {**variables[1], "includeAll": False}, variables[2]],
                 "takes several values and not all")):
            with self.subTest(text=text):
                self.all["overview"] = self.board = copy.deepcopy(boards()["overview"])
                place = self.board
                for key in path[:-1]:
                    place = place[key]
                place[path[-1]] = value
                self.expect(text)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
