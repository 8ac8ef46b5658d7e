#!/usr/bin/env python3
"""CPU time per request of plimsoll, beside wrk and the other load generators that are installed.

Each client gets keep-alive GETs of a small body from the same nginx on loopback. The server's one
process is pinned to one core and the client to another; clients take turns (A B A B ...), because a
machine's speed drifts; medians over the rounds are compared. What counts is the CPU time that the
kernel charges the client (wait4), divided by the requests it completed.

plimsoll runs as it always does: calibration first, recording on, run file and reports written, metrics
endpoint open and scraped once a second. What it costs to start, calibrate and report is in its figures, and
shown beside them, because a long run has it once as a short one has. With --endpoints N and --capture it runs scenarios as well: one request under N
names, and a path made for each request with one value captured from its JSON response; 1 % of their
iterations are traced.
"""

import argparse
import contextlib
import http.server
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Callable, Iterator, NamedTuple

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from peers import PEERS, Peer, PeerError, find  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
CONNECTIONS = 50
BODY = "x" * 113 + "\n"
JSON_BODY = json.dumps({"id": "7f3a9c", "status": "running", "tags": ["a", "b"], "pad": ""}).replace(
    '"pad": ""', '"pad": "' + "y" * 43 + '"') + "\n"

NGINX_CONF = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        {secure}
        keepalive_timeout 600s;
        # From memory: a server that opens a file for each request is slower than its clients, which then mostly
        # sleep and wake, and it is their sleeping that gets measured.
        location / {{ return 200 "{body}"; }}
        location = /item.json {{ default_type application/json; return 200 '{json}'; }}
    }}
}}
"""


class BenchError(Exception):
    pass


class Measurement(NamedTuple):
    user_s: float
    system_s: float
    wall_s: float
    max_rss_bytes: int
    requests: int
    scrapes: int = 0


class Client(NamedTuple):
    name: str
    run: Callable[[int], Measurement]


# --- processes -----------------------------------------------------------------------------------

def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def cores() -> tuple[int, int]:
    """One core for the client, another for the server; the same where there is one only."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[1] if len(allowed) > 1 else allowed[0]


def pinned(core: int) -> Callable[[], None]:
    return lambda: os.sched_setaffinity(0, {core})


def peak_rss(pid: int) -> int:
    """Bytes. Not wait4's ru_maxrss: that counts what the parent had when it forked."""
    with contextlib.suppress(OSError):
        if match := re.search(r"^VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="ascii"), re.M):
            return int(match.group(1)) * 1024
    return 0


def run_measured(command: list[str], core: int, deadline_s: float, environment: dict[str, str] | None = None,
                 good: tuple[int, ...] = (0,)) -> tuple[Measurement, str]:
    """Runs a command to its end and returns what it used and what it printed. `good`: its exit codes."""
    with tempfile.TemporaryFile(mode="w+") as output:
        began = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                   cwd="/", env=os.environ | (environment or {}), preexec_fn=pinned(core))
        rss = 0
        try:
            while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
                rss = max(rss, peak_rss(process.pid))
                if time.monotonic() - began > deadline_s:
                    process.kill()
                time.sleep(0.02)
        except BaseException:
            process.kill()
            process.wait()
            raise
        wall_s = time.monotonic() - began
        _, status, usage = ended
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    if process.returncode not in good:
        raise BenchError(f"{' '.join(command)} ended with {process.returncode}:\n{text[-2000:]}")
    return Measurement(usage.ru_utime, usage.ru_stime, wall_s, rss, 0), text


