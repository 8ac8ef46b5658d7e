"""run --upload and merge s3://...: segments by way of object storage, on an S3 server that we did not write. It takes any signature of
version 4: those are held against AWS' published examples in objects_unit_test."""
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import Target, free_port, query, run_plimsoll, start_plimsoll, summary
from s3server import S3Server

SCENARIO = """
target: {url}
users: {{reader: {{flow: [{{get: "/r/${{iteration}}", name: /r}}]}}}}
load: [{{executor: constant-arrival-rate, rate: 100/s, duration: 2s, max_vus: 60}}]
"""


class Objects(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)

    def scenario(self, url):
        path = self.dir / "s.yaml"
        path.write_text(SCENARIO.format(url=url))
        return path

    def segments(self, path, count, where, env):
        runs = [start_plimsoll("run", path, "--segment", f"{i}/{count}", "--upload", where, "--run-dir", self.dir / f"part{i}", env=env,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for i in range(1, count + 1)]
        said = [run.communicate(timeout=120)[0] for run in runs]
        for run, text in zip(runs, said):
            self.assertIn(run.returncode, (0, 111), text)  # 111: a busy machine; the counts stand
        return said

    def test_segments_come_back_as_one_run_from_any_prefix(self):
        with Target() as target, S3Server("load-runs") as store:
            path = self.scenario(target.url)
            for number, prefix in enumerate(("", "/checkout/42", "/ä b+c/$(x)&y=z'")):
                with self.subTest(prefix=prefix):
                    served = target.served
                    said = self.segments(path, 2, "s3://load-runs" + prefix, store.env)
                    for i, text in enumerate(said, 1):
                        self.assertIn(f"uploaded  s3://load-runs{prefix}/segment-{i}-of-2.db", text)
                    merged = self.dir / f"merged{number}"
                    done = run_plimsoll("merge", "s3://load-runs" + prefix, "--run-dir", merged, env=store.env, check=0)
                    self.assertIn("2 of 2 segments", done.stdout)
                    self.assertEqual(summary(merged)["totals"]["requests"], target.served - served)
                    self.assertEqual(target.served - served, 200)
                    beside = self.dir / f"beside{number}"
                    run_plimsoll("merge", self.dir / "part1", self.dir / "part2", "--run-dir", beside, check=0)
                    ticks = "select * from endpoint_tick order by 1, 2, 3"
                    self.assertEqual(query(merged, ticks), query(beside, ticks))
                    self.assertEqual({each.name for each in merged.iterdir()}, {each.name for each in beside.iterdir()})
                for i in (1, 2):
                    subprocess.run(["rm", "-r", self.dir / f"part{i}"], check=True)

    def test_nothing_is_sent_where_the_run_could_not_be_kept(self):
        with Target() as target, S3Server("load-runs") as store:
            path = self.scenario(target.url)
            self.segments(path, 2, "s3://load-runs/taken", store.env)
            served = target.served
            for where, extra, words in (
                    ("s3://load-runs/taken", {}, "s3://load-runs/taken/segment-1-of-2.db: is there already, from an earlier load"),
                    ("s3://no-such-bucket/x", {}, "NoSuchBucket"),
                    ("s3://load-runs//x", {}, "--upload: must be s3://BUCKET/PREFIX"),
                    ("s3://load-runs/x", {"AWS_ACCESS_KEY_ID": ""}, "AWS_ACCESS_KEY_ID is not set")):
                with self.subTest(where=where, words=words):
                    done = run_plimsoll("run", path, "--segment", "1/2", "--upload", where, "--run-dir", self.dir / "never",
                                        env={**store.env, **extra}, check=104)
                    self.assertIn(words, done.stderr)
                    self.assertNotIn("S3RVER", done.stderr)
                    self.assertFalse((self.dir / "never").exists())
            self.assertEqual(target.served, served)

    def test_a_run_that_could_not_be_kept_is_whole_and_says_where(self):
        with Target() as target:
            path = self.scenario(target.url)
            with S3Server("load-runs") as store:
                started = start_plimsoll("run", path, "--segment", "1/2", "--upload", "s3://load-runs/x", "--run-dir", self.dir / "kept",
                                         env=store.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                while "run " not in started.stdout.readline():
                    self.assertIsNone(started.poll())
                # The bucket goes away while the load runs: the server answers, and refuses.
                Path(store.dir, "data", "load-runs").rename(Path(store.dir, "data", "gone"))
                out, err = started.communicate(timeout=120)
            self.assertEqual(started.returncode, 70, out + err)
            self.assertIn(f"the run itself is whole, in {self.dir / 'kept'}", err)
            self.assertNotIn("uploaded", out)
            self.assertEqual(summary(self.dir / "kept")["totals"]["requests"], 100)

    def test_merge_says_what_it_did_not_find(self):
        with S3Server("load-runs") as store:
            done = run_plimsoll("merge", "s3://load-runs/none", "--run-dir", self.dir / "m", env=store.env, check=104)
            self.assertIn("s3://load-runs/none: holds no segment of a run", done.stderr)
            self.assertFalse((self.dir / "m").exists())
        away = {**store.env, "AWS_ENDPOINT_URL": f"ftp://127.0.0.1:{free_port()}"}
        self.assertIn("AWS_ENDPOINT_URL", run_plimsoll("merge", "s3://load-runs/x", "--run-dir", self.dir / "m", env=away, check=104).stderr)

    def test_a_missing_segment_is_missed_by_number(self):
        with Target() as target, S3Server("load-runs") as store:
            path = self.scenario(target.url)
            self.segments(path, 2, "s3://load-runs/x", store.env)
            for left in Path(store.dir, "data/load-runs/x").glob("segment-1-of-2*"):
                left.unlink()
            done = run_plimsoll("merge", "s3://load-runs/x", "--run-dir", self.dir / "m", env=store.env, check=104)
            self.assertIn("segment 1", done.stderr)
            self.assertFalse((self.dir / "m").exists())
            done = run_plimsoll("merge", "s3://load-runs/x", "--run-dir", self.dir / "m", "--partial", env=store.env)
            self.assertIn("missing   segment 1", done.stdout)

    def test_lists_of_many_pages_are_read_to_their_end(self):
        with Target() as target, S3Server("load-runs") as store:
            path = self.scenario(target.url)
            self.segments(path, 2, "s3://load-runs/x", store.env)
            kept = Path(store.dir, "data/load-runs/x")
            # What sorts between the two segments, more than two pages of it.
            for each in list(kept.glob("segment-1-of-2.db*")):
                for n in range(2100):
                    (kept / each.name.replace("segment-1-of-2.db", f"segment-1.{n}")).write_bytes(b"x" if each.name.endswith("_object") else each.read_bytes())
            done = run_plimsoll("merge", "s3://load-runs/x", "--run-dir", self.dir / "m", env=store.env, check=0)
            self.assertIn("2 of 2 segments", done.stdout)


if __name__ == "__main__":
    unittest.main()
