"""`plimsoll experiment` on a service whose faults are HTTP calls: what it says against the service's own log, and that it heals
whatever happens. The rules are replayed."""
import contextlib
import http.server
import json
import signal
import socketserver
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

from harness import Marked, free_port, query, run_plimsoll, start_plimsoll, summary, wait_for

HEALTHY_S, FAULT_S, SETTLE_S, REPEAT = 8, 8, 4, 2
RATE_WINDOW_S, HOLD_S = 3, 2
FAILING = f'sum(rate(plimsoll_requests_total{{outcome!="ok"}}[{RATE_WINDOW_S}s])) > 1'


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self, status, body=b"{}"):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(500 if "fail" in self.server.faults else 200)

    def change(self, active):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        name = self.path.rsplit("/", 1)[1]
        self.server.calls.append((self.command, name, body, self.headers.get("X-Token")))
        if name in self.server.refused:
            return self.answer(409)
        (self.server.faults.add if active else self.server.faults.discard)(name)
        self.server.log.append((name, active, time.time()))
        return self.answer(204, b"")

    def do_PUT(self):
        self.change(True)

    def do_DELETE(self):
        self.change(False)

    def log_message(self, *args):
        pass


class Service(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.faults, self.refused, self.log, self.calls = set(), set(), [], []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Experiment(unittest.TestCase):
    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.service = Service()
        self.stack.callback(self.service.server_close)
        self.stack.callback(self.service.shutdown)
        self.results = self.folder / "results"
        (self.folder / "own.rules.yml").write_text(json.dumps({"groups": [{"name": "own", "rules": [
            {"alert": "Failing", "expr": FAILING, "for": f"{HOLD_S}s"},
            {"alert": "Slow", "expr": "sum(rate(plimsoll_response_seconds_sum[3s])) / sum(rate(plimsoll_response_seconds_count[3s])) > 5"},
            {"alert": "TooPatient", "expr": FAILING, "for": "5m"},
            {"alert": "Misspelt", "expr": "plimsoll_request_total > 1"},
            {"alert": "Lies", "expr": "floor(timestamp(plimsoll_vus) / 5) % 3 == 0"}]}]}))
        (self.folder / "load.yaml").write_text(json.dumps({
            "target": self.service.url, "users": {"reader": {"flow": [{"get": "/items"}]}},
            "load": [{"executor": "constant-vus", "vus": 1, "duration": "1s"}]}))

    def fault(self, name):
        return {"name": name, "plant": {"put": f"{self.service.url}/faults/{name}", "body": "on", "headers": {"X-Token": "${env.TOKEN}"}},
                "heal": {"delete": f"{self.service.url}/faults/{name}"}}

    def experiment(self, *faults, **more):
        file = self.folder / "own.yaml"
        file.write_text(json.dumps({
            "scenario": "load.yaml", "rate": "20/s", "rules": "own.rules.yml", "faults": [self.fault(name) for name in faults],
            "healthy": f"{HEALTHY_S}s", "fault": f"{FAULT_S}s", "settle": f"{SETTLE_S}s", "repeat": REPEAT, "scrape": "1s", **more}))
        return file

    def play(self, file, *flags, check=0):
        return run_plimsoll("experiment", file, "--results", self.results, "-e", "TOKEN=s3cret", *flags, check=check)

    def test_the_matrix_says_what_the_service_knows(self):
        page = self.folder / "page.html"
        done = self.play(self.experiment("fail", "harmless"), "--format", "json", "--html", page)
        result = json.loads(done.stdout)
        cells = {(each["fault"], each["alert"]): each for each in result["matrix"]}
        self.assertEqual(result["mode"], "backtest")
        self.assertEqual(len(result["runs"]), REPEAT)
        # Each fault was in force when the service itself says so.
        for run in result["runs"]:
            start = int(query(run["folder"], "SELECT value FROM run WHERE key = 'start_wall_ns'")[0][0]) / 1e9
            self.assertEqual(sorted(each["fault"] for each in run["trials"]), ["fail", "harmless"])
            for trial in run["trials"]:
                for key, active in (("planted_s", True), ("healed_s", False)):
                    nearest = min((abs(at - start - trial[key]) for name, on, at in self.service.log if name == trial["fault"] and on == active))
                    self.assertLess(nearest, 0.5, (trial, self.service.log))
        self.assertEqual(self.service.faults, set())
        self.assertEqual({token for method, _, _, token in self.service.calls if method == "PUT"}, {"s3cret"})
        # `rate` over 3 s of 20 failures a second is above 1 from the second scrape on that has the new series: at most a tick, two scrapes
        # and an evaluation, then `for`, and a second for the calls and what lies between. It cannot be earlier than `for`.
        failing = cells["fail", "Failing"]
        n = REPEAT * result["phases"]
        self.assertEqual((failing["n"], failing["fired"], failing["missed"]), (n, n, 0), failing)
        self.assertGreaterEqual(failing["delay_s"]["least"], HOLD_S)
        self.assertLessEqual(failing["delay_s"]["most"], HOLD_S + 1 + 2 + 1 + 1)
        self.assertGreaterEqual(failing["resolved_s"]["least"], 0)
        self.assertLessEqual(failing["resolved_s"]["most"], RATE_WINDOW_S + 4)
        for fault, alert in (("harmless", "Failing"), ("fail", "Slow"), ("fail", "TooPatient"), ("fail", "Misspelt")):
            self.assertEqual((cells[fault, alert]["n"], cells[fault, alert]["missed"]), (n, n), (fault, alert))
        alarms = {each["alert"]: each for each in result["false_alarms"]}
        # Healthy of each repetition: before the first fault, and what is left of the stretches after the faults' settling.
        healthy_s = sum(run["length_s"] - 2 * SETTLE_S - sum(t["healed_s"] - t["planted_s"] for t in run["trials"]) for run in result["runs"])
        self.assertAlmostEqual(alarms["Failing"]["healthy_hours"] * 3600, healthy_s, delta=0.1)
        self.assertTrue(alarms["Failing"]["none_seen"])
        self.assertAlmostEqual(alarms["Failing"]["per_hour"], 3 / alarms["Failing"]["healthy_hours"])
        self.assertGreater(alarms["Lies"]["count"], 0)
        remarks = " ".join(f"{each['alert']}: {each['remark']}" for each in result["remarks"])
        self.assertIn(f"TooPatient: it cannot fire while a fault is in force: `for` is 5m, and the fault lasts {FAULT_S} s", remarks)
        self.assertIn("Misspelt: there is no series plimsoll_request_total in this run; the nearest name is plimsoll_requests_total", remarks)
        text = page.read_text()
        for piece in ("Faults and alerts", "Failing", "harmless", "Repetition 2", "<svg class=\"capacity alerts\""):
            self.assertIn(piece, text)
        # No text that people or programs see has what the calls carried.
        for folder in (self.results, self.folder / "page.html"):
            for file in [folder] if folder.is_file() else folder.rglob("*"):
                if file.is_file():
                    self.assertNotIn(b"s3cret", file.read_bytes(), file)
        self.assertNotIn("s3cret", done.stdout + done.stderr)

    def test_the_other_formats_say_it_too(self):
        file = self.experiment("fail", repeat=1)
        said = self.play(file).stdout
        self.assertRegex(said, r"own: 1 of 1 faults were told of by an alert")
        self.assertRegex(said, r"(?s)\nfail \(planted once\)\n.*?\n?  Failing: \d+\.\d s[^\n]*, \d+ of \d+; resolved")
        self.assertRegex(said, r"(?m)^  missed by .*Slow")
        self.assertRegex(said, r"(?m)^  Slow: none in [\d.]+ h \(at most [\d,]+/h\)")
        table = self.play(file, "--format", "md").stdout
        self.assertRegex(table, r"\| alert \| fail \(×1\) \| false alarms \|")

    def started(self, file):
        marked = Marked()
        self.stack.callback(marked.remove)
        ours = start_plimsoll("experiment", file, "--results", self.results, "-e", "TOKEN=s3cret", env=marked.env, stderr=subprocess.PIPE)
        self.stack.callback(ours.stderr.close)
        wait_for(lambda: "fail" in self.service.faults, "the fault")
        return ours, marked

    def test_ctrl_c_heals_first(self):
        ours, marked = self.started(self.experiment("fail", fault="60s"))
        asked = time.time()
        ours.send_signal(signal.SIGINT)
        wait_for(lambda: not self.service.faults, "it to be healed")
        self.assertLess(self.service.log[-1][2] - asked, 2)
        self.assertEqual(ours.wait(60), 105)
        self.assertEqual(marked.processes(), {})
        self.assertEqual(marked.folders(), [])
        # The run that was cut off has its report, and says what happened.
        run = next(each for each in self.results.iterdir() if (each / "run.db").exists())
        self.assertGreater(summary(run)["totals"]["requests"], 0)
        self.assertEqual(query(run, "SELECT text FROM event WHERE kind = 'fault_planted'"), [("planted fail",)])

    def test_a_fault_that_cannot_be_planted_ends_it(self):
        self.service.refused = {"fail"}
        done = self.play(self.experiment("fail"), check=100)
        self.assertIn("fail could not be planted: ", done.stdout)
        self.assertIn("PUT was answered with status 409", done.stdout)
        self.assertNotIn("s3cret", done.stdout + done.stderr)

    def test_the_plan_is_the_seeds(self):
        file = self.experiment("fail", "harmless", "third", repeat=4)
        plan = self.play(file, "--plan").stdout
        self.assertEqual(plan, self.play(file, "--plan").stdout)
        self.assertNotEqual(plan, self.play(file, "--plan", "--seed", "7").stdout)
        self.assertIn(f"own: 4 repetitions of {HEALTHY_S + 3 * (HEALTHY_S + FAULT_S)}s", plan)
        self.assertEqual(self.service.calls, [])

    def test_what_is_wrong_is_said_before_anything_is_sent(self):
        file = self.experiment("fail", repat=3)
        self.assertRegex(self.play(file, check=104).stderr, r"own.yaml:1:\d+: repat: unknown key\n +hint: did you mean repeat\?")
        for missing, sentence in (("rules", "rules is missing"), ("rate", "its load lasts 1s, and a repetition takes")):
            file = self.experiment("fail")
            file.write_text(json.dumps({key: value for key, value in json.loads(file.read_text()).items() if key != missing}))
            self.assertIn(sentence, self.play(file, check=104).stderr)
        away = f"http://127.0.0.1:{free_port()}"
        self.assertIn("--alerts", self.play(self.experiment("fail"), "--alerts", away, check=104).stderr)
        self.assertEqual(self.service.calls, [])

    def test_the_schema_is_of_these_files(self):
        import jsonschema
        schema = json.loads(run_plimsoll("schema", "experiment", check=0).stdout)
        jsonschema.Draft7Validator.check_schema(schema)
        validator = jsonschema.Draft7Validator(schema)
        good = json.loads(self.experiment("fail").read_text())
        self.assertEqual(list(validator.iter_errors(good)), [])
        for change in ({"faults": []}, {"repat": 1}, {"repeat": 0}, {"faults": [{"name": "x"}]}, {"healthy": 5}, {"rate": "0/s"},
                       {"faults": [{"lab": "slow-sql", "plant": {"get": "http://a/"}}]},
                       {"faults": [{"name": "x", "plant": {"body": "a"}, "heal": {"get": "http://a/"}}]}):
            self.assertTrue(list(validator.iter_errors({**good, **change})), change)


if __name__ == "__main__":
    unittest.main()
