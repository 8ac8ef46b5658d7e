"""1,000 users, 100 more each second, four minutes, over 10,000 requests a second: a burst at which a tool in Python gave
up. nginx answers from memory; it and plimsoll share the machine's cores."""
import os
import tempfile
import unittest
from pathlib import Path

from harness import failing_checks, query, summary
from timing import Nginx, run_with

SECONDS = int(os.environ.get("BURST_SECONDS", "240"))
# 1,000 users that think 75 ms on average make some 13,000 requests a second of a server that answers at once.
SCENARIO = """
target: {url}
users:
  burst:
    think: {{uniform: [50ms, 100ms]}}
    flow:
      - get: /
load:
  - executor: ramping-vus
    start_vus: 0
    stages: [{{duration: 10s, target: 1000}}, {{duration: {hold}s, target: 1000}}]
thresholds:
  http_req_duration: p(99)<1s
  http_req_failed: rate<2%
  http_reqs: rate>10000/s
"""


class Burst(unittest.TestCase):
    def test_a_thousand_users_are_carried_for_four_minutes(self):
        with tempfile.TemporaryDirectory() as name, Nginx(name) as nginx:
            folder = Path(name)
            (folder / "burst.yaml").write_text(SCENARIO.format(url=nginx.url, hold=SECONDS - 10))
            done = run_with([], "run", folder / "burst.yaml", "--run-dir", folder / "r", "--quiet", timeout=SECONDS + 120)
            result = summary(folder / "r")
            total, validity = result["totals"], result["validity"]
            users = query(folder / "r", "select max(users) from tick")[0][0]
            print(f"\n{total['requests']} requests in {SECONDS} s, {total['rate']:.0f}/s, {total['failed']} failed, response p99 "
                  f"{total['response_s']['p99'] * 1e3:.1f} ms, send lag p99 {total['send_lag_s']['p99'] * 1e6:.0f} us, up to "
                  f"{users} users, {result['generator']['cpu_us_per_request']:.1f} us of CPU a request, "
                  f"{result['generator']['max_rss_bytes'] / 1e6:.0f} MB: {validity['verdict']}")
            reasons = [check["why"] for check in validity["checks"] if not check["ok"]]
            print("\n".join(reasons))
            self.assertEqual(users, 1000)
            self.assertLess(total["failed"], 0.02 * total["requests"])
            self.assertGreater(total["rate"], 10_000)
            self.assertLess(total["response_s"]["p99"], 1)
            self.assertEqual(failing_checks(result), [])
            self.assertEqual(done.returncode, 111 if validity["verdict"] == "INVALID" else 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
