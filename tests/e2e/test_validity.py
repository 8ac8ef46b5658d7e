"""Each validity check fails through a real run, and holds in one; docs/validity.md names them all."""
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

from harness import PLIMSOLL, Target, run_plimsoll, start_plimsoll, summary, wait_for
from timing import ahead_of_others, run_with

ROOT = Path(__file__).resolve().parents[2]
RATE = "executor: constant-arrival-rate, rate: {rate}/s, max_vus: {users}, duration: {length}s, graceful_stop: 1s"


class Checks(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.dir = Path(self.folder.name)
        self.addCleanup(self.folder.cleanup)
        self.runs = 0

    def scenario(self, url, load, more="", think="0s"):
        self.runs += 1
        file = self.dir / f"s{self.runs}.yaml"
        file.write_text(f"target: {url}\n{more}users: {{u: {{think: {think}, flow: [{{get: /}}]}}}}\nload: [{{{load}}}]\n")
        return file, self.dir / f"r{self.runs}"

    def run_it(self, url, load, *flags, more="", calibrate=False, think="0s"):
        file, out = self.scenario(url, load, more, think)
        run_plimsoll("run", file, "--run-dir", out, *([] if calibrate else ["--no-calibration"]), *flags)
        return self.checks(out)

    def fails(self, checks, name):
        self.assertFalse(checks[name]["ok"], checks[name])

    def holds(self, checks, name):
        self.assertTrue(checks[name]["ok"], checks[name])

    def run_beside(self, url, load, act, more="", flags=()):
        """`act` is given the running program, once it has sent something."""
        file, out = self.scenario(url, load, more)
        run = start_plimsoll("run", file, "--run-dir", out, "--no-calibration", "--headless", *flags)
        try:
            wait_for(lambda: (out / "run.db").exists(), "the run")
            time.sleep(1.2)  # it begins 0.4 s later; what is looked for does not depend on when
            act(run)
            run.wait(60)
        finally:
            run.kill()
            run.wait()
        if not (out / "summary.json").exists():
            run_plimsoll("report", out)
        return self.checks(out)

    @staticmethod
    def checks(out):
        found = {}
        for check in summary(out)["validity"]["checks"]:
            found.setdefault(check["name"], []).append(check)
        return {name: {**of[0], "ok": all(each["ok"] for each in of)} for name, of in found.items()}


class OfTheGenerator(Checks):
    def test_a_generator_that_was_stopped_was_late(self):
        """SIGSTOP for a second and a half: no timer runs, and what was due meanwhile is sent late."""
        def stop(run):
            os.killpg(run.pid, signal.SIGSTOP)
            time.sleep(1.5)
            os.killpg(run.pid, signal.SIGCONT)
        with Target() as target:
            checks = self.run_beside(target.url, RATE.format(rate=40, users=200, length=5), stop)
        self.fails(checks, "send_lag_p99")
        self.fails(checks, "loop_lag")
        self.assertGreater(checks["loop_lag"]["value"], 1)

    def test_lateness_is_judged_by_how_slow_the_target_is(self):
        """Up to 5 % of two seconds, 100 ms: also a busy machine sends within that."""
        with Target(delay=2) as target:
            checks = self.run_it(target.url, RATE.format(rate=20, users=80, length=25))
        self.holds(checks, "send_lag_p99")
        self.holds(checks, "warm_up")

    def test_an_idle_generator_and_a_quick_target_hold(self):
        with Target(delay=0.04) as target:
            file, out = self.scenario(target.url, RATE.format(rate=100, users=50, length=8))
            run_with(ahead_of_others(), "run", file, "--run-dir", out)
        checks = self.checks(out)
        self.holds(checks, "sent_ratio")
        self.holds(checks, "user_cap")
        self.holds(checks, "loop_lag")
        self.holds(checks, "generator_cpu")
        self.holds(checks, "sockets_left")
        self.holds(checks, "generator_ceiling")
        self.holds(checks, "percentile_support")
        self.holds(checks, "censored_share")
        self.holds(checks, "local_ports")
        self.holds(checks, "connect_failures")
        self.holds(checks, "recording")
        self.assertNotIn("shared_host", checks)
        self.assertNotIn("littles_law", checks)

    def test_a_rate_beyond_what_it_can_make_is_seen_before(self):
        with Target(delay=0.1) as target:
            checks = self.run_it(target.url, RATE.format(rate=10_000_000, users=1, length=1), calibrate=True)
        self.fails(checks, "generator_ceiling")

    def test_what_a_generator_never_came_to_was_not_sent(self):
        """Stopped until more than a second after the load's end: too late to begin what was due meanwhile."""
        def stop(run):
            os.killpg(run.pid, signal.SIGSTOP)
            time.sleep(5)
            os.killpg(run.pid, signal.SIGCONT)
        with Target() as target:
            checks = self.run_beside(target.url, RATE.format(rate=200, users=200, length=3), stop)
        self.fails(checks, "sent_ratio")

    def test_a_generator_that_has_no_time_to_spare_is_seen(self):
        """Each user computes long texts between its requests."""
        with Target() as target:
            file, out = self.scenario(target.url, "executor: constant-vus, vus: 8, duration: 8s, graceful_stop: 2s")
            work = "{repeat: 20, steps: [{set: {x: \"${sha256(random_text(200000))}\"}}]}, "
            file.write_text(file.read_text().replace("flow: [", "flow: [" + work))
            run_with(ahead_of_others(), "run", file, "--run-dir", out, "--no-calibration", "--shards", "1")
        checks = self.checks(out)
        self.fails(checks, "generator_cpu")

    def test_few_descriptors_are_seen_before_they_are_used_up_and_when_they_are(self):
        """Fifty descriptors, and a hundred requests at once."""
        with Target(delay=1) as target:
            file, out = self.scenario(target.url, RATE.format(rate=100, users=400, length=1))
            subprocess.run(["sh", "-c", 'ulimit -n 50; exec "$@"', "sh", PLIMSOLL, "run", file, "--run-dir", out, "--no-calibration"],
                           check=False, timeout=60, capture_output=True)
        checks = self.checks(out)
        self.fails(checks, "sockets_left")
        self.fails(checks, "local_ports")


class OfTheLoad(Checks):
    def test_too_few_users_are_seen(self):
        with Target(delay=0.5) as target:
            checks = self.run_it(target.url, RATE.format(rate=20, users=2, length=2))
        self.fails(checks, "user_cap")
        self.assertIn("found every user busy", checks["user_cap"]["why"])
        self.fails(checks, "percentile_support")

    def test_timeouts_and_cut_offs_are_seen(self):
        with Target(delay=1) as target:
            checks = self.run_it(target.url, RATE.format(rate=20, users=50, length=1), more="defaults: {timeout: 200ms}\n")
            self.fails(checks, "censored_share")
            checks = self.run_it(target.url, "executor: constant-vus, vus: 2, duration: 500ms, graceful_stop: 0s")
            self.fails(checks, "censored_share")

    def test_refused_connections_are_seen(self):
        with Target() as target:
            def close(_):
                target.shutdown()
                target.server_close()
            checks = self.run_beside(target.url, RATE.format(rate=40, users=50, length=4), close, flags=["--no-connection-reuse"])
        self.fails(checks, "connect_failures")

    def test_users_that_hang_are_seen(self):
        """Four users, of whom three hang from the second stage on: the time between requests seems to grow."""
        with Target() as target:
            begun, lock, hanging = time.monotonic(), threading.Lock(), [0]

            def status(path):
                with lock:
                    hang = time.monotonic() > begun + 3 and hanging[0] < 3
                    hanging[0] += hang
                time.sleep(30 if hang else 0.02)
                return 200
            target.status = status
            load = ("executor: ramping-vus, start_vus: 2, graceful_stop: 0s, "
                    "stages: [{duration: 2s, target: 2}, {duration: 0s, target: 4}, {duration: 4s, target: 4}]")
            begun = time.monotonic()
            checks = self.run_it(target.url, load)
        self.fails(checks, "think_time")

    def test_users_that_go_on_cycling_hold(self):
        """The time between requests is the same for two users and for four."""
        with Target(delay=0.02) as target:
            load = ("executor: ramping-vus, start_vus: 2, stages: [{duration: 3s, target: 2}, {duration: 0s, target: 4}, "
                    "{duration: 3s, target: 4}]")
            checks = self.run_it(target.url, load, think="50ms")
        self.holds(checks, "think_time")

    def test_latency_that_does_not_settle_in_the_first_half_is_seen(self):
        with Target() as target:
            begun = time.monotonic()
            target.status = lambda path: time.sleep(0.005 if time.monotonic() < begun + 21 else 0.05) or 200
            checks = self.run_it(target.url, RATE.format(rate=20, users=20, length=30))
        self.fails(checks, "warm_up")

    def test_a_run_that_was_killed_is_seen(self):
        with Target() as target:
            checks = self.run_beside(target.url, RATE.format(rate=20, users=20, length=30), lambda run: (time.sleep(1.5), run.kill()))
        self.fails(checks, "recording")


class OfTheProbes(Checks):
    def test_a_probe_that_dies_is_seen_and_one_that_lives_holds(self):
        with Target() as target, Target(body=b"# TYPE db_pool_size gauge\ndb_pool_size 5\n") as metrics:
            more = (f"probes: {{interval: 200ms, app_metrics: {{url: '{metrics.url}/metrics', map: {{pool_size: db_pool_size}}}}}}\n")
            load = RATE.format(rate=10, users=10, length=5)
            held = self.run_it(target.url, load, more=more)
            self.holds(held, "probe_coverage")

            def hang(_):
                metrics.delay = 60
            failed = self.run_beside(target.url, load, hang, more=more)
        self.fails(failed, "probe_coverage")


class OfSegments(Checks):
    def test_a_missing_segment_and_segments_that_ran_one_after_the_other_are_seen(self):
        parts = []
        with Target() as target:
            file, _ = self.scenario(target.url, RATE.format(rate=20, users=20, length=1))
            for number in (1, 2):
                parts.append(self.dir / f"part{number}")
                run_plimsoll("run", file, "--segment", f"{number}/2", "--run-dir", parts[-1], "--no-calibration")
        run_plimsoll("merge", *parts, "--run-dir", self.dir / "both", check=0)
        checks = self.checks(self.dir / "both")
        self.holds(checks, "segments")
        self.fails(checks, "segments_together")
        run_plimsoll("merge", parts[0], "--run-dir", self.dir / "one", "--partial", check=0)
        checks = self.checks(self.dir / "one")
        self.fails(checks, "segments")
        self.holds(checks, "segments_together")


class Documented(unittest.TestCase):
    def test_the_document_names_every_check_and_no_other(self):
        text = (ROOT / "docs/validity.md").read_text()
        named = re.findall(r"^\| `(\w+)` \|", text, re.M)
        source = "".join((ROOT / "src/analysis" / name).read_text() for name in ("validity.cpp", "closed_loop.cpp", "segment_checks.cpp"))
        known = re.findall(r'(?:push_back\(\s*\{|ValidityCheck\{)\s*"(\w+)"', source)
        self.assertGreater(len(known), 10)
        self.assertEqual(sorted(named), sorted(known))

    def test_each_check_is_seen_to_fail_and_to_hold_in_a_run(self):
        text, own = (ROOT / "docs/validity.md").read_text(), Path(__file__).read_text()
        named = set(re.findall(r"^\| `(\w+)` \|", text, re.M))
        for how in ("fails", "holds"):
            self.assertEqual(named - set(re.findall(rf'self\.{how}\(\w+, "(\w+)"\)', own)), set(), how)


if __name__ == "__main__":
    unittest.main()
