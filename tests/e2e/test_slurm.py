"""The batch script of `plimsoll deploy slurm` under a real Slurm of two nodes: its segments make the load of one run."""
import tempfile
import threading
import unittest
from pathlib import Path

from harness import PLIMSOLL, Target, query, run_plimsoll, summary
from slurm_cluster import Slurm

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

    def batch(self, path, *flags):
        """Runs the script that `plimsoll deploy slurm` prints to its end; its exit status and log."""
        script = self.dir / "load.sbatch"
        run_plimsoll("deploy", "slurm", path, "--program", PLIMSOLL, "--results", self.dir / "results", "-o", script, "--force", *flags, check=0)
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
                self.assertIn(f"{count} of {count} segments", log)
                merged, whole = summary(self.run_of() / "whole"), summary(self.dir / "whole")
                for key in ("requests", "failed", "not_sent"):
                    self.assertEqual(merged["totals"][key], whole["totals"][key])
                self.assertEqual(merged["totals"]["requests"], len(parts))
                due = "select sum(arrivals_due), sum(iterations_started) from tick"
                self.assertEqual(query(self.run_of() / "whole", due), query(self.dir / "whole", due))
                for number in range(1, count + 1):
                    said = (self.run_of() / f"segment-{number}.log").read_text()
                    self.assertIn(f"segment   {number} of {count}, by SLURM_PROCID={number - 1} and SLURM_NTASKS={count}", said)

    def test_both_nodes_carry_a_part(self):
        script = self.dir / "load.sbatch"
        path = self.dir / "s.yaml"
        path.write_text(SCENARIO.format(url="http://127.0.0.1:9"))
        # What the script says to Slurm about nodes and tasks, with a program in plimsoll's place that says where it is.
        program = self.dir / "where"
        program.write_text("#!/bin/bash\n[[ $1 == merge ]] || echo $SLURMD_NODENAME $SLURM_CPUS_PER_TASK\n")
        program.chmod(0o755)
        run_plimsoll("deploy", "slurm", path, "--program", program, "--results", self.dir / "results", "--segments", 2, "--cores", 3, "-o", script, check=0)
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
            run_plimsoll("deploy", "slurm", path, "--program", PLIMSOLL, "--results", self.dir / "results", "--segments", 2, "-o", script, check=0)
            text = script.read_text().replace('mkdir -p "$run"', 'mkdir -p "$run/segment-2" && echo x >"$run/segment-2/run.db"')
            script.write_text(text)
            done = self.slurm.run("sbatch", "--wait", script, timeout=240, cwd=self.dir)
            log = "\n".join(each.read_text() for each in self.dir.glob("plimsoll-*.log"))
            self.assertEqual(done.returncode, 104, log)
            self.assertIn("plimsoll: a segment ended with status 104", log)
            self.assertTrue((self.run_of() / "segment-1" / "report.html").exists(), "the first went on to its end")


if __name__ == "__main__":
    unittest.main()
