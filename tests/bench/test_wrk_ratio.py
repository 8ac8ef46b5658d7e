"""The bench's own parts: what it reads from each client, its figures, and one short real run."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent))
import peers  # noqa: E402
import wrk_ratio as bench  # noqa: E402

NOWHERE = Path("/nonexistent")

WRK = """Running 4s test @ http://127.0.0.1:1/
  1 threads and 50 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   300.00us   50.00us   5.00ms   90.00%
  640000 requests in 4.00s, 200.00MB read
Requests/sec: 160000.00
"""
H2LOAD = """finished in 4.00s, 135000.00 req/s, 40.00MB/s
requests: 540000 total, 540050 started, 540000 done, 540000 succeeded, 0 failed, 0 errored, 0 timeout
"""
AB = """Complete requests:      56293
Failed requests:        0
Keep-Alive requests:    56293
"""
HEY = """Status code distribution:
  [200]\t38391 responses
"""
OHA = """{"summary": {"successRate": 1.0}, "statusCodeDistribution": {"200": 1000}}"""

# Takes plimsoll's flags, serves its metrics and writes its summary; does no load, but burns CPU time.
STAND_IN = """#!/usr/bin/env python3
import http.server, json, pathlib, sys, threading, time
flags = dict(zip(sys.argv[3::2], sys.argv[4::2]))
assert sys.argv[1] == "run" and sys.argv[2].startswith("http://127.0.0.1:"), sys.argv
assert flags["-u"] == ("1" if "-i" in flags else "50") and flags["--shards"] == "1" and sys.argv[-1] == "-q", sys.argv
class Metrics(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"plimsoll_vus 50\\n")
    def log_message(self, *_):
        pass
host, port = flags["--prometheus"].split(":")
server = http.server.HTTPServer((host, int(port)), Metrics)
threading.Thread(target=server.serve_forever, daemon=True).start()
end = time.monotonic() + int(flags.get("-d", "2s").rstrip("s"))
while time.monotonic() < end or time.process_time() < 0.5:
    pass
