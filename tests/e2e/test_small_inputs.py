"""Small inputs of the kinds that once fooled, stopped or leaked something, each with the right value: the real program on all of them.

    PLIMSOLL=build/dev/plimsoll python3 tests/e2e/test_small_inputs.py

It ends with how many of each kind were tried, and how many came out right; docs/robustness.md has the table.
"""
import collections
import concurrent.futures
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import small_hostile
import small_imports
import small_runs
from harness import PLIMSOLL, Target, run_plimsoll, summary
from recorder import Recorder, parsed

TRIED, RIGHT = collections.Counter(), collections.Counter()


def tearDownModule():
    print("\ntried  right  kind", file=sys.stderr)
    for kind, count in TRIED.items():
        print(f"{count:5}  {RIGHT[kind]:5}  {kind}", file=sys.stderr)


class Inputs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)

    def each(self, rows, check, kind=None, workers=4):
        """`check(row, folder)` of every row, some at a time. `kind`: of a row; default its second field."""
        kind = kind or (lambda row: row[1])

        def tried(number, row):
            folder = self.dir / str(number)
            folder.mkdir()
            try:
                check(row, folder)
                return None
            except Exception as problem:  # told with its row's name below
                return f"{type(problem).__name__}: {problem}"
        twice = [name for name, times in collections.Counter(row[0] for row in rows).items() if times > 1]
        self.assertEqual(twice, [])
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            found = list(pool.map(tried, range(len(rows)), rows))
        for row, problem in zip(rows, found):
            TRIED[kind(row)] += 1
            RIGHT[kind(row)] += problem is None
            with self.subTest(row[0]):
                if problem:
                    self.fail(problem)

    def test_an_import_asks_for_what_its_source_does(self):
        self.each(small_imports.ROWS, self.imported)

    def imported(self, row, folder):
        _, kind, text, wanted, notes = row
        with Recorder(lambda head, body: (200, b"{}", "Content-Type: application/json\r\n")) as server:
            source = folder / ("in.py" if kind == "locust" else "in.js" if kind == "k6" else "in")
            source.write_text(text.replace("@PORT@", str(server.port)))
            out = folder / "out.yaml"
            done = run_plimsoll("import", kind, source, "--output", out, timeout=60)
            if wanted is None:
                self.assertEqual(done.returncode, 104, done.stderr)
                self.assertNotEqual(done.stderr, "")
                return
            self.assertEqual(done.returncode, 0, done.stderr)
            scenario = out.read_text()
            env = {name: f"env-{name}" for name in re.findall(r"\$\{env\.(\w+)\}", scenario)}
            checked = run_plimsoll("validate", out, "--check-target", env=env, timeout=60)
            self.assertNotEqual(checked.returncode, 104, checked.stderr + scenario)
            asked = [(method, target, body.decode()) for method, target, _, body in map(parsed, server.requests)]
        self.assertEqual(asked, wanted, done.stderr + scenario)
        for note in notes:
            self.assertIn(note, done.stderr)

    def test_what_cannot_be_is_refused_with_a_word_and_in_bounds(self):
        self.each(small_hostile.rows(self.dir), self.refused)

    def refused(self, row, folder):
        _, _, files, words, said = row
        for name, content in files.items():
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        done = subprocess.run([PLIMSOLL, *words], cwd=folder, capture_output=True, timeout=20, stdin=subprocess.DEVNULL,
                              preexec_fn=small_hostile.limited, env={**os.environ, **small_hostile.ENV})
        shown = (done.stdout + done.stderr).decode()
        self.assertEqual(done.returncode, 104, shown[-600:])
        self.assertRegex(" ".join(shown.split()), said)
        self.assertNotIn("SECRET", shown)

    def test_a_damaged_run_file_is_reported_or_refused(self):
        whole = self.dir / "whole"
        flow = "{group: g, steps: [{get: /, expect: {body: {contains: ok}}}, {get: /no, expect: {status: 404}}]}"
        with Target(status=lambda path: 500 if path == "/no" else 200) as target:
            (self.dir / "s.yaml").write_text(small_runs.text("{executor: constant-vus, vus: 2, duration: 1500ms, graceful_stop: 0s}", flow,
                                                             "thresholds: {http_req_duration: p(95)<1h}\n").replace("@URL@", target.url))
            run_plimsoll("run", self.dir / "s.yaml", "--run-dir", whole, "--no-calibration", "--headless")
        with sqlite3.connect(whole / "run.db") as db:
            for table in ("probe", "metric", "point", "endpoint_tick", "check_tick", "group_tick", "error"):
                self.assertGreater(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0], 0, table)
        self.each([(sql, "run files, damaged through SQL", whole / "run.db") for sql in small_hostile.DAMAGE], self.damaged)

    def damaged(self, row, folder):
        sql, _, whole = row
        for part in ("1", "2"):
            (folder / part).mkdir()
            shutil.copy(whole, folder / part / "run.db")
            with sqlite3.connect(folder / part / "run.db", isolation_level=None) as db:
                db.execute("UPDATE run SET value = 2 WHERE key = 'segments'")
                db.execute("UPDATE run SET value = ? WHERE key = 'segment'", (int(part),))
                if part == "1":
                    db.execute(sql)
        for words in (["report", folder / "1"], ["merge", folder / "1", folder / "2", "--run-dir", folder / "both"]):
            done = subprocess.run([PLIMSOLL, *map(str, words)], capture_output=True, timeout=20, stdin=subprocess.DEVNULL, preexec_fn=small_hostile.limited)
            self.assertIn(done.returncode, (0, 104), done.stderr)
            if done.returncode != 0:
                self.assertRegex(done.stderr.decode(), "is damaged|schema version|not a run file|had another load")

    def test_a_run_says_what_came_of_it(self):
        self.each(small_runs.ROWS, self.ran, workers=6)

    def ran(self, row, folder):
        _, _, server, text, flags, codes, check = row
        with server() as target:
            scenario = folder / "s.yaml"
            scenario.write_text(text.replace("@URL@", target.url))
            out = folder / "run"
            done = run_plimsoll("run", scenario, "--run-dir", out, "--no-calibration", "--headless", "--linger", "0s", *flags, timeout=60)
            shown = " ".join((done.stdout + done.stderr).split())
            self.assertIn(done.returncode, codes, shown)
            check(summary(out) if (out / "summary.json").exists() else None, shown, target, out)


if __name__ == "__main__":
    unittest.main()
