"""The examples in their shortened form: each run shows what the report behind it could not tell."""
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import PLIMSOLL, Marked, only_run, summary, wait_for

ROOT = Path(__file__).resolve().parents[2]


class Examples(unittest.TestCase):
    def example(self, name, check):
        """Runs scripts/example NAME to its end; nothing of it may be left. The run's folder and its summary."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        marked = Marked()
        self.addCleanup(marked.remove)
        done = subprocess.run([str(ROOT / "scripts/example"), name, "--results", folder.name, "-q"], text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=300,
                              env={**os.environ, **marked.env, "PLIMSOLL": PLIMSOLL})
        self.assertEqual(done.returncode, check, done.stdout + done.stderr)
        wait_for(lambda: not marked.processes(), "the example's processes to end", 15)
        run_dir = only_run(folder.name)
        result = summary(run_dir)
        print(name, result["validity"]["verdict"], result["totals"]["requests"], result["totals"]["failed"],
              [(f["cause"], f["confidence"], f["values"]) for f in result["findings"]], flush=True)
        self.assertNotEqual(result["validity"]["verdict"], "INVALID", result["validity"])
        self.assertLess(result["run"]["duration_s"], 90)
        return run_dir, result

    def finding(self, result, cause):
        found = [f for f in result["findings"] if f["cause"] == cause]
        self.assertTrue(found, result["findings"])
        return found[0]

    def outcomes(self, result):
        total = {}
        for endpoint in result["endpoints"]:
            for outcome, count in endpoint["outcomes"].items():
                total[outcome] = total.get(outcome, 0) + count
        return total

    def test_syntra_names_the_pool_and_classifies_the_timeouts(self):
        _, result = self.example("syntra", check=99)
        finding = self.finding(result, "app_pool_exhausted")
        self.assertEqual(finding, result["findings"][0])
        self.assertEqual(finding["values"]["pool_size"], 5)
        # Every failure is a response that did not come within the client's time, and nothing else.
        outcomes = self.outcomes(result)
        self.assertGreater(outcomes["response_timeout"], 50)
        self.assertEqual(result["totals"]["failed"], outcomes["response_timeout"])
        held = [s for s in result["stages"] if s["endpoints"]]
        self.assertEqual([round(s["users"]) for s in held], [5, 10, 25, 50, 100])
        self.assertEqual(held[0]["failed_ratio"], 0)
        self.assertGreater(held[3]["failed_ratio"], 0.1)
        self.assertEqual([t["ok"] for t in result["thresholds"] if t["metric"] == "http_req_duration"], [False, False])
        self.assertEqual({t["expression"] for t in result["thresholds"]},
                         {"p(95)<500ms", "p(99)<1s", "rate<1%", "rate>100/s"})

    def test_posts_api_shows_degradation_and_flags_the_think_time(self):
        run_dir, result = self.example("posts-api", check=99)
        self.assertEqual(result["totals"]["failed"], 0)  # it slows down, it does not fail
        self.assertEqual(len(result["endpoints"]), 10)
        held = [s for s in result["stages"] if round(s["users"]) in (10, 50, 100)]
        first, last = held[0], held[-1]
        self.assertEqual([round(s["users"]) for s in held], [10, 50, 100])
        self.assertLess(last["rate"], 1.2 * held[1]["rate"])  # twice the users bring no more
        changes = [e["change"] for e in last["endpoints"]]
        self.assertEqual(len(changes), 10)
        self.assertGreater(min(changes), 1)  # the mean of every endpoint has more than doubled
        for endpoint in last["endpoints"]:  # and the fastest of those that only read has not
            if endpoint["method"] == "GET":
                base = next(e for e in first["endpoints"] if e["name"] == endpoint["name"])
                self.assertLess(endpoint["min_s"], 2 * base["min_s"], endpoint)
        sla = [t for t in result["thresholds"] if t.get("stages")]
        self.assertEqual(len(sla), 8)
        passed = [sum(t["stages"][result["stages"].index(s)]["ok"] for t in sla) for s in held]
        self.assertGreaterEqual(passed[0], 7)
        self.assertLess(passed[2], passed[0])
        think = next(c for c in result["validity"]["checks"] if c["name"] == "think_time")
        self.assertFalse(think["ok"], think)
        self.assertEqual(result["findings"][0]["cause"], "lock_contention")
        self.assertIn("Endpoints by stage", (run_dir / "report.md").read_text())

    def test_vineyard_names_the_connection_limit(self):
        _, result = self.example("vineyard", check=99)
        finding = result["findings"][0]
        self.assertEqual(finding["cause"], "max_connections")
        self.assertEqual(finding["confidence"], "high")
        self.assertEqual(finding["values"]["max_connections"], 20)
        # Named only where sign-ins wait for the processor, which a machine with cores to spare spares them.
        for hashing in (f for f in result["findings"] if f["cause"] == "password_hashing"):
            self.assertGreater(hashing["values"]["cpu_s_per_sign_in"], 0.05)
        by_name = {(e["user"], e["name"]): e["requests"] for e in result["endpoints"]}
        self.assertEqual(by_name[("BrowsingUser", "Register User")], 73)
        self.assertEqual(by_name[("ActiveUser", "Register User")], 18)
        # Nobody without a token went on: a 401 would be another fault than the one there is.
        self.assertNotIn("http_4xx", self.outcomes(result))

    def test_eucora_meets_its_targets_and_completes_the_burst(self):
        _, result = self.example("eucora", check=0)
        self.assertEqual(result["totals"]["failed"], 0)  # the 404s are what was expected
        by_name = {e["name"]: e for e in result["endpoints"]}
        self.assertGreater(by_name["POST /api/v1/cab/{id}/approve/"]["outcomes"]["ok"], 0)
        self.assertFalse(result["breaking_point"]["found"])
        burst = [s for s in result["stages"] if s["executor"] == "burst"][-1]
        self.assertEqual(round(burst["users"]), 1000)
        self.assertGreater(burst["rate"], 9500)  # 10,000/s asked; a second may straddle a stage's end

    def test_orchestrator_finds_and_names_the_rare_errors(self):
        run_dir, result = self.example("orchestrator", check=0)
        self.assertEqual(len({e["name"] for e in result["endpoints"]}), 15)
        totals = result["totals"]
        self.assertGreater(totals["failed"], 0)
        self.assertLess(totals["failed"], 0.01 * totals["requests"])
        finding = self.finding(result, "app_pool_exhausted")
        self.assertEqual(finding["values"]["pool_size"], 30)
        self.assertLess(finding["values"]["error_ratio_low"], finding["values"]["error_ratio"])
        self.assertGreater(finding["values"]["error_ratio_high"], finding["values"]["error_ratio"])
        self.assertFalse(result["breaking_point"]["found"])
        workflow = next(g for g in result["groups"] if g["name"] == "workflow")
        self.assertGreater(workflow["count"], 50)
        polls = {e["name"]: e["requests"] for e in result["endpoints"]}
        self.assertGreater(polls["[WORKFLOW] Poll status"], 1.5 * polls["[WORKFLOW] Create deployment"])
        errors = (run_dir / "report.html").read_text()
        self.assertTrue(re.search(r"QueuePool limit of size 10 overflow 20 reached", errors))


if __name__ == "__main__":
    unittest.main()
