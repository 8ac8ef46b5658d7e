"""plimsoll plan-capacity: figures worked out by hand, and the memory that it counts on held against a real run's."""
import json
import os
import tempfile
import unittest
from pathlib import Path

from harness import Target, run_plimsoll

SCENARIO = """
target: http://127.0.0.1:8080
data: {rows: {csv: rows.csv}}
users:
  buyer: {weight: 1, think: 200ms, flow: [{get: /a}, {get: "/b/${rows.x}"}, {get: /c}]}
  reader: {weight: 3, flow: [{get: /a}]}
load:
  - {executor: ramping-arrival-rate, start_rate: 0/s, stages: [{duration: 1m, target: 40k/s}], max_vus: 20000, users: [buyer]}
  - {executor: constant-arrival-rate, rate: 10k/s, duration: 30s, max_vus: 5000, users: [reader]}
  - {executor: constant-vus, vus: 100, duration: 1m, start_time: 2m, users: [reader]}
"""


class PlanCapacity(unittest.TestCase):
    def plan(self, *args, check=0):
        return json.loads(run_plimsoll("plan-capacity", *args, "--json", check=check).stdout)

    def need(self, plan, name):
        return next(each for each in plan["needs"] if each["name"] == name)

    def test_two_million_a_second(self):
        # 16 cores: 8 load threads × 120,000/s ÷ 2 = 480,000/s; 2,000,000 ÷ 480,000 = 4.2.
        # 2,000,000/s × 20 ms = 40,000 users, and 2√40,000 = 400 more.
        plan = self.plan("--rate", "2M/s", "--cores", 16, "--per-core", "120k/s", "--response-time", "20ms", "--target-addresses", 4)
        self.assertEqual((plan["fits"], plan["segments"], plan["binding"]), (True, 5, "cpu"))
        self.assertEqual(plan["load"]["users"], 40_400)
        self.assertEqual(plan["segment"]["shards"], 8)
        self.assertEqual(self.need(plan, "cpu")["per_segment"], 480_000)

    def test_a_scenarios_own_peak_counts_what_runs_at_the_same_time(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "s.yaml")
            path.write_text(SCENARIO)
            Path(folder, "rows.csv").write_text("x\n" + "1\n" * 1000)
            # At the begin both executors of arrivals: 40,000 × 3 + 10,000 × 1 = 130,000 requests/s. The users in a loop come later.
            # Users: 50,000/s × (2.6 requests × 10 ms + 40,000/50,000 × 600 ms) = 25,300, of at most 25,000: refused.
            plan = self.plan(path, "--per-core", "100k/s", "--response-time", "10ms", check=104)
            self.assertAlmostEqual(plan["load"]["requests_per_s"], 130_000)
            self.assertEqual([each["what"] for each in plan["refusals"]], ["max_vus"])
            self.assertIn("carry 49 407 iterations/s, not 50 000", plan["refusals"][0]["why"])  # 25,000 ÷ 0.506 s
            # With 1 ms: 50,000/s × (2.6 ms + 480 ms) = 24,130, and 310.7 more.
            plan = self.plan(path, "--per-core", "100k/s", "--response-time", "1ms")
            self.assertEqual(plan["load"]["users"], 24_441)
            self.assertIn("2 KiB of test data", self.need(plan, "memory")["arithmetic"])

    def test_says_what_is_assumed_and_measures_what_is_not_given(self):
        text = run_plimsoll("plan-capacity", "--rate", "50k/s", check=0).stdout
        self.assertIn("a response time of 100 ms is assumed (--response-time)", text)
        self.assertIn("assumed (--request-size, --response-size)", text)
        self.assertRegex(text, r"ceiling   [\d ]{6,} requests/s by one load thread with a core of its own, measured on this machine")

    def test_refuses_with_the_reason_and_what_would_do(self):
        done = run_plimsoll("plan-capacity", "--rate", "2M/s", "--cores", 8, "--per-core", "100k/s", "--segments", 4, "--target-addresses", 16,
                            check=104)
        self.assertIn("does not fit\n  cpu: 10 segments are needed and 4 are there", done.stdout)
        self.assertIn("what would do: more cores for each segment", done.stdout)

    def test_flags_say_what_they_should_be(self):
        for args, words in ((["--rate", "2M"], "-r/--rate: must have a unit"), (["--rate", "0/s"], "-r/--rate: must be above 0"), ([], "neither a scenario nor a rate"),
                            (["--rate", "1/s", "--memory", "4"], "--memory: must have a unit"), (["--rate", "1/s", "--bandwidth", "10G"], "--bandwidth: has an unknown unit"),
                            (["--rate", "1/s", "--response-time", "5"], "--response-time: must have a unit"), (["--rate", "1/s", "--per-core", "0/s"], "--per-core: must be above 0"),
                            (["missing.yaml"], "missing.yaml"), (["--rate", "1/s", "--cores", "0"], "--cores")):
            with self.subTest(args=args):
                done = run_plimsoll("plan-capacity", *args, check=104)
                self.assertIn(words, done.stderr)
                self.assertEqual(done.stdout, "")

    def test_a_segment_takes_no_more_memory_than_is_counted(self):
        steps = ", ".join(f"{{get: /e{i}}}" for i in range(50))
        with tempfile.TemporaryDirectory() as folder, Target() as target:
            path = Path(folder, "s.yaml")
            path.write_text(f"target: {target.url}\nusers: {{u: {{flow: [{steps}]}}}}\n"
                            "load: [{executor: constant-vus, vus: 100, duration: 4s}]\n")
            words = [os.environ["PLIMSOLL"] if "PLIMSOLL" in os.environ else "plimsoll", "run", str(path), "--run-dir", f"{folder}/run", "--shards", "4", "-q"]
            pid = os.posix_spawn(words[0], words, os.environ)
            _, status, usage = os.wait4(pid, 0)
            self.assertIn(os.waitstatus_to_exitcode(status), (0, 99, 111))
            # 128 MiB of its own, and 8 KiB for each of 100 users.
            self.assertLess(usage.ru_maxrss * 1024, (128 << 20) + 100 * 8192)


if __name__ == "__main__":
    unittest.main()
