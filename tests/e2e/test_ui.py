"""plimsoll --ui and plimsoll ui: watched and steered over HTTP as the page does it, without a browser."""
import http.client
import json
import re
import resource
import socket
import tempfile
import threading
import time
import unittest
import urllib.parse
from pathlib import Path

from annotations import Annotations
from harness import Marked, Target, only_run, query, start_plimsoll, summary, wait_for

STEERED = """
name: steered
target: {url}
users: {{u: {{flow: [{{get: /}}]}}}}
load:
  - {{executor: externally-controlled, name: load, rate: 40/s, max_vus: 50, duration: 20m}}
thresholds: {{http_req_duration: ["p(95)<2s"]}}
"""


class Page:
    """What the page's script knows: where, the token, and the view key that it is given for it."""

    def __init__(self, output):
        url = wait_for(lambda: re.search(r"^page +(http://\S+)#token=([0-9a-f]{32})$", output.read_text(), re.M), "the page's URL")
        self.base, self.token = url[1].rstrip("/"), url[2]
        self.host, self.port = re.match(r"http://(.+):(\d+)$", self.base).groups()
        code, session = self.get("/api/session")
        assert code == 200, session
        self.session = session
        self.view = session["view"]

    def request(self, method, path, body=None, headers=None, token=True):
        connection = http.client.HTTPConnection(self.host, int(self.port), timeout=30)
        try:
            given = {"Authorization": f"Bearer {self.token}"} if token else {}
            if body is not None:
                given["Content-Type"] = "application/json"
            connection.request(method, path, body, {**given, **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers
        finally:
            connection.close()

    def get(self, path):
        code, body, _ = self.request("GET", path)
        return code, json.loads(body)

    def post(self, path, body):
        code, answer, _ = self.request("POST", path, json.dumps(body), {"Origin": self.base})
        return code, json.loads(answer)


class Viewer:
    """Reads the stream of events as EventSource does, on a thread of its own."""

    def __init__(self, page, last=None):
        self.events, self.last_id = [], None
        self.connection = http.client.HTTPConnection(page.host, int(page.port), timeout=60)
        self.connection.request("GET", f"/api/live?view={page.view}", headers={"Last-Event-ID": last} if last else {})
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200, self.answer.status
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        event = {}
        try:
            for line in self.answer:
                line = line.decode().rstrip("\n")
                key, _, value = line.partition(": ")
                if line:
                    event[key] = value
                    continue
                if "data" in event:
                    with self.changed:
                        self.events.append((event["event"], json.loads(event["data"])))
                        self.last_id = event.get("id", self.last_id)
                        self.changed.notify_all()
                event = {}
        except (OSError, ValueError, http.client.HTTPException, AttributeError):
            pass  # it was closed, here or there

    def wait(self, found, what, timeout=90):
        """The first of `found(events)` that is something."""
        end = time.monotonic() + timeout
        with self.changed:
            while not (value := found(self.events)):
                left = end - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"waited {timeout} s for {what}; events: {[name for name, _ in self.events]}")
                self.changed.wait(left)
        return value

    def until(self, name, holds=lambda data: True, timeout=90):
        return self.wait(lambda events: next(((data,) for each, data in events if each == name and holds(data)), None), name, timeout)[0]

    def close(self):
        if self.connection.sock:
            self.connection.sock.shutdown(socket.SHUT_RDWR)
        self.connection.close()
        self.thread.join(10)


def follow(events):
    """The charts of a viewer that has followed begin and ticks: id -> (x, {label: y})."""
    charts = {}
    for name, data in events:
        if name == "begin":
            charts = {}
        fresh = data.get("charts", []) if name == "begin" else data.get("new_charts", []) if name == "tick" else []
        updates = data.get("charts", []) if name == "tick" else []
        for update in updates:
            x, series = charts[update["id"]]
            if "keep" in update:
                x[update["keep"]:] = update["x"]
                for values, more in zip(series.values(), update["y"], strict=True):
                    values[update["keep"]:] = more
        for chart in fresh:
            charts[chart["id"]] = (list(chart["x"]), {s["label"]: list(s["y"]) for s in chart["series"]})
    for x, series in charts.values():
        assert x == sorted(x), x
        assert all(len(values) == len(x) for values in series.values())
    return charts


class Ui(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)
        self.output = self.dir / "output"

    def start(self, *args, env=None):
        file = self.output.open("w")
        self.addCleanup(file.close)
        return start_plimsoll(*args, stdout=file, stderr=file, env=env)

    def run_steered(self, target, *flags):
        path = self.dir / "s.yaml"
        path.write_text(STEERED.format(url=target.url))
        run = self.start("run", path, "--run-dir", self.dir / "r", *flags, "--ui=127.0.0.1:0")
        return run, Page(self.output)

    def test_a_run_is_watched_steered_noted_and_stopped(self):
        with Target(delay=0.005) as target, Annotations() as grafana:
            run, page = self.run_steered(target, "-o", f"grafana={grafana.url}")
            self.assertEqual((page.session["mode"], page.session["readonly"]), ("run", False))
            viewer = Viewer(page)
            begin = viewer.until("begin")
            self.assertEqual(begin["run"]["scenario"], "steered")
            self.assertEqual([e["name"] for e in begin["executors"] if e["steered"]], ["load"])
            viewer.until("tick", lambda tick: (tick["state"]["requests"] or 0) > 40)
            self.assertEqual(page.post("/api/control", {"executor": "load", "rate": "120/s"})[0], 200)
            viewer.until("tick", lambda tick: tick["state"]["executors"][0]["asked"] == 120)
            self.assertEqual(page.post("/api/control", {"note": "deployed v2 here"})[0], 200)
            viewer.until("tick", lambda tick: any(e["kind"] == "marked" and e["text"] == "deployed v2 here" for e in tick.get("events", [])))
            # Whoever comes back is told what it missed, and comes to the same charts as one who stayed.
            other = Viewer(page)
            other.until("begin")
            other.until("tick")
            seen, last = list(other.events), other.last_id
            other.close()
            ticks = len(viewer.events)
            viewer.wait(lambda events: len(events) > ticks + 2, "more ticks")
            other = Viewer(page, last)
            self.assertEqual(page.post("/api/control", {"paused": True})[0], 200)
            viewer.until("tick", lambda tick: tick["state"]["paused"])
            self.assertEqual(page.post("/api/control", {"paused": False})[0], 200)
            viewer.until("verdict")
            self.assertEqual(page.post("/api/control", {"stopped": True})[0], 200)
            over = viewer.until("over")
            other.until("over")
            self.assertNotIn("begin", [name for name, _ in other.events])
            self.assertEqual(follow(seen + other.events), follow(viewer.events))
            code, report, headers = page.request("GET", f"{over['report']}?view={page.view}", token=False)
            self.assertEqual(code, 200)
            self.assertTrue(headers["Content-Security-Policy"].startswith("sandbox "))
            page.request("GET", f"{over['report']}?view={page.view}", token=False)  # the other viewer's
            self.assertEqual(run.wait(60), 105)
            served = target.served
        last = [data for name, data in viewer.events if name == "tick"][-1]
        self.assertEqual(last["state"]["requests"], served)
        self.assertEqual(last["state"]["phase"], "over")
        self.assertTrue([data for name, data in viewer.events if name == "verdict"][-1]["final"])
        self.assertEqual(report, (self.dir / "r/report.html").read_bytes())
        self.assertIn(b"deployed v2 here", report)
        self.assertIn(b"set to 120/s", report)
        events = dict(query(self.dir / "r", "select text, kind from event"))
        self.assertEqual(events["note: deployed v2 here"], "note")
        for text in ("load: set to 120/s", "load: paused", "load: goes on with 120/s"):
            self.assertEqual(events[text], "stage_changed")
        annotated = [annotation["text"] for annotation in grafana.told]
        for text in ("deployed v2 here", "set to 120/s"):
            self.assertEqual(sum(text in each for each in annotated), 1, annotated)
        self.assertNotIn(page.token, str(grafana.told))
        self.assertIn("the page", " ".join(events))
        # The charts that were watched are those of the report: the same requests in all.
        x, rate = follow(viewer.events)["rate"]
        self.assertEqual(len(x), len(rate["requests succeeded"]))
        self.assert_token_is_nowhere(page)

    def assert_token_is_nowhere(self, page):
        for file in (self.dir / "r").iterdir():
            for key in (page.token, page.view):
                self.assertNotIn(key.encode(), file.read_bytes(), file)
        shown = self.output.read_text()
        self.assertEqual(shown.count(page.token), 1)
        self.assertNotIn(page.view, shown)

    def test_strangers_are_refused_and_bounded(self):
        with Target(delay=0.005) as target:
            run, page = self.run_steered(target)
            body = json.dumps({"stopped": True})
            as_page = {"Content-Type": "application/json"}
            self.assertEqual(page.request("POST", "/api/control", body, token=False)[0], 401)
            self.assertEqual(page.request("POST", f"/api/control?view={page.view}", body, token=False)[0], 401)
            self.assertEqual(page.request("POST", "/api/control", body, {**as_page, "Origin": "http://evil.example"})[0], 403)
            self.assertEqual(page.request("POST", "/api/control", body, {**as_page, "Host": "evil.example"})[0], 421)
            self.assertEqual(page.request("GET", "/api/live", token=False)[0], 401)
            self.assertEqual(page.request("POST", "/api/control", b" " * 70_000)[0], 413)
            viewer = Viewer(page)
            viewer.until("tick")
            idle = []
            limit = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, limit[1]), limit[1]))
            try:
                for _ in range(2000):
                    idle.append(socket.create_connection((page.host, int(page.port)), timeout=30))
                ticks = len(viewer.events)
                viewer.wait(lambda events: len(events) > ticks + 2, "ticks beside idle connections")
                self.assertEqual(page.post("/api/control", {"note": "still here"})[0], 200)
            finally:
                for each in idle:
                    each.close()
                resource.setrlimit(resource.RLIMIT_NOFILE, limit)
            descriptors = len(list(Path(f"/proc/{run.pid}/fd").iterdir()))
            self.assertLess(descriptors, 64 + 16 + 150)
            self.assertEqual(page.post("/api/control", {"stopped": True})[0], 200)
            over = viewer.until("over")
            page.request("GET", f"{over['report']}?view={page.view}", token=False)
            self.assertEqual(run.wait(60), 105)

    def test_readonly_changes_nothing(self):
        with Target() as target:
            run, page = self.run_steered(target, "--ui-readonly")
            self.assertTrue(page.session["readonly"])
            self.assertEqual(page.post("/api/control", {"stopped": True})[0], 403)
            viewer = Viewer(page)
            viewer.until("tick")
            viewer.close()
            run.terminate()
            self.assertEqual(run.wait(60), 105)
        kinds = [k for k, in query(self.dir / "r", "select text from event where text like '%the page%'")]
        self.assertEqual(kinds, [])

    def test_a_port_in_use_is_106_and_nothing_is_sent(self):
        with Target() as target, Target() as other:
            run = self.start("run", target.url, "-d", "1s", "--results", self.dir / "r", f"--ui=127.0.0.1:{other.server_address[1]}")
            self.assertEqual(run.wait(30), 106)
            self.assertEqual(target.served, 0)

    def test_the_start_page_lists_reads_and_starts_runs(self):
        with Target(delay=0.002) as target:
            folder = self.dir / "scenarios"
            folder.mkdir()
            good = f"target: {target.url}\nusers: {{u: {{flow: [{{get: /}}]}}}}\nload:\n  - {{executor: constant-vus, vus: 2, duration: 3s}}\n"
            (folder / "good.yaml").write_text(good)
            (folder / "bad.yaml").write_text(good.replace("vus: 2", "vus: -2"))
            ui = self.start("ui", "--listen", "127.0.0.1:0", "--results", self.dir / "results", "--scenarios", folder)
            page = Page(self.output)
            self.assertEqual(page.session["mode"], "start")
            self.assertEqual(page.get("/api/runs")[1]["runs"], [])
            self.assertEqual({s["name"]: s["ok"] for s in page.get("/api/scenarios")[1]["scenarios"]}, {"bad.yaml": False, "good.yaml": True})
            self.assertEqual(page.get("/api/scenarios/bad.yaml")[1]["faults"][0]["line"], 4)
            code, refused = page.post("/api/runs", {"scenario": "bad.yaml"})
            self.assertEqual((code, refused["faults"][0]["line"]), (400, 4))
            viewer = Viewer(page)
            viewer.until("idle")
            for _ in range(2):
                before = len(viewer.events)
                # The one before may still be writing its last lines.
                wait_for(lambda: page.post("/api/runs", {"scenario": "good.yaml"})[0] == 202, "the run to be started")
                viewer.wait(lambda events: "over" in [name for name, _ in events[before:]], "its end")
            runs = page.get("/api/runs")[1]["runs"]
            self.assertEqual(len(runs), 2)
            for run in runs:
                code, report, _ = page.request("GET", f"/runs/{urllib.parse.quote(run['folder'])}/report.html?view={page.view}", token=False)
                self.assertEqual((code, report), (200, (self.dir / "results" / run["folder"] / "report.html").read_bytes()))
                self.assertGreater(run["requests"], 0)
            both = urllib.parse.urlencode({"base": runs[1]["folder"], "run": runs[0]["folder"], "view": page.view})
            code, compared, _ = page.request("GET", f"/compare?{both}", token=False)
            self.assertEqual(code, 200, compared[:500])
            self.assertIn(b"<html", compared)
            self.assertEqual(page.request("GET", "/runs/..%2Fscenarios/report.html")[0], 404)
            ui.terminate()
            self.assertEqual(ui.wait(30), 0)

    def test_a_demo_shows_the_pool_and_its_finding_while_it_runs(self):
        marked = Marked()
        self.addCleanup(marked.remove)
        demo = self.start("demo", "--duration", "60s", "--results", self.dir / "results", "--ui=127.0.0.1:0", env=marked.env)
        page = Page(self.output)
        viewer = Viewer(page)
        viewer.until("begin", timeout=120)
        verdict = viewer.until("verdict", lambda data: not data["final"] and data["findings"], timeout=120)
        self.assertEqual(verdict["findings"][0]["cause"], "app_pool_exhausted")
        self.assertEqual(page.post("/api/control", {"executor": "ramp", "rate": 10})[0], 409, "a ramp follows its schedule")
        self.assertEqual(page.post("/api/control", {"executor": "by_hand", "rate": 10})[0], 200)
        self.assertEqual(page.post("/api/control", {"note": "seen it"})[0], 200)
        self.assertEqual(page.post("/api/control", {"stopped": True})[0], 200)
        over = viewer.until("over")
        page.request("GET", f"{over['report']}?view={page.view}", token=False)
        self.assertEqual(demo.wait(60), 105)
        charts = follow(viewer.events)
        busy = [value for value in charts["database"][1]["busy (active)"] if value is not None]
        self.assertLessEqual(max(busy[len(busy) // 2:]), 5 + 2)  # the pool of five, and our own
        self.assertLessEqual({"rate", "latency", "heatmap", "in_flight", "database", "cpu", "canaries"}, set(charts))
        events = [text for text, in query(only_run(self.dir / "results"), "select text from event")]
        self.assertIn("note: seen it", events)
        self.assertIn("by_hand: set to 10/s", events)
        self.assertEqual(summary(only_run(self.dir / "results"))["findings"][0]["cause"], "app_pool_exhausted")


if __name__ == "__main__":
    unittest.main()
