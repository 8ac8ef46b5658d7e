"""Service and response times against a server whose delays, and whose freeze, are known beforehand."""
import tempfile
import unittest
from pathlib import Path

from harness import query, summary
from timing import (Mixture, TimedServer, ahead_of_others, count_above, nearest_rank, quantile, run_with,
                    stored_histogram)

OPEN = """
target: {url}
users:
  reader:
    flow:
      - get: /
load:
  - {{executor: constant-arrival-rate, rate: {rate}/s, duration: {seconds}s, max_vus: {users}}}
"""
CLOSED = """
target: {url}
users:
  reader:
    flow:
      - get: /
load:
  - {{executor: constant-vus, vus: {users}, duration: {seconds}s}}
"""
HISTOGRAM_ERROR = 0.005
QUANTILES = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999))
FREEZE_S = 2
DELAY_S = 0.001


class Truth(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)
        self.runs = 0

    def measure(self, text, delays_s, freeze_ms=None, **fields):
        """Runs the scenario against the delays; the summary, the run folder and the server."""
        self.runs += 1
        folder = self.dir / str(self.runs)
        folder.mkdir()
        with TimedServer(folder, [round(d * 1e9) for d in delays_s], freeze_ms) as server:
            (folder / "s.yaml").write_text(text.format(url=server.url, **fields))
            done = run_with(ahead_of_others(), "run", folder / "s.yaml", "--run-dir", folder / "r", "--linger", "0s",
                            "--quiet")
            server.stop()
        self.assertIn(done.returncode, (0, 111), done.stderr)
        return summary(folder / "r"), folder / "r", server

    def test_service_quantiles_are_those_of_the_distribution(self):
        rate, seconds = 2000, 40
        delays = Mixture(constant=(0.5, 0.100), exponential=(0.3, 0.160), lognormal=(0.2, 0.240, 0.7))
        drawn = delays.draw(rate * seconds, seed=20260704)
        result, run_dir, server = self.measure(OPEN, drawn, rate=rate, seconds=seconds, users=2000)
        print(f"\n{result['validity']['verdict']}, server {server.scheduling}, its timers late by p50 "
              f"{server.timer_error(0.5) * 1e6:.0f} us, p99 {server.timer_error(0.99) * 1e6:.0f} us")
        self.assertEqual(len(server.applied), rate * seconds)
        self.assertEqual(result["totals"]["requests"], rate * seconds)
        self.assertEqual(result["totals"]["not_sent"], 0)
        print(f"{'':6}{'analytic':>12}{'drawn':>12}{'applied':>12}{'service':>12}{'off':>9}")
        misses = []
        for name, q in QUANTILES:
            # What was applied is the truth: the drawn delays, and how late the server's timers were on this machine.
            analytic, service = delays.quantile(q), result["totals"]["service_s"][name]
            applied = nearest_rank(server.applied, q)
            off = service / applied - 1
            print(f"{name:6}{analytic * 1e3:9.3f} ms{nearest_rank(drawn, q) * 1e3:9.3f} ms"
                  f"{applied * 1e3:9.3f} ms{service * 1e3:9.3f} ms{off * 100:8.2f}%")
            if abs(off) > 0.01 + HISTOGRAM_ERROR:
                misses.append(name)
        self.assertEqual(misses, [])

    def test_a_freeze_is_in_every_response_that_was_due_in_it(self):
        rate, seconds = 200, 20
        result, run_dir, server = self.measure(OPEN, [DELAY_S] * (rate * seconds), (8000, FREEZE_S * 1000),
                                               rate=rate, seconds=seconds, users=2000)
        frozen = server.frozen[1] - server.frozen[0]
        requests, response = result["totals"]["requests"], stored_histogram(run_dir, "response")
        self.assertEqual(requests, rate * seconds)
        # An arrival x before the end of the freeze waits x, and the answer's own millisecond: those over 1 s came
        # in its first second, and the slowest hundredth of all in its first requests / 100 / rate seconds.
        over_1s = (frozen + DELAY_S - 1) * rate
        p99 = frozen + DELAY_S - 0.01 * requests / rate
        service = stored_histogram(run_dir, "service")
        print(f"\nfroze for {frozen:.4f} s: response p99 {result['totals']['response_s']['p99']:.4f} s (arithmetic "
              f"{p99:.4f}), over 1 s {count_above(response, 1)} (arithmetic {over_1s:.0f}); service p99 "
              f"{quantile(service, 0.99):.4f} s, p50 {quantile(service, 0.5) * 1e3:.2f} ms; send lag p99 "
              f"{result['totals']['send_lag_s']['p99'] * 1e6:.0f} us")
        self.assertAlmostEqual(result["totals"]["response_s"]["p99"], p99, delta=0.02 * p99)
        self.assertAlmostEqual(count_above(response, 1), over_1s, delta=0.02 * over_1s)
        # Each of them was sent when it was due, so the server's silence is in the service time too.
        self.assertAlmostEqual(quantile(service, 0.99), p99, delta=0.02 * p99)
        self.assertAlmostEqual(count_above(service, 1), over_1s, delta=0.02 * over_1s)
        # Nine tenths of the arrivals never met the freeze.
        self.assertLess(quantile(response, 0.85), 0.1)

    def test_arrivals_that_no_user_could_take_are_counted_as_such(self):
        rate, seconds, users = 500, 10, 100
        result, run_dir, server = self.measure(OPEN, [DELAY_S] * (rate * seconds), (4000, FREEZE_S * 1000),
                                               rate=rate, seconds=seconds, users=users)
        frozen = server.frozen[1] - server.frozen[0]
        due, by_cap, by_generator = query(
            run_dir, "select sum(arrivals_due), sum(not_sent_user_cap), sum(not_sent_generator) from tick")[0]
        expected = frozen * rate - users
        print(f"\n{users} users: {by_cap} arrivals not sent (arithmetic {expected:.0f}), "
              f"{by_generator} because of the generator; verdict {result['validity']['verdict']}")
        self.assertEqual(due, rate * seconds)
        self.assertEqual(result["totals"]["requests"] + by_cap + by_generator, due)
        self.assertEqual(by_generator, 0)
        self.assertAlmostEqual(by_cap, expected, delta=0.02 * expected)
        self.assertEqual(result["totals"]["requests"], len(server.applied))
        self.assertEqual(result["validity"]["verdict"], "DEGRADED")

    def test_a_closed_loop_meets_the_freeze_once_per_user(self):
        users = 10
        result, run_dir, server = self.measure(CLOSED, [DELAY_S] * 200_000, (4000, FREEZE_S * 1000), users=users, seconds=10)
        response, service = stored_histogram(run_dir, "response"), stored_histogram(run_dir, "service")
        print(f"\nclosed loop, {users} users: {result['totals']['requests']} requests, {count_above(service, 1)} over 1 s; "
              f"service p99 {quantile(service, 0.99) * 1e3:.2f} ms, max {result['totals']['service_s']['max']:.3f} s")
        self.assertEqual(count_above(service, 1), users)
        self.assertEqual(count_above(response, 1), users)
        self.assertAlmostEqual(result["totals"]["service_s"]["max"], FREEZE_S, delta=0.02 * FREEZE_S)
        self.assertLess(quantile(service, 0.99), 0.1)


if __name__ == "__main__":
    unittest.main()
