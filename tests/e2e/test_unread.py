"""Servers that we did not write, and what the kernel knows of them: requests that lie unread, and other services that they wait for."""
import http.server
import os
import signal
import tempfile
import threading
import time
import unittest
import urllib.request
from pathlib import Path

from database import Postgres
from harness import run_plimsoll, summary

SECRET = "a-password-of-the-test"
HOLD_S = 0.05


class Work(http.server.BaseHTTPRequestHandler):
    """/work takes HOLD_S; everything else nothing."""

    def do_GET(self):
        if self.path.startswith("/work"):
            time.sleep(HOLD_S)
        self.answer()

    def answer(self, body=b"ok"):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Listening(http.server.HTTPServer):
    """One request at a time, as a synchronous worker does."""
    request_queue_size = 1024


class Threads(http.server.ThreadingHTTPServer):
    request_queue_size = 1024
    daemon_threads = True


def serve_forked(workers):
    """A server whose `workers` processes share one socket. Its port, and the process that they come from."""
    server = Listening(("127.0.0.1", 0), Work)
    port, parent = server.server_port, os.fork()
    if parent == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        children = []
        for _ in range(workers):
            child = os.fork()
            if child == 0:
                server.serve_forever()
            children.append(child)
        signal.signal(signal.SIGTERM, lambda *_: [os.kill(child, signal.SIGKILL) for child in children] and os._exit(0))
        while True:
            signal.pause()
    server.socket.close()
    return port, parent


class Unread(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.database = Postgres(SECRET)
        cls.addClassCleanup(cls.database.stop)

    def run_against(self, port, probes, highest="80/s"):
        folder = Path(tempfile.mkdtemp())
        (folder / "s.yaml").write_text(
            f"target: http://127.0.0.1:{port}\nusers: {{u: {{flow: [{{get: /work}}]}}}}\n"
            f"load: [{{executor: ramping-arrival-rate, start_rate: 5/s, stages: [{{duration: 30s, target: {highest}}}], "
            f"graceful_stop: 5s}}]\n"
            f"probes:\n  postgres: {{dsn: \"${{env.DSN}}\"}}\n"
            f"  containers: [{{port: {port}, role: app}}, {{pid: {self.database.process.pid}, role: database}}]\n{probes}")
        run_plimsoll("run", folder / "s.yaml", "--run-dir", folder / "run", env={"DSN": self.database.dsn("side", SECRET)})
        return summary(folder / "run")["findings"]

    def test_two_synchronous_workers_are_two_with_and_without_a_canary(self):
        port, parent = serve_forked(2)
        self.addCleanup(os.waitpid, parent, 0)
        self.addCleanup(os.kill, parent, signal.SIGTERM)
        for probes in ("  canaries: {no_database: {get: /health}}\n", ""):
            with self.subTest(probes):
                first = self.run_against(port, probes)[0]
                self.assertEqual(first["cause"], "worker_pool", first)
                self.assertEqual(first["values"]["workers"], 2, first)
                self.assertIn("had not been read by the application", str(first["evidence"]))

    def test_a_service_that_gets_slow_is_named_by_its_address(self):
        room = threading.Semaphore(4)  # what the other service can do at once

        class Behind(Work):
            def do_GET(self):
                with room:
                    time.sleep(HOLD_S)
                self.answer()

        class Front(Work):
            def do_GET(self):
                if self.path.startswith("/work"):
                    with urllib.request.urlopen(f"http://127.0.0.1:{behind.server_port}/", timeout=60) as answer:
                        answer.read()
                self.answer()

        behind = Threads(("127.0.0.1", 0), Behind)
        front = Threads(("127.0.0.1", 0), Front)
        child = os.fork()  # the target is a process of its own
        if child == 0:
            front.serve_forever()
        front.socket.close()
        self.addCleanup(os.waitpid, child, 0)
        self.addCleanup(os.kill, child, signal.SIGKILL)
        threading.Thread(target=behind.serve_forever, daemon=True).start()
        self.addCleanup(behind.shutdown)
        findings = self.run_against(front.server_port, "  canaries: {no_database: {get: /health}}\n", "160/s")
        self.assertEqual(findings[0]["cause"], "upstream", findings)
        self.assertIn(f"127.0.0.1:{behind.server_port}", str(findings[0]["evidence"]))


if __name__ == "__main__":
    unittest.main()
