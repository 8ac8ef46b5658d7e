#!/usr/bin/env python3
"""Runs one of the framework examples: installs what the service needs into a scratch folder, starts a throwaway PostgreSQL and the
service with one planted cause, loads it well past its limit with the probes on, and prints what the verdict says.

    examples/frameworks/run.py STACK FAULT [--size N] [--without canaries,app-metrics,postgres,processes] [--top RATE]
                               [--installed DIR] [--keep DIR]

PLIMSOLL names the program; without it the one in build/release. What is installed stays in build/frameworks.
"""
import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))
from database import Postgres  # noqa: E402
from harness import PLIMSOLL, free_port, wait_for  # noqa: E402


class Fault:
    """What is planted: the cause that must be named, the size under which name it must be found, the rate that the ramp ends at
    (about twice what gets through), what the service and PostgreSQL are started with, and the scenario where it is not the usual one."""

    def __init__(self, cause, top, size=None, also=(), workers=8, settings=(), upstream=False, processes=0, sql=(), server=None,
                 scenario="scenario.yaml", env=()):
        self.cause, self.top, self.size, self.also = cause, top, size, tuple(also)
        self.workers, self.settings, self.upstream = workers, tuple(settings), upstream
        self.processes, self.sql, self.server = processes, tuple(sql), server
        self.scenario, self.env = scenario, dict(env)


# Rows of another table that belong to an item; there is no index to find them by.
NOTES = ("CREATE TABLE notes (item int NOT NULL, note text NOT NULL)",
         "INSERT INTO notes SELECT 1 + i % 1000, 'note ' || i FROM generate_series(1, 200000) i",
         "GRANT SELECT ON notes TO web", "ANALYZE notes")

