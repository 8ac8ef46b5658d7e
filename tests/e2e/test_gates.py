"""A run over a target that does not answer never passes, and says what was not answered."""
import concurrent.futures
import itertools
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

from harness import PLIMSOLL, Target, query, run_plimsoll, summary

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Session(socketserver.BaseRequestHandler):
    def handle(self):
        server = self.server
        try:
            while self.request.recv(65536):
                with server.lock:
                    server.asked += 1
                    server.first = server.first or time.monotonic()
                    number, since = server.asked, time.monotonic() - server.first
                if not server.answer(self.request, number, since):
                    server.over.wait()
                    return
        except OSError:
            pass


class Broken(socketserver.ThreadingTCPServer):
    """Answers as `answer(socket, number of the request, seconds since the first)` does; False: nothing more comes."""
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 512

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), Session)
        self.answer, self.lock, self.over = answer, threading.Lock(), threading.Event()
        self.asked, self.first, self.open = 0, None, []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def process_request(self, request, client_address):
        self.open.append(request)
        super().process_request(request, client_address)

    def kill(self):
        """As when the process dies: the port is closed, and every connection with it."""
        self.over.set()
        threading.Thread(target=self.shutdown, daemon=True).start()
        self.socket.close()
        for connection in self.open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def handle_error(self, request, client_address):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.over.set()
        threading.Thread(target=self.shutdown, daemon=True).start()
        self.socket.close()


def whole(connection, *_):
    connection.sendall(ANSWER)
    return True


def frozen(after):
    return lambda connection, number, since: since < after and whole(connection)


def killed(after):
    server = Broken(lambda connection, number, since: whole(connection))

    def watch():
        while server.first is None or time.monotonic() < server.first + after:
            if server.over.wait(0.01):
                return
        server.kill()
    threading.Thread(target=watch, daemon=True).start()
    return server


def silent(*_):
    return False


def half(connection, *_):
    connection.sendall(ANSWER[:-1])
    return False


def every_other(connection, number, since):
    return whole(connection) if number % 2 else half(connection)


class Refusing(socket.socket):
    """A port at which nobody listens; taken, so that nobody else will."""

    def __init__(self):
        super().__init__()
        self.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.getsockname()[1]}"


TARGETS = {"frozen": lambda: Broken(frozen(0.8)), "killed": lambda: killed(0.8), "refusing": Refusing,
           "silent": lambda: Broken(silent), "half-answering": lambda: Broken(half),
           "every other half-answered": lambda: Broken(every_other)}
LOADS = {"open": "executor: constant-arrival-rate, rate: 40/s, max_vus: 200, duration: 2s",
         "closed": "executor: constant-vus, vus: 4, duration: 2s"}
TIMEOUTS = {"default": "", "explicit": "defaults: {timeout: 300ms}\n"}
THRESHOLDS = {"with": "thresholds: {http_req_failed: 'rate<90%', http_req_duration: 'p(1)<10s'}\n", "without": ""}


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.dir = Path(self.folder.name)
        self.addCleanup(self.folder.cleanup)

    def scenario(self, url, load, more="", flow="{get: /}", name="s"):
        file = self.dir / f"{name}.yaml"
        file.write_text(f"target: {url}\n{more}users: {{u: {{think: 10ms, flow: [{flow}]}}}}\nload: [{{{load}}}]\n")
        return file

    def run_it(self, file, *flags, check=None):
        out = self.dir / f"run-{file.stem}"
        done = run_plimsoll("run", file, "--run-dir", out, "--no-calibration", *flags, check=check)
        return done, (summary(out) if (out / "summary.json").exists() else None)


