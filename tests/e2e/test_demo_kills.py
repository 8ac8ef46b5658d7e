"""A part of the demo dies in mid-run: a clear message, results, and nothing left."""
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from harness import Marked, only_run, run_plimsoll, start_plimsoll, summary, wait_for


class Kills(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)
        self.results = self.dir / "results"
        self.marked = Marked()
        self.addCleanup(self.marked.remove)

    def start(self):
        self.log = open(self.dir / "log", "w+")
        self.addCleanup(self.log.close)
        self.run = start_plimsoll("demo", "--results", self.results, "--duration", "60s", stdout=self.log,
                                  stderr=self.log, env=self.marked.env)
        wait_for(lambda: list(self.results.glob("*/run.db")), "the run to begin", 30)
        time.sleep(4)

    def text(self):
        self.log.seek(0)
        return self.log.read()

    def child(self, pattern):
        found = [pid for pid, line in self.marked.processes().items() if re.search(pattern, line)]
        self.assertTrue(found, self.marked.processes())
        return min(found)

    def test_the_lab_killed(self):
        self.start()
        os.kill(self.child(r"plimsoll lab"), signal.SIGKILL)
        self.assertEqual(self.run.wait(60), 108)
        self.assertRegex(self.text(), r"lab .*(ended|killed|died)")
        self.assertGreater(summary(only_run(self.results))["totals"]["requests"], 0)
        wait_for(lambda: not self.marked.processes(), "nothing to be left", 15)
        self.assertEqual(self.marked.folders(), [])

    def test_postgresql_killed(self):
        self.start()
        os.kill(self.child(r"postgres.* -D "), signal.SIGKILL)
        self.assertEqual(self.run.wait(60), 108)
        self.assertRegex(self.text(), r"PostgreSQL .*(ended|killed|died)")
        self.assertGreater(summary(only_run(self.results))["totals"]["requests"], 0)
        wait_for(lambda: not self.marked.processes(), "nothing to be left", 15)
        self.assertEqual(self.marked.folders(), [])

    def test_plimsoll_killed(self):
        self.start()
        os.kill(self.run.pid, signal.SIGKILL)
        self.run.wait()
        # Its children go with it; the folder stays until the next demo sweeps it.
        wait_for(lambda: not self.marked.processes(), "its children to end", 20)
        self.assertEqual(len(self.marked.folders()), 1)
        killed = only_run(self.results)
        run_plimsoll("report", killed, check=0)
        self.assertGreater(summary(killed)["totals"]["requests"], 0)
        run_plimsoll("demo", "--fault", "none", "--duration", "5s", "--results", self.dir / "later",
                     check=0, env=self.marked.env)
        self.assertEqual(self.marked.processes(), {})
        self.assertEqual(self.marked.folders(), [])


if __name__ == "__main__":
    unittest.main()
