"""What leaves a run for others: how much of it arrived, how long it can be had, and under which names."""
import http.server
import json
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

from harness import Target, fetch, free_port, metric_sum, run_plimsoll, start_plimsoll, summary, wait_for

# Four 15-second scrapes fit into no test: the interval is what counts, whatever its length.
INTERVAL = 1


class Collector:
    """An OTLP/HTTP receiver that answers as told, one status for each request, the last one for all others."""

    def __init__(self, *statuses):
        self.statuses = list(statuses)
        self.paths = []
        self.batches = []  # (status, spans)
        lock = threading.Lock()
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with lock:
                    status = collector.statuses.pop(0) if len(collector.statuses) > 1 else collector.statuses[0]
                    collector.paths.append(self.path)
                    collector.batches.append((status, spans_in(body)))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def taken(self):
        return sum(spans for status, spans in self.batches if status == 200)


def fields(data):
    """(number, bytes) of each length-delimited field of a protobuf message; others are skipped."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = varint()
        if key & 7 == 2:
            size = varint()
            yield key >> 3, data[at:at + size]
            at += size
        elif key & 7 == 0:
            varint()
        else:
            at += {1: 8, 5: 4}[key & 7]


def spans_in(body):
    """ExportTraceServiceRequest: resource_spans = 1, scope_spans = 2, spans = 2."""
    return sum(1 for a, resource in fields(body) if a == 1 for b, scope in fields(resource) if b == 2
               for c, _ in fields(scope) if c == 2)


class Exports(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)

    def scenario(self, url, exports, rate="40/s", duration="2s"):
        path = self.dir / "s.yaml"
        path.write_text(f"target: {url}\nusers:\n  reader:\n    flow: [{{get: /}}]\n"
                        f"load: [{{executor: constant-arrival-rate, rate: {rate}, duration: {duration}, max_vus: 20}}]\n"
                        f"export: {exports}\n")
        return path

    def test_every_output_says_how_many_spans_the_collector_took(self):
        with Target() as target, Collector(400, 503, 200) as collector:
            path = self.scenario(target.url, f"{{otlp: {{endpoint: '{collector.url}', sample: 100%}}}}")
            done = run_plimsoll("run", path, "--run-dir", self.dir / "r", "--no-calibration", check=0)
        otlp = summary(self.dir / "r")["exporters"]["otlp"]
        self.assertEqual(otlp["sent"], collector.taken())
        self.assertEqual(otlp["rejected"], collector.batches[0][1])
        self.assertEqual(otlp["retried"], 1)
        self.assertEqual(otlp["sent"] + otlp["rejected"] + otlp["dropped"], 2 * 80)
        self.assertGreater(otlp["sent"], 0)
        self.assertGreater(otlp["rejected"], 0)
        line = (f"otlp      {otlp['sent']} spans sent, 1 retried, {otlp['rejected']} rejected, "
                f"{otlp['dropped']} dropped")
        self.assertIn(line, done.stdout.splitlines()[-1])
        page = (self.dir / "r/report.html").read_text()
        self.assertIn(f"{otlp['sent']} sent, 1 retried, {otlp['rejected']} rejected, {otlp['dropped']} dropped", page)

    def test_a_collector_that_is_away_loses_spans_that_are_counted(self):
        with Target() as target:
            metrics = free_port()
            path = self.scenario(target.url, f"{{prometheus: '127.0.0.1:{metrics}', "
                                             f"otlp: {{endpoint: 'http://127.0.0.1:1', sample: 100%}}}}")
            run = start_plimsoll("run", path, "--run-dir", self.dir / "r", "--no-calibration", "--linger", "3s",
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.addCleanup(run.kill)
            seen = []

            def counted():
                try:
                    seen.append(fetch(f"http://127.0.0.1:{metrics}/metrics"))
                except OSError:
                    return False
                # The first page may come before the first figures.
                name = "plimsoll_exporter_dropped_total"
                return f'{name}{{exporter="otlp"' in seen[-1] and metric_sum(seen[-1], name, exporter="otlp") >= 2 * 80

            wait_for(counted, "the loss in the metrics", 60, 0.1)
            self.assertIn(run.wait(60), (0, 111))
        otlp = summary(self.dir / "r")["exporters"]["otlp"]
        self.assertEqual((otlp["sent"], otlp["dropped"]), (0, 2 * 80))
        self.assertEqual(metric_sum(seen[-1], "plimsoll_exporter_dropped_total", exporter="otlp"), 2 * 80)

    def test_the_environment_says_where_traces_go(self):
        with Target() as target, Collector(200) as collector:
            for number, (export, flags, variables, where) in enumerate((
                    ("{otlp: {}}", [], {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}, "/v1/traces"),
                    ("{otlp: {sample: 100%}}", [],
                     {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": collector.url + "/own"}, "/own"),
                    ("{}", ["-o", "otlp"], {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url + "/v1/traces"},
                     "/v1/traces"))):
                collector.paths.clear()
                path = self.scenario(target.url, export, rate="300/s")
                run_plimsoll("run", path, "--run-dir", self.dir / str(number), "--no-calibration", "-q", *flags,
                             env=variables, check=0)
                self.assertEqual(set(collector.paths), {where}, export)

    def test_the_endpoint_stays_for_two_scrapes_of_the_end_and_no_longer(self):
        with Target() as target:
            metrics, web = free_port(), free_port()
            path = self.scenario(target.url, f"{{prometheus: '127.0.0.1:{metrics}'}}", rate="20/s", duration="5s")
            (self.dir / "prometheus.yml").write_text(
                f"global: {{scrape_interval: {INTERVAL}s, scrape_timeout: {INTERVAL}s}}\n"
                "scrape_configs:\n- job_name: plimsoll\n  static_configs:\n"
                f"  - targets: ['127.0.0.1:{metrics}']\n")
            prometheus = subprocess.Popen(
                ["prometheus", f"--config.file={self.dir}/prometheus.yml", f"--storage.tsdb.path={self.dir}/data",
                 f"--web.listen-address=127.0.0.1:{web}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.addCleanup(prometheus.wait)
            self.addCleanup(prometheus.kill)

            def stored(query):
                """The highest value in the last minute: the endpoint is gone by then."""
                try:
                    result = json.loads(fetch(
                        f"http://127.0.0.1:{web}/api/v1/query?query=max(max_over_time({query}[1m]))"))["data"]["result"]
                except OSError:
                    return None
                return float(result[0]["value"][1]) if result else None

            wait_for(lambda: stored("up") is not None, "Prometheus", 60)
            run = run_plimsoll("run", path, "--run-dir", self.dir / "r", "--no-calibration", check=0)
            requests = summary(self.dir / "r")["totals"]["requests"]
            self.assertEqual(requests, 100)
            self.assertEqual(stored("plimsoll_response_seconds_count"), requests)
            # Five seconds are fewer than ten scrapes of one.
            self.assertIn("was scraped every", run.stderr)

    def test_nothing_lingers_where_nothing_scrapes(self):
        with Target() as target:
            path = self.scenario(target.url, "{prometheus: '127.0.0.1:0'}", duration="1s")
            began = time.monotonic()
            without = run_plimsoll("run", path, "--run-dir", self.dir / "r", "--no-calibration", check=0)
            took = time.monotonic() - began
            began = time.monotonic()
            run_plimsoll("run", path, "--run-dir", self.dir / "s", "--no-calibration", "--linger", "0s", check=0)
            self.assertLess(took - (time.monotonic() - began), 2, without.stdout)


class ProbeAlone(unittest.TestCase):
    def test_has_an_id_and_tags_of_its_own_and_writes_json(self):
        with tempfile.TemporaryDirectory() as folder:
            metrics = free_port()
            file = Path(folder) / "probe.ndjson"
            probe = start_plimsoll("probe", "--prometheus", f"127.0.0.1:{metrics}", "--container", "self=pid:1",
                                   "--run-id", "nightly-42", "--tag", "env=ci", "--tag", "git.sha=abc",
                                   "-o", f"json={file}", "-d", "8s", stdout=subprocess.DEVNULL)
            self.addCleanup(probe.kill)
            texts = []

            def read():
                try:
                    texts.append(fetch(f"http://127.0.0.1:{metrics}/metrics"))
                except OSError:
                    return False
                return "plimsoll_container_cpu_seconds_total{" in texts[-1]

            wait_for(read, "a reading of the process", 30)
            self.assertEqual(metric_sum(texts[-1], "plimsoll_run_info", run="nightly-42", env="ci", git_sha="abc"), 1)
            name = Path("/proc/1/comm").read_text().strip()
            self.assertGreater(metric_sum(texts[-1], "plimsoll_container_memory_working_set_bytes", role="self",
                                          container=name), 0)
            self.assertNotIn('"pid:', texts[-1])
            self.assertEqual(probe.wait(30), 0)
            lines = [json.loads(line) for line in file.read_text().splitlines()]
            values = {line["metric"] for line in lines if line["type"] == "Point"}
            self.assertIn("plimsoll_container_cpu_seconds_total", values)
            self.assertTrue(all(line["data"]["tags"]["env"] == "ci" for line in lines if line["type"] == "Point"))

    def test_two_probes_never_share_an_id(self):
        ids = set()
        for _ in range(2):
            metrics = free_port()
            probe = start_plimsoll("probe", "--prometheus", f"127.0.0.1:{metrics}", "-d", "3s",
                                   stdout=subprocess.DEVNULL)
            self.addCleanup(probe.kill)

            def run_id():
                try:
                    return fetch(f"http://127.0.0.1:{metrics}/metrics").split('plimsoll_run_info{run="')[1].split('"')[0]
                except OSError:
                    return None

            ids.add(wait_for(run_id, "the run's id", 30))
            probe.kill()
            probe.wait()
        self.assertEqual(len(ids), 2)
        self.assertNotIn("probe", ids)

    def test_refuses_what_it_cannot_do(self):
        for flags, text in ((["-o", "otlp=http://127.0.0.1:4318"], "must be grafana[=URL], influxdb=URL/DATABASE, json=FILE, "),
                            (["-o", "json"], "must be grafana[=URL], "), (["--run-id", "a b"], "--run-id"),
                            (["--tag", "x"], "--tag: must be key=value"),
                            (["-o", "json=/nowhere/x"], "its folder does not exist")):
            done = run_plimsoll("probe", "--prometheus", "127.0.0.1:0", "-d", "1s", *flags, check=104)
            self.assertIn(text, done.stderr, flags)


if __name__ == "__main__":
    unittest.main()
