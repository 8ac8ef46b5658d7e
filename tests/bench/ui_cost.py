#!/usr/bin/env python3
"""What the live page costs a run, with no viewer, one and ten.

    ui_cost.py [--rounds 5] [--seconds 30] [--check]

The same load by schedule over 50 endpoints, on one core with all that the program does, against nginx on another, with the host probe;
without --ui, with it and nobody looking, with one viewer and with ten. They take turns. A viewer follows the stream of events as the page
does, on nginx's core. First at 250 requests/s, five of each endpoint in each tick, so that the page's work does not drown in the scatter of
the load's: compared is the CPU time that the kernel charges the process, as a share of a core. Then at 5,000/s: compared is the p99 of how
late requests were sent, without the page, with ten viewers, and while somebody holds 2,000 connections to the page that say nothing, each
opened again as soon as it is closed.

--check: exit status 1 where one viewer costs more than 1 % of a core. Only a machine that does nothing else tells anything.
"""
import argparse
import contextlib
import http.client
import json
import os
import re
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import NamedTuple

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from wrk_ratio import ROOT, BenchError, cores, nginx, pinned  # noqa: E402

ENDPOINTS = 50
CPU_RATE, LAG_RATE = 250, 5000
MOST_OF_A_CORE = 0.01
KINDS = {"no page": None, "nobody": 0, "one viewer": 1, "ten viewers": 10}
IDLE, IDLE_CONNECTIONS = "2,000 idle connections", 2000
LAG_KINDS = {**{kind: KINDS[kind] for kind in ("no page", "ten viewers")}, IDLE: 1}


class Run(NamedTuple):
    cores: float
    lag_p99_us: float


def scenario(url: str, rate: int, seconds: int) -> str:
    """As JSON, which is YAML."""
    return json.dumps({
        "target": url,
        "users": {f"u{number}": {"flow": [{"get": "/", "name": f"page {number}"}]} for number in range(ENDPOINTS)},
        "load": [{"executor": "constant-arrival-rate", "rate": f"{rate}/s", "duration": f"{seconds}s", "max_vus": 2000}],
        "probes": {"host": True}})


class Viewer(threading.Thread):
    """Reads the stream to its end; how many ticks came is `ticks`."""

    def __init__(self, port: int, view: str) -> None:
        super().__init__(daemon=True)
        self.port, self.view, self.ticks = port, view, 0

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", f"/api/live?view={self.view}")
        with contextlib.suppress(OSError, http.client.HTTPException):
            for line in connection.getresponse():
                self.ticks += line.startswith(b"event: tick")


class Idlers(threading.Thread):
    """Holds connections that say nothing, and opens what was closed again; `opened` is how often it did."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port, self.opened, self.over = port, 0, threading.Event()

    def run(self) -> None:
        with selectors.DefaultSelector() as held:
            while not self.over.is_set():
                for key, _ in held.select(timeout=0 if len(held.get_map()) < IDLE_CONNECTIONS else 0.1):
                    held.unregister(key.fileobj)
                    key.fileobj.close()
                for _ in range(min(100, IDLE_CONNECTIONS - len(held.get_map()))):
                    try:
                        held.register(socket.create_connection(("127.0.0.1", self.port), timeout=5), selectors.EVENT_READ)
                    except OSError:  # the run is over
                        break
                    self.opened += 1
                self.over.wait(0.05)
            for key in list(held.get_map().values()):
                key.fileobj.close()


def view_key(port: int, token: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/api/session", headers={"Authorization": f"Bearer {token}"})
    return json.loads(connection.getresponse().read())["view"]


def run(program: Path, url: str, core: int, rate: int, seconds: int, viewers: int | None, idle: bool = False) -> Run:
    with tempfile.TemporaryDirectory(prefix="plimsoll-bench-") as folder:
        path = Path(folder, "bench.yaml")
        path.write_text(scenario(url, rate, seconds), encoding="ascii")
        flags = ["--headless"] + (["--ui", "127.0.0.1:0"] if viewers is not None else [])
        process = subprocess.Popen([str(program), "run", str(path), "--shards", "1", "--no-calibration", "--run-dir", f"{folder}/run", *flags],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   preexec_fn=pinned(core))
        watching, said, idlers = [], [], None
        for line in process.stdout:
            said.append(line)
            if viewers and not watching and (found := re.search(r"http://127\.0\.0\.1:(\d+)/#token=(\w+)", line)):
                port, key = int(found[1]), view_key(int(found[1]), found[2])
                watching = [Viewer(port, key) for _ in range(viewers)]
                for viewer in watching:
                    viewer.start()
                if idle:
                    idlers = Idlers(port)
                    idlers.start()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        for viewer in watching:
            viewer.join(30)
        if idlers:
            idlers.over.set()
            idlers.join(30)
            if idlers.opened < IDLE_CONNECTIONS:
                raise BenchError(f"only {idlers.opened} idle connections were opened")
        if process.returncode not in (0, 111):
            raise BenchError(f"plimsoll ended with {process.returncode}:\n{''.join(said)[-2000:]}")
        if viewers and (len(watching) != viewers or min(viewer.ticks for viewer in watching) < seconds - 5):
            raise BenchError(f"of {seconds} ticks the viewers saw {[viewer.ticks for viewer in watching]}")
        totals = json.loads(Path(folder, "run/summary.json").read_text(encoding="utf-8"))["totals"]
        if totals["failed"] or totals["requests"] < 0.99 * rate * seconds:
            raise BenchError(f"{totals['requests']} requests, {totals['failed']} of them failed: the machine is too busy")
        return Run((usage.ru_utime + usage.ru_stime) / seconds, totals["send_lag_s"]["p99"] * 1e6)


def in_turn(arguments: argparse.Namespace, on: tuple[int, int], rate: int, kinds: dict[str, int | None]) -> dict[str, list[Run]]:
    """The runs of each kind, round by round, every other round in reverse."""
    seen: dict[str, list[Run]] = {kind: [] for kind in kinds}
    client, server = on
    with nginx(server) as url:
        for number in range(arguments.rounds):
            for kind in list(kinds) if number % 2 == 0 else list(reversed(kinds)):
                seen[kind].append(run(arguments.program, url, client, rate, arguments.seconds, kinds[kind], kind == IDLE))
            print(f"{rate}/s: " + "  ".join(f"{kind}: {seen[kind][-1].cores:.4f} cores, lag p99 {seen[kind][-1].lag_p99_us:.0f} us" for kind in kinds),
                  flush=True)
    return seen


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=Path, default=ROOT / "build/release/plimsoll")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    on = cores()
    os.sched_setaffinity(0, {on[1]})
    try:
        cost, lag = in_turn(arguments, on, CPU_RATE, KINDS), in_turn(arguments, on, LAG_RATE, LAG_KINDS)
    except BenchError as error:
        print(error, file=sys.stderr)
        return 2
    more = {kind: statistics.median(more.cores - less.cores for more, less in zip(cost[kind], cost["no page"])) for kind in KINDS}
    print(f"{CPU_RATE}/s, median of {arguments.rounds} pairs: " + ", ".join(f"{kind} {more[kind]:+.2%} of a core" for kind in list(KINDS)[1:]))
    for kind in LAG_KINDS:
        lags = sorted(each.lag_p99_us for each in lag[kind])
        print(f"{LAG_RATE}/s, {kind}: send lag p99 {statistics.median(lags):.0f} us ({lags[0]:.0f} to {lags[-1]:.0f})")
    return int(arguments.check and more["one viewer"] > MOST_OF_A_CORE)


if __name__ == "__main__":
    sys.exit(main())