run = pathlib.Path(flags["--results"], "2026-01-01-run")
run.mkdir()
(run / "summary.json").write_text(json.dumps({"totals": {"requests": 1, "failed": 0}}))
"""


def measurement(cpu_s: float, requests: int) -> bench.Measurement:
    return bench.Measurement(cpu_s / 4, cpu_s * 3 / 4, 2.0, 5_000_000, requests)


class Readers(unittest.TestCase):
    def test_read_the_request_count(self) -> None:
        for name, text, count in (("wrk", WRK, 640_000), ("h2load", H2LOAD, 540_000), ("ab", AB, 56_293),
                                  ("hey", HEY, 38_391), ("oha", OHA, 1000)):
            self.assertEqual(peers.PEERS[name].requests(text, NOWHERE), count, name)

    def test_refuse_a_run_with_errors(self) -> None:
        for name, text in (("wrk", WRK + "  Socket errors: connect 0, read 3, write 0, timeout 0\n"),
                           ("wrk", WRK + "  Non-2xx or 3xx responses: 12\n"), ("wrk", ""),
                           ("h2load", H2LOAD.replace("0 failed", "7 failed")), ("h2load", ""),
                           ("ab", AB.replace("requests:        0", "requests:        3")), ("ab", ""),
                           ("hey", HEY + "  [503]\t3 responses\n"), ("hey", ""),
                           ("oha", OHA.replace('"200"', '"500"'))):
            with self.assertRaises(peers.PeerError, msg=name):
                peers.PEERS[name].requests(text, NOWHERE)

    def test_read_the_files_of_locust_and_k6(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            stats = "Type,Name,Request Count,Failure Count\nGET,/,25,0\n,Aggregated,25,{}\n"
            for failures in (0, 1):
                (folder / "locust_stats.csv").write_text(stats.format(failures))
                (folder / "k6.json").write_text(json.dumps(
                    {"metrics": {"http_reqs": {"count": 77}, "http_req_failed": {"value": failures}}}))
                if failures == 0:
                    self.assertEqual(peers.PEERS["locust"].requests("", folder), 25)
                    self.assertEqual(peers.PEERS["k6"].requests("", folder), 77)
                    continue
                for peer in ("locust", "k6"):
                    with self.assertRaises(peers.PeerError):
                        peers.PEERS[peer].requests("", folder)

    def test_read_the_run_folders_summary(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaises(bench.BenchError):
                bench.summary_requests(Path(folder))
            run = Path(folder, "2026-01-01-run")
            run.mkdir()
            (run / "summary.json").write_text(json.dumps({"totals": {"requests": 1234, "failed": 0}}))
            self.assertEqual(bench.summary_requests(Path(folder)), 1234)
            (run / "summary.json").write_text(json.dumps({"totals": {"requests": 1234, "failed": 1}}))
            with self.assertRaises(bench.BenchError):
                bench.summary_requests(Path(folder))


class Figures(unittest.TestCase):
    def test_are_medians_per_request(self) -> None:
        row = bench.medians([measurement(4, 1_000_000), measurement(8, 1_000_000), measurement(80, 1_000_000)])
        self.assertAlmostEqual(row["user_us"], 2)
        self.assertAlmostEqual(row["system_us"], 6)
        self.assertAlmostEqual(row["total_us"], 8)
        self.assertAlmostEqual(row["rate"], 500_000)
        self.assertAlmostEqual(row["max_rss_mb"], 5)

    def test_compare_within_each_round(self) -> None:
        # The machine halves its speed from round to round; the ratio is 1.5 in each.
        base = [measurement(4, 1000), measurement(8, 1000), measurement(16, 1000)]
        other = [measurement(6, 1000), measurement(12, 1000), measurement(24, 1000)]
        self.assertAlmostEqual(bench.ratio_to_base(other, base), 1.5)


class Processes(unittest.TestCase):
    def test_charges_a_process_for_its_cpu_time(self) -> None:
        code = "import time\nwhile time.process_time() < 0.5: pass\nprint('done')"
        measured, text = bench.run_measured([sys.executable, "-c", code], bench.cores()[0], 60)
        self.assertEqual(text, "done\n")
        self.assertGreaterEqual(measured.user_s + measured.system_s, 0.5)
        self.assertGreater(measured.max_rss_bytes, 1_000_000)

    def test_shows_the_output_of_a_process_that_fails(self) -> None:
        with self.assertRaisesRegex(bench.BenchError, "ended with 3:\nbad flag"):
            bench.run_measured(["sh", "-c", "echo bad flag; exit 3"], bench.cores()[0], 60)

    def test_ends_a_process_that_hangs(self) -> None:
        with self.assertRaisesRegex(bench.BenchError, "ended with -9"):
            bench.run_measured(["sleep", "600"], bench.cores()[0], 0.2)

    def test_serves_and_measures_for_real_and_leaves_nothing_behind(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            figures = Path(folder, "figures.json")
            ran = subprocess.run([sys.executable, bench.__file__, "--clients", "wrk", "--rounds", "1", "--seconds", "1",
                                  "--json", str(figures)], capture_output=True, text=True, check=False,
                                 env=os.environ | {"TMPDIR": folder})
            self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
            wrk = json.loads(figures.read_text())["wrk"]
            self.assertGreater(wrk["rate"], 100)
            self.assertGreater(wrk["total_us"], 0)
            self.assertEqual(wrk["ratio"], 1)
            self.assertEqual(os.listdir(folder), ["figures.json"])

    def test_runs_and_scrapes_plimsoll_and_judges_its_ratio(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder, "plimsoll")
            program.write_text(STAND_IN)
            program.chmod(0o755)
            for limit, status in (("1e12", 0), ("1.3", 1)):
                figures = Path(folder, "figures.json")
                ran = subprocess.run([sys.executable, bench.__file__, "--plimsoll", str(program), "--clients",
                                      "wrk,plimsoll", "--rounds", "1", "--seconds", "2", "--limit", limit,
                                      "--json", str(figures)], capture_output=True, text=True, check=False)
                self.assertEqual(ran.returncode, status, ran.stdout + ran.stderr)
                row = json.loads(figures.read_text())["plimsoll"]
                self.assertGreaterEqual(row["total_us"], 0.5e6)  # of its one request
                self.assertGreaterEqual(row["scrapes"], 1)
            self.assertIn("the limit is 1.30", ran.stdout)


if __name__ == "__main__":
    unittest.main()
