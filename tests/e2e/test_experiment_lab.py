"""`plimsoll experiment` in the lab beside a real Prometheus and Alertmanager, and the same rules replayed on the runs that it left: what
the servers said live and what a replay says must agree."""
import json
import unittest

from harness import Marked, fetch, free_port, query, run_plimsoll, summary
from test_alerts_watch import Watch as Servers

EVERY_S = 1
MEAN = "sum(rate(plimsoll_response_seconds_sum[5s])) / sum(rate(plimsoll_response_seconds_count[5s]))"
RULES = [
    {"alert": "Failing", "expr": 'sum(rate(plimsoll_requests_total{outcome!="ok"}[5s])) > 1', "for": "2s"},
    {"alert": "Slow", "expr": f"{MEAN} > 0.5", "for": "1s"},
    {"alert": "Pending", "expr": "avg_over_time(plimsoll_app_pool_pending[5s]) > 3"},
    {"alert": "LockWaits", "expr": "avg_over_time(plimsoll_pg_blocked_backends[5s]) > 1"},
    {"alert": "Never", "expr": "plimsoll_vus < 0"}]
FAULTS = {"pool": "app-pool:size=1,timeout=1s", "lock": "lock-contention:rows=1,hold=20ms", "upstream": "slow-upstream:delay=1s"}
TELLS = {("pool", "Failing"), ("pool", "Pending"), ("lock", "LockWaits"), ("upstream", "Slow")}


class Lab(Servers):
    """With the servers of the other test, and rules of its own."""

    def rules(self):
        return RULES

    def experiment(self):
        (self.folder / "own.rules.yml").write_text(json.dumps({"groups": [{"name": "own", "rules": RULES}]}))
        file = self.folder / "lab.yaml"
        file.write_text(json.dumps({
            "rules": "own.rules.yml", "scrape": f"{EVERY_S}s", "rate": "100/s", "repeat": 2, "healthy": "25s", "fault": "20s", "settle": "20s",
            "faults": [{"name": name, "lab": fault} for name, fault in FAULTS.items()]}))
        return file

    def test_live_and_replayed_agree(self):
        port, marked = free_port(), Marked()
        self.addCleanup(marked.remove)
        file = self.experiment()
        prometheus, alertmanager = self.servers(port)
        results = self.folder / "results"
        done = run_plimsoll("experiment", file, "--alerts", prometheus, "--alertmanager", alertmanager, "--prometheus", f"127.0.0.1:{port}",
                            "--results", results, "--format", "json", timeout=900, env=marked.env, check=0)
        self.assertEqual(marked.processes(), {})
        live = json.loads(done.stdout)
        self.assertEqual(live["mode"], "live")
        cells = {(each["fault"], each["alert"]): each for each in live["matrix"]}
        for fault, alert in TELLS:
            self.assertEqual(cells[fault, alert]["fired"], 2, (fault, alert, cells[fault, alert]))
        for fault in FAULTS:
            self.assertEqual(cells[fault, "Never"]["missed"], 2)
        for each in live["false_alarms"]:
            self.assertTrue(each["none_seen"], each)
        # Each run's own delays, as its report has them, and a replay of the same rules: within what scrapes and evaluations can differ by.
        for run in live["runs"]:
            told = {(each["alert"].split("{")[0], each["onset_s"]): each for each in summary(run["folder"])["alerts"]}
            for trial in run["trials"]:
                for fault, alert in TELLS:
                    if trial["fault"] != fault:
                        continue
                    at = next(each for (name, onset), each in told.items() if name == alert and abs(onset - trial["planted_s"]) < 0.01)
                    self.assertIsNotNone(at["notified_s"], at)
                    self.assertLess(at["notified_s"] - at["firing_s"], 1 + EVERY_S)
                    # Prometheus stores when its alert's state changed: ALERTS.
                    self.agrees_with_samples(prometheus, run, alert, at["firing_s"])

    def agrees_with_samples(self, prometheus, run, alert, firing_s):
        start = int(query(run["folder"], "SELECT value FROM run WHERE key = 'start_wall_ns'")[0][0]) / 1e9
        words = json.loads(fetch(f'{prometheus}/api/v1/query?query=ALERTS%7Balertname%3D"{alert}"%2Calertstate%3D"firing"%7D%5B1h%5D', 30))
        samples = [when - start for each in words["data"]["result"] for when, _ in each["values"]]
        self.assertLess(min(abs(when - firing_s) for when in samples), 1, alert)

    def test_a_replay_says_the_same(self):
        file = self.experiment()
        marked = Marked()
        self.addCleanup(marked.remove)
        done = run_plimsoll("experiment", file, "--results", self.folder / "results", "--repeat", "1", "--format", "json", timeout=600,
                            env=marked.env, check=0)
        self.assertEqual(marked.processes(), {})
        self.assertEqual(marked.folders(), [])
        replayed = json.loads(done.stdout)
        cells = {(each["fault"], each["alert"]): each for each in replayed["matrix"]}
        for fault, alert in TELLS:
            self.assertEqual(cells[fault, alert]["missed"], 0, (fault, alert, cells[fault, alert]))
        for fault in FAULTS:
            self.assertEqual(cells[fault, "Never"]["fired"], 0)


def load_tests(loader, _tests, _pattern):
    """Its own tests alone, not those of the class whose servers it borrows."""
    names = [name for name in loader.getTestCaseNames(Lab) if name in vars(Lab)]
    return unittest.TestSuite(Lab(name) for name in names)


if __name__ == "__main__":
    unittest.main()
