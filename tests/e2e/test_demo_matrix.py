"""Three full demo runs of each fault: the verdict names the cause, and its number, every time. DEMO_RUNS=1: one of each."""
import json
import os
import tempfile
import unittest
from pathlib import Path

from harness import Marked, only_run, run_plimsoll, summary, wait_for

RUNS = int(os.environ.get("DEMO_RUNS", "3"))


class Matrix(unittest.TestCase):
    def results(self, fault):
        for seed in range(1, RUNS + 1):
            with self.subTest(fault=fault, seed=seed), tempfile.TemporaryDirectory() as folder:
                marked = Marked()
                self.addCleanup(marked.remove)
                run_plimsoll("demo", "--fault", fault, "--seed", seed, "--results", folder, check=0, env=marked.env)
                result = summary(only_run(Path(folder)))
                wait_for(lambda: not marked.processes(), "the demo's processes to end", 15)
                print(fault, seed, result["validity"]["verdict"], json.dumps(result["breaking_point"]),
                      [(f["cause"], f["confidence"], f["values"]) for f in result["findings"]], flush=True)
                yield result

    def test_app_pool(self):
        for size in (5, 12):
            for result in self.results(f"app-pool:size={size}"):
                self.assertEqual(result["findings"][0]["cause"], "app_pool_exhausted")
                self.assertEqual(result["findings"][0]["values"]["pool_size"], size)

    def test_max_connections(self):
        for result in self.results("max-connections"):
            self.assertEqual(result["findings"][0]["cause"], "max_connections")

    def test_none(self):
        for result in self.results("none"):
            self.assertFalse([f for f in result["findings"] if "pool" in f["cause"] or "connection" in f["cause"]])
            self.assertFalse(result["breaking_point"]["found"])


if __name__ == "__main__":
    unittest.main()
