"""Flows as the whole program runs them: setup and teardown, checks in every output, on_fail, a trial of the steps."""
import http.server
import json
import sqlite3
import tempfile
import threading
import unittest
from pathlib import Path

from harness import only_run, run_plimsoll, summary


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self):
        length = int(self.headers.get("Content-Length", 0))
        self.rfile.read(length)
        line = f"{self.command} {self.path}"
        with self.server.lock:
            self.server.seen.append((line, self.headers.get("Authorization"), self.headers.get("traceparent")))
        status, body = self.server.answers.get(line, (200, {"items": [1, 2]}))
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_DELETE = answer

    def log_message(self, *_):
        pass


class Flows(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.dir = Path(folder.name)
        self.addCleanup(folder.cleanup)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.lock = threading.Lock()
        self.server.seen = []
        self.server.answers = {"POST /login": (201, {"token": "s3cr3t"})}
        thread = threading.Thread(target=self.server.serve_forever)
        thread.start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(self.server.shutdown)

    def scenario(self, text):
        path = self.dir / "s.yaml"
        path.write_text(f"target: http://127.0.0.1:{self.server.server_port}\n" + text)
        return path

    def run_it(self, text, check, env=None):
        return run_plimsoll("run", self.scenario(text), "--results", self.dir / "results", "-q", env=env, check=check)

    def lines(self):
        return [line for line, *_ in self.server.seen]

    WHOLE = """
setup:
  - post: /login
    capture: {token: {json: /token}}
users:
  reader:
    flow:
      - get: /items
        headers: {Authorization: "Bearer ${token}"}
        expect: {json: {/items: array, /none: 5}}
teardown:
  - delete: /session
    headers: {Authorization: "Bearer ${token}"}
load:
  - {executor: per-vu-iterations, vus: 2, iterations: 3}
"""

    def test_setup_is_shared_teardown_cleans_up_and_checks_reach_every_output(self):
        self.run_it(self.WHOLE, check=0)
        self.assertEqual(self.lines(), ["POST /login"] + 6 * ["GET /items"] + ["DELETE /session"])
        self.assertEqual({auth for _, auth, _ in self.server.seen[1:]}, {"Bearer s3cr3t"})
        run_dir = only_run(self.dir / "results")
        result = summary(run_dir)
        self.assertEqual(result["totals"]["requests"], 6)  # neither setup's nor teardown's
        self.assertEqual(result["totals"]["failed"], 6)
        self.assertEqual(sorted((c["passed"], c["failed"]) for c in result["checks"]), [(0, 6), (6, 0)])
        self.assertEqual(result["flow"]["completed"], 6)
        with sqlite3.connect(run_dir / "run.db") as db:
            events = [text for (text,) in db.execute("SELECT text FROM event WHERE kind='note' ORDER BY t_ns")]
        self.assertTrue(events[0].startswith("setup: POST /login: 201 ok in "), events)
        self.assertTrue(events[-1].startswith("teardown: DELETE /session: 200 ok in "), events)
        failed = next(c["name"] for c in result["checks"] if c["failed"])
        for name in ("report.md", "report.html"):
            self.assertIn("none", failed)
            self.assertIn("Check", (run_dir / name).read_text().replace("check", "Check"))

    def test_a_failing_setup_ends_it_before_it_begins(self):
        self.server.answers["POST /login"] = (503, {})
        ran = self.run_it(self.WHOLE, check=100)
        self.assertIn("setup failed: POST /login: 503 http_5xx", ran.stderr)
        self.assertEqual(self.lines(), ["POST /login"])
        self.assertEqual(list((self.dir).glob("results/*/run.db")), [])

    def test_a_failing_teardown_has_its_own_status(self):
        self.server.answers["DELETE /session"] = (500, {})
        ran = self.run_it(self.WHOLE, check=101)
        self.assertIn("teardown failed: DELETE /session: 500 http_5xx", ran.stderr)

    def test_a_step_can_abort_the_run(self):
        self.server.answers["GET /bad"] = (500, {"why": "broken"})
        ran = self.run_it("""
users:
  reader:
    flow: [{get: /bad, on_fail: abort_run}]
load:
  - {executor: constant-vus, vus: 2, duration: 60s}
""", check=108)
        self.assertIn("on_fail: abort_run: /bad of reader: http_5xx", ran.stderr)

    def test_checks_decide_the_exit_status_by_their_threshold(self):
        self.run_it(self.WHOLE.replace("load:", 'thresholds: {checks: "rate>90%"}\nload:'), check=99)
        threshold = summary(only_run(self.dir / "results"))["thresholds"][0]
        self.assertEqual((threshold["metric"], threshold["ok"], threshold["value"]), ("checks", False, 0.5))

    def test_a_disabled_sdk_sends_no_traceparent(self):
        text = self.WHOLE + 'export: {otlp: {endpoint: "http://127.0.0.1:9", sample: 100%}}\n'
        self.run_it(text, check=0, env={"OTEL_SDK_DISABLED": "true"})
        self.assertEqual({traceparent for *_, traceparent in self.server.seen}, {None})

    def test_a_trial_sends_each_step_once_and_says_how_it_was_answered(self):
        self.server.answers["GET /bad"] = (404, {})
        text = """
users:
  reader:
    user_start:
      - post: /login
        capture: {token: {json: /token}}
    think: 60s
    flow:
      - repeat: 50
        steps: [{get: "/items?t=${token}", name: items}]
      - get: /bad
load:
  - {executor: constant-vus, vus: 9, duration: 60s}
"""
        ran = run_plimsoll("validate", self.scenario(text), "--check-target", check=99)
        self.assertEqual(self.lines(), ["POST /login", "GET /items?t=s3cr3t", "GET /bad"])
        self.assertIn("✓ GET items: 200 ok in ", ran.stdout)
        self.assertIn("✗ GET /bad: 404 http_4xx in ", ran.stdout)
        self.server.answers["GET /bad"] = (200, {})
        run_plimsoll("validate", self.scenario(text), "--check-target", check=0)
        self.server.seen.clear()
        run_plimsoll("validate", self.scenario(text), check=0)
        self.assertEqual(self.lines(), [])


if __name__ == "__main__":
    unittest.main()
