"""plimsoll demo: one short run of each kind, and what it leaves behind."""
import json
import re
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from harness import Marked, fetch, metric_sum, only_run, run_plimsoll, start_plimsoll, summary, wait_for


class Demo(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.results = Path(folder.name) / "results"
        self.marked = Marked()
        self.addCleanup(self.marked.remove)

    def assert_nothing_left(self):
        wait_for(lambda: not self.marked.processes(), "the demo's processes to end", 15)
        self.assertEqual(self.marked.folders(), [])

    def demo(self, fault, *flags, check=0):
        done = run_plimsoll("demo", "--fault", fault, "--results", self.results, *flags, check=check, env=self.marked.env)
        result = summary(only_run(self.results))
        self.assert_nothing_left()
        return result, done.stdout

    def test_names_the_exhausted_pool_and_its_size(self):
        result, text = self.demo("app-pool:size=5", "--duration", "30s")
        first = result["findings"][0]
        self.assertEqual(first["cause"], "app_pool_exhausted", json.dumps(result["findings"], indent=1))
        self.assertEqual(first["values"]["pool_size"], 5)
        self.assertEqual(first["confidence"], "high")
        self.assertTrue(result["breaking_point"]["found"])
        # Five connections held for 20 ms carry at most 250 requests a second.
        self.assertLess(abs(result["breaking_point"]["at_rate"] - 250), 50)
        self.assertNotEqual(result["validity"]["verdict"], "INVALID")
        self.assertIn("pool", text)
        self.assertIn("5", text)

    def test_finds_nothing_where_nothing_is_planted(self):
        result, text = self.demo("none", "--duration", "20s")
        self.assertEqual(result["findings"], [])
        self.assertFalse(result["breaking_point"]["found"])
        self.assertIn("othing broke", text)

    def test_ctrl_c_ends_everything(self):
        run = start_plimsoll("demo", "--results", self.results, "--duration", "60s", env=self.marked.env)
        wait_for(lambda: list(self.results.glob("*/run.db")), "the run to begin", 30)
        time.sleep(3)
        run.send_signal(signal.SIGINT)
        self.assertEqual(run.wait(30), 105)
        self.assertGreater(summary(only_run(self.results))["totals"]["requests"], 0)
        self.assert_nothing_left()

    def test_keep_leaves_everything_up_until_ctrl_c(self):
        with tempfile.TemporaryFile("w+") as out:
            run = start_plimsoll("demo", "--fault", "none", "--duration", "5s", "--keep", "--results", self.results,
                                 stdout=out, env=self.marked.env)

            def text():
                out.seek(0)
                return out.read()

            wait_for(lambda: "Everything stays up" in text(), "the verdict", 60)
            wait_for(lambda: text().count("metrics ") == 2, "the addresses", 10)
            kept = text()[text().index("Everything stays up"):]
            self.assertEqual(fetch(re.search(r"lab +(http://\S+)", kept)[1] + "/health"), '{"status":"ok"}')
            requests = summary(only_run(self.results))["totals"]["requests"]
            metrics = fetch(re.search(r"metrics +(http://\S+)", kept)[1])
            self.assertEqual(metric_sum(metrics, "plimsoll_requests_total"), requests)
            dsn = re.search(r'psql "(.*)"', kept)[1]
            counted = subprocess.run(["psql", dsn, "-Atc", "select count(*) > 0 from deployments"],
                                     capture_output=True, text=True)
            self.assertEqual(counted.stdout, "t\n", counted.stderr)
            self.assertIsNone(run.poll())
            run.send_signal(signal.SIGINT)
            self.assertEqual(run.wait(30), 0)
        self.assert_nothing_left()

    def test_ctrl_c_while_it_starts_up_ends_it_before_any_run(self):
        run = start_plimsoll("demo", "--results", self.results, env=self.marked.env)
        wait_for(self.marked.folders, "PostgreSQL's folder", 30, 0.002)
        run.send_signal(signal.SIGINT)
        self.assertEqual(run.wait(60), 105)
        self.assertFalse(self.results.exists())
        self.assert_nothing_left()

    def test_wrong_faults_are_refused(self):
        for fault in ("app-pol:size=5", "app-pool:size=0", "app-pool:sise=5", "app-pool:size=many", ""):
            done = run_plimsoll("demo", "--fault", fault, "--results", self.results, check=104, env=self.marked.env)
            self.assertTrue(done.stderr.strip(), fault)
        self.assertFalse(self.results.exists())
        self.assert_nothing_left()


if __name__ == "__main__":
    unittest.main()
