"""Half an hour at 5,000 requests/s: what plimsoll holds in memory and on disk does not grow with the run's length.

SOAK_SECONDS shortens it for a quick look, to 120 at least; the proof is the whole length. SOAK_ENDPOINTS spreads the
same load over more endpoints.
"""
import os
import tempfile
import time
import unittest
from pathlib import Path

from harness import failing_checks, fetch, free_port, query, start_plimsoll, summary, wait_for
from timing import Collector, Nginx

FULL_S = 1800
SECONDS = int(os.environ.get("SOAK_SECONDS", FULL_S))
RATE = 5_000
ENDPOINTS = int(os.environ.get("SOAK_ENDPOINTS", 10))
SETTLED_S = 60       # the first minute may grow: users connect, histograms and caches reach their size
BASELINE_S = 10      # what it came to is the most of the next ten seconds ...
MOST_GROWTH = 2e6    # ... and no later second may be this far above that
MOST_FILE_PER_HOUR = 40e6
BODY = '{"id": "d-1042", "status": "running", "items": [1, 2, 3]}'

READER_STEP = """
          - get: /v1/deployments/{n}?status=running
            name: "/v1/deployments/{n} [LIST]"
            expect: {{status: 200, json: {{/items: array}}}}
            capture: {{id: {{json: /id}}}}"""
# 4,000 and 2 x 500 requests a second.
SCENARIO = """
target: {url}
users:
  reader:
    flow:
      - random:{steps}
  writer:
    flow:
      - post: /v1/deployments
        name: "[WORKFLOW] Create"
        json: {{name: "d-${{uuid()}}"}}
        expect: {{status: 200}}
        capture: {{id: {{json: /id}}}}
      - get: /v1/deployments/${{id}}
        name: "[WORKFLOW] Status"
        expect: {{status: 200, json: {{/status: running}}}}
load:
  - {{name: read, executor: constant-arrival-rate, rate: 4000/s, duration: {seconds}s, max_vus: 500, users: [reader]}}
  - {{name: write, executor: constant-arrival-rate, rate: 500/s, duration: {seconds}s, max_vus: 200, users: [writer]}}
thresholds:
  http_req_duration: ["p(95)<10s"]
export:
  prometheus: "127.0.0.1:{metrics}"
  otlp: {{endpoint: "http://127.0.0.1:{collector}", sample: 1%}}
"""


def memory(pid):
    """(resident, of it anonymous) bytes of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return tuple(int(status.split(f"{key}:")[1].split()[0]) * 1024 for key in ("VmRSS", "RssAnon"))


class Soak(unittest.TestCase):
    def setUp(self):
        self.assertGreaterEqual(SECONDS, 120, "SOAK_SECONDS")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)
        if SECONDS != FULL_S:
            print(f"\nSHORTER than the proof: {SECONDS} s, not {FULL_S} s")

    def soak(self):
        """[(seconds since the load began, resident, anonymous)] while the load runs, and what the collector got."""
        metrics = free_port()
        steps = "".join(READER_STEP.format(n=n) for n in range(ENDPOINTS - 2))
        with Nginx(self.dir, body=BODY) as nginx, Collector() as collector:
            path = self.dir / "soak.yaml"
            path.write_text(SCENARIO.format(url=nginx.url, seconds=SECONDS, steps=steps, metrics=metrics,
                                            collector=collector.server_address[1]))
            with open(self.dir / "stderr", "w") as stderr:
                run = start_plimsoll("run", path, "--run-dir", self.dir / "r", "--linger", "0s", "--seed", "1", "--quiet",
                                     stderr=stderr)
            self.addCleanup(lambda: run.poll() is None and run.kill())

            def began():
                self.assertIsNone(run.poll(), (self.dir / "stderr").read_text())
                try:
                    return "plimsoll_requests_total{" in fetch(f"http://127.0.0.1:{metrics}/metrics")
                except OSError:
                    return False
            wait_for(began, "the first requests", 60)
            began_at, samples, scrapes = time.monotonic(), [], 0
            while (elapsed := time.monotonic() - began_at) < SECONDS - 2:
                samples.append((elapsed, *memory(run.pid)))
                scrapes += fetch(f"http://127.0.0.1:{metrics}/metrics").endswith("\n")
                time.sleep(max(0.0, began_at + len(samples) - time.monotonic()))
            code = run.wait(120)
            received = collector.received
        # 111: the machine was too busy for the measurement; the summary says so, and memory can be judged all the same.
        self.assertIn(code, (0, 111), (self.dir / "stderr").read_text())
        self.assertEqual(scrapes, len(samples))
        return samples, received

    def test_neither_memory_nor_disk_grows_with_the_length(self):
        samples, received = self.soak()
        result = summary(self.dir / "r")
        baseline = max(anon for at, _, anon in samples if SETTLED_S <= at < SETTLED_S + BASELINE_S)
        highest_at, highest = max(((at, anon) for at, _, anon in samples if at >= SETTLED_S + BASELINE_S), key=lambda s: s[1])
        resident = max(rss for _, rss, _ in samples)
        size = (self.dir / "r/run.db").stat().st_size
        per_hour = size * 3600 / SECONDS
        totals, validity = result["totals"], result["validity"]
        failing = [f"{check['name']}: {check['why']}" for check in validity["checks"] if not check["ok"]]
        print(f"\n{SECONDS} s: {totals['requests']} requests, {totals['rate']:.0f}/s, {totals['failed']} failed, "
              f"{totals['not_sent']} not sent; {validity['verdict']}{': ' if failing else ''}{'; '.join(failing)}")
        for at, rss, anon in samples[::max(1, len(samples) // 20)]:
            print(f"  {at:7.1f} s  resident {rss / 1e6:6.2f} MB, anonymous {anon / 1e6:6.2f} MB")
        print(f"anonymous memory: at most {baseline / 1e6:.2f} MB in seconds {SETTLED_S} to {SETTLED_S + BASELINE_S}, at most "
              f"{highest / 1e6:.2f} MB afterwards (second {highest_at:.0f}): {(highest - baseline) / 1e6:+.2f} MB; resident at "
              f"most {resident / 1e6:.2f} MB, and {result['generator']['max_rss_bytes'] / 1e6:.2f} MB to the load's end")
        print(f"run.db: {size / 1e6:.2f} MB, {per_hour / 1e6:.1f} MB an hour at {ENDPOINTS} endpoints; "
              f"{received / 1e6:.1f} MB of traces; {result['generator']['cpu_us_per_request']:.1f} us of CPU per request")
        self.assertEqual(len(result["endpoints"]), ENDPOINTS)
        self.assertEqual(totals["failed"], 0)
        self.assertAlmostEqual(totals["requests"] + totals["not_sent"], RATE * SECONDS, delta=0.01 * RATE * SECONDS)
        self.assertEqual(failing_checks(result), [])
        self.assertGreater(received, 0)
        self.assertEqual(dict(query(self.dir / "r", "select key, value from fact where key like 'exporter.dropped.%' "
                                                    "and value <> '0'")), {})
        self.assertLess(highest - baseline, MOST_GROWTH)
        self.assertLess(per_hour, MOST_FILE_PER_HOUR)


if __name__ == "__main__":
    unittest.main()
