"""The manifests of `plimsoll deploy kubernetes`, started pod by pod as Kubernetes would: a load comes of it."""
import os
import tempfile
import threading
import unittest
from pathlib import Path

import pods
from harness import PLIMSOLL, Target, query, run_plimsoll, summary
from s3server import S3Server

SCENARIO = """
target: ${env.SHOP}
data: {rows: {csv: data/rows.csv, pick: sequential}}
users:
  reader: {flow: [{get: "/r/${rows.item}/${iteration}", name: /r, headers: {X-Key: "${secret.file:key.txt}"}}]}
load:
  - {executor: constant-arrival-rate, rate: 90/s, duration: 3s, max_vus: 60}
"""


class Kubernetes(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)
        (self.dir / "data").mkdir()
        (self.dir / "data/rows.csv").write_text("item\nä b\n$(HOME)\n\"x,y\"\n")
        (self.dir / "key.txt").write_text("hunter2\n")
        self.path = self.dir / "shop.yaml"
        self.path.write_text(SCENARIO)

    def deploy(self, *args, env):
        return run_plimsoll("deploy", "kubernetes", self.path, *args, env=env, check=0).stdout

    def test_the_pods_of_an_indexed_job_make_the_load_of_one_run(self):
        seen, lock = [], threading.Lock()

        def status(path):
            with lock:
                seen.append(path)
            return 200
        with Target(status=status) as target, S3Server("runs") as store:
            env = {"SHOP": target.url, **store.env}
            names = [word for name in env for word in ("-e", name)]
            manifests = self.deploy("--segments", "3", "--upload", "s3://runs/shop", *names, env=env)
            with pods.Cluster(manifests, PLIMSOLL) as cluster:
                started = cluster.start_job("shop-segments")
                self.assertEqual(len(started), 3)
                for index, pod in enumerate(started):
                    self.assertIn(pod.wait(), (0, 111), pod.text())  # 111: a busy machine; the counts stand
                    self.assertIn(f"segment   {index + 1} of 3, by JOB_COMPLETION_INDEX={index} and PLIMSOLL_SEGMENTS=3", pod.text())
                    self.assertIn(f"uploaded  s3://runs/shop/segment-{index + 1}-of-3.db", pod.text())
                    for secret in ("hunter2", store.env["AWS_SECRET_ACCESS_KEY"]):
                        self.assertNotIn(secret, pod.text())
                    self.assertTrue(pod.file("/var/lib/plimsoll/run/report.html").exists())
            parts = sorted(seen)
            seen.clear()
            run_plimsoll("merge", "s3://runs/shop", "--run-dir", self.dir / "merged", env=store.env, check=0)
            run_plimsoll("run", self.path, "--run-dir", self.dir / "whole", env=env, check=0)
            self.assertEqual(parts, sorted(seen), "the pods' arrivals are those of one run")
        merged, whole = summary(self.dir / "merged"), summary(self.dir / "whole")
        self.assertEqual(merged["totals"]["requests"], 270)
        for key in ("requests", "failed", "not_sent"):
            self.assertEqual(merged["totals"][key], whole["totals"][key])
        due = "select sum(arrivals_due), sum(iterations_started) from tick"
        self.assertEqual(query(self.dir / "merged", due), query(self.dir / "whole", due))

    def test_the_coordinator_gathers_what_the_pods_send(self):
        """The manifests as they are printed without flags: two Jobs that find each other by the Service's name."""
        with Target() as target:
            env = {"SHOP": target.url}
            manifests = self.deploy("--segments", "3", "-e", "SHOP", env=env)
            with pods.Cluster(manifests, PLIMSOLL) as cluster:
                (gather,) = cluster.start_job("shop-gather")
                segments = cluster.start_job("shop-segments")
                self.assertIn(gather.wait(), (0, 111), gather.text() + segments[0].text())
                for pod in segments:
                    self.assertIn(pod.wait(), (0, 111), pod.text())
                run = gather.file(f"/var/lib/plimsoll/{gather.environment['RUN']}")
                self.assertEqual(summary(run)["totals"]["requests"], 270)
                self.assertEqual(target.served, 270)


if __name__ == "__main__":
    pods.in_own_network()
    unittest.main()
