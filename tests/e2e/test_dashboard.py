"""Every query of the boards returns data from a Prometheus that scraped a real demo run, but for what a demo does not have."""
import re
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import board_gaps
from dashboard_queries import Window, check_boards
from harness import fetch, free_port, metric_sum, only_run, start_plimsoll, summary, wait_for

ROOT = Path(__file__).resolve().parents[2]


class Dashboard(unittest.TestCase):
    def test_every_query_finds_data(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        here = Path(folder.name)
        metrics, web = free_port(), free_port()
        config = (ROOT / "dashboards/prometheus/prometheus.yml").read_text()
        self.assertIn("127.0.0.1:9464", config)
        (here / "prometheus.yml").write_text(config.replace("127.0.0.1:9464", f"127.0.0.1:{metrics}"))
        prometheus = subprocess.Popen(
            ["prometheus", f"--config.file={here}/prometheus.yml", f"--storage.tsdb.path={here}/data",
             f"--web.listen-address=127.0.0.1:{web}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(prometheus.wait)
        self.addCleanup(prometheus.kill)
        began = time.time()
        demo = start_plimsoll("demo", "--duration", "20s", "--linger", "12s", "--prometheus", f"127.0.0.1:{metrics}",
                              "--results", here / "results")
        self.addCleanup(demo.kill)
        wait_for(lambda: list(here.glob("results/*/summary.json")), "the verdict", 90)
        text = fetch(f"http://127.0.0.1:{metrics}/metrics")
        run = summary(only_run(here / "results"))
        requests = run["totals"]["requests"]
        self.assertEqual(metric_sum(text, "plimsoll_requests_total"), requests)
        lint = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        self.assertEqual((lint.returncode, lint.stdout, lint.stderr), (0, "", ""))

        def stored():
            answer = fetch(f"http://127.0.0.1:{web}/api/v1/query?query=sum(plimsoll_requests_total)")
            found = re.search(r'"value":\[[\d.]+,"(\d+)"\]', answer)
            return found and int(found[1]) == requests

        def judged():
            # Twice: the boards look at whole seconds, one of which then lies between two scrapes.
            twice = "count_over_time(plimsoll_run_validity[1m])%20>=%202"
            return '"value"' in fetch(f"http://127.0.0.1:{web}/api/v1/query?query={twice}")

        # Prometheus' own count is the run's, exactly.
        wait_for(stored, "Prometheus to have scraped the end", 10)
        wait_for(judged, "Prometheus to have scraped the verdict on the measurement", 10)
        boards = sorted((ROOT / "dashboards/grafana").glob("*.json"))
        window = Window(began, time.time(), 1)
        self.assertTrue(check_boards(f"http://127.0.0.1:{web}", boards, run["run"]["id"], window, board_gaps.gaps_of("demo")))
        self.assertEqual(demo.wait(60), 0)


if __name__ == "__main__":
    unittest.main()
