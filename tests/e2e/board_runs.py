#!/usr/bin/env python3
"""Runs that the boards are tried on, each with something else to show, all scraped by one real Prometheus.

    board_runs.py FOLDER [SITUATION ...]

As a program it keeps Prometheus' data and runs.json (situation -> run, from, to, in seconds since 1970) in FOLDER, to look at the
boards afterwards: prometheus --storage.tsdb.path=FOLDER/data.
"""
import contextlib
import json
import os
import re
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

from board_pages import Page, cadvisor, runtime
from harness import fetch, free_port, run_plimsoll, start_plimsoll, wait_for

ROOT = Path(__file__).resolve().parents[2]
LENGTH_S = 24
DEPLOYMENTS = "/v1/deployments?status=running"


class Situation:
    """Faults of the lab, and the rate that the ramp ends at: well above what they let through, save in health."""

    def __init__(self, faults=(), rate=60, lab=(), pool_metrics="otel", **more):
        self.faults, self.rate, self.lab = list(faults), rate, ["--pool-metrics", pool_metrics, *lab]
        self.others = more.get("others", False)  # postgres_exporter and cAdvisor look on too
        self.runtime = more.get("runtime", False)  # the application publishes what runtimes publish
        self.probe_only = more.get("probe_only", False)  # `plimsoll probe` beside wrk


# Capacities are arithmetic: size / hold, 1 / burn.
SITUATIONS = {
    "healthy": Situation(),
    "pool": Situation(["app-pool:size=5,hold=20ms"], 500, others=True),                          # 250/s
    "lock": Situation(["lock-contention:rows=1,hold=15ms"], 130),                                # 66/s
    "throttled": Situation(["app-cpu:burn=5ms", "cpu-quota:cores=0.5"], 200),                    # 100/s
    "pgbouncer": Situation(["pgbouncer-pool:size=3"], 300, lab=["--pgbouncer"]),                 # 150/s
    # A short queue that is full at times, a pool that frees its memory in pauses, and a collector of spans that wants none.
    "runtime": Situation(["gc-pause:pause=50ms,every=20", "accept-queue:backlog=1,pause=20ms"], 60, runtime=True),
    "probe": Situation(["app-pool:size=5,hold=20ms"], probe_only=True),
}


def postmaster_of(dsn):
    folder = re.search(r"host='?([^' ]+)", dsn).group(1)
    return int(Path(folder, "data", "postmaster.pid").read_text().split()[0])


def probes_of(lab, pid, pages):
    probes = {"interval": "200ms", "host": True, "postgres": {"dsn": lab["postgres"]},
              "containers": [{"pid": pid, "role": "app", "name": "lab"},
                             {"pid": postmaster_of(lab["postgres"]), "role": "database", "name": "db"}],
              "app_metrics": [{"url": url} for url in [f"{lab['ready']}/metrics", *pages]],
              "canaries": {"no_database": {"get": "/health"}}}
    if "pgbouncer" in lab:
        probes["pgbouncer"] = {"dsn": lab["pgbouncer"]}
    return probes


def scenario_of(name, situation, lab, probes):
    """As JSON, which is YAML."""
    listed = {"get": DEPLOYMENTS, "name": "/v1/deployments [LIST]", "expect": {"status": 200, "size": {"at_least": 2}}}
    made = {"post": "/v1/deployments", "name": "/v1/deployments [CREATE]",
            "json": {"name": "d-${uuid()}", "owner": "o-${user}"},
            "expect": {"status": [201, 202]}}
    return {
        "name": f"board {name}", "target": lab["ready"], "defaults": {"timeout": "5s"}, "probes": probes,
        "users": {"reader": {"weight": 9, "flow": [{"group": "browse", "steps": [listed]}]},
                  "writer": {"weight": 1, "flow": [made]}},
        "load": [{"executor": "ramping-arrival-rate", "start_rate": "20/s", "max_vus": 2000, "arrivals": "poisson",
                  "stages": [{"duration": "6s", "target": "20/s"}, {"duration": f"{LENGTH_S - 6}s",
                                                                    "target": f"{situation.rate}/s"}]}],
        "thresholds": {"http_req_duration": ["p(95)<500ms"], "http_req_failed": ["rate<1%"]},
    }


