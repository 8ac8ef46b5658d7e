"""plimsoll run --segment and plimsoll merge: three processes make the load of one."""
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

from harness import Target, query, run_plimsoll, start_plimsoll, summary

SCENARIO = """
target: {url}
users:
  reader: {{weight: 2, flow: [{{get: "/r/${{iteration}}", name: /r}}]}}
  writer: {{flow: [{{get: "/w/${{iteration}}", name: /w}}, {{get: /late}}]}}
load:
  - {{executor: constant-arrival-rate, rate: 120/s, duration: 3s, max_vus: 100, arrivals: poisson}}
"""


class Segments(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.dir = Path(self.folder.name)
        self.addCleanup(self.folder.cleanup)

    def scenario(self, url):
        path = self.dir / "s.yaml"
        path.write_text(SCENARIO.format(url=url))
        return path

    def recorded(self):
        paths, lock = [], threading.Lock()

        def status(path):
            with lock:
                paths.append(path)
            return 404 if path == "/late" else 200
        return status, paths

    def run_segments(self, path, count):
        folders = [self.dir / f"part{i}" for i in range(1, count + 1)]
        runs = [start_plimsoll("run", path, "--segment", f"{i}/{count}", "--shards", str(1 + i % 2), "--run-dir", folder,
                               stderr=subprocess.PIPE)
                for i, folder in enumerate(folders, 1)]
        for run in runs:
            self.assertIn(run.wait(120), (0, 111), run.stderr.read())  # 111: a busy machine; the counts stand
            run.stderr.close()
        return folders

    def test_three_segments_merge_to_the_whole(self):
        status, seen = self.recorded()
        with Target(status=status) as target:
            path = self.scenario(target.url)
            folders = self.run_segments(path, 3)
            parts, served = sorted(seen), target.served
            seen.clear()
            run_plimsoll("run", path, "--run-dir", self.dir / "whole", check=0)
            self.assertEqual(parts, sorted(seen), "the segments' arrivals are the whole's")
        done = run_plimsoll("merge", *reversed(folders), "--run-dir", self.dir / "merged", check=0)
        self.assertIn("3 of 3 segments", done.stdout)
        merged, whole = summary(self.dir / "merged"), summary(self.dir / "whole")
        self.assertEqual(merged["totals"]["requests"], served)
        self.assertEqual(merged["totals"]["requests"], sum(summary(f)["totals"]["requests"] for f in folders))
        for key in ("requests", "failed", "not_sent"):
            self.assertEqual(merged["totals"][key], whole["totals"][key])
        self.assertEqual([e["requests"] for e in merged["endpoints"]], [e["requests"] for e in whole["endpoints"]])
        self.assertIsNone(merged["run"]["segment"])
        self.assertEqual(summary(folders[1])["run"]["segment"], "2/3")
        self.assertEqual(merged["generator"]["shards"], sum(summary(f)["generator"]["shards"] for f in folders))
        self.assertAlmostEqual(merged["stages"][0]["offered_rate"], 120)
        self.assertAlmostEqual(summary(folders[0])["stages"][0]["offered_rate"], 40)
        for name in ("report.html", "report.md", "junit.xml", "locust_stats.csv"):
            self.assertTrue((self.dir / "merged" / name).exists(), name)
        due = "select sum(arrivals_due), sum(iterations_started) from tick"
        self.assertEqual(query(self.dir / "merged", due), query(self.dir / "whole", due))

    def test_each_part_knows_its_own_from_who_started_it(self):
        with Target() as target:
            path = self.scenario(target.url)
            for env, said in (({"JOB_COMPLETION_INDEX": "1", "PLIMSOLL_SEGMENTS": "3"}, "by JOB_COMPLETION_INDEX=1 and PLIMSOLL_SEGMENTS=3"),
                              ({"SLURM_PROCID": "1", "SLURM_NTASKS": "3", "SLURM_STEP_NUM_TASKS": "3"}, "by SLURM_PROCID=1 and SLURM_NTASKS=3")):
                folder = self.dir / f"auto-{next(iter(env))}"
                done = run_plimsoll("run", path, "--segment", "auto", "--run-dir", folder, env=env, check=0)
                self.assertIn(f"segment   2 of 3, {said}: this part of every executor's load\n", done.stdout.split("\n\n")[0] + "\n")
                self.assertEqual(summary(folder)["run"]["segment"], "2/3")
            served = target.served
            for env in ({}, {"JOB_COMPLETION_INDEX": "3", "PLIMSOLL_SEGMENTS": "3"}, {"SLURM_PROCID": "1"}, {"PLIMSOLL_SEGMENTS": "3"}):
                done = run_plimsoll("run", path, "--segment", "auto", "--run-dir", self.dir / "never", env=env, check=104)
                self.assertIn("plimsoll: --segment auto: ", done.stderr)
                self.assertFalse((self.dir / "never").exists())
            self.assertEqual(target.served, served)

    def test_what_is_no_whole_run_is_refused_by_name(self):
        with Target() as target:
            path = self.scenario(target.url)
            folders = self.run_segments(path, 2)
            run_plimsoll("run", path, "--segment", "2/2", "--seed", "9", "--run-dir", self.dir / "other", check=0)
        merge = ["merge", "--run-dir", self.dir / "m"]
        self.assertIn("segment 2 of 2 is missing", run_plimsoll(*merge, folders[0], check=104).stderr)
        self.assertIn("once more", run_plimsoll(*merge, *folders, folders[0], check=104).stderr)
        self.assertIn("seed 9", run_plimsoll(*merge, folders[0], self.dir / "other", check=104).stderr)
        self.assertFalse((self.dir / "m" / "run.db").exists())
        done = run_plimsoll(*merge, folders[0], "--partial", check=0)
        self.assertIn("missing   segment 2", done.stdout)
        checks = {c["name"]: c for c in summary(self.dir / "m")["validity"]["checks"]}
        self.assertFalse(checks["segments"]["ok"])
        self.assertIn("already", run_plimsoll(*merge, *folders, check=104).stderr)

    def test_a_wrong_segment_is_refused(self):
        for text in ("0/3", "4/3", "2", "a/b", "1/0", "1/3x", "-1/3"):
            done = run_plimsoll("run", "http://127.0.0.1:1/", f"--segment={text}", check=104)
            self.assertIn("--segment", done.stderr, text)


if __name__ == "__main__":
    unittest.main()
