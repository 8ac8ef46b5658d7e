"""`plimsoll run --alerts --alertmanager` beside a real Prometheus and a real Alertmanager: the events of the run have the whole chain,
at the servers' own times within a second."""
import contextlib
import datetime
import json
import os
import re
import sqlite3
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from annotations import Annotations
from harness import Target, fetch, free_port, query, run_plimsoll, summary, wait_for

FAIL_FROM_S, FAIL_FOR_S, LENGTH_S = 4, 6, 24
EVERY_S = 1  # scrapes and evaluations


def epoch(text):
    """RFC 3339 with up to nanoseconds, to seconds since 1970."""
    match = re.fullmatch(r"(\d+-\d+-\d+T\d+:\d+:\d+)(\.\d+)?Z", text)
    whole = datetime.datetime.fromisoformat(match[1] + "+00:00").timestamp()
    return whole + float(match[2] or 0)


def events_of(run):
    """[(seconds since 1970, text)]"""
    with contextlib.closing(sqlite3.connect(f"file:{run}/run.db?mode=ro", uri=True)) as db:
        start = int(db.execute("SELECT value FROM run WHERE key = 'start_wall_ns'").fetchone()[0])
        return [((start + t) / 1e9, text) for t, text in db.execute("SELECT t_ns, text FROM event ORDER BY t_ns")]


