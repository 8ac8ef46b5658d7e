"""plimsoll probe beside another load tool: what a real Prometheus keeps of it is what was planted."""
import json
import re
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import unittest
import urllib.parse
from pathlib import Path

from harness import fetch, free_port, metric_sum, run_plimsoll, start_plimsoll, wait_for

POOL = 5


class Beside(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.here = Path(folder.name)

    def start(self, name, *args):
        log = open(self.here / name, "w+")
        self.addCleanup(log.close)
        started = start_plimsoll(*args, stdout=log, stderr=subprocess.STDOUT)
        self.addCleanup(started.wait)
        self.addCleanup(started.send_signal, signal.SIGTERM)
        return started

    def said(self, name, pattern):
        """What a program printed, once it did."""
        def look():
            text = (self.here / name).read_text()
            return re.search(pattern, text)
        return wait_for(look, f"{pattern} of {name}", 90)

    def test_a_pools_plateau_shows_in_prometheus_beside_wrk(self):
        self.start("lab", "lab", "--listen", "127.0.0.1:0", "--fault", f"app-pool:size={POOL}", "--pool-metrics", "otel")
        lab = self.said("lab", r"ready (http://\S+)")[1]
        dsn = self.said("lab", r'psql "([^"]+)"')[1]
        metrics, web = free_port(), free_port()
        # Only what a probe needs: no users, no load.
        (self.here / "probes.yaml").write_text(
            f"target: {lab}\nprobes:\n  interval: 100ms\n  postgres: {{dsn: \"${{env.DSN}}\"}}\n"
            f"  containers: [{{port: {lab.rsplit(':', 1)[1]}, role: app}}]\n"
            f"  app_metrics: {{url: {lab}/metrics}}\n  canaries: {{no_database: {{get: /health}}}}\n"
            f"export: {{prometheus: 127.0.0.1:{metrics}}}\n")
        log = open(self.here / "probe", "w+")
        self.addCleanup(log.close)
        probe = start_plimsoll("probe", self.here / "probes.yaml", env={"DSN": dsn}, stdout=log,
                               stderr=subprocess.STDOUT)
        self.addCleanup(probe.kill)
        self.said("probe", r"metrics +http://127.0.0.1:\d+/metrics")
        (self.here / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: plimsoll\n  static_configs:\n"
            f"  - targets: ['127.0.0.1:{metrics}']\n")
        prometheus = subprocess.Popen(
            ["prometheus", f"--config.file={self.here}/prometheus.yml", f"--storage.tsdb.path={self.here}/data",
             f"--web.listen-address=127.0.0.1:{web}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(prometheus.wait)
        self.addCleanup(prometheus.kill)

        def stored(query, start=None, end=None):
            """The values of a query's one series, over a range of time or now."""
            now = time.time()
            words = urllib.parse.urlencode({"query": query, "start": start or now - 3, "end": end or now, "step": 1})
            try:
                result = json.loads(fetch(f"http://127.0.0.1:{web}/api/v1/query_range?{words}"))["data"]["result"]
            except OSError:
                return []
            return [float(value) for _, value in result[0]["values"]] if result else []

        wait_for(lambda: stored("plimsoll_app_pool_size"), "Prometheus' first scrape", 60)
        # More callers than connections, for much longer than a request holds one.
        wrk = subprocess.run(["wrk", "-t1", "-c32", "-d15s", f"{lab}/v1/deployments?status=running"],
                             capture_output=True, text=True, timeout=120)
        end = time.time() - 2
        start = end - 10
        self.assertEqual(wrk.returncode, 0, wrk.stderr)

        self.assertEqual(set(stored("plimsoll_app_pool_size", start, end)), {POOL})
        used = stored("plimsoll_app_pool_used", start, end)
        self.assertGreaterEqual(len(used), 8)
        self.assertEqual((statistics.median(used), max(used)), (POOL, POOL))
        self.assertGreater(min(stored("plimsoll_app_pool_pending", start, end)), 0)
        # The database's view of the same plateau: another probe, another counter.
        backends = stored('sum(plimsoll_pg_backends{application_name="lab"})', start, end)
        self.assertEqual(set(backends), {POOL})
        self.assertGreater(stored('rate(plimsoll_container_cpu_seconds_total{role="app"}[5s])', end - 1, end)[-1], 0)
        # Alone it offers nothing of a load, which would be all zero.
        text = fetch(f"http://127.0.0.1:{metrics}/metrics")
        self.assertNotIn("plimsoll_requests_total", text)
        self.assertNotIn("plimsoll_vus", text)
        for name in ("postgres", "app_metrics", "host:generator", "host:target", "no_database"):
            self.assertEqual(metric_sum(text, "plimsoll_probe_up", probe=self.full_name(text, name)), 1, name)
        lint = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        self.assertEqual((lint.returncode, lint.stdout, lint.stderr), (0, "", ""))
        probe.send_signal(signal.SIGTERM)
        self.assertEqual(probe.wait(30), 0)
        password = re.search(r"password=([^ '\"]+)", dsn)
        if password:
            self.assertNotIn(password[1], (self.here / "probe").read_text() + text)

    def full_name(self, text, name):
        """Of a probe called `name`, or KIND:name."""
        found = re.findall(r'plimsoll_probe_up\{probe="((?:[^"]*:)?%s)"\}' % re.escape(name), text)
        self.assertEqual(len(found), 1, (name, re.findall(r'probe_up\{[^}]*\}', text)))
        return found[0]


class Flags(unittest.TestCase):
    def test_ends_by_itself_after_its_duration(self):
        done = run_plimsoll("probe", "--prometheus", "127.0.0.1:0", "-d", "300ms", check=0)
        self.assertRegex(done.stdout, r"^metrics   http://127\.0\.0\.1:\d+/metrics\n$")

    def test_refuses_what_it_does_not_understand(self):
        for flags, text in ((["--container", "pid:x"], 'must be [ROLE=]NAME, got "pid:x"'),
                            (["--container", "pid:1", "--container", "app=pid:1"], '"app=pid:1" is a container that is given already'),
                            (["--container", "app=pods:a=b@"], 'must be [ROLE=]NAME, got "app=pods:a=b@"'),
                            (["--interval", "1us"], "--interval"),
                            (["--app-metrics", "unix:/x"], "must be an http or https URL"),
                            (["--prometheus", "here"], "must be an IP address and a port, or a port"),
                            (["nowhere.yaml"], "nowhere.yaml")):
            with self.subTest(flags):
                done = run_plimsoll("probe", "-d", "100ms", *flags, check=104)
                self.assertIn(text, done.stderr)

    def test_refuses_a_taken_port_with_its_own_status(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen()
            done = run_plimsoll("probe", "-d", "100ms", "--prometheus", f"127.0.0.1:{s.getsockname()[1]}", check=106)
        self.assertIn("choose another port", done.stderr)

    def test_help_ends_with_two_examples(self):
        lines = run_plimsoll("probe", "--help", check=0).stdout.rstrip().splitlines()
        self.assertEqual(lines[-3], "Examples:")
        self.assertTrue(all(line.startswith("  plimsoll probe ") for line in lines[-2:]), lines[-2:])


if __name__ == "__main__":
    unittest.main()
