"""plimsoll compare on pairs of real runs: of one unchanged lab it says "worse" in at most 5 of 100, and of a lab whose requests
hold their connection a tenth longer in at least 95 of 100.

It takes hours. COMPARE_PAIRS=FIRST:LAST runs that part of the hundred alone (what was measured stays in COMPARE_RESULTS, and
counts when another part is run), COMPARE_SECONDS sets how long each run is."""
import json
import os
import re
import subprocess
import tempfile
import unittest
import urllib.request
from pathlib import Path

from harness import Marked, run_plimsoll, start_plimsoll, wait_for

PAIRS = 100
MOST_INVALID = 5
FIRST, LAST = map(int, os.environ.get("COMPARE_PAIRS", f"0:{PAIRS}").split(":"))
SECONDS = {"same": os.environ.get("COMPARE_SECONDS", "20"), "slower": os.environ.get("COMPARE_SECONDS", "60")}
SCENARIO = """\
target: ${env.TARGET}
users:
  reader:
    flow: [{get: /v1/deployments, name: "/v1/deployments [LIST]"}]
load:
  - {executor: constant-arrival-rate, rate: 100/s, duration: SECONDSs, max_vus: 200, arrivals: poisson}
"""


class Pairs(unittest.TestCase):
    def setUp(self):
        self.marked = Marked()
        self.addCleanup(self.marked.remove)
        kept = os.environ.get("COMPARE_RESULTS")
        if kept:
            self.folder = Path(kept)
            self.folder.mkdir(parents=True, exist_ok=True)
        else:
            folder = tempfile.TemporaryDirectory()
            self.addCleanup(folder.cleanup)
            self.folder = Path(folder.name)
        said = self.folder / "lab.txt"
        with said.open("w") as out:
            lab = start_plimsoll("lab", "--listen", "127.0.0.1:0", "--fault", "none:hold=20ms", env=self.marked.env, stdout=out)
        self.addCleanup(lambda: (lab.terminate(), lab.wait(30)))
        text = wait_for(lambda: (t := said.read_text()) and "control" in t and t, "the lab to serve", 60)
        self.target = re.search(r"ready (\S+)", text)[1]
        self.control = re.search(r"control (\S+)", text)[1]

    def hold(self, time):
        request = urllib.request.Request(f"{self.control}/lab/faults", data=f"none:hold={time}".encode())
        with urllib.request.urlopen(request, timeout=10) as answer:
            self.assertEqual(answer.status, 200)

    def measure(self, kind, name, seed):
        scenario = self.folder / f"{kind}.yaml"
        scenario.write_text(SCENARIO.replace("SECONDS", SECONDS[kind]))
        run_plimsoll("run", scenario, "-q", "--seed", seed, "--run-dir", self.folder / name, env={"TARGET": self.target},
                     check=0)
        return self.folder / name

    def pair(self, kind, pair, hold):
        verdict = self.folder / f"{kind}-{pair}.json"
        for _ in range(MOST_INVALID):
            if verdict.exists():
                break
            self.hold("20ms")
            base = self.measure(kind, f"{kind}-{pair}-base", 2 * pair + 1)
            self.hold(hold)
            now = self.measure(kind, f"{kind}-{pair}-now", 2 * pair + 2)
            done = run_plimsoll("compare", base, now, "--format", "json")
            self.assertIn(done.returncode, (0, 99, 111), done.stderr)
            if done.returncode == 111:  # a run on a busy machine calls itself INVALID, and is compared with nothing
                print(done.stderr.splitlines()[0], flush=True)
            else:
                verdict.write_text(done.stdout)
            subprocess.run(["rm", "-rf", base, now], check=True)
        self.assertTrue(verdict.exists(), f"the machine is too busy: {MOST_INVALID} measurements of pair {pair} were INVALID")
        result = json.loads(verdict.read_text())
        if result["regressed"]:
            print(f"{kind} {pair}:", *(f"{r['group']} {r['name']} {r['change']:+.3f}" for r in result["rows"] if r["verdict"] == "worse"),
                  sep="\n  ", flush=True)
        return result["regressed"]

    def worse(self, kind, hold):
        """How many of the pairs are worse, and how many there are so far."""
        for pair in range(FIRST, LAST):
            self.pair(kind, pair, hold)
        done = list(self.folder.glob(f"{kind}-*.json"))
        worse = sum(json.loads(path.read_text())["regressed"] for path in done)
        print(f"{kind}: {worse} of {len(done)} pairs are worse", flush=True)
        return worse, len(done)

    def test_of_an_unchanged_lab_are_hardly_ever_worse(self):
        worse, pairs = self.worse("same", "20ms")
        self.assertLessEqual(worse, max(1, 0.05 * pairs))

    def test_of_a_lab_that_is_a_tenth_slower_are_found(self):
        worse, pairs = self.worse("slower", "22ms")
        self.assertGreaterEqual(worse, min(pairs - 1, 0.95 * pairs))


if __name__ == "__main__":
    unittest.main(verbosity=2)