class NeverGreen(Folder):
    def test_no_combination_of_faults_passes(self):
        """Every way not to answer, each in open and closed load, with timeouts by default and explicit, with thresholds that
        alone would let it pass and without: none exits 0, each says what was not answered."""
        combinations = list(itertools.product(TARGETS, LOADS, TIMEOUTS, THRESHOLDS))
        self.assertGreaterEqual(len(combinations), 20)
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            done = list(pool.map(self.combination, range(len(combinations)), combinations))
        for names, code, text in done:
            with self.subTest(names):
                self.assertIn(code, (99, 111, 112), text)  # 111: a busy machine, no pass either
                self.assertRegex(" ".join(text.split()), r"[Nn]ever answered|cannot be reached|no connection", text)
                self.assertNotIn("Nothing broke", text)
        # The machine may have been busy for some, not for all.
        self.assertGreater(sum(code in (99, 112) for _, code, _ in done), len(done) / 2)

    def combination(self, number, names):
        target, load, timeout, thresholds = names
        with TARGETS[target]() as server:
            file = self.scenario(server.url, LOADS[load] + ", graceful_stop: 500ms", TIMEOUTS[timeout] + THRESHOLDS[thresholds],
                                 name=f"c{number}")
            done = subprocess.run([PLIMSOLL, "run", file, "--run-dir", self.dir / f"r{number}", "--no-calibration", "--headless"],
                                  capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        return names, done.returncode, done.stdout + done.stderr

    def test_a_healthy_loop_that_is_cut_off_passes(self):
        """Without a graceful stop every user's last request is cut off: too young to be a failure."""
        # 13 answers a user, and at the end each waits for its 14th since 100 ms or a little less: whatever the machine does.
        with Target(delay=0.3) as target:
            file = self.scenario(target.url, "executor: constant-vus, vus: 8, duration: 4s, graceful_stop: 0s",
                                 "thresholds: {http_req_failed: 'rate<10%', http_req_duration: 'p(90)<2s'}\n")
            done, result = self.run_it(file, check=0)
        outcomes = result["endpoints"][0]["outcomes"]
        self.assertGreater(outcomes["cut_off"], 0)
        self.assertEqual(set(outcomes), {"ok", "cut_off"})
        self.assertTrue(result["answers"]["ok"])
        self.assertIn("cut off at the end", " ".join(done.stdout.split()))

    def test_a_target_that_is_down_from_the_start_is_unreachable(self):
        with Refusing() as nobody:
            file = self.scenario(nobody.url, LOADS["open"])
            self.run_it(file, check=112)


class FrozenHalfWay(Folder):
    """40/s for 4 s, frozen after the 80 requests of the first 2: the figures follow from the schedule."""
    RATE, LENGTH, AFTER = 40, 4, 2

    def frozen_run(self, graceful, timeout, load=None):
        load = load or f"executor: constant-arrival-rate, rate: {self.RATE}/s, max_vus: 300, duration: {self.LENGTH}s"
        more = f"defaults: {{timeout: {timeout}}}\n" if timeout else ""
        more += "thresholds: {http_req_failed: ['rate<1%', 'rate<60%'], http_req_duration: ['p(40)<1s', 'p(95)<500ms', max<9s]}\n"
        answered = self.RATE * self.AFTER
        freezes = frozen(self.AFTER) if "constant-vus" in load else (
            lambda connection, number, since: number <= answered and whole(connection))
        with Broken(freezes) as server:
            file = self.scenario(server.url, f"{load}, graceful_stop: {graceful}", more, name=f"{graceful}-{timeout}-{load[10:13]}")
            done, result = self.run_it(file)
            self.assertIn(done.returncode, (99, 111), done.stdout)  # 111: a busy machine; the counts stand
            return done, result, self.dir / f"run-{file.stem}"

    def judge(self, result, kinds):
        requests = self.RATE * self.LENGTH
        self.assertEqual(result["totals"]["requests"], requests)
        outcomes = result["endpoints"][0]["outcomes"]
        self.assertLessEqual(set(outcomes), {"ok", *kinds})
        self.assertEqual(outcomes["ok"], self.RATE * self.AFTER)
        lost = requests - outcomes["ok"]
        self.assertEqual(sum(outcomes[kind] for kind in kinds if kind in outcomes), lost)
        self.assertEqual(result["totals"]["failed"] + result["totals"]["failed_unknown"], lost)
        by = {t["expression"]: t for t in result["thresholds"]}
        low, high = by["rate<1%"]["bounds"]
        self.assertAlmostEqual(high, lost / requests, places=9)
        self.assertAlmostEqual(low, result["totals"]["failed"] / requests, places=9)
        self.assertFalse(by["rate<1%"]["ok"])
        self.assertEqual(by["rate<1%"]["state"], "failed")
        self.assertTrue(by["rate<60%"]["ok"])
        self.assertTrue(by["p(40)<1s"]["ok"])  # the answered half
        self.assertFalse(by["p(95)<500ms"]["ok"])
        self.assertIsNone(by["p(95)<500ms"]["bounds"][1])
        self.assertEqual(by["max<9s"]["state"], "not_known")
        self.assertFalse(result["answers"]["ok"])
        return lost

    def test_without_a_graceful_stop(self):
        _, result, run = self.frozen_run("0s", None)
        lost = self.judge(result, {"cut_off"})
        self.assertLessEqual(result["totals"]["failed_unknown"], 4)  # as young as answers are
        self.assertEqual(query(run, "SELECT sum(interrupted) FROM tick")[0][0], lost)
        self.assertAlmostEqual(result["answers"]["oldest_s"], self.LENGTH - self.AFTER, delta=0.3)

    def test_with_a_timeout_above_the_graceful_stop(self):
        done, result, _ = self.frozen_run("1s", "60s")
        lost = self.judge(result, {"cut_off"})
        self.assertEqual(result["totals"]["failed"], lost)
        self.assertAlmostEqual(result["answers"]["oldest_s"], self.LENGTH - self.AFTER + 1, delta=0.3)
        self.assertRegex(" ".join(done.stdout.split()),
                         rf"{lost} of 160 requests were never answered: {lost} were cut off at the end, the oldest after [23]\.\d+ s")

    def test_with_a_timeout_below_the_graceful_stop(self):
        _, result, _ = self.frozen_run("30s", "700ms")
        lost = self.judge(result, {"response_timeout"})
        self.assertEqual(result["totals"]["failed"], lost)
        self.assertEqual(result["totals"]["cut_off"], 0)

    def test_with_some_that_time_out_and_some_that_are_cut_off(self):
        _, result, _ = self.frozen_run("0s", "1s")
        self.judge(result, {"response_timeout", "cut_off"})
        # Those due in the last second of the load.
        self.assertAlmostEqual(result["totals"]["cut_off"], self.RATE, delta=4)

    def test_in_a_closed_loop_however_few_requests_hang(self):
        done, result, _ = self.frozen_run("0s", None, f"executor: constant-vus, vus: 3, duration: {self.LENGTH}s")
        self.assertEqual(result["totals"]["cut_off"], 3)
        self.assertEqual(result["totals"]["failed"], 3)
        self.assertGreater(result["totals"]["requests"], 100)
        self.assertAlmostEqual(result["answers"]["silent_s"], self.LENGTH - self.AFTER, delta=0.3)
        self.assertIn("the last answer came", " ".join(done.stdout.split()))

    def test_every_file_of_the_run_shows_them(self):
        _, result, run = self.frozen_run("200ms", None)
        lost = result["totals"]["cut_off"]
        self.assertGreater(lost, 70)
        self.assertIn(f"cut_off,{lost},", (run / "_failures.csv").read_text() if (run / "_failures.csv").exists() else
                      next(run.glob("*_failures.csv")).read_text())
        self.assertIn("never answered", (run / "report.md").read_text())
        self.assertIn("cut_off", (run / "report.html").read_text())
        junit = (run / "junit.xml").read_text()
        self.assertRegex(junit, r'name="requests are answered"[^>]*>\s*<failure')
        self.assertEqual(query(run, "SELECT count(*) FROM censored_tick")[0][0] > 0, True)


class WithoutSamples(Folder):
    def test_what_was_never_reached_does_not_pass_unless_it_may_be_empty(self):
        flow = ("{get: /a}, {if: '${user} == 99', then: [{group: g, steps: [{get: /never, expect: "
                "{body: {contains: x}}}]}]}")
        more = """thresholds:
  "http_req_duration{endpoint:/never}": [p(95)<500ms, {threshold: p(99)<1s, allow_empty: true}]
  "http_req_failed{endpoint:/never}": rate<1%
  "http_reqs{endpoint:/never}": count<1
  checks: {threshold: rate>0.9, allow_empty: false}
  group_duration: {threshold: max<1s, window: 1s}
sla: {"GET /never": {p95: 1s, allow_empty: true}}
"""
        with Target() as target:
            file = self.scenario(target.url, "executor: per-vu-iterations, vus: 1, iterations: 3", more, flow=flow)
            done, result = self.run_it(file, check=99)
        got = [(t["metric"], t["expression"], t["ok"], t["state"], t["value"]) for t in result["thresholds"]]
        never = "http_req_duration{endpoint:/never}"
        self.assertIn((never, "p(95)<500ms", False, "no_sample", None), got)
        self.assertIn((never, "p(99)<1s", True, "no_sample", None), got)
        self.assertIn(("http_req_failed{endpoint:/never}", "rate<1%", False, "no_sample", None), got)
        self.assertIn(("http_reqs{endpoint:/never}", "count<1", True, "passed", 0), got)
        self.assertIn(("checks", "rate>0.9", False, "no_sample", None), got)
        self.assertIn(("group_duration", "max<1s", False, "no_sample", None), got)
        self.assertTrue(all(t["ok"] for t in result["thresholds"] if t["expression"] == "p(95)<1s"))
        self.assertIn("nothing to judge", " ".join(done.stdout.split()))


class GivenUp(Folder):
    def test_times_that_are_only_known_to_exceed_their_timeout_do_not_pass(self):
        with Broken(silent) as server:
            file = self.scenario(server.url, "executor: constant-arrival-rate, rate: 20/s, duration: 1s, max_vus: 50",
                                 "defaults: {timeout: 200ms}\nthresholds: {http_req_duration: ['p(95)<500ms', max<250ms, avg<1s, "
                                 "min<1s], http_req_service: 'med<300ms', group_duration: 'p(95)<1s'}\nsla: {'GET /': 500ms}\n",
                                 flow="{group: g, steps: [{get: /}]}")
            done, result = self.run_it(file, check=99)
        self.assertEqual([t["state"] for t in result["thresholds"]], ["not_known"] * 7)
        self.assertTrue(all(0.2 <= t["value"] < 0.35 for t in result["thresholds"]), result["thresholds"])
        self.assertIn("given up before they were answered", " ".join(done.stdout.split()))
        self.assertIn("≥", (self.dir / "run-s/report.md").read_text())
        self.assertNotIn("mean response time was 0 s", " ".join(done.stdout.split()))


class LoadFlags(Folder):
    OPEN = "executor: constant-arrival-rate, rate: 10/s, max_vus: 20, duration: 8s"
    CLOSED = "executor: ramping-vus, start_vus: 4, stages: [{duration: 1s, target: 4}, {duration: 7s, target: 8}]"

    def run_with(self, load, *flags, check=0):
        with Target() as target:
            file = self.scenario(target.url, load, name="-".join(["f", *(flag.strip("-").replace("/", "") for flag in flags)]))
            done, result = self.run_it(file, *flags, check=check)
        return " ".join((done.stdout + done.stderr).split()), result

    def test_a_duration_cuts_the_files_load(self):
        text, result = self.run_with(self.OPEN, "-d", "2s")
        self.assertEqual(result["totals"]["requests"], 20)
        self.assertIn("the file's load is cut short after 2s of its 8s", text)
        self.assertAlmostEqual(result["stages"][0]["to_s"], 2, delta=0.01)

    def test_a_duration_never_makes_it_longer(self):
        text, result = self.run_with(self.OPEN, "-d", "9s", check=104)
        self.assertIsNone(result)
        self.assertIn("must not be longer than the file's load, which lasts 8s, got 9s", text)

    def test_users_do_not_take_the_place_of_a_rate_unasked(self):
        for flags in (["-u", "5"], ["-u", "5", "-d", "1s"], ["-s", "1s:5"]):
            text, _ = self.run_with(self.OPEN, *flags, check=104)
            self.assertIn("would put users in a loop in place of the file's rate (constant-arrival-rate up to 10/s)", text)
        text, result = self.run_with(self.OPEN, "-u", "2", "-d", "1s", "--replace-load")
        self.assertIn("the flags replace the file's load", text)
        self.assertEqual(result["stages"][0]["executor"], "constant-vus")

    def test_users_scale_the_files_users(self):
        text, result = self.run_with(self.CLOSED, "-u", "2", "-d", "2s")
        self.assertIn("the file's users are 2 in place of 8", text)
        self.assertEqual([stage["executor"] for stage in result["stages"]], ["ramping-vus"] * 2)
        self.assertLessEqual(max(stage["users"] for stage in result["stages"]), 2)

    def test_a_number_of_iterations_or_a_rate_is_a_load_of_its_own_and_says_so(self):
        text, result = self.run_with(self.OPEN, "-i", "7")
        self.assertEqual(result["totals"]["requests"], 7)
        self.assertIn("the flags replace the file's load (constant-arrival-rate up to 10/s) by shared-iterations", text)
        text, result = self.run_with(self.CLOSED, "-r", "10/s", "-d", "1s")
        self.assertEqual(result["totals"]["requests"], 10)
        self.assertIn("replace", text)


if __name__ == "__main__":
    unittest.main()
