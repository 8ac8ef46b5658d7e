"""The replay of `plimsoll alerts` against a Prometheus that really scraped and evaluated the same runs of the lab: they must agree
on every state change within one evaluation interval."""
import contextlib
import json
import math
import sqlite3
import tempfile
import unittest
from pathlib import Path

from board_runs import SITUATIONS, Bench
from harness import free_port, run_plimsoll, wait_for

EVERY_S = 1  # scrapes and evaluations
FAULTS = ("pool", "lock", "throttled")
MEAN = "sum(rate(plimsoll_response_seconds_sum[10s])) / sum(rate(plimsoll_response_seconds_count[10s]))"
ALERTS = {
    "Failing": {"expr": 'sum(rate(plimsoll_requests_total{outcome!="ok"}[10s])) > 0.5', "for": "2s"},
    "Slow": {"expr": f"{MEAN} > 0.2"},
    "Tail": {"expr": "histogram_quantile(0.95, sum by (le) (rate(plimsoll_response_seconds_bucket[10s]))) > 0.4", "for": "3s"},
    "PoolPending": {"expr": "avg_over_time(plimsoll_app_pool_pending[5s]) > 3", "for": "3s"},
    "LockWaits": {"expr": "avg_over_time(plimsoll_pg_blocked_backends[5s]) > 1", "for": "2s", "keep_firing_for": "4s"},
    "Throttled": {"expr": 'rate(plimsoll_container_cpu_throttled_periods_total{role="app"}[10s]) > 1'},
    "Crowded": {"expr": "avg_over_time(plimsoll_in_flight_requests[5s]) > 10", "labels": {"severity": "page"}},
    "Recorded": {"expr": "own:latency:mean > 0.15", "for": "4s"},
}


def rules():
    made = [{"record": "own:evaluated", "expr": "vector(1)"}, {"record": "own:latency:mean", "expr": MEAN}]
    return {"groups": [{"name": "own", "rules": made + [{"alert": name, **rule} for name, rule in ALERTS.items()]}]}


class AlertBench(Bench):
    """A Prometheus that scrapes the situations' runs, and evaluates the rules."""

    def __init__(self, folder, stack):
        self.folder, self.stack, self.runs = Path(folder), stack, {}
        self.ports = {name: free_port() for name in SITUATIONS}
        self.postgres_exporter, self.cadvisor = free_port(), free_port()
        self.rules = self.folder / "own.rules.yml"
        self.rules.write_text(json.dumps(rules()))  # JSON is YAML
        config = {"global": {"scrape_interval": f"{EVERY_S}s", "evaluation_interval": f"{EVERY_S}s"}, "rule_files": [str(self.rules)],
                  "scrape_configs": [{"job_name": "plimsoll", "static_configs": [
                      {"targets": [f"127.0.0.1:{self.ports[name]}" for name in FAULTS]}]}]}
        (self.folder / "prometheus.yml").write_text(json.dumps(config))
        web = free_port()
        self.url = f"http://127.0.0.1:{web}"
        self.start(["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                    f"--web.listen-address=127.0.0.1:{web}", "--log.level=warn"], "prometheus.log")
        wait_for(self.ready, "Prometheus")

    def samples(self, selector, end):
        """[(labels, [(seconds since 1970, value)])] of the last ten minutes before `end`, as they were stored."""
        return [(each["metric"], [(at, float(value)) for at, value in each["values"]])
                for each in self.ask(f"{selector}[10m]", end)]


def start_of(run):
    with contextlib.closing(sqlite3.connect(f"file:{run}/run.db?mode=ro", uri=True)) as db:
        end_ns = db.execute("SELECT max(to_ns) FROM tick").fetchone()[0]
        return int(db.execute("SELECT value FROM run WHERE key = 'start_wall_ns'").fetchone()[0]) / 1e9, end_ns / 1e9


def spans_of(states, evaluations):
    """[(state, from)] of a rule: its most advanced alert's state at each evaluation, where that changes."""
    out, before = [], None
    for at in evaluations:
        now = "firing" if at in states["firing"] else "pending" if at in states["pending"] else None
        if now != before:
            out.append((now, at))
        before = now
    return out


class Live(unittest.TestCase):
    maxDiff = None

    def test_both_agree_on_every_state_change(self):
        told = set()
        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
            bench = AlertBench(folder, stack)
            for name in FAULTS:
                with self.subTest(fault=name):
                    window = bench.run(name)
                    told |= self.compare(bench, name, Path(folder) / name, window["to"])
        self.assertGreaterEqual(len(told), 6, f"alerts that fired in one run or another: {told}")

    def compare(self, bench, name, run, asked_at):
        start, length = start_of(run)
        instance = f"127.0.0.1:{bench.ports[name]}"
        scrapes = [at for _, values in bench.samples(f'up{{instance="{instance}"}}', asked_at)
                   for at, up in values if up == 1 and at >= start]
        evaluations = [at for _, values in bench.samples("own:evaluated", asked_at) for at, _ in values
                       if start <= at <= start + length]
        ours = self.replayed(bench, run, instance, scrapes[0] - start, evaluations[0] - start)
        fired = set()
        for alert in ALERTS:
            states = {state: {at for _, values in bench.samples(f'ALERTS{{alertname="{alert}",alertstate="{state}"}}', asked_at)
                              for at, _ in values} for state in ("pending", "firing")}
            theirs = [(state, at - start) for state, at in spans_of(states, evaluations)]
            mine = [(state, at) for state, at in ours[alert]]
            both = f"{name}, {alert}:\nPrometheus {theirs}\nreplayed   {mine}"
            self.assertEqual([state for state, _ in theirs], [state for state, _ in mine], both)
            for (_, their), (_, our) in zip(theirs, mine):
                self.assertLessEqual(abs(their - our), EVERY_S + 0.05, both)
            if any(state == "firing" for state, _ in theirs):
                fired.add(alert)
        print(f"{name}: fired {sorted(fired)}", flush=True)
        return fired

    def replayed(self, bench, run, instance, scrape_at, evaluate_at):
        """By alert: [(state, from)], None where it is inactive again."""
        at = [f"{math.floor(each * 1000)}ms" for each in (scrape_at, evaluate_at)]
        done = run_plimsoll("alerts", bench.rules, run, "--scrape", f"{EVERY_S}s", "--scrape-at", at[0], "--evaluate-at", at[1],
                            "--label", f"instance={instance}", "--format", "json", check=0)
        out = {}
        for alert in json.loads(done.stdout)["alerts"]:
            self.assertEqual(alert["phases"], 1, alert)
            changes = []
            for span in alert["spans"]:
                if changes and changes[-1][0] is None and changes[-1][1] == span["from_s"]:
                    changes.pop()
                changes.append((span["state"], span["from_s"]))
                if not span["open"]:
                    changes.append((None, span["to_s"]))
            out[alert["alert"]] = changes
        return out


if __name__ == "__main__":
    unittest.main()
