#!/usr/bin/env python3
"""Every query of the boards whose metrics a run without target can have returns data from a real Prometheus, configured by our own file.

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
BOARDS = sorted((SOURCE / "dashboards/grafana").glob("*.json"))
DASHBOARD = SOURCE / "dashboards/grafana/overview.json"
CONFIG = SOURCE / "dashboards/prometheus/prometheus.yml"
QUERIES = SOURCE / "tests/e2e/dashboard_queries.py"
PATIENCE = 90  # seconds
# What may be empty, and why: dashboard_queries.py says how. Whole runs that have these are in tests/e2e/test_boards.py.
NOT_READ = "the run of this test has no such probe"
NO_NEIGHBOUR = "no such exporter is scraped"
BESIDE = "a sign of another tool's load, where Plimsoll has none"
GAPS = {
    "metrics": {
        **{name: NOT_READ for name in (
            "plimsoll_app_*", "plimsoll_target_*", "plimsoll_host_*", "plimsoll_container_running",
            "plimsoll_container_exit_code",
            "plimsoll_container_restarts_total", "plimsoll_container_network_bytes_total",
            "plimsoll_container_pressure_seconds_total",
            "plimsoll_container_cpu_throttled_seconds_total")},
        "plimsoll_finding": "the run goes on", "plimsoll_run_validity": "the run goes on", "plimsoll_breaking_point_*": "the run goes on",
        "plimsoll_threshold_ok": "nobody judges them here",
        "pg_stat_activity_count": NO_NEIGHBOUR, "pg_settings_max_connections": NO_NEIGHBOUR, "container_*": NO_NEIGHBOUR},
    "queries": {
        "overview / Offered and achieved / [EF]": BESIDE, "overview / Response time / D": BESIDE,
        "overview / Failures / [CDE]": BESIDE,
        "* / annotation Thresholds that fail": "it comes when the load grows",
        "pool / Database connections by state / B": "a limit is drawn from half of it on",
        "overview / Response time / E": "a limit is drawn from half of it on",
        "overview / Connections against pool and limit / E": "a limit is drawn from half of it on",
        "target / Memory by role / B": "a limit is drawn from half of it on",
        "generator / Exporters: lost / [BC]": "nothing is refused or sent again",
        "target / Blocks found in memory / A": "the run of this test has blocks of no known source",
        "load / Users and connections / D": "a limit is drawn from half of it on"},
}


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

    def run_queries(self, boards: list[Path], *options: str) -> subprocess.CompletedProcess:
        gaps = Path(self.folder.name) / "gaps.json"
        gaps.write_text(json.dumps(GAPS if boards == BOARDS else {"metrics": GAPS["metrics"]}))
        return subprocess.run([sys.executable, str(QUERIES), self.url, *map(str, boards), "--last", "300", "--gaps", str(gaps),
                               *options],
                              capture_output=True, text=True, check=False, timeout=PATIENCE)

    def changed(self, **changes: str) -> list[Path]:
        """The overview with the first panel's query set to something else."""
        dashboard = json.loads(DASHBOARD.read_text())
        first = next(panel for panel in dashboard["panels"] if panel.get("targets"))
        first["targets"][0].update(changes)
        path = Path(self.folder.name) / "changed.json"
        path.write_text(json.dumps(dashboard))
        return [path]

    def test_every_query_returns_data(self) -> None:
        done = self.run_queries(BOARDS)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        expected = sum(board.read_text().count('"expr"') for board in BOARDS)
        self.assertGreater(expected, 200)
        self.assertEqual(done.stdout.count("ok     ") + done.stdout.count("gap    "), expected, done.stdout)
        self.assertGreater(done.stdout.count("ok     "), 100)

    def test_every_query_returns_data_for_the_run_asked_for(self) -> None:
        done = self.run_queries(BOARDS, "--run", "20260101T000000Z-0001")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_gap_that_is_none_fails(self) -> None:
        gaps = Path(self.folder.name) / "none.json"
        gaps.write_text(json.dumps({"metrics": {"plimsoll_vus": "there is no load"},
                                    "queries": {"overview / No such panel / A": "it is gone"}}))
        done = self.run_queries(BOARDS, "--gaps", str(gaps))
        self.assertEqual(done.returncode, 1)
        self.assertIn("ERROR  the gap 'plimsoll_vus' is none: Prometheus has plimsoll_vus", done.stdout)
        self.assertIn("ERROR  the gap 'overview / No such panel / A' is of no query", done.stdout)

    def test_a_query_without_data_fails(self) -> None:
        done = self.run_queries(self.changed(expr="plimsoll_no_such_metric"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("EMPTY  changed / What runs / A", done.stdout)

    def test_a_query_that_is_always_nan_fails(self) -> None:
        done = self.run_queries(self.changed(expr="plimsoll_vus * NaN"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("EMPTY  changed / What runs / A", done.stdout)

    def test_a_broken_query_fails(self) -> None:
        done = self.run_queries(self.changed(expr="sum(plimsoll_vus"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("ERROR  changed / What runs / A: ", done.stdout)

    def test_an_unknown_variable_fails(self) -> None:
        done = self.run_queries(self.changed(expr='plimsoll_vus{run="$no_such_variable"}'))
        self.assertEqual(done.returncode, 1)
        self.assertIn("variable $no_such_variable is not declared", done.stdout)

    def test_an_unknown_run_fails(self) -> None:
        done = self.run_queries(BOARDS, "--run", "no-such-run")
        self.assertEqual(done.returncode, 1)
        self.assertIn("Prometheus knows no run='no-such-run'", done.stdout)

    def test_the_configuration_passes_promtool(self) -> None:
        done = subprocess.run(["promtool", "check", "config", str(CONFIG)], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
