"""The bundled rules over a run's own metrics, in the lab: each alert fires with its fault, no later than its delay in docs/alerts.md allows,
and none fires in 30 minutes of healthy load of three shapes. About 75 minutes.

    PLIMSOLL=... BUNDLED_REPEAT=1 BUNDLED_HEALTHY=3m python3 -B test_bundled_alerts.py

is a shorter look."""
import contextlib
import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import Marked, run_plimsoll, start_plimsoll, wait_for

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "dashboards/alerts/plimsoll.rules.yml"
REPEAT = int(os.environ.get("BUNDLED_REPEAT", "2"))
HEALTHY = os.environ.get("BUNDLED_HEALTHY", "10m")  # of each shape
SCRAPE_S = 5
HEALTHY_S, FAULT_S, SETTLE_S = 90, 60, 85  # windows of a minute, and keep_firing_for of half a minute, must have passed

# The faults, and which alerts must tell of each. A fault that is less than total takes longer than the shortest possible delay, by as
# much as a window takes to fill: at most its whole length.
FAULTS = {
    "max-connections": ("max-connections:limit=12,hold=20ms", ["PlimsollPostgresConnectionsHigh"]),
    "idle": ("idle-in-transaction:call=200ms", ["PlimsollPostgresIdleInTransaction"]),
    "leak": ("connection-leak:every=200", ["PlimsollPostgresTransactionForgotten"]),
    "lock": ("lock-contention:rows=1,hold=20ms", ["PlimsollPostgresLockWaits"]),
    "pool": ("app-pool:size=1", ["PlimsollPoolPlateau", "PlimsollAppPoolPending"]),
    "throttled": ("cpu-quota:cores=0.02", ["PlimsollCpuThrottled"]),
    "limited": ("rate-limit:rate=20/s", ["PlimsollErrorRate", "PlimsollSloBurnFast", "PlimsollSloBurnMedium", "PlimsollSloBurnSlow"]),
    "blocked": ("event-loop:block=3s,every=20", ["PlimsollProbeLost"]),
    # A loop that is free in between: each block is a gap of its own. One that never is, is one long gap.
    "flapping": ("event-loop:block=2s,every=600", ["PlimsollProbeGaps"]),
    "accept": ("accept-queue:backlog=1,pause=500ms", ["PlimsollAcceptQueueOverflow"]),
    "pgbouncer": ("pgbouncer-pool:size=1", ["PlimsollPgbouncerClientsWaiting"]),
}


def documented_delays():
    """{alert: the longest of its figures at this scrape interval}, from the table of docs/alerts.md."""
    out = {}
    for row in (ROOT / "docs/alerts.md").read_text().splitlines():
        cells = [cell.strip() for cell in row.split("|")]
        if len(cells) == 7 and (name := re.fullmatch(r"`(Plimsoll\w+)`", cells[1])) and (figure := re.fullmatch(r"(\d+) s", cells[4])):
            out[name[1]] = max(out.get(name[1], 0), int(figure[1]))
    return out


def window_of():
    """{alert: the longest window that must fill}: what a partial fault may take longer."""
    return {name: 60 if re.search("ErrorRate|Throttled|Forgotten|Probe|Burn|Overflow", name) else 30 for _, names in FAULTS.values() for name in names}


