"""One run of the lab, and all who may look on: what each of them has in the end is what summary.json says.

Prometheus 2 and 3 scrape it as text, OpenMetrics and protobuf, every 1, 5 and 15 s, and VictoriaMetrics as text; Prometheus 3 gets it
by remote write meanwhile, Prometheus 2 and VictoriaMetrics afterwards; an OpenTelemetry Collector gets traces, metrics and logs.
"""
import bisect
import datetime
import json
import math
import subprocess
import tempfile
import unittest
from collections import Counter
from pathlib import Path

from harness import free_port, run_plimsoll, start_plimsoll, summary, wait_for
from observers import Collector, Prometheus, VictoriaMetrics, built, scrape

# An odd number of requests an endpoint: then no quantile lies between two of them, and all agree on which one it is.
RATE, LENGTH_S = 61, 45
INTERVALS_S = (1, 5, 15)
QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
NATIVE = 0.025   # what a quantile may be off by: 2^(1/32) - 1 = 2.2 %, and 0.4 % of the report's own where it shows an extreme
CLASSIC = 0.25


def scenario_of(target, metrics_port, collector, remote_write):
    return {
        "name": "observers", "target": target,
        "users": {"reader": {"flow": [{"get": "/v1/deployments?status=running", "name": "LIST"}, {"get": "/health", "name": "HEALTH"}]}},
        "load": [{"executor": "constant-arrival-rate", "rate": f"{RATE}/s", "duration": f"{LENGTH_S}s", "max_vus": 500}],
        "thresholds": {"http_req_duration": ["p(95)<5s"]},
        "export": {"prometheus": f"127.0.0.1:{metrics_port}",
                   "otlp": {"endpoint": collector, "sample": "20%", "signals": ["traces", "metrics", "logs"], "interval": "2s"},
                   "remote_write": {"url": remote_write, "histograms": "both", "labels": {"job": "written"}}},
    }


def attributes(of):
    return {each["key"]: next(iter(each["value"].values())) for each in of.get("attributes", [])}


def expected_count(endpoint):
    return {each["name"]: each["requests"] for each in endpoint}


def exponential_quantile(point, q):
    """The bounds of the bucket that holds the quantile, in seconds."""
    zero = int(point.get("zeroCount", 0))
    base = 2 ** 2 ** -int(point["scale"])
    counts = [int(each) for each in point["positive"]["bucketCounts"]]
    rank = math.ceil(q * int(point["count"])) - zero
    sums = [sum(counts[:i + 1]) for i in range(len(counts))]
    index = bisect.bisect_left(sums, rank) + int(point["positive"].get("offset", 0))
    return base ** index, base ** (index + 1)