@contextlib.contextmanager
def nginx(core: int, tls: bool = False) -> Iterator[str]:
    """A server on a free loopback port; yields its URL, the https one with `tls`."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        raise BenchError("nginx is not installed; scripts/setup installs it")
    with tempfile.TemporaryDirectory(prefix="plimsoll-bench-") as folder:
        os.chmod(folder, 0o755)
        port = free_port()
        conf = Path(folder, "nginx.conf")
        secure_port, secure = tls_lines(folder) if tls else (0, "")
        conf.write_text(NGINX_CONF.format(folder=folder, port=port, secure=secure, body=BODY, json=JSON_BODY), encoding="ascii")
        with open(Path(folder, "nginx.out"), "wb") as output:
            server = subprocess.Popen([program, "-p", folder, "-c", str(conf)], stdin=subprocess.DEVNULL,
                                      stdout=output, stderr=subprocess.STDOUT, preexec_fn=pinned(core))
        try:
            url = f"http://127.0.0.1:{port}/"
            wait_until_served(url, server, Path(folder, "nginx.out"))
            yield f"https://127.0.0.1:{secure_port}/" if tls else url
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def tls_lines(folder: str) -> tuple[int, str]:
    """A port, and what makes nginx speak TLS there with a certificate of its own."""
    made = subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=bench",
                           "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{folder}/bench.key",
                           "-out", f"{folder}/bench.pem"], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise BenchError(f"openssl made no certificate:\n{made.stderr}")
    port = free_port()
    return port, (f"listen 127.0.0.1:{port} ssl; ssl_certificate {folder}/bench.pem; "
                  f"ssl_certificate_key {folder}/bench.key;")


def wait_until_served(url: str, server: subprocess.Popen[bytes], output: Path) -> None:
    for _ in range(200):
        if server.poll() is not None:
            raise BenchError(f"nginx ended with {server.returncode}:\n{output.read_text(errors='replace')}")
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                if response.read().decode() == BODY:
                    return
                raise BenchError(f"{url} does not serve the bench's page")
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    raise BenchError("nginx did not answer within 10 s")


# --- clients -------------------------------------------------------------------------------------

def summary_requests(folder: Path) -> int:
    """Requests by the one summary.json below `folder`; all must have succeeded."""
    found = list(folder.glob("*/summary.json")) + list(folder.glob("summary.json"))
    if len(found) != 1:
        raise BenchError(f"expected one summary.json below {folder}, found {len(found)}")
    totals = json.loads(found[0].read_text(encoding="utf-8"))["totals"]
    if totals["failed"] != 0:
        raise BenchError(f"plimsoll saw {totals['failed']} failed requests")
    return int(totals["requests"])


def peer(name: str, how: Peer, url: str, core: int) -> Client:
    program = find(how.program)
    if program is None:
        raise BenchError(f"{how.program} is not installed")

    def run(seconds: int) -> Measurement:
        with tempfile.TemporaryDirectory(prefix="plimsoll-bench-peer-") as folder:
            command = how.command(program, url, CONNECTIONS, seconds, Path(folder))
            measured, text = run_measured(command, core, seconds + 60, how.environment)
            try:
                return measured._replace(requests=how.requests(text, Path(folder)))
            except PeerError as error:
                raise BenchError(str(error)) from error
    return Client(name, run)


def scrape(url: str, stop: threading.Event, counts: list[int]) -> None:
    """Reads `url` once a second until told to stop; appends the size of each answer. A run of a second has one too."""
    pause = 0.5
    while not stop.wait(pause):
        pause = 1
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(url, timeout=5) as response:
                counts.append(len(response.read()))


SCENARIO = """target: {url}
users:
  visitor:
    flow:
{flow}
load:
  - {{executor: constant-vus, vus: {vus}, duration: {seconds}s}}
export: {{otlp: {{endpoint: "{collector}", sample: 1%}}}}
"""


def endpoints_flow(count: int) -> str:
    return "".join(f"      - {{get: /, name: page {number}}}\n" for number in range(count))


CAPTURE_FLOW = """      - get: "/item.json?of=${user}-${iteration}"
        name: item
        capture: {id: {json: /id}}
"""


class Collector(http.server.ThreadingHTTPServer):
    """Takes traces and forgets them."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.server.batches += 1
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Collector.Handler)
        self.batches = 0


@contextlib.contextmanager
def collector() -> Iterator[Collector]:
    server = Collector()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def scenario(name: str, flow: str, program: Path, url: str, core: int) -> Client:
    """plimsoll with a scenario file; a run none of whose traces arrived counts for nothing."""
    def run(seconds: int) -> Measurement:
        with tempfile.TemporaryDirectory(prefix="plimsoll-bench-file-") as folder, collector() as traces:
            path = Path(folder, "bench.yaml")
            path.write_text(SCENARIO.format(url=url, flow=flow, vus=CONNECTIONS, seconds=seconds,
                                            collector=f"http://127.0.0.1:{traces.server_port}"), encoding="ascii")
            measured = plimsoll(program, str(path), core, []).run(seconds)
            if traces.batches == 0:
                raise BenchError(f"{name}: no trace arrived")
            return measured
    return Client(name, run)