class Bench:
    """Prometheus, configured by our own file but for the targets, and the situations that it scrapes."""

    def __init__(self, folder, stack):
        self.folder, self.stack, self.runs = Path(folder), stack, {}
        self.ports = {name: free_port() for name in SITUATIONS}
        self.postgres_exporter, self.cadvisor = free_port(), free_port()
        own = (ROOT / "dashboards/prometheus/prometheus.yml").read_text()
        assert own.count('["127.0.0.1:9464"]') == 1
        own = own.replace('["127.0.0.1:9464"]', json.dumps([f"127.0.0.1:{port}" for port in self.ports.values()]))
        for job, port in (("postgres", self.postgres_exporter), ("cadvisor", self.cadvisor)):
            own += f"\n  - job_name: {job}\n    static_configs:\n      - targets: [\"127.0.0.1:{port}\"]\n"
        (self.folder / "prometheus.yml").write_text(own)
        web = free_port()
        self.url = f"http://127.0.0.1:{web}"
        self.start(["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                    f"--web.listen-address=127.0.0.1:{web}", "--log.level=warn"], "prometheus.log")
        wait_for(self.ready, "Prometheus")

    def ready(self):
        with contextlib.suppress(OSError):
            return fetch(f"{self.url}/-/ready")
        return None

    def ask(self, query, at=None):
        """The result of an instant query, now or at a time in seconds since 1970."""
        words = urllib.parse.urlencode({"query": query, "time": at or time.time()})
        return json.loads(fetch(f"{self.url}/api/v1/query?{words}", 30))["data"]["result"]

    def start(self, words, log, stack=None, env=None):
        with open(self.folder / log, "ab") as out:
            started = subprocess.Popen(words, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                       env={**os.environ, **(env or {})})
        (stack or self.stack).callback(lambda: (started.terminate(), started.wait(60)))
        return started

    def lab(self, name, situation, stack):
        """(what it said, its process): the lab with the situation's faults."""
        words = ["lab", "--listen", "127.0.0.1:0", *situation.lab]
        for fault in situation.faults:
            words += ["--fault", fault]
        log = self.folder / f"lab-{name}.log"
        with open(log, "w") as out:
            lab = start_plimsoll(*words, stdout=out, stderr=subprocess.STDOUT)
        stack.callback(lambda: (lab.terminate(), lab.wait(60)))

        def said():
            lines = dict(line.split(" ", 1) for line in log.read_text().splitlines() if " " in line)
            assert lab.poll() is None, log.read_text()
            return {word: re.sub(r'^psql "(.*)"$', r"\1", rest.strip()) for word,
                    rest in lines.items()} if "control" in lines else None
        return wait_for(said, f"the lab of {name}", 120), lab

    def run(self, name):
        """Plays a situation; its run, and the time that it took."""
        situation, metrics = SITUATIONS[name], f"127.0.0.1:{self.ports[name]}"
        with contextlib.ExitStack() as stack:
            lab, process = self.lab(name, situation, stack)
            pages, more = [], ["-o", f"json={self.folder}/{name}.lines"]
            if situation.runtime:
                pages.append(stack.enter_context(Page(runtime)).url)
                more += ["-o", f"otlp={stack.enter_context(Page(runtime)).refusing}"]
            if situation.others:
                self.start(["prometheus-postgres-exporter", f"--web.listen-address=127.0.0.1:{self.postgres_exporter}"],
                           "postgres_exporter.log",
                           stack, {"DATA_SOURCE_NAME": lab["postgres"]})
                stack.enter_context(Page(lambda: cadvisor({"lab": process.pid}), self.cadvisor))
            probes, began = probes_of(lab, process.pid, pages), time.time()
            file = self.folder / f"{name}.json"
            if situation.probe_only:
                file.write_text(json.dumps({"target": lab["ready"], "probes": probes, "export": {"prometheus": metrics}}))
                self.beside_wrk(file, lab["ready"])
            else:
                file.write_text(json.dumps(scenario_of(name, situation, lab, probes)))
                done = run_plimsoll("run", file, "--run-dir", self.folder / name, "--headless", "--prometheus", metrics, *more,
                                    timeout=LENGTH_S + 180)
                # Good, a threshold that fails, or a machine too busy for the generator: boards have to show each.
                assert done.returncode in (0, 99, 111), (done.returncode, done.stdout, done.stderr)
            ended = time.time()
        found = self.ask(f'last_over_time(plimsoll_run_info{{instance="{metrics}"}}[10m])')
        assert len(found) == 1, found
        self.runs[name] = {"run": found[0]["metric"]["run"], "from": began - 2, "to": ended + 1}
        return self.runs[name]

    def beside_wrk(self, file, target):
        probe = start_plimsoll("probe", file, "--run-id", "beside-wrk", "--tag", "tool=wrk", "-d", f"{LENGTH_S}s")
        wrk = subprocess.run(["wrk", "-t1", "-c32", f"-d{LENGTH_S - 6}s", target + DEPLOYMENTS], capture_output=True, text=True,
                             timeout=120)
        assert wrk.returncode == 0, wrk.stderr
        assert probe.wait(60) == 0


def main():
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        bench = Bench(folder, stack)
        for name in sys.argv[2:] or SITUATIONS:
            print(name, bench.run(name), flush=True)
            (folder / "runs.json").write_text(json.dumps(bench.runs, indent=2))


if __name__ == "__main__":
    main()