# What gets through is arithmetic: connections / the time that a request holds one, or 1 / what it computes.
FAULTS = {
    "fastapi": {
        "none": Fault("none", 40),
        "pool": Fault("app_pool_exhausted", 70, ("pool_size", 3)),                                   # 3 / 103 ms = 29/s
        "blocked": Fault("event_loop_blocked", 110),                                                 # 1 / 15 ms = 66/s
        "cpu": Fault("app_cpu", 130, also=["event_loop_blocked"]),                                   # 1 / 15 ms = 66/s
    },
    "django": {
        "none": Fault("none", 40),
        "workers": Fault("worker_pool", 80, ("workers", 2), workers=2),                              # 2 / 55 ms = 36/s
        "workers-fresh": Fault("worker_pool", 80, ("workers", 2), workers=2),                        # 2 / 60 ms = 33/s
        "lock": Fault("lock_contention", 100),                                                       # 1 / 22 ms = 45/s
        "upstream": Fault("upstream", 90),                                                           # 1 / 25 ms = 40/s
    },
    "express": {
        "none": Fault("none", 40),
        "pool": Fault("app_pool_exhausted", 200, ("pool_size", 4)),                                  # 4 / 41 ms = 98/s
        "cpu": Fault("app_cpu", 140, also=["event_loop_blocked"]),                                   # 1 / 13 ms = 77/s
        "leak": Fault("connection_leak", 60),                                                        # 20 leaked after 500 requests
    },
    "go": {
        "none": Fault("none", 40),
        "pool": Fault("app_pool_exhausted", 200, ("pool_size", 4)),                                  # 4 / 41 ms = 98/s
        "sql": Fault("app_pool_exhausted", 200, ("pool_size", 4)),                                   # 4 / 41 ms = 98/s
        "max": Fault("max_connections", 200, ("max_connections", 20), settings=["max_connections=20"]),  # 14 / 151 ms = 93/s
        "idle": Fault("idle_in_transaction", 160),                                                   # 8 / 102 ms = 78/s
    },
    "spring": {
        "none": Fault("none", 40),
        "pool": Fault("app_pool_exhausted", 200, ("pool_size", 4)),                                  # 4 / 41 ms = 98/s
        "threads": Fault("worker_pool", 260, ("workers", 8)),                                        # 8 / 62 ms = 129/s
        "idle": Fault("idle_in_transaction", 160),                                                   # 8 / 102 ms = 78/s
    },
    "sinatra": {
        "none": Fault("none", 40, workers=16),
        "pool": Fault("app_pool_exhausted", 180, ("pool_size", 4), workers=16),                      # 4 / 44 ms = 90/s
        # A thread of Puma waits up to 0.2 s for the next request of a connection, so these two do 60 to 88/s.
        "threads": Fault("worker_pool", 180, ("workers", 4), workers=4),                             # 4 / 45 ms = 88/s
        "cluster": Fault("worker_pool", 180, ("workers", 4), workers=2, processes=2),               # 2 * 2 / 45 ms = 88/s
        "cpu": Fault("app_cpu", 130, also=["event_loop_blocked"], workers=16),                       # 1 / 15 ms = 66/s
        "lock": Fault("lock_contention", 90, workers=16),                                            # 1 / 24 ms = 42/s
        "upstream": Fault("upstream", 80, workers=16),                                               # 1 / 25 ms = 40/s
        "idle": Fault("idle_in_transaction", 150, workers=16),                                       # 8 / 104 ms = 77/s
        "leak": Fault("connection_leak", 60, workers=16),                                            # 20 leaked after 500 requests
    },
    "php": {
        "none": Fault("none", 40),
        "workers": Fault("worker_pool", 180, ("workers", 4), workers=4),                             # 4 / 42 ms = 95/s
        "workers-fresh": Fault("worker_pool", 180, ("workers", 4), workers=4),                       # 4 / 46 ms = 87/s
        "cpu": Fault("app_cpu", 180),                                                                # 2 / 22 ms = 90/s
        "lock": Fault("lock_contention", 90),                                                        # 1 / 22 ms = 45/s
        "upstream": Fault("upstream", 80),                                                           # 1 / 25 ms = 40/s
        "slow": Fault("slow_sql", 200, also=["database_cpu"], sql=NOTES),                            # 2 / 20 ms = 100/s
        "idle": Fault("idle_in_transaction", 150),                                                   # 8 / 103 ms = 77/s
    },
    "flask": {
        "none": Fault("none", 40, workers=16),
        "waitress": Fault("worker_pool", 180, ("workers", 4), workers=4),                            # 4 / 43 ms = 93/s
        "waitress-pool": Fault("app_pool_exhausted", 180, ("pool_size", 4), workers=16),             # 4 / 43 ms = 93/s
        "gthread": Fault("worker_pool", 180, ("workers", 4), workers=4, server="gunicorn"),          # 4 / 43 ms = 93/s
        "gthread-pool": Fault("app_pool_exhausted", 90, ("pool_size", 2), workers=4, server="gunicorn"),  # 2 / 43 ms = 46/s
        "cpu": Fault("app_cpu", 130, also=["event_loop_blocked"], workers=16),                       # 1 / 15 ms = 66/s
        "lock": Fault("lock_contention", 90, workers=16),                                            # 1 / 22 ms = 45/s
        "upstream": Fault("upstream", 80, workers=16),                                               # 1 / 25 ms = 40/s
        "idle": Fault("idle_in_transaction", 150, workers=16),                                       # 8 / 103 ms = 77/s
        "leak": Fault("connection_leak", 60, workers=16),                                            # 20 leaked after 500 requests
    },
    "fastify": {
        "none": Fault("none", 40),
        "pool": Fault("app_pool_exhausted", 200, ("pool_size", 4)),                                  # 4 / 41 ms = 98/s
        "cpu": Fault("app_cpu", 140, also=["event_loop_blocked"]),                                   # 1 / 13 ms = 77/s
        "leak": Fault("connection_leak", 60),                                                        # 20 leaked after 500 requests
        "upstream": Fault("upstream", 80),                                                           # 1 / 25 ms = 40/s
        "login": Fault("password_hashing", 60, scenario="login.yaml"),                               # 2 cores / 60 ms = 33/s
        "idle": Fault("idle_in_transaction", 160),                                                   # 8 / 102 ms = 78/s
        "nested": Fault("app_pool_exhausted", 200, ("pool_size", 8)),                                # 8 requests at once, and none ends
        # As on a machine with more cores than libuv has threads: 1 / 60 ms = 16/s.
        "login-thread": Fault("password_hashing", 30, scenario="login.yaml", env={"UV_THREADPOOL_SIZE": "1"}),
    },
}