class Bundled(unittest.TestCase):
    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))

    def play(self, names, **more):
        """The matrix of an experiment with these faults: {(fault, alert): cell}."""
        file, marked = self.folder / "bundled.yaml", Marked()
        self.addCleanup(marked.remove)
        file.write_text(json.dumps({
            "rules": str(RULES), "scrape": f"{SCRAPE_S}s", "healthy": f"{HEALTHY_S}s", "fault": f"{FAULT_S}s", "settle": f"{SETTLE_S}s",
            "repeat": REPEAT, "faults": [{"name": name, "lab": FAULTS[name][0]} for name in names], **more}))
        done = run_plimsoll("experiment", file, "--results", self.folder / "results", "--format", "json", timeout=7000, env=marked.env, check=0)
        self.assertEqual(marked.processes(), {})
        result = json.loads(done.stdout)
        for each in result["matrix"]:
            if each["fired"] or each["late"]:
                print(each["fault"], each["alert"], each["fired"], "of", each["n"], each["delay_s"], flush=True)
        return {(each["fault"], each["alert"]): each for each in result["matrix"]}

    def judge(self, names, cells):
        delays, windows = documented_delays(), window_of()
        for name in names:
            for alert in FAULTS[name][1]:
                with self.subTest(fault=name, alert=alert):
                    cell = cells[name, alert]
                    self.assertGreater(cell["n"], 0, cell)
                    self.assertEqual(cell["fired"], cell["n"], cell)
                    self.assertLessEqual(cell["delay_s"]["most"], delays[alert] + windows[alert] + 2 * SCRAPE_S, cell)

    def test_each_fires_with_its_fault(self):
        names = [name for name in FAULTS if name not in ("limited", "accept", "pgbouncer")]
        self.judge(names, self.play(names))

    def test_those_of_the_error_budget(self):
        # In a run of its own: after another fault that fails requests they still fire, as their long windows are there to do.
        self.judge(["limited"], self.play(["limited"]))

    def test_that_of_the_accept_queue(self):
        # Connections that are kept alive never wait to be accepted.
        scenario = self.folder / "fresh.yaml"
        scenario.write_text(json.dumps({
            "target": "${env.PLIMSOLL_LAB_URL}", "http": {"no_connection_reuse": True}, "defaults": {"timeout": "5s"},
            "users": {"reader": {"flow": [{"get": "/health"}]}}, "load": [{"executor": "constant-vus", "vus": 1, "duration": "1s"}]}))
        self.judge(["accept"], self.play(["accept"], scenario="fresh.yaml", rate="30/s"))

    def test_that_of_pgbouncer(self):
        self.judge(["pgbouncer"], self.play(["pgbouncer"]))

    def test_every_bundled_alert_has_its_fault(self):
        alerts = set(re.findall(r"alert: (\w+)", RULES.read_text()))
        self.assertEqual(alerts, {alert for _, names in FAULTS.values() for alert in names})
        self.assertEqual(alerts, set(documented_delays()))

    def test_none_fires_in_health(self):
        log = self.folder / "lab.log"
        with open(log, "w") as out:
            lab = start_plimsoll("lab", "--listen", "127.0.0.1:0", "--pgbouncer", "--pool-metrics", "otel", stdout=out, stderr=subprocess.STDOUT)
        self.stack.callback(lambda: (lab.terminate(), lab.wait(60)))

        def said():
            lines = dict(line.split(" ", 1) for line in log.read_text().splitlines() if " " in line)
            return {word: re.sub(r'^psql "(.*)"$', r"\1", rest.strip()) for word, rest in lines.items()} if "control" in lines else None
        where = wait_for(said, "the lab", 120)
        shapes = {
            "steady": [{"executor": "constant-arrival-rate", "rate": "80/s", "duration": HEALTHY, "max_vus": 500, "arrivals": "poisson"}],
            "ramp": [{"executor": "ramping-arrival-rate", "start_rate": "10/s", "max_vus": 500, "arrivals": "poisson",
                      "stages": [{"duration": HEALTHY, "target": "150/s"}]}],
            "users": [{"executor": "constant-vus", "vus": 30, "duration": HEALTHY}]}
        runs = []
        for shape, load in shapes.items():
            file, run = self.folder / f"{shape}.yaml", self.folder / shape
            file.write_text(json.dumps({
                "name": shape, "target": where["ready"], "load": load,
                "users": {"reader": {"weight": 5, "think": {"uniform": ["200ms", "600ms"]}, "flow": [{"get": "/v1/deployments?status=running"}]},
                          "writer": {"flow": [{"post": "/v1/deployments", "json": {"name": "d-${uuid()}", "owner": "o"},
                                                              "expect": {"status": 201}}]}},
                "probes": {"postgres": {"dsn": where["postgres"]}, "pgbouncer": {"dsn": where["pgbouncer"]},
                           "containers": [{"pid": lab.pid, "role": "app"}], "app_metrics": {"url": f"{where['ready']}/metrics"},
                           "canaries": {"no_database": {"get": "/health"}}}}))
            run_plimsoll("run", file, "--run-dir", run, "--headless", "--no-thresholds", timeout=900, check=0)
            runs.append(run)
        report = json.loads(run_plimsoll("alerts", RULES, *runs, "--scrape", f"{SCRAPE_S}s", "--format", "json", timeout=600, check=0).stdout)
        fired = [(each["alert"], each["run"]) for each in report["alerts"] if each["fired"] or each["false_alarms"]]
        hours = {each["healthy_hours"] for each in report["false_alarms"]}
        print("healthy hours:", hours, flush=True)
        self.assertEqual(fired, [])


if __name__ == "__main__":
    unittest.main()
