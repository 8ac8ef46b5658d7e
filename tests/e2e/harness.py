"""What the whole-program tests share: running plimsoll, a tiny target, and reading a run back."""
import atexit
import csv
import http.server
import json
import os
import random
import re
import shutil
import socket
import socketserver
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

PLIMSOLL = os.environ.get("PLIMSOLL", str(Path(__file__).resolve().parents[2] / "build/release/plimsoll"))


PORTS_GIVEN = set()


def lowest_passing_port():
    """The first of those that the system gives to connections that go out, which a load takes by the thousand."""
    try:
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except OSError:
        return 32768


def free_port():
    """Free now, never the same twice, and none that the system gives away by itself: other tests go on beside this one."""
    top = lowest_passing_port()
    while True:
        port = random.SystemRandom().randrange(top - 8192, top) if top > 16384 else 0
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            port = s.getsockname()[1]
        if port not in PORTS_GIVEN:
            PORTS_GIVEN.add(port)
            return port


# Checks that fail where a machine is too busy for the generator, and say nothing against it.
LATENESS_CHECKS = {"send_lag_p99", "loop_lag"}


def failing_checks(result):
    """[(name, why)] of a summary's checks that do not hold, but for lateness: what a proof about something else may not have."""
    return [(c["name"], c["why"]) for c in result["validity"]["checks"] if not c["ok"] and c["name"] not in LATENESS_CHECKS]


def run_plimsoll(*args, timeout=180, env=None, check=None):
    """Runs plimsoll to its end. `check`: the exit status it must have. A machine too busy for the generator makes a
    measurement invalid (111), which comes before 0 and 99: then the run's own summary must say the same as `check`."""
    words = [PLIMSOLL, *map(str, args)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL,
                          env={**os.environ, **(env or {})})
    status = done.returncode
    if status == 111 and check in (0, 99):
        status = status_but_for_lateness(words, done.stdout)
    if check is not None and status != check:
        raise AssertionError(f"exit {done.returncode}, not {check}\n--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}")
    return done


def status_but_for_lateness(words, stdout):
    """What an invalid run would have ended with, had the generator kept up: from its summary; 111 where there is none."""
    folder = words[words.index("--run-dir") + 1] if "--run-dir" in words else None
    if "--results" in words:
        runs = Path(words[words.index("--results") + 1]).iterdir()
        folder = max((run for run in runs if (run / "run.db").exists()), key=lambda run: run.stat().st_mtime, default=None)
    if match := re.search(r"^report +(.+)/report\.html$", stdout, re.M):
        folder = match[1]
    if folder is None or not (Path(folder) / "summary.json").exists():
        return 111
    result = summary(folder)
    judged = "--no-thresholds" not in words
    fails = judged and not (result["answers"]["ok"] and all(t["ok"] for t in result["thresholds"]))
    return 99 if fails else 0


def start_plimsoll(*args, env=None, stdout=None, stderr=None):
    """Starts plimsoll in a process group of its own, output to files or pipes as given. Killed with this program at the latest."""
    started = subprocess.Popen([PLIMSOLL, *map(str, args)], stdin=subprocess.DEVNULL, text=True,
                               stdout=stdout or subprocess.DEVNULL, stderr=stderr or subprocess.DEVNULL,
                               env={**os.environ, **(env or {})}, start_new_session=True)
    atexit.register(started.kill)
    return started


def wait_for(condition, what, timeout=60, every=0.05):
    """Polls until `condition()` is true and returns its value."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout} s for {what}")
        time.sleep(every)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        time.sleep(self.server.delay)
        with self.server.lock:
            self.server.served += 1
            self.server.traceparents.append(self.headers.get("traceparent"))
        status = self.server.status(self.path)
        body = self.server.body if status < 400 else b"no such thing"
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Target(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """A small HTTP server that counts what it served."""
    daemon_threads = True
    request_queue_size = 512

    def __init__(self, delay=0.0, status=lambda path: 200, body=b'{"ok": true}'):
        super().__init__(("127.0.0.1", 0), Handler)
        self.delay, self.status, self.body = delay, status, body
        self.served, self.lock = 0, threading.Lock()
        self.traceparents = []  # of each request, None where it had none
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


def fetch(url, timeout=5):
    with urllib.request.urlopen(url, timeout=timeout) as answer:
        return answer.read().decode()


def metric_sum(text, name, **labels):
    """The sum of a metric's series in Prometheus' text format that carry these labels."""
    total, found = 0.0, False
    for line in text.splitlines():
        match = re.match(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$", line)
        if not match or match[1] != name:
            continue
        have = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match[2] or ""))
        if all(have.get(key) == value for key, value in labels.items()):
            total, found = total + float(match[3]), True
    if not found:
        raise AssertionError(f"no series {name}{labels}")
    return total


def summary(run_dir):
    return json.loads((Path(run_dir) / "summary.json").read_text())


def only_run(results):
    runs = [p for p in Path(results).iterdir() if (p / "run.db").exists()]
    assert len(runs) == 1, runs
    return runs[0]


def csv_rows(path):
    with open(path, newline="") as f:
        return list(csv.DictReader(f))


def query(run_dir, sql):
    with sqlite3.connect(f"file:{run_dir}/run.db?mode=ro", uri=True) as db:
        return db.execute(sql).fetchall()


class Marked:
    """A folder for TMPDIR, by which everything that a plimsoll started with it leaves behind can be told: a process
    has it in its environment, command line or working folder. Other programs on the machine do not matter."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="plimsoll-test-")
        os.chmod(self.path, 0o755)  # PostgreSQL's user must get through
        self.env = {"TMPDIR": self.path}

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)

    def folders(self):
        return os.listdir(self.path)

    def processes(self):
        """{pid: command line} of what still runs, zombies left out."""
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                line = (entry / "cmdline").read_bytes()
                marks = line + (entry / "environ").read_bytes() + os.fsencode(os.readlink(entry / "cwd"))
                state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
            except (OSError, IndexError):
                continue
            if os.fsencode(self.path) in marks and state != "Z":
                found[int(entry.name)] = line.replace(b"\0", b" ").decode(errors="replace").strip()
        return found
