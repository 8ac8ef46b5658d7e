#!/usr/bin/env python3
"""Every query of the dashboard returns data from a real Prometheus, configured by our own file.

    dashboard_test.py SOURCE_DIR LIVE_EXPORTER
"""

import json
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

SOURCE = Path(sys.argv[1])
LIVE_EXPORTER = sys.argv[2]
DASHBOARD = SOURCE / "dashboards/grafana/plimsoll.json"
CONFIG = SOURCE / "dashboards/prometheus/prometheus.yml"
QUERIES = SOURCE / "tests/e2e/dashboard_queries.py"
PATIENCE = 90  # seconds


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Child:
    """A process that is gone when the block ends, and when this test is killed."""

    def __init__(self, command: list[str], log: Path):
        self.log = log
        with open(log, "wb") as out:
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command],
                                            stdout=out, stderr=subprocess.STDOUT)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def wait_for(self, what, message: str):
        """What `what()` returns once it is not None."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self.process.poll() is None:
            found = what()
            if found is not None:
                return found
            time.sleep(0.1)
        raise AssertionError(f"{message}\n{self.log.read_text()}")


class DashboardTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        path = Path(cls.folder.name)
        exporter = Child([LIVE_EXPORTER], path / "exporter.log")
        cls.addClassCleanup(exporter.stop)
        target = exporter.wait_for(lambda: re.search(r"listening (\d+)\n", exporter.log.read_text()),
                                   "the exporter does not listen")[1]
        text = CONFIG.read_text()
        assert text.count("127.0.0.1:9464") == 1
        (path / "prometheus.yml").write_text(text.replace("127.0.0.1:9464", f"127.0.0.1:{target}"))
        port = free_port()
        cls.url = f"http://127.0.0.1:{port}"
        prometheus = Child(["prometheus", f"--config.file={path}/prometheus.yml",
                            f"--storage.tsdb.path={path}/data", f"--web.listen-address=127.0.0.1:{port}",
                            "--log.level=warn"], path / "prometheus.log")
        cls.addClassCleanup(prometheus.stop)
        # Rates need a few scrapes, and the fifth second brings the first failures.
        prometheus.wait_for(lambda: cls.scrapes() or None, "Prometheus does not scrape")

    @classmethod
    def scrapes(cls) -> bool:
        query = "count_over_time(plimsoll_run_info[5m]) >= 8"
        try:
            with urllib.request.urlopen(f"{cls.url}/api/v1/query?query={urllib.request.quote(query)}") as answer:
                return bool(json.load(answer)["data"]["result"])
        except OSError:
            return False

    def run_queries(self, dashboard: Path, *options: str) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, str(QUERIES), self.url, str(dashboard), "--last", "300", *options],
                              capture_output=True, text=True, check=False, timeout=PATIENCE)

    def changed(self, **changes: str) -> Path:
        """A copy of the dashboard with the first panel query set to something else."""
        dashboard = json.loads(DASHBOARD.read_text())
        first = next(panel for panel in dashboard["panels"] if panel.get("targets"))
        first["targets"][0].update(changes)
        path = Path(self.folder.name) / "changed.json"
        path.write_text(json.dumps(dashboard))
        return path

    def test_every_query_returns_data(self) -> None:
        done = self.run_queries(DASHBOARD)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        expected = DASHBOARD.read_text().count('"expr"')
        self.assertGreater(expected, 30)
        self.assertEqual(done.stdout.count("ok     "), expected, done.stdout)

    def test_every_query_returns_data_for_the_run_asked_for(self) -> None:
        done = self.run_queries(DASHBOARD, "--run", "20260101T000000Z-0001")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_query_without_data_fails(self) -> None:
        done = self.run_queries(self.changed(expr="plimsoll_no_such_metric"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("EMPTY  Offered / A", done.stdout)

    def test_a_query_that_is_always_nan_fails(self) -> None:
        done = self.run_queries(self.changed(expr="plimsoll_vus * NaN"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("EMPTY  Offered / A", done.stdout)

    def test_a_broken_query_fails(self) -> None:
        done = self.run_queries(self.changed(expr="sum(plimsoll_vus"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("ERROR  Offered / A: ", done.stdout)

    def test_an_unknown_variable_fails(self) -> None:
        done = self.run_queries(self.changed(expr='plimsoll_vus{run="$no_such_variable"}'))
        self.assertEqual(done.returncode, 1)
        self.assertIn("variable $no_such_variable is not declared", done.stdout)

    def test_an_unknown_run_fails(self) -> None:
        done = self.run_queries(DASHBOARD, "--run", "no-such-run")
        self.assertEqual(done.returncode, 1)
        self.assertIn("Prometheus knows no run='no-such-run'", done.stdout)

    def test_the_configuration_passes_promtool(self) -> None:
        done = subprocess.run(["promtool", "check", "config", str(CONFIG)], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
