"""A part of the demo dies in mid-run: a clear message, results, and nothing left."""
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from harness import (leftovers, only_run, processes, run_plimsoll, start_plimsoll, summary, temp_folders, wait_for)


class Kills(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)
        self.results = self.dir / "results"
        self.before, self.folders = processes(), temp_folders()

    def start(self):
        self.log = open(self.dir / "log", "w+")
        self.addCleanup(self.log.close)
        self.run = start_plimsoll("demo", "--results", self.results, "--duration", "60s", stdout=self.log, stderr=self.log)
        wait_for(lambda: list(self.results.glob("*/run.db")), "the run to begin", 30)
        time.sleep(4)

    def text(self):
        self.log.seek(0)
        return self.log.read()

    def child(self, pattern):
        found = [pid for pid, line in leftovers(self.before).items() if re.search(pattern, line)]
        self.assertTrue(found, leftovers(self.before))
        return min(found)

    def test_the_lab_killed(self):
        self.start()
        os.kill(self.child(r"plimsoll lab"), signal.SIGKILL)
        self.assertEqual(self.run.wait(60), 108)
        self.assertRegex(self.text(), r"lab .*(ended|killed|died)")
        self.assertGreater(summary(only_run(self.results))["totals"]["requests"], 0)
        wait_for(lambda: not leftovers(self.before), "nothing to be left", 15)
        self.assertEqual(temp_folders() - self.folders, set())

    def test_postgresql_killed(self):
        self.start()
        os.kill(self.child(r"postgres.* -D "), signal.SIGKILL)
        self.assertEqual(self.run.wait(60), 108)
        self.assertRegex(self.text(), r"PostgreSQL .*(ended|killed|died)")
        self.assertGreater(summary(only_run(self.results))["totals"]["requests"], 0)
        wait_for(lambda: not leftovers(self.before), "nothing to be left", 15)
        self.assertEqual(temp_folders() - self.folders, set())

    def test_plimsoll_killed(self):
        self.start()
        os.kill(self.run.pid, signal.SIGKILL)
        self.run.wait()
        # Its children go with it; the folder stays until the next demo sweeps it.
        wait_for(lambda: not leftovers(self.before), "its children to end", 20)
        killed = only_run(self.results)
        run_plimsoll("report", killed, check=0)
        self.assertGreater(summary(killed)["totals"]["requests"], 0)
        run_plimsoll("demo", "--fault", "none", "--duration", "5s", "--results", self.dir / "later", check=0)
        self.assertEqual(leftovers(self.before), {})
        self.assertEqual(temp_folders() - self.folders, set())


if __name__ == "__main__":
    unittest.main()
