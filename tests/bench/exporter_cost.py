#!/usr/bin/env python3
"""What all exporters together cost the load, and what a scrape of many endpoints takes.

    exporter_cost.py [--rounds 9] [--seconds 10] [--check]

The same load, 20,000 requests/s by schedule on one shard against nginx on another core, with no exporter and with all of them: scraped
each second, traces of 1 %, metrics and logs over OTLP, remote write with both forms of histograms, InfluxDB, StatsD, annotations, JSON
lines. Both take turns, and each pair is compared: CPU time per request that the kernel charges the process (its exporters' threads are
in it), and the p99 of how late requests were sent. Then a run of 100 endpoints is scraped in each form.

--check: exit status 1 above 3 % more CPU a request, or 20 ms a scrape. Only a machine that does nothing else tells anything.
"""
import argparse
import contextlib
import http.server
import json
import socket
import statistics
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Iterator, NamedTuple

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from wrk_ratio import ROOT, BenchError, cores, free_port, nginx, run_measured, scrape  # noqa: E402

RATE = 20_000
MOST_CPU, MOST_SCRAPE_MS = 1.03, 20.0
FORMS = {"text": "text/plain",
         "openmetrics": "application/openmetrics-text; version=1.0.0",
         "protobuf": "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"}


class Run(NamedTuple):
    cpu_us: float  # a request
    lag_p99_us: float
    late: float    # share of what was planned that was not answered


class Sink(http.server.ThreadingHTTPServer):
    """Takes what anybody posts and forgets it."""
    daemon_threads = True

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.server.paths.add(self.path.split("?")[0])
            body = b'{"id": 1}' if "annotations" in self.path else b""
            self.send_response(200 if body or "v1/" in self.path else 204)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Sink.Handler)
        self.paths: set[str] = set()
        self.url = f"http://127.0.0.1:{self.server_port}"


@contextlib.contextmanager
def sink() -> Iterator[Sink]:
    server = Sink()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def scenario(url: str, rate: int, seconds: int, endpoints: int, export: dict) -> str:
    """As JSON, which is YAML."""
    return json.dumps({
        "target": url,
        "users": {f"u{number}": {"flow": [{"get": "/", "name": f"page {number}"}]} for number in range(endpoints)},
        "load": [{"executor": "constant-arrival-rate", "rate": f"{rate}/s", "duration": f"{seconds}s", "max_vus": 4000}],
        "probes": {"host": False}, "export": export})


def exporters(to: Sink, metrics_port: int) -> dict:
    return {"prometheus": f"127.0.0.1:{metrics_port}",
            "otlp": {"endpoint": to.url, "sample": "1%", "signals": ["traces", "metrics", "logs"], "interval": "1s"},
            "remote_write": {"url": f"{to.url}/api/v1/write", "histograms": "both"},
            "influxdb": {"url": to.url, "database": "k6"},
            "grafana": {"url": to.url, "auth": {"bearer": "bench"}}}


WANTED = {"/v1/traces", "/v1/metrics", "/v1/logs", "/api/v1/write", "/write", "/api/annotations"}


def run(program: Path, url: str, core: int, seconds: int, everything: bool) -> Run:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="plimsoll-bench-")))
        stop = threading.Event()
        flags: list[str] = []
        export: dict = {}
        answers: list[int] = []
        if everything:
            to = stack.enter_context(sink())
            udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            udp.bind(("127.0.0.1", 0))
            port = free_port()
            export = exporters(to, port)
            flags = ["-o", f"json={folder}/points", "-o", f"statsd=127.0.0.1:{udp.getsockname()[1]}", "--linger", "0s"]
            scraper = threading.Thread(target=scrape, args=(f"http://127.0.0.1:{port}/metrics", stop, answers))
            scraper.start()
            stack.callback(scraper.join)
            stack.callback(stop.set)
        path = folder / "bench.yaml"
        path.write_text(scenario(url, RATE, seconds, 1, export), encoding="ascii")
        measured, _ = run_measured([str(program), "run", str(path), "--shards", "1", "--no-calibration", "--run-dir", f"{folder}/run",
                                    "-q", *flags], core, seconds + 120, good=(0, 111))
        totals = json.loads((folder / "run/summary.json").read_text(encoding="utf-8"))["totals"]
        if totals["failed"] != 0:
            raise BenchError(f"{totals['failed']} requests failed")
        if everything and (missing := WANTED - to.paths):
            raise BenchError(f"nothing came to {', '.join(sorted(missing))}")
        if everything and len(answers) < seconds // 2:
            raise BenchError(f"only {len(answers)} scrapes were answered")
        requests = int(totals["requests"])
        return Run((measured.user_s + measured.system_s) * 1e6 / requests, totals["send_lag_s"]["p99"] * 1e6,
                   1 - requests / (RATE * seconds))