def plimsoll(program: Path, what: str, core: int, load: list[str] | None = None) -> Client:
    """`what` is a URL or a scenario file; `load` the flags that say how much, in place of its own."""
    def run(seconds: int) -> Measurement:
        with tempfile.TemporaryDirectory(prefix="plimsoll-bench-run-") as folder:
            port = free_port()
            flags = ["-u", str(CONNECTIONS), "-d", f"{seconds}s"] if load is None else load
            command = [str(program), "run", what, *flags, "--shards", "1",
                       "--prometheus", f"127.0.0.1:{port}", "--results", folder, "-q"]
            if what.startswith("https"):
                command.append("--insecure-skip-tls-verify")  # wrk checks no certificate either
            stop = threading.Event()
            answers: list[int] = []
            scraper = threading.Thread(target=scrape, args=(f"http://127.0.0.1:{port}/metrics", stop, answers))
            scraper.start()
            try:
                # At full speed the generator is the limit, as it then rightly says (111).
                measured, _ = run_measured(command, core, seconds + 120, good=(0, 111))
            finally:
                stop.set()
                scraper.join()
            if not answers:
                raise BenchError(f"the metrics endpoint on port {port} never answered")
            return measured._replace(requests=summary_requests(Path(folder)), scrapes=len(answers))
    return Client("plimsoll", run)


def choose_clients(wanted: list[str], program: Path, url: str, core: int) -> list[Client]:
    """wrk first: the others are shown as ratios to it."""
    chosen = []
    for name in wanted:
        if name == "plimsoll":
            if not program.exists():
                raise BenchError(f"{program} is not there; scripts/bench builds it")
            chosen.append(plimsoll(program, url, core))
            continue
        chosen.append(peer(name, PEERS[name], url, core))
    return chosen


# --- figures -------------------------------------------------------------------------------------

def medians(runs: list[Measurement]) -> dict[str, float]:
    def median(figure: Callable[[Measurement], float]) -> float:
        return statistics.median(figure(run) for run in runs)
    return {
        "user_us": median(lambda m: m.user_s / m.requests * 1e6),
        "system_us": median(lambda m: m.system_s / m.requests * 1e6),
        "total_us": median(lambda m: (m.user_s + m.system_s) / m.requests * 1e6),
        "rate": median(lambda m: m.requests / m.wall_s),
        "max_rss_mb": median(lambda m: m.max_rss_bytes / 1e6),
        "scrapes": median(lambda m: m.scrapes),
    }


def ratio_to_base(runs: list[Measurement], base: list[Measurement]) -> float:
    """Median over the rounds of the ratio within each round: drift of the machine cancels."""
    return statistics.median(spent(a) / a.requests / (spent(b) / b.requests) for a, b in zip(runs, base))


def spent(run: Measurement) -> float:
    """CPU seconds."""
    return run.user_s + run.system_s


def show(results: dict[str, dict[str, float]]) -> None:
    print(f"\n{'client':<12}{'user µs':>9}{'system µs':>11}{'total µs':>10}{'requests/s':>12}{'RSS MB':>8}{'ratio':>8}")
    for name, row in results.items():
        print(f"{name:<12}{row['user_us']:>9.2f}{row['system_us']:>11.2f}{row['total_us']:>10.2f}"
              f"{row['rate']:>12,.0f}{row['max_rss_mb']:>8.1f}{row['ratio']:>8.2f}")


def measure(clients: list[Client], rounds: int, seconds: int) -> dict[str, list[Measurement]]:
    runs: dict[str, list[Measurement]] = {client.name: [] for client in clients}
    for number in range(1, rounds + 1):
        for client in clients:
            run = client.run(seconds)
            if run.requests == 0:
                raise BenchError(f"{client.name} completed no request")
            runs[client.name].append(run)
            print(f"round {number}/{rounds} {client.name}: {run.requests} requests, "
                  f"{(run.user_s + run.system_s) / run.requests * 1e6:.2f} µs of CPU each", flush=True)
    return runs


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--plimsoll", type=Path, default=ROOT / "build/release/plimsoll", metavar="PROGRAM")
    parser.add_argument("--clients", default=None, help="comma separated, of plimsoll, " + ", ".join(PEERS) + " (default: all that are installed)")
    parser.add_argument("--tls", action="store_true", help="the same over https")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=15, help="length of each run")
    parser.add_argument("--limit", type=float, default=None, help="exit 1 when plimsoll's ratio to wrk is above this")
    parser.add_argument("--endpoints", type=int, default=None, metavar="N",
                        help="also run scenarios that count one request under 1 and under N names")
    parser.add_argument("--capture", action="store_true",
                        help="also run a scenario with a path made for each request and one JSON capture")
    parser.add_argument("--limit-endpoints", type=float, default=None, metavar="RATIO",
                        help="exit 1 when N names cost more than this, beside one")
    parser.add_argument("--limit-capture", type=float, default=None, metavar="RATIO",
                        help="exit 1 when the capture's ratio to wrk is above this")
    parser.add_argument("--json", type=Path, default=None, metavar="FILE", help="write the figures there too")
    return parser.parse_args()