# Where something else listens: the file with the application's process, to be given in its place.
BEHIND = {"php": "run-{port}/fpm.pid"}


def call(words, folder):
    subprocess.run(words, cwd=folder, check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr)


def install(stack, installed):
    """Brings the service of a stack, with what it needs, into `installed`/STACK; quick where that was done. The folder."""
    folder, source = Path(installed) / stack, HERE / stack
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(source, folder, dirs_exist_ok=True)
    if stack in ("fastapi", "django", "flask"):
        if not (folder / "venv/bin/python").exists():
            call([sys.executable, "-m", "venv", "venv"], folder)
        call(["venv/bin/pip", "install", "--quiet", "-r", "requirements.txt"], folder)
    elif stack in ("express", "fastify"):
        call(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--silent"], folder)
    elif stack == "go":
        call(["go", "build", "-o", "service", "."], folder)
    elif stack == "spring":
        call(["mvn", "-q", "-B", "package"], folder)
    return folder


def command(stack, folder, port, fault):
    return {
        "fastapi": [f"{folder}/venv/bin/python", "-m", "uvicorn", "service:app", "--port", port, "--no-access-log"],
        "django": [f"{folder}/venv/bin/python", "-m", "gunicorn", "service:application", "--bind", f"127.0.0.1:{port}",
                   "--workers", fault.workers, "--worker-class", "sync"],
        "express": ["node", "service.js", port],
        "go": [f"{folder}/service", port],
        "spring": ["java", "-Xmx256m", "-jar", "target/service.jar", f"--server.port={port}"],
        "fastify": ["node", "service.js", port],
        "sinatra": ["puma", "--bind", f"tcp://127.0.0.1:{port}", "--threads", f"{fault.workers}:{fault.workers}", "--environment", "production",
                    "--workers", fault.processes],
        "php": ["sh", "start", port, fault.workers],
        "flask": [f"{folder}/venv/bin/python", "-m", "gunicorn", "service:app", "--bind", f"127.0.0.1:{port}", "--threads", fault.workers]
                 if fault.server == "gunicorn" else
                 [f"{folder}/venv/bin/waitress-serve", "--listen", f"127.0.0.1:{port}", "--threads", fault.workers, "service:app"],
    }[stack]


class Running:
    """A process of ours, stopped at the end of the block with all that it started."""

    def __init__(self, words, folder, env, log):
        self.log = log
        self.process = subprocess.Popen([str(word) for word in words], cwd=folder, env={**os.environ, **env}, start_new_session=True,
                                        stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def answers(self, url):
        if self.process.poll() is not None:
            self.log.seek(0)
            raise AssertionError(f"the service ended:\n{self.log.read().decode()}")
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False


def scenario_text(stack, without, name):
    """The stack's scenario, less the probes that are to be left out: each has a line of its own, and so goes with it."""
    keys = {"canaries": "canaries:", "app-metrics": "app_metrics:", "postgres": "postgres:"}
    left_out = tuple(keys[probe] for probe in without if probe in keys)
    lines = (HERE / stack / name).read_text().splitlines()
    kept = [line for line in lines if not (left_out and line.strip().startswith(left_out))]
    if kept[-1] == "probes:":
        kept.pop()
    return "\n".join(kept) + "\n"


def new_database(fault):
    database = Postgres("a-password-of-the-example", ["max_connections=100", "shared_preload_libraries=pg_stat_statements",
                                                      *fault.settings])
    database.sql("CREATE EXTENSION pg_stat_statements",
                 "CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL, seen int NOT NULL DEFAULT 0)",
                 "INSERT INTO items SELECT i, 'item ' || i FROM generate_series(1, 1000) i",
                 "GRANT SELECT, UPDATE ON items TO web", "ANALYZE items", *fault.sql)
    return database


def run(stack, name, run_dir, installed, size=None, without=(), top=None):
    """One run with everything up and down again. (exit status, summary.json as a dictionary)."""
    fault, folder, port = FAULTS[stack][name], install(stack, installed), free_port()
    database = new_database(fault)
    upstream_port = free_port()
    env = {"FAULT": name, "DATABASE_URL": database.dsn(), "UPSTREAM_URL": f"http://127.0.0.1:{upstream_port}/", **fault.env}
    if size:
        env["SIZE"] = str(size)
        fault = Fault(**{**vars(fault), "workers": size})
    target = f"http://127.0.0.1:{port}"
    try:
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as scenario, tempfile.TemporaryFile() as log, \
                Running([sys.executable, HERE / "upstream.py", upstream_port], HERE, {}, log), \
                Running(command(stack, folder, port, fault), folder, env, log) as service:
            scenario.write(scenario_text(stack, without, fault.scenario))
            scenario.flush()
            wait_for(lambda: service.answers(f"{target}/items/1"), f"{stack} at {target}", 60)
            words = [PLIMSOLL, "run", scenario.name, "--run-dir", str(run_dir), "--headless"]
            if "processes" not in without:
                behind = Path(folder, BEHIND.get(stack, "").format(port=port))
                app = f"pid:{behind.read_text().strip()}" if stack in BEHIND else f"port:{port}"
                words += ["--container", f"app={app}", "--container", f"database=pid:{database.process.pid}"]
            given = {"TARGET": target, "TOP": str(top or fault.top)}
            if "postgres" not in without:  # the variable alone makes plimsoll probe it
                given["PLIMSOLL_PG_DSN"] = database.dsn("side", "a-password-of-the-example")
            done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False, timeout=240, env={**os.environ, **given})
    finally:
        database.stop()
    result = Path(run_dir) / "summary.json"
    if not result.exists():
        raise AssertionError(f"plimsoll ended with {done.returncode} and left no summary")
    return done.returncode, json.loads(result.read_text())


def named(result):
    """(cause, confidence, values) of each finding, the first cause first."""
    return [(f["cause"], f["confidence"], f["values"]) for f in result["findings"]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stack", choices=FAULTS)
    parser.add_argument("fault")
    parser.add_argument("--size", type=int, help="connections of the pool, or workers, in place of the planted number")
    parser.add_argument("--top", type=int, help="the rate that the ramp ends at, a second")
    parser.add_argument("--without", default="", help="probes to leave out")
    parser.add_argument("--installed", default=str(ROOT / "build/frameworks"), help="where the services are installed")
    parser.add_argument("--keep", help="the run folder; without it a temporary one")
    given = parser.parse_args()
    if given.fault not in FAULTS[given.stack]:
        parser.error(f"{given.stack} has the faults {', '.join(FAULTS[given.stack])}, not {given.fault!r}")
    without = [probe for probe in given.without.split(",") if probe]
    unknown = set(without) - {"canaries", "app-metrics", "postgres", "processes"}
    if unknown:
        parser.error(f"--without knows canaries, app-metrics, postgres and processes, not {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory() as scratch:
        _, result = run(given.stack, given.fault, given.keep or f"{scratch}/run", given.installed, given.size, without, given.top)
    print(json.dumps({"stack": given.stack, "fault": given.fault, "planted": FAULTS[given.stack][given.fault].cause,
                      "validity": result["validity"]["verdict"], "findings": named(result)}))


if __name__ == "__main__":
    main()
