"""plimsoll compare: what it calls worse, what it refuses, the formats it writes, and the baseline it keeps."""
import json
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from harness import Target, run_plimsoll

SCENARIO = """\
target: ${env.TARGET}
users:
  reader:
    flow:
      - {get: /items, name: "/items"}
load:
  - {executor: constant-arrival-rate, rate: RATE/s, duration: 10s, max_vus: 50}
"""


class Compare(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.scenario = cls.write_scenario("same.yaml", 40)
        # Twice as slow is far beyond what a busy machine adds to a sleep of 40 ms.
        cls.base = cls.measure("base", 0.04)
        cls.slow = cls.measure("slow", 0.08)

    @classmethod
    def write_scenario(cls, name, rate):
        path = cls.folder / name
        path.write_text(SCENARIO.replace("RATE", str(rate)))
        return path

    @classmethod
    def measure(cls, name, delay, scenario=None):
        with Target(delay=delay) as target:
            run_plimsoll("run", scenario or cls.scenario, "-q", "--run-dir", cls.folder / name,
                         env={"TARGET": target.url}, check=0)
        return cls.folder / name

    def compare(self, *args, check=0):
        return run_plimsoll("compare", *args, check=check)

    def as_json(self, *args, check=0):
        return json.loads(self.compare(*args, "--format", "json", check=check).stdout)

    def row(self, result, name):
        return next(row for row in result["rows"] if row["group"] == "all requests" and row["name"] == name)

    def test_finds_a_run_no_worse_than_itself(self):
        done = self.compare(self.base, self.base)
        self.assertIn("No regression", done.stdout)
        result = self.as_json(self.base, self.base)
        self.assertFalse(result["regressed"])
        self.assertEqual(self.row(result, "response p50")["change"], 0)
        self.assertEqual(result["schema"], 1)

    def test_exits_with_99_where_responses_take_longer(self):
        done = self.compare(self.base, self.slow, check=99)
        self.assertIn("WORSE", done.stdout)
        self.assertIn("Worse: ", done.stdout)
        result = self.as_json(self.base, self.slow, check=99)
        row = self.row(result, "response p50")
        self.assertEqual(row["verdict"], "worse")
        self.assertAlmostEqual(row["base"], 0.04, delta=0.01)
        self.assertAlmostEqual(row["now"], 0.08, delta=0.01)
        low, high = row["interval"]
        self.assertLess(low, row["change"])
        self.assertGreater(high, row["change"])
        self.assertGreater(low, 0.05)
        # The other way round it is better.
        self.assertEqual(self.row(self.as_json(self.slow, self.base), "response p50")["verdict"], "better")

    def test_gives_the_same_answer_twice(self):
        self.assertEqual(self.as_json(self.base, self.slow, check=99), self.as_json(self.base, self.slow, check=99))

    def test_writes_junit_that_an_xml_parser_reads(self):
        result = self.as_json(self.base, self.slow, check=99)
        suites = ElementTree.fromstring(self.compare(self.base, self.slow, "--format", "junit", check=99).stdout.encode())
        self.assertEqual(suites.tag, "testsuites")
        cases = suites.findall("./testsuite/testcase")
        self.assertEqual(len(cases), len(result["rows"]))
        verdicts = [row["verdict"] for row in result["rows"]]
        self.assertEqual(len(suites.findall(".//failure")), verdicts.count("worse"))
        self.assertEqual(len(suites.findall(".//skipped")), verdicts.count("too_little_data"))
        self.assertEqual(int(suites.get("failures")), verdicts.count("worse"))
        self.assertEqual(int(suites.get("tests")), len(cases))

    def test_writes_markdown_and_a_page_without_network(self):
        text = self.compare(self.base, self.slow, "--format", "md", check=99).stdout
        self.assertIn("| response p50 |", text)
        self.assertIn("**worse**", text)
        page = self.folder / "page.html"
        self.compare(self.base, self.slow, "--html", page, check=99)
        html = page.read_text()
        self.assertIn('data-chart="latency"', html)
        self.assertIn("response p50, base", html)
        self.assertNotIn("http://www.", html.split("<body>")[1].split("<script")[0])

    def test_refuses_apples_and_pears_and_compares_them_by_force(self):
        other = self.measure("other", 0.04, self.write_scenario("other.yaml", 30))
        done = self.compare(self.base, other, check=104)
        self.assertIn("its scenario is not that of", done.stderr)
        self.assertIn("its load is not that of", done.stderr)
        self.assertIn("from 30/s", done.stderr)
        self.assertIn("--force", done.stderr)
        self.assertEqual(done.stdout, "")
        forced = run_plimsoll("compare", self.base, other, "--force", "--format", "json")
        self.assertIn(forced.returncode, (0, 99), forced.stderr)
        self.assertEqual(len(json.loads(forced.stdout)["forced"]), 2)

    def test_names_what_is_wrong_with_its_arguments(self):
        self.assertIn("one run alone cannot be compared", self.compare(self.base, check=104).stderr)
        self.assertIn("--tolerance: must be a percentage",
                      self.compare(self.base, self.slow, "--tolerance", "5", check=104).stderr)
        self.assertIn("--tolerance: must be from 0% to 100%",
                      self.compare(self.base, self.slow, "--tolerance", "200%", check=104).stderr)
        empty = self.folder / "empty"
        empty.mkdir()
        self.assertIn("holds no run", self.compare(self.base, empty, check=104).stderr)
        self.assertIn("nowhere", self.compare(self.base, self.folder / "nowhere", check=104).stderr)

    def test_takes_folders_of_runs_and_pools_them(self):
        many = self.folder / "many"
        many.mkdir()
        (many / "one").symlink_to(self.slow)
        (many / "two").symlink_to(self.measure("slow2", 0.08))
        result = self.as_json(self.base, many, check=99)
        self.assertEqual(len(result["now"]), 2)
        self.assertIsNotNone(self.row(result, "response p50")["run_spread"])

    def test_keeps_the_last_good_run_as_the_baseline(self):
        baseline = self.folder / "baseline"
        first = self.compare("--baseline", baseline, self.base)
        self.assertIn("nothing to compare with", first.stderr)
        kept = (baseline / "run-1.db").read_bytes()
        self.compare("--baseline", baseline, self.slow, check=99)
        self.assertEqual((baseline / "run-1.db").read_bytes(), kept, "a run that is worse took the baseline's place")
        again = self.as_json("--baseline", baseline, self.base)
        self.assertEqual(again["base"][0]["id"], again["now"][0]["id"])
        faster = self.measure("faster", 0.02)
        self.compare("--baseline", baseline, faster)
        self.compare("--baseline", baseline, self.base, check=99)
        self.assertEqual([path.name for path in baseline.iterdir()], ["run-1.db"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
