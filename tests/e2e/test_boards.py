"""Every query of every board returns data from real runs: health, an exhausted pool, PgBouncer, a lock, a quota, an
application with figures of its runtime, and `plimsoll probe` beside wrk. What may be empty in which run is a list with
reasons, board_gaps.py."""
import contextlib
import json
import tempfile
import unittest
from pathlib import Path

import board_gaps
from board_runs import ROOT, SITUATIONS, Bench
from dashboard_queries import Prometheus, Window, check_boards, queries_of, substitute, values_of
from harness import summary

BOARDS = sorted((ROOT / "dashboards/grafana").glob("*.json"))


class Boards(unittest.TestCase):
    def test_every_query_returns_data(self):
        self.assertEqual(set(board_gaps.SITUATIONS), {"demo", *SITUATIONS})
        answered = set()
        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
            bench = Bench(folder, stack)
            for name in SITUATIONS:
                with self.subTest(run=name):
                    print(f"--- {name}", flush=True)
                    run = bench.run(name)
                    window = Window(run["from"], run["to"], 1)
                    self.assertTrue(check_boards(bench.url, BOARDS, run["run"], window, board_gaps.gaps_of(name), answered))
                    if not SITUATIONS[name].probe_only:
                        self.check_table(bench, run, window, summary(Path(folder, name)))
            self.check_alignment(bench, [name for name, one in SITUATIONS.items() if not one.probe_only], Path(folder))
        places = {f"{path.stem} / {query.place}" for path in BOARDS for query in queries_of(json.loads(path.read_text()))}
        self.assertEqual(board_gaps.NEVER.keys() - places, set(), "no board asks these")
        self.assertEqual(sorted(places - answered - board_gaps.NEVER.keys()), [], "these return data from no run")

    def check_alignment(self, bench, names, folder):
        """On the board that compares runs each begins at 0, and is as long as its report says and its endpoint lingers."""
        board = json.loads((ROOT / "dashboards/grafana/compare.json").read_text())
        query = next(query for query in queries_of(board) if query.place == "Offered / A")
        window = Window(min(run["from"] for run in bench.runs.values()), max(run["to"] for run in bench.runs.values()), 1)
        prometheus = Prometheus(bench.url)
        values = {**values_of(prometheus, board, None, window), "run": "|".join(bench.runs[name]["run"] for name in names)}
        found = prometheus.get("query_range", query=substitute(query.expression, values), start=f"{window.start:.0f}",
                               end=f"{window.end:.0f}", step="1")["result"]
        for name in names:
            since = [int(one["metric"]["since"]) for one in found if one["metric"]["run"] == bench.runs[name]["run"]]
            self.assertIn(min(since), (0, 1), name)  # of its first scrape, within a second of its start
            length = summary(folder / name)["run"]["duration_s"]
            # A second to the first scrape; two scrapes after the end, and what the diagnosis takes.
            self.assertTrue(length - 2 <= max(since) <= length + 8, (name, length, max(since)))

    def check_table(self, bench, run, window, result):
        """The count that a board shows is the report's."""
        board = json.loads((ROOT / "dashboards/grafana/overview.json").read_text())
        query = next(query for query in queries_of(board) if query.place == "Requests / A").expression
        for name, value in {"$__range": f"{int(window.end - window.start) + 1}s", "$__interval": "1s", "$job": ".+",
                            "$run": run["run"]}.items():
            query = query.replace(name, value)
        found = bench.ask(query, window.end)
        self.assertEqual([float(one["value"][1]) for one in found], [result["totals"]["requests"]])


if __name__ == "__main__":
    unittest.main()
