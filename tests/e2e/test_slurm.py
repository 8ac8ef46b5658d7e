"""The batch script of `plimsoll deploy slurm` under a real Slurm of two nodes: its segments make the load of one run."""
import json
import tempfile
import threading
import unittest
from pathlib import Path

from harness import PLIMSOLL, Target, query, run_plimsoll, summary
from slurm_cluster import Slurm
from test_fault_matrix import CASES, Lab
from test_gather import ENDPOINTS, TICKS

SCENARIO = """
target: {url}
users:
  reader: {{weight: 2, flow: [{{get: "/r/${{iteration}}", name: /r}}]}}
  writer: {{flow: [{{get: "/w/${{iteration}}", name: /w}}]}}
load:
  - {{executor: constant-arrival-rate, rate: 80/s, duration: 3s, max_vus: 80, arrivals: poisson}}
"""


class UnderSlurm(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.slurm = Slurm().__enter__()
        cls.addClassCleanup(cls.slurm.__exit__)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)

    def batch(self, path, *flags, change=None, more=()):
        """Runs the script that `plimsoll deploy slurm` prints to its end; its exit status and log."""
        script = self.dir / "load.sbatch"
        run_plimsoll("deploy", "slurm", path, "--program", PLIMSOLL, "--results", self.dir / "results", "-o", script, "--force", *flags, check=0)
        text = script.read_text()
        if change:
            self.assertIn(change[0], text)
            text = text.replace(*change)
        if more:
            text = text.replace("gathering=\n", f"arguments+=({' '.join(more)})\ngathering=\n", 1)
        script.write_text(text)
        done = self.slurm.run("sbatch", "--wait", script, timeout=240, cwd=self.dir)
        log = "\n".join(each.read_text() for each in self.dir.glob("plimsoll-*.log"))
        return done, log

    def run_of(self):
        (run,) = (self.dir / "results").glob("slurm-*")
        return run

    def test_segments_of_any_number_make_the_load_of_one_run(self):
        for count in (2, 4, 8):
            seen, lock = [], threading.Lock()

            def status(path):
                with lock:
                    seen.append(path)
                return 200
            with self.subTest(count), tempfile.TemporaryDirectory() as folder, Target(status=status) as target:
                self.dir = Path(folder)
                path = self.dir / "s p.yaml"
                path.write_text(SCENARIO.format(url=target.url))
                done, log = self.batch(path, "--segments", count, "--cores", 2)
                self.assertIn(done.returncode, (0, 111), done.stderr + log + self.slurm.logs())  # 111: a busy machine
                parts = sorted(seen)
                seen.clear()
                run_plimsoll("run", path, "--run-dir", self.dir / "whole", check=0)
                self.assertEqual(parts, sorted(seen), "the tasks' arrivals are those of one run")
                self.assertIn(f"for {count} segments", log)
                # What was merged live is what the parts' own folders have, bit for bit.
                folders = [self.run_of() / f"segment-{number}" for number in range(1, count + 1)]
                run_plimsoll("merge", *folders, "--run-dir", self.dir / "afterwards", check=None)
                for sql in (TICKS, ENDPOINTS):
                    self.assertEqual(query(self.run_of() / "whole", sql), query(self.dir / "afterwards", sql))
                self.assertFalse((self.run_of() / "gather-token").exists())
                merged, whole = summary(self.run_of() / "whole"), summary(self.dir / "whole")
                for key in ("requests", "failed", "not_sent"):
                    self.assertEqual(merged["totals"][key], whole["totals"][key])
                self.assertEqual(merged["totals"]["requests"], len(parts))
                due = "select sum(arrivals_due), sum(iterations_started) from tick"
                self.assertEqual(query(self.run_of() / "whole", due), query(self.dir / "whole", due))
                for number in range(1, count + 1):
                    said = (self.run_of() / f"segment-{number}.log").read_text()
                    self.assertIn(f"segment   {number} of {count}, by SLURM_PROCID={number - 1} and SLURM_NTASKS={count}", said)

    def test_parts_are_joined_afterwards_where_asked_to(self):
        with Target() as target:
            path = self.dir / "s.yaml"
            path.write_text(SCENARIO.format(url=target.url))
            done, log = self.batch(path, "--segments", 2, "--no-gather")
            self.assertIn(done.returncode, (0, 111), done.stderr + log)
            self.assertIn("2 of 2 segments", log)
            self.assertEqual(summary(self.run_of() / "whole")["totals"]["requests"], target.served)

    def test_a_killed_part_is_named_with_what_is_missing(self):
        with Target() as target:
            path = self.dir / "s.yaml"
            path.write_text(SCENARIO.format(url=target.url).replace("duration: 3s", "duration: 12s"))
            change = ('exec "$@" --run-dir "$run/segment-$n"', '$([[ $n == 2 ]] && echo timeout -s KILL 9) "$@" --run-dir "$run/segment-$n"')
            done, log = self.batch(path, "--segments", 2, change=change)
            self.assertIn(done.returncode, (0, 111), done.stderr + log)
            checks = {check["name"]: check for check in summary(self.run_of() / "whole")["validity"]["checks"]}
            self.assertFalse(checks["segments"]["ok"])
            self.assertRegex(checks["segments"]["why"], r"\b2\b.*%")

    def test_a_gather_that_was_killed_loses_nothing(self):
        with Target() as target:
            path = self.dir / "s.yaml"
            path.write_text(SCENARIO.format(url=target.url).replace("duration: 3s", "duration: 20s"))
            change = ('"$plimsoll" gather', 'timeout -s KILL 10 "$plimsoll" gather')
            done, log = self.batch(path, "--segments", 2, change=change, more=["--gather-wait", "2s"])
            self.assertIn(done.returncode, (0, 111), done.stderr + log)
            self.assertIn("the parts are joined in its place", log)
            self.assertEqual(summary(self.run_of() / "merged")["totals"]["requests"], target.served)

    def test_nodes_whose_address_slurm_does_not_tell_are_reached_by_name(self):
        with Target() as target:
            path = self.dir / "s.yaml"
            path.write_text(SCENARIO.format(url=target.url))
            change = ("address=$(scontrol", "SLURMD_NODENAME=localhost; address=$(false")
            done, log = self.batch(path, "--segments", 2, change=change)
            self.assertIn(done.returncode, (0, 111), done.stderr + log)
            self.assertIn("scontrol knows no address of localhost; the segments are given its name", log)
            self.assertEqual(summary(self.run_of() / "whole")["totals"]["requests"], target.served)
            self.assertFalse((self.run_of() / "merged").exists())

    def test_a_gather_that_does_not_come_up_ends_the_job_before_any_load(self):
        with Target() as target:
            path = self.dir / "s.yaml"
            path.write_text(SCENARIO.format(url=target.url))
            done, log = self.batch(path, "--segments", 2, change=('"$plimsoll" gather', '"$plimsoll" gather --no-such-flag'))
            self.assertEqual(done.returncode, 104, done.stderr + log)
            self.assertIn("the gather ended with status 104 before any load; nothing was sent", log)
            self.assertEqual(target.served, 0)
            self.assertFalse((self.run_of() / "gather-token").exists())

    def test_what_e_gives_reaches_the_job(self):
        with Target() as target:
            path = self.dir / "s.yaml"
            path.write_text(SCENARIO.format(url="${env.SHOP}"))
            done, log = self.batch(path, "--segments", 2, "-e", f"SHOP={target.url}", "-e", "WORDS=a 'b' $(id) \"c\"")
            self.assertIn(done.returncode, (0, 111), done.stderr + log)
            self.assertEqual(summary(self.run_of() / "whole")["totals"]["requests"], target.served)

    def test_a_planted_pool_is_named(self):
        lab = Lab(CASES["app_pool_exhausted"])
        lab.__enter__()
        self.addCleanup(lab.__exit__)
        path = self.dir / "s.yaml"
        path.write_text(json.dumps({
            "target": lab.said["ready"], "users": {"client": {"flow": [{"get": "/v1/deployments/5"}]}},
            "load": [{"executor": "ramping-arrival-rate", "start_rate": "10/s", "max_vus": 3000,
                      "stages": [{"duration": "40s", "target": "300/s"}], "arrivals": "poisson"}],
            "probes": {"postgres": {"dsn": lab.said["postgres"]}, "canaries": {"no_database": {"get": "/health"}}}}))
        done, log = self.batch(path, "--segments", 4)
        self.assertIn(done.returncode, (0, 111), done.stderr + log)
        found = summary(self.run_of() / "whole")["findings"]
        self.assertEqual((found[0]["cause"], found[0]["values"]["pool_size"]), ("app_pool_exhausted", 3), log)

    def test_both_nodes_carry_a_part(self):
        script = self.dir / "load.sbatch"
        path = self.dir / "s.yaml"
        path.write_text(SCENARIO.format(url="http://127.0.0.1:9"))
        # What the script says to Slurm about nodes and tasks, with a program in plimsoll's place that says where it is.
        program = self.dir / "where"
        program.write_text("#!/bin/bash\n[[ $1 == merge ]] || echo $SLURMD_NODENAME $SLURM_CPUS_PER_TASK\n")
        program.chmod(0o755)
        run_plimsoll("deploy", "slurm", path, "--program", program, "--results", self.dir / "results", "--segments", 2, "--cores", 3, "--no-gather", "-o", script, check=0)
        done = self.slurm.run("sbatch", "--wait", script, timeout=120, cwd=self.dir)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sorted(log.read_text() for log in self.run_of().glob("segment-*.log")), ["n1 3\n", "n2 3\n"])

    def test_a_batch_script_is_no_task_of_its_own(self):
        with Target() as target:
            path = self.dir / "s.yaml"
            path.write_text(SCENARIO.format(url=target.url))
            script = self.dir / "wrong.sbatch"
            script.write_text(f"#!/bin/bash\n#SBATCH --ntasks=4\n#SBATCH --output={self.dir}/wrong.log\n"
                              f"exec {PLIMSOLL} run {path} --segment auto --run-dir {self.dir}/never\n")
            done = self.slurm.run("sbatch", "--wait", script, timeout=120, cwd=self.dir)
            self.assertEqual(done.returncode, 104, (self.dir / "wrong.log").read_text())
            self.assertIn("this is the batch script itself, not one of its 4 tasks", (self.dir / "wrong.log").read_text())
            self.assertEqual(target.served, 0)

    def test_a_step_of_fewer_tasks_than_its_job_is_a_whole_of_its_own(self):
        done = self.slurm.run("srun", "--ntasks=2", "bash", "-c", "echo $SLURM_NTASKS $SLURM_STEP_NUM_TASKS")
        self.assertEqual(done.stdout.split(), ["2"] * 4, done.stderr)

    def test_a_part_that_fails_is_named_and_ends_none_of_the_others(self):
        with Target() as target:
            path = self.dir / "s.yaml"
            path.write_text(SCENARIO.format(url=target.url))
            # The second part finds its folder taken.
            script = self.dir / "load.sbatch"
            run_plimsoll("deploy", "slurm", path, "--program", PLIMSOLL, "--results", self.dir / "results", "--segments", 2, "--no-gather", "-o", script, check=0)
            text = script.read_text().replace('mkdir -p "$run"', 'mkdir -p "$run/segment-2" && echo x >"$run/segment-2/run.db"')
            script.write_text(text)
            done = self.slurm.run("sbatch", "--wait", script, timeout=240, cwd=self.dir)
            log = "\n".join(each.read_text() for each in self.dir.glob("plimsoll-*.log"))
            self.assertEqual(done.returncode, 104, log)
            self.assertIn("plimsoll: a segment ended with status 104", log)
            self.assertTrue((self.run_of() / "segment-1" / "report.html").exists(), "the first went on to its end")


if __name__ == "__main__":
    unittest.main()
