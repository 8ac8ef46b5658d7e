"""Remote write as a whole: a real Prometheus has what summary.json says, also afterwards; and what is lost is counted."""
import json
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from harness import Target, fetch, free_port, metric_sum, run_plimsoll, summary, wait_for


class Prometheus:
    """Debian's, on a free port, with its data below `folder`."""

    def __init__(self, folder, *flags, data=None):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        config = Path(folder) / "prometheus.yml"
        config.write_text("{}\n")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={data or Path(folder) / 'data'}",
             f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn", "--storage.tsdb.retention.time=100y", *flags],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        wait_for(self.ready, "Prometheus")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)

    def ready(self):
        try:
            return fetch(f"{self.url}/-/ready")
        except OSError:
            return False

    def values(self, query, at):
        """{endpoint: value} of an instant query, "" where a series has no such label."""
        text = fetch(f"{self.url}/api/v1/query?" + urllib.parse.urlencode({"query": query, "time": at}))
        return {each["metric"].get("endpoint", ""): float(each["value"][1]) for each in json.loads(text)["data"]["result"]}


def unix_s(utc):
    import datetime
    return datetime.datetime.fromisoformat(utc.replace("Z", "+00:00")).timestamp()


class RemoteWrite(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)
        self.run = self.dir / "r"

    def scenario(self, url, exports=""):
        path = self.dir / "s.yaml"
        path.write_text(f"target: {url}\nusers:\n  reader:\n    flow: [{{get: /a}}, {{get: /b}}]\n"
                        "load: [{executor: constant-arrival-rate, rate: 50/s, duration: 3s, max_vus: 20}]\n"
                        f"thresholds: {{http_req_duration: [\"p(95)<5s\"]}}\n{exports}")
        return path

    def load(self, *flags, exports="", env=None):
        with Target() as target:
            return run_plimsoll("run", self.scenario(target.url, exports), "--run-dir", self.run, "--no-calibration", *flags,
                                check=0, env=env)

    def assert_is_the_run(self, prometheus):
        result = summary(self.run)
        end = unix_s(result["run"]["started"]) + result["run"]["duration_s"] + 1.5
        requests = {each["name"]: each["requests"] for each in result["endpoints"]}
        self.assertGreater(sum(requests.values()), 200)
        self.assertEqual(prometheus.values("sum by (endpoint) (plimsoll_requests_total)", end), requests)
        self.assertEqual(prometheus.values("plimsoll_response_seconds_count", end), requests)
        self.assertEqual(prometheus.values('plimsoll_response_seconds_bucket{le="+Inf"}', end), requests)
        self.assertEqual(prometheus.values("plimsoll_threshold_ok", end), {"": 1})
        self.assertEqual(prometheus.values(f'count(plimsoll_run_info{{run="{result["run"]["id"]}",job="plimsoll"}})', end), {"": 1})
        for endpoint in result["endpoints"]:
            for name, q in (("p50", 0.5), ("p95", 0.95)):
                ours = endpoint["response_s"][name]
                if ours >= 0.001:  # below it buckets are wider
                    theirs = prometheus.values(f"histogram_quantile({q}, plimsoll_response_seconds_bucket)", end)[endpoint["name"]]
                    self.assertLessEqual(theirs, ours * 1.25)
                    self.assertGreaterEqual(theirs, ours / 1.25)
        self.assertEqual(prometheus.values('count({job="plimsoll"})', end + 60), {})

    def test_a_run_is_in_prometheus_and_all_that_was_sent_is_counted(self):
        with Prometheus(self.dir, "--web.enable-remote-write-receiver") as prometheus:
            done = self.load("-o", f"remote-write={prometheus.url}/api/v1/write")
            self.assert_is_the_run(prometheus)
            counts = summary(self.run)["exporters"]["remote-write"]
            stored = metric_sum(fetch(f"{prometheus.url}/metrics"), "prometheus_tsdb_head_samples_appended_total")
        self.assertEqual((counts["rejected"], counts["dropped"], counts["retried"]), (0, 0, 1))  # 1: 2.0, then 1.0
        self.assertIn(f"remote-write {counts['sent']} samples sent, 1 retried, 0 rejected, 0 dropped", done.stdout)
        self.assertEqual(stored, counts["sent"])

    def test_one_that_has_nobody_to_send_to_takes_no_time_from_another(self):
        nobody = f"http://127.0.0.1:{free_port()}"
        with Prometheus(self.dir, "--web.enable-remote-write-receiver") as prometheus:
            self.load("-o", f"otlp-metrics={nobody}", "-o", f"otlp-logs={nobody}", "-o", f"influxdb={nobody}/k6",
                      "-o", f"remote-write={prometheus.url}/api/v1/write")
            self.assert_is_the_run(prometheus)
        exporters = summary(self.run)["exporters"]
        self.assertEqual((exporters["remote-write"]["rejected"], exporters["remote-write"]["dropped"]), (0, 0))
        self.assertGreater(exporters["otlp-metrics"]["dropped"], 0)

    def test_a_run_can_be_sent_afterwards(self):
        self.load()
        with Prometheus(self.dir, "--web.enable-remote-write-receiver") as prometheus:
            run_plimsoll("export", self.run, "--remote-write", f"{prometheus.url}/api/v1/write", check=0)
            self.assert_is_the_run(prometheus)

    def test_promtool_makes_blocks_of_a_run(self):
        self.load()
        run_plimsoll("export", self.run, "--openmetrics", self.dir / "run.txt", check=0)
        printed = run_plimsoll("export", self.run, "--format", "openmetrics", check=0).stdout
        self.assertEqual(printed, (self.dir / "run.txt").read_text())
        self.assertTrue(printed.endswith("# EOF\n"))
        made = subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", self.dir / "run.txt", self.dir / "blocks"],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(made.returncode, 0, made.stderr)
        with Prometheus(self.dir, data=self.dir / "blocks") as prometheus:
            result = summary(self.run)
            end = unix_s(result["run"]["started"]) + result["run"]["duration_s"] + 1.5
            self.assertEqual(prometheus.values("sum by (endpoint) (plimsoll_requests_total)", end),
                             {each["name"]: each["requests"] for each in result["endpoints"]})

    def test_nobody_there_loses_what_is_counted_and_the_run_is_no_worse(self):
        done = self.load("-o", f"remote-write=http://127.0.0.1:{free_port()}/api/v1/write")
        counts = summary(self.run)["exporters"]["remote-write"]
        self.assertEqual(counts["sent"], 0)
        self.assertGreater(counts["dropped"], 1000)
        self.assertIn("connection refused", done.stdout)

    def test_credentials_come_from_the_environment_and_stay_secret(self):
        secret = "hunter2hunter2"
        (self.dir / "token").write_text(secret + "\n")
        with Prometheus(self.dir, "--web.enable-remote-write-receiver") as prometheus:
            done = self.load("-o", "remote-write", "-v", env={"PLIMSOLL_REMOTE_WRITE_URL": f"{prometheus.url}/api/v1/write",
                                                             "PLIMSOLL_REMOTE_WRITE_TOKEN_FILE": str(self.dir / "token")})
            self.assertGreater(summary(self.run)["exporters"]["remote-write"]["sent"], 0)
        self.assertNotIn(secret, done.stdout + done.stderr)
        for path in self.run.iterdir():
            self.assertNotIn(secret.encode(), path.read_bytes(), path)

    def test_what_cannot_be_is_refused_before_anything_is_sent(self):
        for place, said in (("http://u:p@127.0.0.1/x", "password"), ("nonsense", "URL"), ("unix:/x", "http or https")):
            refused = run_plimsoll("run", "http://127.0.0.1:1/", "-o", f"remote-write={place}", check=104)
            self.assertIn(said.lower(), refused.stderr.lower())
        self.load()
        refused = run_plimsoll("export", self.run, check=104)
        self.assertIn("--remote-write", refused.stderr)
        nobody = run_plimsoll("export", self.run / "nowhere", "--openmetrics", "-", check=104)
        self.assertIn("nowhere", nobody.stderr)


if __name__ == "__main__":
    unittest.main()