def compare(program: Path, url: str, core: int, rounds: int, seconds: int) -> float:
    """Prints each pair; the median ratio of CPU time per request."""
    pairs = []
    print(f"{'CPU us/request':>24} {'send lag p99, us':>28}\n{'off':>10} {'on':>7} {'ratio':>6} {'off':>13} {'on':>9}")
    for number in range(rounds):
        order = (False, True) if number % 2 == 0 else (True, False)
        both = {everything: run(program, url, core, seconds, everything) for everything in order}
        off, on = both[False], both[True]
        pairs.append((off, on))
        late = f"  {max(off.late, on.late):.1%} not answered" if max(off.late, on.late) > 0.01 else ""
        print(f"{off.cpu_us:>10.2f} {on.cpu_us:>7.2f} {on.cpu_us / off.cpu_us:>6.3f} {off.lag_p99_us:>13.0f} {on.lag_p99_us:>9.0f}{late}",
              flush=True)
    ratio = statistics.median(on.cpu_us / off.cpu_us for off, on in pairs)
    lag = [statistics.median(each) for each in zip(*((off.lag_p99_us, on.lag_p99_us) for off, on in pairs))]
    spread = [max(off.lag_p99_us for off, _ in pairs), min(off.lag_p99_us for off, _ in pairs)]
    if (most := max(max(off.late, on.late) for off, on in pairs)) > 0.01:
        raise BenchError(f"in one run {most:.0%} of the requests were not answered: the machine is too busy, and the figures tell nothing")
    print(f"all exporters: {ratio:.3f} times the CPU a request (median of {rounds} pairs); send lag p99 {lag[0]:.0f} us without, "
          f"{lag[1]:.0f} us with (without: {spread[1]:.0f} to {spread[0]:.0f})")
    return ratio


def scrapes(program: Path, url: str, core: int) -> float:
    """Prints what each form takes, at 100 endpoints that are loaded meanwhile; the longest median, in ms."""
    longest = 0.0
    with tempfile.TemporaryDirectory(prefix="plimsoll-bench-") as folder:
        port = free_port()
        path = Path(folder, "bench.yaml")
        path.write_text(scenario(url, 2000, 25, 100, {"prometheus": f"127.0.0.1:{port}"}), encoding="ascii")
        ended: list[object] = []
        runner = threading.Thread(target=lambda: ended.append(run_measured(
            [str(program), "run", str(path), "--shards", "1", "--no-calibration", "--run-dir", f"{folder}/run", "-q", "--linger", "0s"],
            core, 120, good=(0, 111))))
        runner.start()
        time.sleep(8)  # by then all endpoints have spread over their buckets
        for form, accept in FORMS.items():
            took, size = [], 0
            for _ in range(20):
                began = time.perf_counter()
                with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers={"Accept": accept}),
                                            timeout=10) as answer:
                    size = len(answer.read())
                took.append((time.perf_counter() - began) * 1e3)
                time.sleep(0.2)
            longest = max(longest, statistics.median(took))
            print(f"a scrape of 100 endpoints, {form}: median {statistics.median(took):.1f} ms, longest {max(took):.1f} ms, "
                  f"{size / 1e6:.2f} MB", flush=True)
        runner.join()
        if not ended:
            raise BenchError("the run that was scraped failed")
    return longest


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=Path, default=ROOT / "build/release/plimsoll")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    client, server = cores()
    try:
        with nginx(server) as url:
            ratio = compare(arguments.program, url, client, arguments.rounds, arguments.seconds)
            longest = scrapes(arguments.program, url, client)
    except BenchError as error:
        print(error, file=sys.stderr)
        return 2
    return int(arguments.check and (ratio > MOST_CPU or longest > MOST_SCRAPE_MS))


if __name__ == "__main__":
    sys.exit(main())