class Watch(unittest.TestCase):
    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))

    def serve(self, words, url, log):
        with open(self.folder / log, "ab") as out:
            started = subprocess.Popen(words, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=dict(os.environ))
        self.stack.callback(lambda: (started.terminate(), started.wait(30)))

        def ready():
            with contextlib.suppress(OSError):
                return fetch(f"{url}/-/ready")
            return None
        wait_for(ready, words[0])
        return started

    def rules(self):
        return [{"alert": "Failing", "expr": 'sum(rate(plimsoll_requests_total{outcome!="ok"}[3s])) > 1', "for": "2s", "labels": {"severity": "page"}}]

    def servers(self, metrics_port, always=False):
        """(Prometheus' URL, the Alertmanager's): both look every second."""
        prometheus, alertmanager, cluster = free_port(), free_port(), free_port()
        rules = self.rules() + ([{"alert": "Always", "expr": "vector(1)"}] if always else [])
        (self.folder / "own.rules.yml").write_text(json.dumps({"groups": [{"name": "own", "rules": rules}]}))
        (self.folder / "prometheus.yml").write_text(json.dumps({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [str(self.folder / "own.rules.yml")],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager}"]}]}]},
            "scrape_configs": [{"job_name": "plimsoll", "static_configs": [{"targets": [f"127.0.0.1:{metrics_port}"]}]}]}))
        (self.folder / "alertmanager.yml").write_text(json.dumps({"route": {"receiver": "none", "group_wait": "0s"}, "receivers": [{"name": "none"}]}))
        urls = f"http://127.0.0.1:{prometheus}", f"http://127.0.0.1:{alertmanager}"
        self.serve(["prometheus-alertmanager", f"--config.file={self.folder}/alertmanager.yml", f"--storage.path={self.folder}/am",
                    f"--web.listen-address=127.0.0.1:{alertmanager}", f"--cluster.listen-address=127.0.0.1:{cluster}"], urls[1], "alertmanager.log")
        self.prometheus = self.serve(["prometheus", f"--config.file={self.folder}/prometheus.yml", f"--storage.tsdb.path={self.folder}/data",
                                      f"--web.listen-address=127.0.0.1:{prometheus}", "--log.level=warn"], urls[0], "prometheus.log")
        return urls

    def failing_target(self):
        began = time.monotonic()
        return self.stack.enter_context(Target(
            status=lambda path: 500 if FAIL_FROM_S <= time.monotonic() - began < FAIL_FROM_S + FAIL_FOR_S else 200))

    def run_beside(self, name, prometheus, alertmanager, metrics_port, *flags):
        target, run = self.failing_target(), self.folder / name
        run_plimsoll("run", target.url, "-r", "20/s", "-u", "50", "-d", f"{LENGTH_S}s", "--run-dir", run, "--headless", "--no-thresholds", "--no-calibration",
                     "--prometheus", f"127.0.0.1:{metrics_port}", "--alerts", prometheus, "--alertmanager", alertmanager, *flags)
        return run

    def test_the_whole_chain_stands_in_the_run(self):
        port = free_port()
        prometheus, alertmanager = self.servers(port)
        grafana = self.stack.enter_context(Annotations())
        run = self.run_beside("run", prometheus, alertmanager, port, "-o", f"grafana={grafana.url}")
        chain = [(at, text) for at, text in events_of(run) if text.startswith("alert Failing{")]
        kinds = [re.sub(r"^.*?\}: (.*?)( \(active since (.*)\))?$", r"\1", text) for _, text in chain]
        self.assertEqual([kind for kind in kinds if kind in ("pending", "firing", "resolved")], ["pending", "firing", "resolved"], chain)
        self.assertIn("reached the Alertmanager", kinds, chain)
        self.assertEqual([text for _, text in chain if text.count("alert") != 1 and "Alertmanager" not in text], [])
        at = dict(zip(kinds, (when for when, _ in chain)))
        self.agrees_with_the_servers(at, chain, prometheus)
        self.shows_the_delays(run, at, grafana)

    def agrees_with_the_servers(self, at, chain, prometheus):
        """By Prometheus' own samples of the alert, and the stamps that it gave the Alertmanager."""
        since = epoch(re.search(r"pending \(active since (.*)\)", "\n".join(text for _, text in chain))[1])
        words = json.loads(fetch(f"{prometheus}/api/v1/query?query=ALERTS%5B1h%5D", 30))["data"]["result"]
        firing = [when for each in words if each["metric"]["alertstate"] == "firing" for when, _ in each["values"]]
        began = epoch(re.search(r"Alertmanager \(active since (.*)\)", "\n".join(text for _, text in chain))[1])
        self.assertLess(abs(at["pending"] - since), 1)
        self.assertLess(abs(at["firing"] - firing[0]), 1)
        self.assertLess(abs(at["firing"] - began), 1)
        self.assertLess(abs(at["resolved"] - (firing[-1] + EVERY_S)), 1)  # the evaluation after the last one that has it
        # Prometheus sends it within the evaluation that fires, and the Alertmanager stamps it as it comes.
        self.assertLess(abs(at["reached the Alertmanager"] - firing[0]), 1)

    def shows_the_delays(self, run, at, grafana):
        start = int(query(run, "SELECT value FROM run WHERE key = 'start_wall_ns'")[0][0]) / 1e9
        result = summary(run)
        self.assertEqual(len(result["alerts"]), 1, result["alerts"])
        told = result["alerts"][0]
        self.assertEqual(told["alert"], 'Failing{severity="page"}')
        self.assertFalse(told["already"])
        for key, kind in (("pending_s", "pending"), ("firing_s", "firing"), ("notified_s", "reached the Alertmanager"), ("resolved_s", "resolved")):
            self.assertAlmostEqual(told[key], at[kind] - start, places=3)
        # The service failed from FAIL_FROM_S on after its own start, which the run does not know: what it found itself is the onset.
        self.assertEqual(told["onset_s"], result["onsets"][0]["at_s"] if result["onsets"] else None)
        if told["onset_s"] is None:
            delay = f"firing at {told['firing_s']:.1f} s"
        else:
            delay = f"firing {told['firing_s'] - told['onset_s']:+.1f} s"
        verdict = run_plimsoll("report", run, check=0).stdout
        self.assertIn(delay, re.sub(r"\s+", " ", verdict))
        page, table = (run / "report.html").read_text(), (run / "report.md").read_text()
        self.assertIn("Alerts: how soon", page)
        self.assertIn("alert Failing{severity=&quot;page&quot;}: firing", page)
        self.assertIn("| alert | pending | firing | reached the Alertmanager | resolved |", table)
        self.assertIn(delay.removeprefix("firing "), table)
        # Its changes when they came, and at the end the whole of it as a region with its delays.
        regions = [each for each in grafana.told if "alert" in each["tags"]]
        self.assertEqual(len(regions), 1, grafana.told)
        self.assertIn(delay, regions[0]["text"])
        self.assertAlmostEqual(regions[0]["time"] / 1e3, at["pending"], delta=0.01)
        self.assertAlmostEqual(regions[0]["timeEnd"] / 1e3, at["resolved"], delta=0.01)
        changes = [each["time"] / 1e3 for each in grafana.told if "alert_changed" in each["tags"]]
        for kind in ("pending", "firing", "resolved"):
            self.assertLess(min(abs(when - at[kind]) for when in changes), 0.01)

    def test_what_was_there_before_is_told_as_such(self):
        port = free_port()
        prometheus, alertmanager = self.servers(port, always=True)
        wait_for(lambda: "Always" in fetch(f"{prometheus}/api/v1/alerts"), "the alert")
        run = self.run_beside("before", prometheus, alertmanager, port)
        told = [each for each in summary(run)["alerts"] if each["alert"].startswith("Always")]
        self.assertEqual([(each["already"], each["pending_s"], each["resolved_s"]) for each in told], [(True, None, None)])
        self.assertIn("Always{}: firing before the run", re.sub(r"\s+", " ", run_plimsoll("report", run, check=0).stdout))

    def test_a_server_that_is_away_is_a_gap_and_nothing_else(self):
        port = free_port()
        away = f"http://127.0.0.1:{free_port()}"
        run = self.run_beside("away", away, away, port)
        with contextlib.closing(sqlite3.connect(f"file:{run}/run.db?mode=ro", uri=True)) as db:
            gaps = db.execute("SELECT reason FROM gap JOIN probe ON probe.id = gap.probe WHERE probe.name = 'alerts'").fetchall()
            finished = db.execute("SELECT value FROM run WHERE key = 'finished'").fetchone()
        self.assertTrue(gaps)
        self.assertIn("refused", gaps[0][0])
        self.assertEqual(int(finished[0]), 1)

    def test_what_is_no_url_is_refused(self):
        done = run_plimsoll("run", "http://127.0.0.1:9/", "--alerts", "prometheus:9090", check=104)
        self.assertIn("--alerts", done.stderr)


if __name__ == "__main__":
    unittest.main()
