"""plimsoll gather: segments begun together and merged live are one run, whatever happens to them on the way."""
import re
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request
from pathlib import Path

from harness import Target, fetch, free_port, query, run_plimsoll, start_plimsoll, summary, wait_for

SCENARIO = """
target: {url}
users:
  reader: {{weight: 2, flow: [{{get: "/r/${{iteration}}", name: /r}}]}}
  writer: {{flow: [{{get: "/w/${{iteration}}", name: /w}}, {{get: /late}}]}}
load:
  - {{executor: constant-arrival-rate, rate: 120/s, duration: {duration}s, max_vus: 100, arrivals: poisson}}
{more}
"""
# A merged tick, but for what depends on when something was looked at. Blobs are histograms, bit for bit.
TICKS = ("select tick, arrivals_due, iterations_started, iterations_completed, connects_ok, connects_failed, interrupted "
         "from tick order by tick")
ENDPOINTS = ("select tick, endpoint, requests, failed, bytes_sent, bytes_received, statuses, hex(response), hex(service), hex(send_lag) "
             "from endpoint_tick order by tick, endpoint")
ERRORS = "select endpoint, outcome, status, fingerprint, text, count from error order by 1, 2, 3, 4"


class Gather(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.dir = Path(self.folder.name)
        self.addCleanup(self.folder.cleanup)
        self.started = []
        self.addCleanup(self.kill_all)

    def kill_all(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.wait(30)
            for pipe in (process.stdout, process.stderr):
                if pipe:
                    pipe.close()

    def start(self, *args, env=None):
        process = start_plimsoll(*args, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.started.append(process)
        process.said = []
        for pipe in (process.stdout, process.stderr):
            threading.Thread(target=lambda p=pipe: process.said.extend(p), daemon=True).start()
        return process

    def scenario(self, url, duration=3, more=""):
        path = self.dir / "s.yaml"
        path.write_text(SCENARIO.format(url=url, duration=duration, more=more))
        return path

    def gather(self, path, segments, *more, port=None):
        process = self.start("gather", path, "--listen", f"127.0.0.1:{port or 0}", "--segments", segments, "--run-dir", self.dir / "whole", *more)
        process.url = wait_for(lambda: next((m[1] for line in list(process.said) if (m := re.match(r"gather +(http://\S+)", line))), None),
                               "the gather's address")
        return process

    def segment(self, path, i, n, url, *more, env=None):
        return self.start("run", path, "--segment", f"{i}/{n}", "--shards", str(1 + i % 2), "--gather", url,
                          "--run-dir", self.dir / f"part{i}", *more, env=env)

    def ends(self, process, *codes, within=90):
        code = process.wait(within)
        time.sleep(0.1)
        self.assertIn(code, codes or (0, 111), "".join(process.said))  # 111: a busy machine; the counts stand
        return "".join(process.said)

    def merged(self, n):
        run_plimsoll("merge", *(self.dir / f"part{i}" for i in range(1, n + 1)), "--run-dir", self.dir / "merged", check=0)
        return self.dir / "merged"

    def assert_same(self, one, other):
        for sql in (TICKS, ENDPOINTS, ERRORS):
            self.assertEqual(query(one, sql), query(other, sql), sql)

    def checks(self, run="whole"):
        return {c["name"]: c for c in summary(self.dir / run)["validity"]["checks"]}

    def events(self, run="whole"):
        return [text for (text,) in query(self.dir / run, "select text from event order by t_ns")]

    def running(self, tick=1):
        """Waits until so many ticks are merged."""
        def ticks():
            try:
                return query(self.dir / "whole", "select count(*) from tick")[0][0] > tick
            except sqlite3.OperationalError:
                return False
        wait_for(ticks, f"{tick} merged ticks")

    def whole_run(self, n, more=""):
        status = (lambda path: 404 if path == "/late" else 200)
        with Target(status=status) as target:
            path = self.scenario(target.url, more=more)
            gather = self.gather(path, n)
            parts = [self.segment(path, i, n, gather.url) for i in range(1, n + 1)]
            for part in parts:
                self.ends(part)
            self.ends(gather)
            served = target.served
            run_plimsoll("run", path, "--run-dir", self.dir / "single", check=0)
        self.assert_same(self.dir / "whole", self.merged(n))
        whole, single = summary(self.dir / "whole"), summary(self.dir / "single")
        self.assertEqual(whole["totals"]["requests"], served)
        for key in ("requests", "failed", "not_sent"):
            self.assertEqual(whole["totals"][key], single["totals"][key])
        self.assertEqual([e["requests"] for e in whole["endpoints"]], [e["requests"] for e in single["endpoints"]])
        due = "select sum(arrivals_due), sum(iterations_started) from tick"
        self.assertEqual(query(self.dir / "whole", due), query(self.dir / "single", due))
        self.assertIsNone(whole["run"]["segment"])
        self.assertEqual(whole["generator"]["shards"], sum(1 + i % 2 for i in range(1, n + 1)))
        checks = self.checks()
        self.assertTrue(checks["segments"]["ok"], checks)
        self.assertTrue(checks["segments_together"]["ok"], checks)
        self.assertLess(checks["segments_together"]["value"], 0.005)
        for name in ("report.html", "report.md", "junit.xml", "summary.json"):
            self.assertTrue((self.dir / "whole" / name).exists(), name)
        facts = dict(query(self.dir / "whole", "select key, value from fact"))
        self.assertGreater(float(facts["generator.cpu_seconds"]), 0)
        self.assertEqual(facts["gather.late_ticks"], "0", self.events())

    def test_two_segments_are_one_run(self):
        self.whole_run(2)

    def test_four_segments_are_one_run(self):
        self.whole_run(4)

    def test_what_is_of_another_run_is_refused_in_a_sentence(self):
        with Target() as target:
            path = self.scenario(target.url)
            token = self.dir / "token"
            token.write_text("sesame\n")
            gather = self.gather(path, 2, "--token-file", token)
            key = ("--gather-token-file", token)
            wrong = self.dir / "wrong"
            wrong.write_text("guessed\n")

            def refused(number, *more, scenario=path):
                process = self.start("run", scenario, "--segment", number, "--gather", gather.url, "--run-dir", self.dir / "refused", *more)
                said = self.ends(process, 104)
                self.assertFalse((self.dir / "refused").exists())
                return said
            self.assertIn("token is not this gather's", refused("1/2"))
            said = refused("1/2", "--gather-token-file", wrong)
            self.assertIn("token is not this gather's", said)
            self.assertNotIn("guessed", said)
            self.assertIn("segment 1/3: is not one of 2", refused("1/3", *key))
            self.assertIn("seed 9 instead of 1", refused("1/2", "--seed", "9", *key))
            self.assertIn("another load", refused("1/2", "-d", "2s", *key))
            other = self.dir / "other.yaml"
            other.write_text(path.read_text() + "# changed\n")
            self.assertIn("another scenario", refused("1/2", *key, scenario=other))
            first = self.segment(path, 1, 2, gather.url, *key)
            wait_for(lambda: "waiting" in "".join(gather.said) and "segment 2 of 2" in "".join(gather.said), "the gather to wait for segment 2")
            self.assertIn("there already", refused("1/2", *key))
            second = self.segment(path, 2, 2, gather.url, *key)
            self.ends(first), self.ends(second), self.ends(gather)
        self.assertEqual(target.served, summary(self.dir / "whole")["totals"]["requests"])
        self.assertNotIn("sesame", "".join(gather.said + first.said))

    def test_flags_that_cannot_be_are_refused(self):
        path = self.scenario("http://127.0.0.1:1")
        for words, say in ((("--listen", "0.0.0.0:0", "--segments", "2"), "token"), (("--listen", "0", "--segments", "0"), "--segments"),
                           (("--listen", "nowhere:1", "--segments", "2"), "--listen"), (("--listen", "0", "--segments", "2", "--late", "5"), "--late"),
                           (("--listen", "0", "--segments", "2", "--resume"), "--run-dir"), (("--segments", "2"), "--listen")):
            self.assertIn(say, run_plimsoll("gather", path, *words, check=104).stderr, words)
        run = ("run", path, "--segment", "1/2")
        for words, say in ((("--gather", "ftp://x"), "--gather"), (("--gather", "http://127.0.0.1:1", "--pg", "x=y"), "probes"),
                           (("--gather", "http://127.0.0.1:1", "--control", "0"), "--control"), (("--start-at", "noon"), "--start-at"),
                           (("--start-at", "2001-01-01T00:00:00Z"), "is over"), (("--gather", "http://127.0.0.1:1", "--gather-wait", "1"), "--gather-wait")):
            self.assertIn(say, run_plimsoll(*run, *words, check=104).stderr, words)
        self.assertIn("--segment", run_plimsoll("run", path, "--gather", "http://127.0.0.1:1", check=104).stderr)
        with Target() as taken:
            done = run_plimsoll("gather", path, "--listen", taken.url.removeprefix("http://"), "--segments", "2", "--run-dir", self.dir / "w", check=106)
        self.assertIn(taken.url.removeprefix("http://"), done.stderr)

    def test_who_does_not_come_is_named(self):
        with Target() as target:
            path = self.scenario(target.url)
            gather = self.gather(path, 3, "--barrier-wait", "3s")
            part = self.segment(path, 2, 3, gather.url)
            self.assertIn("segment 1, 3 of 3 did not come", self.ends(gather, 112))
            self.assertIn("segment 1, 3 of 3 did not come", self.ends(part, 112))
            self.assertEqual(target.served, 0)
            self.assertFalse((self.dir / "whole" / "run.db").exists())
            gather = self.gather(path, 3, "--barrier-wait", "4s", "--partial")
            parts = [self.segment(path, i, 3, gather.url) for i in (1, 3)]
            for part in parts:
                self.ends(part)
            said = self.ends(gather)
        self.assertIn("without segment 2 of 3: 33 % of the load is missing", said)
        check = self.checks()["segments"]
        self.assertFalse(check["ok"])
        self.assertIn("segment 2 is missing, of 3", check["why"])
        self.assertIn("33.3 % of it is missing", check["why"])
        self.assertEqual(summary(self.dir / "whole")["totals"]["requests"], target.served)

    def test_a_gather_that_never_is_there_is_waited_for_a_bounded_time(self):
        with Target() as target:
            path = self.scenario(target.url)
            part = self.segment(path, 1, 1, f"http://127.0.0.1:{free_port()}", "--barrier-wait", "1s")
            self.assertIn("no start within 1 s: http://127.0.0.1", self.ends(part, 112))
            self.assertEqual(target.served, 0)

    def test_a_killed_segment_is_named_with_its_share(self):
        with Target() as target:
            path = self.scenario(target.url, duration=8)
            gather = self.gather(path, 2, "--late", "1s", "--lost", "3s")
            parts = [self.segment(path, i, 2, gather.url) for i in (1, 2)]
            self.running(2)
            parts[1].kill()
            self.ends(parts[0])
            said = self.ends(gather)
        events = "\n".join(self.events())
        self.assertRegex(events, r"segment 2/2 is late: 50 % of the load is missing in the figures from \d s on")
        self.assertIn("segment 2/2 is lost: no word of it for 3 s; 50 % of the load is missing", events)
        check = self.checks()["segments"]
        self.assertFalse(check["ok"])
        ticks = query(self.dir / "whole", "select count(*) from tick")[0][0]
        kept = query(self.dir / "whole" , "select count(*) from tick")[0][0]
        with sqlite3.connect(self.dir / "whole" / "segments" / "2.db") as db:
            kept = db.execute("select count(*) from tick").fetchone()[0]
        self.assertLess(kept, ticks)
        self.assertIn(f"segment 2 was cut off, of 2: the figures are not of the whole load ({100 * (ticks - kept) / (2 * ticks):.1f} % of it is missing)", check["why"])
        self.assertEqual(summary(self.dir / "whole")["validity"]["verdict"] in ("DEGRADED", "INVALID"), True)
        self.assertIn("DEGRADED" if "INVALID" not in said else "INVALID", said)

    def test_ctrl_c_at_one_segment_is_told_by_name(self):
        with Target() as target:
            path = self.scenario(target.url, duration=6)
            gather = self.gather(path, 2)
            parts = [self.segment(path, i, 2, gather.url) for i in (1, 2)]
            self.running(1)
            parts[0].send_signal(signal.SIGINT)
            self.ends(parts[0], 105)
            self.ends(parts[1])
            self.ends(gather)
        self.assertIn("segment 1/2 ended early: it was interrupted", self.events())
        self.assertIn("segment 1 was cut off, of 2", self.checks()["segments"]["why"])
        self.assertEqual(summary(self.dir / "whole")["totals"]["requests"], target.served)

    def test_ctrl_c_at_the_gather_ends_all_gracefully(self):
        with Target() as target:
            path = self.scenario(target.url, duration=60)
            gather = self.gather(path, 2)
            parts = [self.segment(path, i, 2, gather.url) for i in (1, 2)]
            self.running(2)
            asked = time.monotonic()
            gather.send_signal(signal.SIGINT)
            for part in parts:
                self.ends(part, 105)
            self.ends(gather, 105)
            self.assertLess(time.monotonic() - asked, 20)
        self.assertEqual(summary(self.dir / "whole")["totals"]["requests"], target.served)
        self.assertTrue(self.checks()["segments"]["ok"])
        self.assert_same(self.dir / "whole", self.merged(2))

    def test_a_threshold_with_abort_ends_all(self):
        with Target(status=lambda path: 500) as target:
            more = "thresholds: {http_req_failed: [{threshold: \"rate<1%\", abort_on_fail: true}]}"
            path = self.scenario(target.url, duration=60, more=more)
            gather = self.gather(path, 2)
            parts = [self.segment(path, i, 2, gather.url) for i in (1, 2)]
            for part in parts:
                self.ends(part, 105)
            self.ends(gather, 99)
        self.assertEqual(summary(self.dir / "whole")["totals"]["requests"], target.served)

    def test_a_gather_that_was_killed_and_goes_on_loses_nothing(self):
        with Target() as target:
            path = self.scenario(target.url, duration=12)
            port = free_port()
            gather = self.gather(path, 2, port=port)
            parts = [self.segment(path, i, 2, gather.url) for i in (1, 2)]
            self.running(3)
            gather.kill()
            gather.wait(30)
            time.sleep(1.5)  # a while without one
            again = self.gather(path, 2, "--resume", port=port)
            for part in parts:
                self.assertNotIn("did not take", self.ends(part))
            self.ends(again)
        self.assert_same(self.dir / "whole", self.merged(2))
        self.assertEqual(summary(self.dir / "whole")["totals"]["requests"], target.served)
        self.assertTrue(self.checks()["segments"]["ok"])
        self.assertIn("the gather was restarted, and goes on with this run", self.events())
        self.assertEqual(query(self.dir / "whole", "select value from run where key='finished'"), [(1,)])

    def test_a_gather_that_does_not_come_back_leaves_all_to_merge(self):
        with Target() as target:
            path = self.scenario(target.url, duration=5)
            gather = self.gather(path, 2)
            parts = [self.segment(path, i, 2, gather.url, "--gather-wait", "1s") for i in (1, 2)]
            self.running(1)
            gather.kill()
            for part in parts:
                self.assertRegex(self.ends(part), r"the gather did not take the \d ticks from \d s to \d s: http://127.0.0.1")
        self.assertEqual(summary(self.merged(2))["totals"]["requests"], target.served)

    def test_a_slow_and_broken_network_loses_nothing(self):
        with Target() as target:
            path = self.scenario(target.url, duration=8)
            gather = self.gather(path, 2, "--late", "1s")
            proxy = self.start("lab", "proxy", "--upstream", gather.url.removeprefix("http://"), "--latency", "50ms", "--reset-rate", "2%")
            ready = wait_for(lambda: dict(re.findall(r"^(ready|control) +(\S+)", "".join(proxy.said), re.M)), "the proxy")
            address = re.search(r"[\d.]+:\d+", ready["ready"])[0]
            control = wait_for(lambda: re.search(r"control +(\S+)", "".join(proxy.said)), "its control")[1]
            parts = [self.segment(path, 1, 2, gather.url), self.segment(path, 2, 2, f"http://{address}")]
            self.running(2)
            urllib.request.urlopen(f"{control}/lab/faults", data=b"network:stall=yes", timeout=5).close()
            wait_for(lambda: any("segment 2/2 is late" in line for line in gather.said), "segment 2 to be late")
            urllib.request.urlopen(urllib.request.Request(f"{control}/lab/faults", method="DELETE"), timeout=5).close()
            for part in parts:
                self.ends(part)
            self.ends(gather)
        self.assert_same(self.dir / "whole", self.merged(2))
        self.assertEqual(summary(self.dir / "whole")["totals"]["requests"], target.served)
        self.assertTrue(self.checks()["segments"]["ok"])

    def test_clocks_that_differ_are_corrected(self):
        with Target() as target:
            path = self.scenario(target.url, duration=3)
            gather = self.gather(path, 3)
            fake = lambda offset: {"LD_PRELOAD": FAKETIME, "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
            parts = [self.segment(path, 1, 3, gather.url, env=fake("+0.3")), self.segment(path, 2, 3, gather.url, env=fake("-0.3")),
                     self.segment(path, 3, 3, gather.url)]
            for part in parts:
                self.ends(part)
            self.ends(gather)
        starts = []
        for i, planted in ((1, 0.3), (2, -0.3), (3, 0)):
            facts = dict(query(self.dir / f"part{i}", "select key, value from fact where key like 'clock.%'"))
            self.assertAlmostEqual(float(facts["clock.offset_s"]), -planted, delta=0.005)
            self.assertLess(float(facts["clock.offset_error_s"]), 0.005)
            wall = query(self.dir / f"part{i}", "select value from run where key='start_wall_ns'")[0][0]
            starts.append(wall / 1e9 - planted)
        self.assertLess(max(starts) - min(starts), 0.005, "they began together")
        for run in (self.dir / "whole", self.merged(3)):
            facts = dict(query(run, "select key, value from fact"))
            self.assertLess(float(facts["merge.start_skew_s"]), 0.005)
            whole = query(run, "select value from run where key='start_wall_ns'")[0][0] / 1e9
            self.assertAlmostEqual(whole, starts[2], delta=0.005)

    def test_the_planted_pool_is_named_as_in_one_run(self):
        """A pool of 3 whose connections are held for 40 ms carries 75 requests a second; the load climbs to twice that."""
        lab = self.start("lab", "--listen", "127.0.0.1:0", "--fault", "app-pool:size=3,hold=40ms", "--pool-metrics", "otel")
        ready = wait_for(lambda: re.search(r"ready (http://\S+)", "".join(lab.said)), "the lab to serve", 90)[1]
        dsn = wait_for(lambda: re.search(r'psql "([^"]+)"', "".join(lab.said)), "its database")[1]
        path = self.dir / "lab.yaml"
        path.write_text("target: ${env.TARGET}\ndefaults: {timeout: 5s}\n"
                        'users: {u: {flow: [{get: /v1/deployments, name: "/v1/deployments [LIST]"}]}}\n'
                        "load: [{executor: ramping-arrival-rate, start_rate: 20/s, arrivals: poisson, max_vus: 600,\n"
                        "        stages: [{duration: 6s, target: 20/s}, {duration: 14s, target: 150/s}, {duration: 4s, target: 150/s}]}]\n"
                        'probes:\n  interval: 200ms\n  postgres: {dsn: "${env.DSN}"}\n'
                        f"  containers: [{{port: {ready.rsplit(':', 1)[1]}, role: app}}]\n"
                        f"  app_metrics: {{url: {ready}/metrics}}\n  canaries: {{no_database: {{get: /health}}}}\n")
        env = {"TARGET": ready, "DSN": dsn}
        found = {}
        run_plimsoll("run", path, "--run-dir", self.dir / "single", "-q", env=env)
        gather = self.start("gather", path, "--listen", "127.0.0.1:0", "--segments", "2", "--run-dir", self.dir / "whole", env=env)
        url = wait_for(lambda: re.search(r"gather +(http://\S+)", "".join(gather.said)), "the gather's address")[1]
        parts = [self.segment(path, i, 2, url, env=env) for i in (1, 2)]
        for part in parts:
            self.ends(part)
        said = self.ends(gather, 0, 99, 111)
        for run in ("single", "whole"):
            findings = summary(self.dir / run)["findings"]
            self.assertTrue(findings, said)
            found[run] = (findings[0]["cause"], findings[0]["values"].get("pool_size"))
        self.assertEqual(found["whole"], ("app_pool_exhausted", 3), said)
        self.assertEqual(found["whole"], found["single"])
        probes = "select count(*) from probe"
        self.assertEqual(query(self.dir / "whole", probes), query(self.dir / "single", probes))
        self.assertEqual(query(self.dir / "part1", probes), [(0,)], "probes are the gather's alone")

    def test_start_at_begins_at_the_instant(self):
        with Target() as target:
            path = self.scenario(target.url, duration=1)
            at = round(time.time() + 3, 3)
            run_plimsoll("run", path, "--start-at", f"{at:.3f}", "--run-dir", self.dir / "timed", check=0)
        wall = query(self.dir / "timed", "select value from run where key='start_wall_ns'")[0][0]
        self.assertAlmostEqual(wall / 1e9, at, delta=0.001)

    def test_levels_are_set_in_all_segments_at_once(self):
        with Target() as target:
            path = self.dir / "s.yaml"
            path.write_text(f"target: {target.url}\nusers: {{u: {{flow: [{{get: /}}]}}}}\n"
                            "load: [{name: hand, executor: externally-controlled, rate: 20/s, duration: 30s, max_vus: 50}]\n")
            gather = self.gather(path, 2, "--control", "0", "--prometheus", "127.0.0.1:0")
            parts = [self.segment(path, i, 2, gather.url) for i in (1, 2)]
            self.running(1)
            said = "".join(gather.said)
            control, metrics = re.search(r"control +(\S+)", said)[1], re.search(r"metrics +(\S+)", said)[1]
            import json
            import urllib.request

            def patch(**what):
                request = urllib.request.Request(control, data=json.dumps(what).encode(), method="PATCH")
                with urllib.request.urlopen(request, timeout=5) as answer:
                    return json.load(answer)
            self.assertEqual(patch(rate=100)["executors"][0]["rate"], 100)

            def tick_with(offered):
                return query(self.dir / "whole", f"select count(*) from executor_tick where offered = {offered}")[0][0] > 1
            wait_for(lambda: tick_with(100), "both segments at the new rate")
            self.assertIn("plimsoll_requests_total", fetch(metrics))
            patch(stopped=True)
            for part in parts:
                self.ends(part, 105)
            self.ends(gather, 105)
        offered = [row[0] for row in query(self.dir / "whole", "select offered from executor_tick order by tick")]
        self.assertEqual(sorted(set(offered) - {0.0}), [20, 100], "never one segment alone")
        targets = query(self.dir / "whole", "select target from stage order by stage")
        self.assertEqual(targets, [(20,), (100,), (100,)])
        self.assertEqual(summary(self.dir / "whole")["totals"]["requests"], target.served)


FAKETIME = next(iter(map(str, Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))), "libfaketime.so.1 (Debian: libfaketime)")

if __name__ == "__main__":
    unittest.main()
