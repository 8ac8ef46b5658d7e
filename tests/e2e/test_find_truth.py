"""plimsoll find on queues whose capacity is known: c servers with fixed or exponential times, of which a number of finds must
enclose the true capacity in at least 95 %, within twice the precision asked for and within the budget.

The target is timed_server with so many workers. The truth: for exponential times the closed form of M/M/c, for fixed times a
recursion over the customers of M/D/c (served in order, so customer n waits for customer n - c alone), both of which this file
computes for itself. A find takes minutes and hardly any CPU, so FIND_SIDE_BY_SIDE of them (8) go at a time. FIND_RUNS=FIRST:LAST
makes those of the forty alone; FIND_RESULTS keeps what was found, which then counts when others are made."""
import concurrent.futures
import json
import math
import os
import random
import shutil
import statistics
import tempfile
import unittest
from pathlib import Path

from harness import run_plimsoll, summary
from timing import TimedServer, ahead_of_others, run_with

FINDS = 40
FIRST, LAST = map(int, os.environ.get("FIND_RUNS", f"0:{FINDS}").split(":"))
SIDE_BY_SIDE = int(os.environ.get("FIND_SIDE_BY_SIDE", "8"))
PRECISION, BUDGET_S = 0.10, 900


class Queue:
    """`servers` that take `mean_s` each time, or exponentially distributed times of that mean; its requests must keep p99 below
    `limit_s`."""

    def __init__(self, servers, mean_s, exponential, limit_s):
        self.servers, self.mean_s, self.exponential, self.limit_s = servers, mean_s, exponential, limit_s
        self.saturation = servers / mean_s

    def times_ns(self, seed, count=200_000):
        draw = random.Random(seed)
        return [round(1e9 * (draw.expovariate(1 / self.mean_s) if self.exponential else self.mean_s)) for _ in range(count)]

    def p99_is_below(self, rate):
        return self.tail(rate) < 0.01 if self.exponential else self.simulated_p99(rate) < self.limit_s

    def tail(self, rate):
        """P(response > limit) of M/M/c, by Erlang's C and the convolution of what is waited and what is served."""
        mu, c, t = 1 / self.mean_s, self.servers, self.limit_s
        offered = rate / mu
        last = offered ** c / math.factorial(c) * c / (c - offered)
        waits = last / (sum(offered ** k / math.factorial(k) for k in range(c)) + last)
        theta = c * mu - rate
        if abs(theta - mu) < 1e-9 * mu:
            return math.exp(-mu * t) * (1 + waits * mu * t)
        return (1 - waits) * math.exp(-mu * t) + waits * (theta * math.exp(-mu * t) - mu * math.exp(-theta * t)) / (theta - mu)

    def simulated_p99(self, rate, customers=1_000_000):
        draw = random.Random(1)
        now, left, response = 0.0, [0.0] * self.servers, []
        for n in range(customers):
            now += draw.expovariate(rate)
            server = n % self.servers
            left[server] = max(now, left[server]) + self.mean_s
            response.append(left[server] - now)
        response.sort()
        return response[customers * 99 // 100]

    def capacity(self):
        low, high = 0.3 * self.saturation, 0.9999 * self.saturation
        for _ in range(12):
            middle = (low + high) / 2
            low, high = (middle, high) if self.p99_is_below(middle) else (low, middle)
        return (low + high) / 2


QUEUES = [Queue(4, 0.020, exponential=False, limit_s=0.100), Queue(8, 0.050, exponential=True, limit_s=0.400),
          Queue(1, 0.010, exponential=False, limit_s=0.100), Queue(2, 0.010, exponential=True, limit_s=0.150)]
SCENARIO = """\
target: {url}
defaults: {{timeout: 10s}}
users: {{client: {{flow: [{{get: /}}]}}}}
load: [{{executor: constant-arrival-rate, rate: 10/s, duration: 1s, max_vus: 2000, arrivals: poisson}}]
thresholds: {{http_req_duration: ["p(99)<{limit:.0f}ms"]}}
"""


class FindTruth(unittest.TestCase):
    def setUp(self):
        kept = os.environ.get("FIND_RESULTS")
        if kept:
            self.folder = Path(kept)
            self.folder.mkdir(parents=True, exist_ok=True)
        else:
            folder = tempfile.TemporaryDirectory()
            self.addCleanup(folder.cleanup)
            self.folder = Path(folder.name)

    def find(self, number):
        """Once more, at most twice, where the search itself says that this machine was the limit, not the queue."""
        kept = self.folder / f"{number}.json"
        queue = QUEUES[number % len(QUEUES)]
        for attempt in range(3):
            if kept.exists():
                return
            work = self.folder / f"find-{number}-{attempt}"
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir()
            with TimedServer(work, self.times[number], workers=queue.servers) as server:
                scenario = work / "scenario.yaml"
                scenario.write_text(SCENARIO.format(url=server.url, limit=1000 * queue.limit_s))
                # Not ahead of ordinary programs: threads that are would wait for each other's turns.
                done = run_with(ahead_of_others() if SIDE_BY_SIDE == 1 else [], "find", scenario, "--seed", number + 1, "--precision",
                                f"{PRECISION:.0%}", "--budget", f"{BUDGET_S}s", "--start", "20/s", "--shards", 1, "--headless",
                                "--run-dir", work / "run", timeout=2 * BUDGET_S)
            self.assertIn(done.returncode, (0, 105, 99, 111), done.stdout + done.stderr)
            result = summary(work / "run")
            if result["capacity"]["end"] == "generator_limit" and attempt < 2:
                print(f"find {number}: this machine was the limit; once more", flush=True)
                continue
            kept.write_text(json.dumps({"queue": number % len(QUEUES), "exit": done.returncode, "capacity": result["capacity"],
                                        "seconds": result["run"]["duration_s"], "said": done.stdout[-3000:]}))

    def test_encloses_the_truth(self):
        # Before the first find, since it takes a core.
        self.times = {number: QUEUES[number % len(QUEUES)].times_ns(number) for number in range(FIRST, LAST)}
        with concurrent.futures.ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            list(pool.map(self.find, range(FIRST, LAST)))
        truths = [queue.capacity() for queue in QUEUES]
        found = [json.loads(path.read_text()) for path in sorted(self.folder.glob("*.json"))]
        enclosed, narrow = 0, 0
        for one in found:
            truth = truths[one["queue"]]
            low, high = one["capacity"]["rate"]
            enclosed += low is not None and low <= truth and (high is None or truth <= high)
            narrow += bool(low and high and high / low <= 1 + 2 * PRECISION)
            print(f"queue {one['queue']}: {low} to {high}, truth {truth:.1f}, {one['seconds']:.0f} s, exit {one['exit']}", flush=True)
        seconds = [one["seconds"] for one in found]
        print(f"{enclosed} of {len(found)} enclose the truth, {narrow} are at most {2 * PRECISION:.0%} wide; "
              f"median {statistics.median(seconds):.0f} s", flush=True)
        self.assertGreaterEqual(enclosed, 0.95 * len(found))
        self.assertGreaterEqual(narrow, 0.95 * len(found))
        self.assertLessEqual(statistics.median(seconds), BUDGET_S)


if __name__ == "__main__":
    unittest.main(verbosity=2)
