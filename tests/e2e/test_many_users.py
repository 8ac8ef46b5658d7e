"""Many users in one process: our memory for each, connections held, and what does not fit."""
import resource
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest
from pathlib import Path

from harness import fetch, free_port, metric_sum, start_plimsoll, summary, wait_for

# Answers anything on as many connections as it may have; one process of its own for the descriptors.
SERVER = textwrap.dedent("""
    import resource, select, socket
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    listener.setblocking(False)
    print(listener.getsockname()[1], flush=True)
    poll, sockets = select.epoll(), {}
    poll.register(listener, select.EPOLLIN)
    answer = b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok"
    while True:
        for fd, _ in poll.poll():
            if fd == listener.fileno():
                try:
                    while True:
                        new, _ = listener.accept()
                        sockets[new.fileno()] = new
                        poll.register(new, select.EPOLLIN)
                except OSError:
                    continue
            try:
                if sockets[fd].recv(65536):
                    sockets[fd].send(answer)
                    continue
            except OSError:
                pass
            except KeyError:
                continue
            poll.unregister(fd)
            sockets.pop(fd).close()
""")
SCENARIO = """
target: http://127.0.0.1:{server}
users: {{u: {{think: {think}, flow: [{{get: /}}]}}}}
load: [{{executor: ramping-vus, start_vus: 0, graceful_stop: 1s,
        stages: [{{duration: {ramp}, target: {users}}}, {{duration: 20m, target: {users}}}]}}]
export: {{prometheus: "127.0.0.1:{metrics}"}}
"""


class ManyUsers(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.dir = Path(self.folder.name)
        self.addCleanup(self.folder.cleanup)

    def serve(self):
        server = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        self.addCleanup(server.stdout.close)
        return int(server.stdout.readline())

    def hold(self, users, think, ramp):
        """Runs until `users` are connected, some seconds more, and gives back (resident bytes, connections, summary)."""
        metrics = free_port()
        path = self.dir / f"s{users}.yaml"
        path.write_text(SCENARIO.format(server=self.serve(), users=users, think=think, ramp=ramp, metrics=metrics))
        run = start_plimsoll("run", path, "--shards", "1", "--run-dir", self.dir / f"r{users}")

        def connected():
            try:
                return metric_sum(fetch(f"http://127.0.0.1:{metrics}/metrics"), "plimsoll_connections_open") >= users
            except (OSError, AssertionError):
                return False
        wait_for(connected, f"{users} connections", 240, 0.5)
        time.sleep(7)
        status = Path(f"/proc/{run.pid}/status").read_text()
        resident = int(status.split("VmRSS:")[1].split()[0]) * 1024
        held = metric_sum(fetch(f"http://127.0.0.1:{metrics}/metrics"), "plimsoll_connections_open")
        run.terminate()
        self.assertEqual(run.wait(60), 105)
        return resident, held, summary(self.dir / f"r{users}")

    def test_a_user_with_think_time_takes_at_most_8_KiB(self):
        few, _, _ = self.hold(100, "5s", "1s")
        many, held, result = self.hold(10_000, "5s", "10s")
        each = (many - few) / 9_900
        print(f"\n{each:.0f} bytes of memory per user ({few} with 100, {many} with 10,000)", file=sys.stderr)
        self.assertEqual(held, 10_000)
        self.assertEqual(result["totals"]["failed"], 0)
        self.assertLessEqual(each, 8 * 1024)

    def test_15000_connections_are_opened_and_held(self):
        self.assertGreaterEqual(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 16_000, "needs ulimit -Hn of 16,000")
        resident, held, result = self.hold(15_000, "10s", "20s")
        print(f"\n{held:.0f} connections held, {resident / 1e6:.0f} MB", file=sys.stderr)
        self.assertEqual(held, 15_000)
        self.assertEqual(result["totals"]["failed"], 0)
        self.assertGreaterEqual(result["totals"]["requests"], 15_000)
        self.assertIsNotNone(result["generator"]["sockets_left"])


if __name__ == "__main__":
    unittest.main()