class Observed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.dir = Path(folder.name)
        three = built("prometheus")
        lab = start_plimsoll("lab", "--listen", "127.0.0.1:0", "--fault", "app-pool:size=5,hold=20ms", stdout=subprocess.PIPE)
        cls.addClassCleanup(lab.wait)
        cls.addClassCleanup(lab.kill)
        target = next(line.split()[1] for line in lab.stdout if line.startswith("ready "))
        cls.port = free_port()

        def each(form, **more):
            return [scrape(f"{form}-{seconds}", cls.port, seconds, **more) for seconds in INTERVALS_S]

        native = {"scrape_native_histograms": True, "always_scrape_classic_histograms": True}
        cls.observers = {
            # 2.42 asks for OpenMetrics, and for protobuf where native histograms are on; never for text alone.
            "prometheus 2, openmetrics": Prometheus(cls.dir / "two", "prometheus", ["exemplar-storage"], each("openmetrics")),
            "prometheus 2, protobuf": Prometheus(cls.dir / "two-native", "prometheus", ["exemplar-storage", "native-histograms"],
                                                 each("protobuf")),
            "prometheus 3": Prometheus(cls.dir / "three", three, ["exemplar-storage"], [
                *each("text", scrape_protocols=["PrometheusText0.0.4"]),
                *each("openmetrics", scrape_protocols=["OpenMetricsText1.0.0"]),
                *each("protobuf", scrape_protocols=["PrometheusProto"], **native)]),
            "victoriametrics": VictoriaMetrics(cls.dir / "victoria", [scrape("text-1", cls.port, 1)]),
        }
        cls.collector = Collector(cls.dir / "collector")
        for observer in [*cls.observers.values(), cls.collector]:
            cls.addClassCleanup(observer.process.wait)
            cls.addClassCleanup(observer.process.kill)
        cls.scraped = [(name, job) for name, forms in (
            ("prometheus 2, openmetrics", ["openmetrics"]), ("prometheus 2, protobuf", ["protobuf"]),
            ("prometheus 3", ["text", "openmetrics", "protobuf"]))
            for form in forms for job in (f"{form}-{seconds}" for seconds in INTERVALS_S)] + [("victoriametrics", "text-1")]

        path = cls.dir / "s.yaml"
        path.write_text(json.dumps(scenario_of(target, cls.port, cls.collector.url, cls.observers["prometheus 3"].write_url())))
        cls.run_dir = cls.dir / "run"
        cls.done = run_plimsoll("run", path, "--run-dir", cls.run_dir, "--no-calibration", check=0, timeout=300)
        cls.result = summary(cls.run_dir)
        cls.started = datetime.datetime.fromisoformat(cls.result["run"]["started"].replace("Z", "+00:00")).timestamp()
        cls.collector.stop()
        for name in ("prometheus 2, openmetrics", "victoriametrics"):
            run_plimsoll("export", cls.run_dir, "--remote-write", cls.observers[name].write_url(), "--label", "job=written", check=0)
        cls.ended = cls.wait_until_gone()
        cls.spans = {span["spanId"]: span for request in cls.collector.received("traces")
                     for resource in request["resourceSpans"] for scope in resource["scopeSpans"] for span in scope["spans"]}

    @classmethod
    def wait_until_gone(cls):
        """Every scraper has found nobody: by then it has said that the series have ended."""
        def gone():
            now = datetime.datetime.now().timestamp()
            for name, job in cls.scraped:
                up = cls.observers[name].series(f'up{{job="{job}"}}', now)
                if [value for _, value in up] != [0]:
                    return None
            return now
        return wait_for(gone, "the last scrapers to find the endpoint closed", 60, 0.5)

    def end_of_writing(self):
        return self.started + self.result["run"]["duration_s"] + 1.5

    def assert_counts(self, observer, job, at, classic=True):
        requests = expected_count(self.result["endpoints"])
        self.assertEqual(observer.by_endpoint(f'sum by (endpoint) (plimsoll_requests_total{{job="{job}"}})', at), requests)
        for name in ("response", "service", "send_lag") if not classic else ():
            self.assertEqual(observer.by_endpoint(f'histogram_count(plimsoll_{name}_seconds{{job="{job}"}})', at), requests)
        for name in ("response", "service", "send_lag") if classic else ():
            self.assertEqual(observer.by_endpoint(f'plimsoll_{name}_seconds_count{{job="{job}"}}', at), requests)
            self.assertEqual(observer.by_endpoint(f'plimsoll_{name}_seconds_bucket{{job="{job}",le="+Inf"}}', at), requests)

    def assert_quantiles(self, observer, metric, at, within):
        for name, q in QUANTILES.items():
            theirs = observer.by_endpoint(f"histogram_quantile({q}, {metric})", at)
            for endpoint in self.result["endpoints"]:
                ours = endpoint["response_s"][name]
                if within == CLASSIC and ours < 0.001:  # below it buckets are wider
                    continue
                self.assertLessEqual(abs(theirs[endpoint["name"]] / ours - 1), within,
                                     f"{endpoint['name']} {name}: {theirs[endpoint['name']]} of {metric}, {ours}")

    def test_the_run_is_what_it_was_planned_to_be(self):
        self.assertEqual(expected_count(self.result["endpoints"]), {"LIST": RATE * LENGTH_S, "HEALTH": RATE * LENGTH_S})

    def test_every_scraper_has_the_end(self):
        for name, job in self.scraped:
            with self.subTest(observer=name, job=job):
                observer = self.observers[name]
                at = observer.last_scrape(job, self.ended)
                # With native histograms on, 2.42 leaves the classic ones away.
                classic = name != "prometheus 2, protobuf"
                self.assert_counts(observer, job, at, classic)
                self.assertEqual(observer.series(f'plimsoll_run_state{{job="{job}",state="judged"}}', at)[0][1], 1)
                self.assertEqual(observer.series(f'plimsoll_threshold_ok{{job="{job}"}}', at)[0][1], 1)
                self.assertEqual(observer.series(f'plimsoll_run_validity{{job="{job}",verdict="{self.result["validity"]["verdict"]}"}}',
                                                 at)[0][1], 1)
                if classic:
                    self.assert_quantiles(observer, f'plimsoll_response_seconds_bucket{{job="{job}"}}', at, CLASSIC)

    def test_series_end_with_the_run(self):
        for name, job in [*self.scraped, ("prometheus 3", "written")]:
            with self.subTest(observer=name, job=job):
                self.assertEqual(self.observers[name].series(f'count({{job="{job}",__name__=~"plimsoll_.+"}})', self.ended), [])

    def test_what_was_written_is_the_run(self):
        for name in ("prometheus 2, openmetrics", "prometheus 3", "victoriametrics"):
            with self.subTest(observer=name):
                self.assert_counts(self.observers[name], "written", self.end_of_writing())
                self.assert_quantiles(self.observers[name], 'plimsoll_response_seconds_bucket{job="written"}', self.end_of_writing(),
                                      CLASSIC)
        counts = self.result["exporters"]["remote-write"]
        self.assertEqual((counts["rejected"], counts["dropped"]), (0, 0))

    def test_native_histograms_have_the_quantiles_of_the_report(self):
        requests = expected_count(self.result["endpoints"])
        for name, job in [*((n, j) for n, j in self.scraped if j.startswith("protobuf")), ("prometheus 3", "written")]:
            with self.subTest(observer=name, job=job):
                observer = self.observers[name]
                at = self.end_of_writing() if job == "written" else observer.last_scrape(job, self.ended)
                series = f'plimsoll_response_seconds{{job="{job}"}}'
                self.assertEqual(observer.by_endpoint(f"histogram_count({series})", at), requests)
                self.assert_quantiles(observer, series, at, NATIVE)

    def test_exemplars_lead_to_the_kept_trace(self):
        begin, end = self.started - 1, self.ended
        for name, job in [("prometheus 2, openmetrics", "openmetrics-1"), ("prometheus 2, protobuf", "protobuf-1"),
                          ("prometheus 3", "openmetrics-1"), ("prometheus 3", "protobuf-1"), ("prometheus 3", "written")]:
            with self.subTest(observer=name, job=job):
                found = self.observers[name].ask("query_exemplars", start=begin, end=end,
                                                 query=f'plimsoll_response_seconds_bucket{{job="{job}"}}')
                if not found:  # of native ones they hang on the histogram itself
                    found = self.observers[name].ask("query_exemplars", start=begin, end=end,
                                                     query=f'plimsoll_response_seconds{{job="{job}"}}')
                exemplars = [each for series in found for each in series["exemplars"]]
                self.assertGreater(len(exemplars), 20)
                for each in exemplars:
                    self.assert_is_the_span(each["labels"]["span_id"], each["labels"]["trace_id"], float(each["value"]))

    def assert_is_the_span(self, span_id, trace_id, value_s):
        span = self.spans[span_id]
        self.assertEqual(span["traceId"], trace_id)
        took_ns = int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"])
        self.assertAlmostEqual(took_ns / 1e9, value_s, delta=2e-6)  # values are rounded as text

    def test_the_collector_has_every_span(self):
        counts = self.result["exporters"]["otlp"]
        self.assertEqual((counts["rejected"], counts["dropped"]), (0, 0))
        self.assertEqual(len(self.spans), counts["sent"])
        sampled = Counter(attributes(span).get("plimsoll.endpoint") for span in self.spans.values()
                          if "plimsoll.sampling.reason" not in attributes(span))
        self.assertEqual(sampled["LIST"], sampled["HEALTH"])
        self.assertEqual(sampled[None], sampled["LIST"])  # one span an iteration
        # A fifth of the iterations: within five standard deviations.
        n = RATE * LENGTH_S
        self.assertLess(abs(sampled["LIST"] - n / 5), 5 * math.sqrt(n * 0.2 * 0.8))

    def metrics(self):
        """name -> the points of the last request that had them."""
        last = {}
        for request in self.collector.received("metrics"):
            for resource in request["resourceMetrics"]:
                for scope in resource["scopeMetrics"]:
                    for metric in scope["metrics"]:
                        form = next(key for key in ("sum", "gauge", "exponentialHistogram") if key in metric)
                        last[metric["name"]] = metric[form]["dataPoints"]
        return last

    def test_the_collector_has_the_counts_and_quantiles(self):
        requests = expected_count(self.result["endpoints"])
        metrics = self.metrics()
        counted = Counter()
        for point in metrics["plimsoll_requests"]:
            counted[attributes(point)["endpoint"]] += int(point.get("asInt", point.get("asDouble", 0)))
        self.assertEqual(counted, requests)
        ours = {each["name"]: each["response_s"] for each in self.result["endpoints"]}
        for point in metrics["plimsoll_response_seconds"]:
            endpoint = attributes(point)["endpoint"]
            self.assertEqual(int(point["count"]), requests[endpoint])
            for name, q in QUANTILES.items():
                low, high = exponential_quantile(point, q)
                self.assertLessEqual(high / ours[endpoint][name] - 1, NATIVE)
                self.assertLessEqual(1 - low / ours[endpoint][name], NATIVE)

    def test_the_collectors_exemplars_lead_to_the_kept_trace(self):
        exemplars = [each for request in self.collector.received("metrics") for resource in request["resourceMetrics"]
                     for scope in resource["scopeMetrics"] for metric in scope["metrics"]
                     if metric["name"] == "plimsoll_response_seconds"
                     for point in metric["exponentialHistogram"]["dataPoints"] for each in point.get("exemplars", [])]
        self.assertGreater(len(exemplars), 20)
        for each in exemplars:
            self.assert_is_the_span(each["spanId"], each["traceId"], each["asDouble"])

    def test_the_collector_has_what_happened(self):
        records = [record for request in self.collector.received("logs") for resource in request["resourceLogs"]
                   for scope in resource["scopeLogs"] for record in scope["logRecords"]]
        self.assertEqual(len(records), self.result["exporters"]["otlp-logs"]["sent"])
        told = Counter(attributes(record)["event.name"] for record in records)
        self.assertEqual((told["plimsoll.run_started"], told["plimsoll.run_ended"]), (1, 1))
        self.assertEqual(told["plimsoll.finding"], len(self.result["findings"]))


if __name__ == "__main__":
    unittest.main()
