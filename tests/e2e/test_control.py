"""plimsoll run --control: load that is set while it runs."""
import json
import tempfile
import unittest
import urllib.error
import urllib.request
from pathlib import Path

from harness import Target, free_port, query, run_plimsoll, start_plimsoll, summary, wait_for

SCENARIO = """
target: {url}
users: {{u: {{flow: [{{get: /}}]}}}}
load:
  - {{executor: externally-controlled, name: rate, rate: 20/s, max_vus: 50, duration: 20m}}
  - {{executor: externally-controlled, name: users, vus: 1, max_vus: 5, duration: 20m}}
"""


class Control(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.dir = Path(self.folder.name)
        self.addCleanup(self.folder.cleanup)

    def request(self, port, method="GET", body=None, headers=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/status", data, headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def test_rate_and_users_follow_what_is_set(self):
        port = free_port()
        with Target(delay=0.02) as target:
            path = self.dir / "s.yaml"
            path.write_text(SCENARIO.format(url=target.url))
            run = start_plimsoll("run", path, "--run-dir", self.dir / "r", "--control", str(port))
            wait_for(lambda: target.served > 5, "the first requests")
            wait_for(lambda: self.request(port)[1].get("requests", 0) > 10, "a tick")
            set_rate = {"executor": "rate", "rate": "100/s"}
            self.assertEqual(self.request(port, "PATCH", {"rate": 5})[0], 409, "two executors: which?")
            self.assertEqual(self.request(port, "PATCH", {"executor": "rate", "vus": 5})[0], 409)
            self.assertEqual(self.request(port, "PATCH", {"executor": "users", "vus": 6})[0], 409)
            self.assertEqual(self.request(port, "PATCH", {"pace": 5})[0], 400)
            self.assertEqual(self.request(port, "DELETE")[0], 405)
            self.assertEqual(self.request(port, "PATCH", set_rate, {"Origin": "http://x"})[0], 403)
            code, status = self.request(port, "PATCH", set_rate)
            self.assertEqual(code, 200)
            self.assertEqual([e.get("rate", e.get("vus")) for e in status["executors"]], [100, 1])
            self.assertEqual(self.request(port, "PATCH", {"executor": "users", "vus": 5})[0], 200)
            wait_for(lambda: self.request(port)[1].get("vus", 0) >= 5, "five users")
            before = target.served
            wait_for(lambda: target.served > before + 500, "more requests")
            self.assertEqual(self.request(port, "PATCH", {"stopped": True})[0], 200)
            self.assertEqual(run.wait(60), 105)
            served = target.served
        self.assertEqual(summary(self.dir / "r")["totals"]["requests"], served)
        stages = query(self.dir / "r", "select to_ns - from_ns, target from stage where executor = 0 order by stage")
        self.assertEqual([s[1] for s in stages], [20, 100, 100])
        self.assertEqual(stages[1][0], 0)
        events = [e[0] for e in query(self.dir / "r", "select text from event where kind = 'stage_changed'")]
        self.assertIn("rate: set to 100/s", events)
        self.assertIn("users: set to 5 users", events)
        offered = {o[0] for o in query(self.dir / "r", "select offered from executor_tick where executor = 0")}
        self.assertTrue({20.0, 100.0} <= offered, offered)
        shown = [s for s in summary(self.dir / "r")["stages"] if s["executor"] == "rate"]
        self.assertEqual([round(s["offered_rate"], 6) for s in shown], [20, 100])

    def test_a_port_in_use_is_106(self):
        with Target() as target, Target() as other:
            done = run_plimsoll("run", target.url, "-d", "1s", "--control", str(other.server_address[1]),
                                "--results", self.dir / "r", check=106)
            self.assertIn(str(other.server_address[1]), done.stderr)
            self.assertEqual(target.served, 0)


if __name__ == "__main__":
    unittest.main()
