"""What a run does when the system gives it little: few file descriptors, a disk that fills up, little memory, clients that hold
its ports. Each ends with a word and an exit status, never with a signal, and says what is known."""
import gzip
import http.server
import json
import os
import resource
import signal
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import zlib
from pathlib import Path

from harness import PLIMSOLL, Target, fetch, free_port, start_plimsoll, summary, wait_for

TRIED = []  # a name for each program that was put under a limit


def tearDownModule():
    print(f"tried {len(TRIED)} runs", file=sys.stderr)


QUIET = ["--no-calibration", "--headless", "--linger", "0s"]


def scenario(url, load="{executor: constant-arrival-rate, rate: 20/s, max_vus: 5, duration: 2s}", step="get: /", more=""):
    return f"target: {url}\nusers: {{u: {{flow: [{{{step}}}]}}}}\nload: [{load}]\n{more}"


def limited(which, most):
    return lambda: resource.setrlimit(which, (most, most))


class Robustness(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)

    def run_with(self, text, *flags, limit=None, timeout=120):
        path = self.dir / "s.yaml"
        path.write_text(text)
        TRIED.append(self.id())
        return subprocess.run([PLIMSOLL, "run", path, *QUIET, *flags], capture_output=True, text=True, timeout=timeout,
                              stdin=subprocess.DEVNULL, preexec_fn=limit)

    def test_any_small_number_of_descriptors_ends_with_a_word(self):
        with Target() as target:
            passed = 0
            for most in [*range(3, 20), *range(20, 65, 4)]:
                done = self.run_with(scenario(target.url), "--run-dir", self.dir / f"r{most}",
                                     limit=limited(resource.RLIMIT_NOFILE, most))
                self.assertIn(done.returncode, (0, 104, 111, 127), f"{most}: {done.stderr}")  # 127: not even loaded
                self.assertTrue(done.returncode in (0, 111) or "descriptor" in done.stderr or "open" in done.stderr, done.stderr)
                passed += done.returncode in (0, 111)
            self.assertGreater(passed, 0)

    def test_idle_clients_of_the_metrics_port_take_nothing_from_the_load(self):
        with Target() as target:
            path = self.dir / "s.yaml"
            path.write_text(scenario(target.url, "{executor: constant-arrival-rate, rate: 20/s, max_vus: 20, duration: 5s}",
                                     more="http: {no_connection_reuse: true}\n"))
            port = free_port()
            TRIED.append(self.id())
            run = subprocess.Popen([PLIMSOLL, "run", path, *QUIET, "--run-dir", self.dir / "r", "--prometheus", f"127.0.0.1:{port}"],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   preexec_fn=limited(resource.RLIMIT_NOFILE, 256))
            self.addCleanup(run.kill)

            def up():
                try:
                    return fetch(f"http://127.0.0.1:{port}/metrics")
                except OSError:
                    return None
            wait_for(up, "the metrics")
            held = []
            for _ in range(400):
                held.append(socket.create_connection(("127.0.0.1", port), timeout=5))
                try:
                    held[-1].send(b"GET /metrics HTTP/1.1\r\nX: ")
                except OSError:
                    pass
            self.assertIn("plimsoll_run_info", fetch(f"http://127.0.0.1:{port}/metrics"))
            run.wait(60)
            for each in held:
                each.close()
            self.assertEqual(set(summary(self.dir / "r")["endpoints"][0]["outcomes"]), {"ok"})

    def test_idle_clients_of_the_labs_service_keep_nobody_out(self):
        """More of them than the lab has file descriptors."""
        port = free_port()
        TRIED.append(self.id())
        lab = subprocess.Popen([PLIMSOLL, "lab", "--listen", f"127.0.0.1:{port}"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, preexec_fn=limited(resource.RLIMIT_NOFILE, 200))
        self.addCleanup(lab.wait)
        self.addCleanup(lab.terminate)

        def up():
            try:
                return fetch(f"http://127.0.0.1:{port}/health")
            except OSError:
                return None
        wait_for(up, "the lab")
        held = []
        for _ in range(400):
            held.append(socket.create_connection(("127.0.0.1", port), timeout=5))
        try:
            self.assertTrue(fetch(f"http://127.0.0.1:{port}/health"))
        finally:
            for each in held:
                each.close()

    def test_a_stopped_run_does_not_wait_out_its_linger(self):
        with Target() as target:
            path = self.dir / "s.yaml"
            path.write_text(scenario(target.url, "{executor: constant-vus, vus: 1, duration: 60s}", "get: /, think: 50ms"))
            port = free_port()
            TRIED.append(self.id())
            run = start_plimsoll("run", path, "--no-calibration", "--headless", "--linger", "300s", "--run-dir", self.dir / "r",
                                 "--prometheus", f"127.0.0.1:{port}")
            wait_for(lambda: target.served > 3, "some requests")
            run.send_signal(signal.SIGTERM)
            self.assertEqual(run.wait(30), 105)

    def test_a_full_disk_leaves_the_verdict_on_the_terminal(self):
        with Target() as target:
            done = self.run_with(scenario(target.url, "{executor: constant-arrival-rate, rate: 50/s, max_vus: 20, duration: 10s}"),
                                 "--run-dir", self.dir / "r", limit=limited(resource.RLIMIT_FSIZE, 250_000))
        self.assertEqual(done.returncode, 70, done.stderr)
        self.assertIn("Measurement:", done.stdout)
        self.assertIn("missing", done.stderr)

    def test_little_memory_ends_with_a_word(self):
        with Target() as target:
            for most in (60, 90, 120, 160, 200, 260):
                done = self.run_with(scenario(target.url, "{executor: constant-vus, vus: 20, duration: 3s}",
                                              "repeat: 25, steps: [{set: {x: \"${random_text(1048576)}\"}}, {get: /}]"),
                                     "--run-dir", self.dir / f"m{most}",
                                     limit=limited(resource.RLIMIT_AS, most << 20))
                self.assertGreaterEqual(done.returncode, 0, f"{most} MiB: signal {-done.returncode}: {done.stderr[-300:]}")

    def test_a_variable_that_doubles_is_an_error_not_the_end(self):
        with Target() as target:
            done = self.run_with(scenario(target.url, "{executor: per-vu-iterations, vus: 2, iterations: 1, max_duration: 20s}",
                                          "repeat: 60, steps: [{set: {x: \"${default(x, 'a')}${default(x, 'a')}\"}}, {get: /}]"),
                                 "--run-dir", self.dir / "r", limit=limited(resource.RLIMIT_AS, 1 << 30))
        self.assertGreaterEqual(done.returncode, 0, done.stderr)
        self.assertIn("2 steps were not sent", done.stdout)  # one of each user: twenty doublings come to 1 MiB
        self.assertEqual(summary(self.dir / "r")["totals"]["requests"], 2 * 20)

    def test_a_small_body_that_stands_for_a_huge_one_fails_its_request_alone(self):
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        inner = b"".join(packer.compress(b"0" * (1 << 20)) for _ in range(300)) + packer.flush()
        bomb = gzip.compress(inner)

        class Bombs(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.send_response(200)
                body = bomb if self.path == "/bomb" else b"{}"
                if self.path == "/bomb":
                    self.send_header("Content-Encoding", "gzip, gzip")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Bombs)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        url = f"http://127.0.0.1:{server.server_address[1]}"
        text = (f"target: {url}\nusers:\n  bomb: {{flow: [{{get: /bomb, capture: {{a: /a}}}}]}}\n  good: {{flow: [{{get: /good}}]}}\n"
                "load:\n  - {executor: constant-vus, vus: 8, duration: 4s, users: [bomb]}\n"
                "  - {executor: constant-arrival-rate, rate: 100/s, max_vus: 50, duration: 4s, users: [good]}\n")
        done = self.run_with(text, "--run-dir", self.dir / "r", "--shards", "1", limit=limited(resource.RLIMIT_AS, 2 << 30))
        self.assertGreaterEqual(done.returncode, 0, done.stderr)
        by_name = {each["name"]: each for each in summary(self.dir / "r")["endpoints"]}
        self.assertEqual(set(by_name["/bomb"]["outcomes"]), {"protocol"})
        self.assertEqual(set(by_name["/good"]["outcomes"]), {"ok"})
        self.assertIn("the decoded body is larger than 33554432 bytes", (self.dir / "r" / "report.html").read_text())
        # Not held up by the decoding, which takes a tenth of a second and more for each bomb.
        self.assertLess(by_name["/good"]["response_s"]["p50"], 0.1)


if __name__ == "__main__":
    unittest.main()
