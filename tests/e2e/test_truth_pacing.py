"""20,000 arrivals a second on one shard: the rate, when each arrival was due, and how late it was sent beside what the machine's own
timers allow."""
import math
import os
import statistics
import tempfile
import unittest
from pathlib import Path

from harness import query, summary
from timing import Collector, Nginx, ks_distance, ks_p_value, run_with, timer_lateness, varint

RATE, SECONDS = 20_000, 5
MEASUREMENTS = 5     # each between two of a bare loop of sleeps, on the same core
MOST_LAG_S = 200e-6  # p99 of a send, by the median of the measurements; or ...
MOST_RATIO = 2       # ... so many times that of the bare loop, where the machine's timers are later than that
SCENARIO = """
target: {url}
users:
  reader:
    flow:
      - get: /
load:
  - {{executor: constant-arrival-rate, rate: {rate}/s, duration: {seconds}s, max_vus: 2000, arrivals: {arrivals}}}
export:
  otlp: {{endpoint: "http://127.0.0.1:{port}", sample: 2%}}
"""


def fields(data):
    """(number, value) of each field of a protobuf message."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        wire = key & 7
        if wire == 0:
            value, at = varint(data, at)
        else:
            size = {1: 8, 5: 4}.get(wire)
            if size is None:
                size, at = varint(data, at)
            value, at = data[at:at + size], at + size
            if wire != 2:
                value = int.from_bytes(value, "little")
        yield key >> 3, value


def iterations(body):
    """(iteration, due in ns) of each iteration's span in an ExportTraceServiceRequest."""
    for resource_spans in (value for number, value in fields(body) if number == 1):
        for scope_spans in (value for number, value in fields(resource_spans) if number == 2):
            for span in (list(fields(value)) for number, value in fields(scope_spans) if number == 2):
                attributes = [dict(fields(value)) for number, value in span if number == 9]
                for pair in attributes:
                    if pair[1] == b"plimsoll.iteration":
                        # Zero is not written; a field 3 that is absent is 0.
                        yield dict(fields(pair[2])).get(3, 0), dict(span)[7]


def erlang_cdf(k, x):
    """P(sum of k unit exponentials <= x)."""
    term = total = math.exp(-x)
    for i in range(1, k):
        term *= x / i
        total += term
    return 1 - total


class Pacing(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)

    def measure(self, arrivals, number=0):
        """The summary, the counts of the run, the sampled arrivals [(index, due in s)], in order, and the lateness of a bare loop.
        plimsoll has one core, the server and whatever takes its traces another."""
        cores = sorted(os.sched_getaffinity(0))
        self.assertGreaterEqual(len(cores), 2, "this proof takes two cores")
        run_dir = self.dir / f"r{number}"
        own, others = (["taskset", "-c", str(core)] for core in (cores[0], cores[-1]))
        bare = [timer_lateness(own)]
        with Nginx(self.dir, others) as nginx, Collector(keep=True) as collector:
            (self.dir / "s.yaml").write_text(SCENARIO.format(
                url=nginx.url, rate=RATE, seconds=SECONDS, arrivals=arrivals, port=collector.server_address[1]))
            done = run_with(own, "run", self.dir / "s.yaml", "--shards", "1", "--seed", "7", "--run-dir", run_dir,
                            "--linger", "0s", "--quiet")
            bodies = list(collector.bodies)
        self.assertIn(done.returncode, (0, 111), done.stderr)
        result = summary(run_dir)
        due, not_sent = query(run_dir, "select sum(arrivals_due), "
                              "sum(not_sent_user_cap) + sum(not_sent_generator) from tick")[0]
        start = int(query(run_dir, "select value from run where key = 'start_wall_ns'")[0][0])
        sampled = sorted((i, (at - start) * 1e-9) for body in bodies for i, at in iterations(body))
        bare.append(timer_lateness(own))
        lag, service = result["totals"]["send_lag_s"], result["totals"]["service_s"]
        print(f"\n{arrivals}: {due} arrivals due in {SECONDS} s, {not_sent} not sent, {len(sampled)} sampled; send lag p50 "
              f"{lag['p50'] * 1e6:.0f} us, p99 {lag['p99'] * 1e6:.0f} us, p99.9 {lag['p999'] * 1e6:.0f} us; service p50 "
              f"{service['p50'] * 1e6:.0f} us; {result['generator']['cpu_us_per_request']:.1f} us of CPU per request; "
              f"{result['validity']['verdict']}; a bare loop of sleeps was late by {bare[0] * 1e6:.0f} us (p99) right before, "
              f"{bare[1] * 1e6:.0f} us right after", flush=True)
        return result, due, not_sent, sampled, sum(bare) / 2

    def test_sends_are_hardly_later_than_bare_timers(self):
        measured = [self.measure("poisson", number) for number in range(MEASUREMENTS)]
        lags = [result["totals"]["send_lag_s"]["p99"] for result, *_ in measured]
        bares = [bare for *_, bare in measured]
        lag, bare = statistics.median(lags), statistics.median(bares)
        print(f"send lag p99, median of {MEASUREMENTS}: {lag * 1e6:.0f} us ({min(lags) * 1e6:.0f} to {max(lags) * 1e6:.0f}); bare loop "
              f"{bare * 1e6:.0f} us ({min(bares) * 1e6:.0f} to {max(bares) * 1e6:.0f})")
        self.assertLessEqual(lag, max(MOST_LAG_S, MOST_RATIO * bare))

    def test_uniform_arrivals_are_due_at_equal_distances(self):
        result, due, not_sent, sampled, _ = self.measure("uniform")
        self.assertEqual(due, RATE * SECONDS)
        self.assertEqual(result["totals"]["requests"] + not_sent, due)
        self.assertGreater(len(sampled), 0.01 * due)
        worst = max(abs(at - index / RATE) for index, at in sampled)
        print(f"worst distance of a due time from index / rate: {worst * 1e9:.1f} ns")
        self.assertLess(worst, 10e-9)

    def test_poisson_arrivals_are_exponential_distances_apart(self):
        result, due, not_sent, sampled, _ = self.measure("poisson")
        # The count of a Poisson process of mean n has standard deviation sqrt(n).
        self.assertAlmostEqual(due, RATE * SECONDS, delta=4 * math.sqrt(RATE * SECONDS))
        self.assertEqual(result["totals"]["requests"] + not_sent, due)
        # k arrivals apart is the sum of k exponentials: its probability is uniform when the process is Poisson.
        chances = []
        for (i, at), (j, later) in zip(sampled, sampled[1:]):
            if 0 < j - i <= 200:
                chances.append(erlang_cdf(j - i, (later - at) * RATE))
        self.assertGreater(len(chances), 0.01 * due)
        distance = ks_distance(chances, lambda u: u)
        p = ks_p_value(distance, len(chances))
        neighbours = [later - at for (i, at), (j, later) in zip(sampled, sampled[1:]) if j == i + 1]
        print(f"Kolmogorov-Smirnov: distance {distance:.5f} over {len(chances)} gaps, p = {p:.3f}; {len(neighbours)} gaps of "
              f"neighbours, mean {sum(neighbours) / len(neighbours) * 1e6:.2f} us (1 / rate is {1e6 / RATE:.0f})")
        self.assertGreater(p, 0.001)


if __name__ == "__main__":
    unittest.main()