def scenario_clients(arguments: argparse.Namespace, url: str, core: int) -> list[Client]:
    program = arguments.plimsoll.resolve()
    target = url.rstrip("/")
    clients = []
    if arguments.endpoints:
        clients.append(scenario("1-endpoint", endpoints_flow(1), program, target, core))
        clients.append(scenario(f"{arguments.endpoints}-endpoints", endpoints_flow(arguments.endpoints), program,
                                target, core))
    if arguments.capture:
        clients.append(scenario("capture", CAPTURE_FLOW, program, target, core))
    return clients


def show_fixed(program: Path, url: str, core: int, runs: list[Measurement]) -> None:
    """What a run costs before and after its load, and each request without that."""
    fixed = statistics.median(spent(plimsoll(program, url, core, ["-u", "1", "-i", "1"]).run(1)) for _ in range(3))
    each = statistics.median((spent(run) - fixed) / run.requests for run in runs)
    print(f"plimsoll's start, calibration, analysis and reports took {fixed:.2f} s of CPU a run; "
          f"without them a request took {each * 1e6:.2f} µs")


def judge_scenarios(arguments: argparse.Namespace, runs: dict[str, list[Measurement]]) -> bool:
    """Prints how the scenarios compare; whether one is above its limit."""
    too_dear = False
    many = f"{arguments.endpoints}-endpoints"
    for name, base, limit in ((many, "1-endpoint", arguments.limit_endpoints), ("capture", "wrk", arguments.limit_capture)):
        if name not in runs or base not in runs:
            continue
        ratio = ratio_to_base(runs[name], runs[base])
        print(f"{name} took {ratio:.3f} times the CPU time per request of {base}"
              + ("" if limit is None else f"; the limit is {limit:.2f}"))
        too_dear = too_dear or (limit is not None and ratio > limit)
    return too_dear


def main() -> int:
    arguments = parse_arguments()
    known = ["wrk", "plimsoll"] + [name for name in PEERS if name != "wrk"]
    wanted = arguments.clients.split(",") if arguments.clients else [
        name for name in known if name in ("wrk", "plimsoll") or find(PEERS[name].program)]
    if unknown := set(wanted) - set(known):
        sys.exit(f"bench: no client {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    if absent := [name for name in known if name not in wanted]:
        print("left out:", ", ".join(absent))
    if arguments.limit is not None and not {"wrk", "plimsoll"} <= set(wanted):
        sys.exit("bench: --limit compares plimsoll with wrk; both must be among --clients")
    client_core, server_core = cores()
    try:
        with nginx(server_core, arguments.tls) as url:
            clients = choose_clients(wanted, arguments.plimsoll.resolve(), url, client_core)
            clients += scenario_clients(arguments, url, client_core)
            print(f"{CONNECTIONS} connections, {len(BODY)} bytes, client on core {client_core}, server on core {server_core}")
            runs = measure(clients, arguments.rounds, arguments.seconds)
            if "plimsoll" in runs:
                show_fixed(arguments.plimsoll.resolve(), url, client_core, runs["plimsoll"])
    except (BenchError, KeyboardInterrupt) as error:
        sys.exit(f"bench: {error or 'interrupted'}")
    base = runs.get("wrk", next(iter(runs.values())))
    results = {name: medians(rounds) | {"ratio": ratio_to_base(rounds, base)} for name, rounds in runs.items()}
    show(results)
    too_dear = judge_scenarios(arguments, runs)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    if arguments.limit is not None and results["plimsoll"]["ratio"] > arguments.limit:
        print(f"plimsoll took {results['plimsoll']['ratio']:.2f} times wrk's CPU time per request; "
              f"the limit is {arguments.limit:.2f}")
        return 1
    return 1 if too_dear else 0


if __name__ == "__main__":
    sys.exit(main())
