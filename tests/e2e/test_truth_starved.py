"""A generator that is kept from its CPU says so, and says nothing against the target."""
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import summary
from timing import TimedServer, run_with

RUNS = int(os.environ.get("STARVED_RUNS", "20"))
CPU_CGROUP = Path("/sys/fs/cgroup/cpu")
SCENARIO = """
target: {url}
users:
  reader:
    flow:
      - get: /
load:
  - {{executor: constant-arrival-rate, rate: {rate}/s, duration: 4s, max_vus: 1000}}
probes:
  canaries:
    tiny: {{get: /}}
"""


class Hog:
    """A busy loop on one core."""

    def __init__(self, core):
        self.process = subprocess.Popen(["taskset", "-c", str(core), "sh", "-c", "while :; do :; done"])

    def __enter__(self):
        return []

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class NiceHog(Hog):
    """A busy loop, and a generator of the lowest priority against it."""

    def __enter__(self):
        return ["nice", "-n", "19"]


class Quota:
    """A cgroup that may use this share of a core."""

    def __init__(self, share):
        self.path = CPU_CGROUP / f"starved-{os.getpid()}"
        self.path.mkdir()
        (self.path / "cpu.cfs_period_us").write_text("100000")
        (self.path / "cpu.cfs_quota_us").write_text(str(int(share * 100000)))

    def __enter__(self):
        return ["sh", "-c", f'echo $$ >{self.path}/cgroup.procs && exec "$@"', "sh"]

    def __exit__(self, *_):
        self.path.rmdir()


class Starved(unittest.TestCase):
    def one_run(self, starve, rate, core):
        """A line that tells the run, and what it got wrong."""
        folder = tempfile.mkdtemp(prefix="starved-")
        try:
            with TimedServer(folder, core=1 - core) as server:
                (Path(folder) / "s.yaml").write_text(SCENARIO.format(url=server.url, rate=rate))
                with starve as prefix:
                    done = run_with([*prefix, "taskset", "-c", str(core)], "run", f"{folder}/s.yaml", "--run-dir",
                                    f"{folder}/r", "--linger", "0s", "--quiet")
                server.stop()
            self.assertIn(done.returncode, (0, 111), done.stderr)
            result = summary(f"{folder}/r")
        finally:
            shutil.rmtree(folder)
        wrong = []
        if done.returncode != 111 or result["validity"]["verdict"] != "INVALID":
            wrong.append(f"exit {done.returncode}, {result['validity']['verdict']}")
        causes = [finding["cause"] for finding in result["findings"]]
        if causes != ["generator"]:
            wrong.append(f"findings {causes}")
        failed = [check for check in result["validity"]["checks"] if not check["ok"]]
        if any("the target was slow" in check["why"] for check in failed):
            wrong.append("a check blames the target")
        line = (f"exit {done.returncode} {result['validity']['verdict']}, findings {causes}, "
                f"send lag p99 {result['totals']['send_lag_s']['p99'] * 1e3:.1f} ms, "
                f"service p99 {result['totals']['service_s']['p99'] * 1e3:.1f} ms, "
                f"failed checks {[check['name'] for check in failed]}")
        return line, wrong

    def prove(self, make_starve, rate):
        core, wrong = max(os.sched_getaffinity(0)), 0
        for number in range(1, RUNS + 1):
            line, faults = self.one_run(make_starve(core), rate, core)
            print(f"\n{number:3} {line} {'; '.join(faults)}", end="", flush=True)
            wrong += bool(faults)
        print(f"\n{RUNS - wrong} of {RUNS} runs called themselves INVALID and blamed the generator alone")
        self.assertEqual(wrong, 0)

    def test_a_busy_loop_on_its_core(self):
        self.prove(Hog, 5000)

    def test_a_tenth_of_a_core_at_most(self):
        if os.access(CPU_CGROUP / "cgroup.procs", os.W_OK):
            self.prove(lambda core: Quota(0.1), 5000)
        else:  # no such cgroup: by priority, which leaves about a sixtieth
            self.prove(NiceHog, 5000)


if __name__ == "__main__":
    unittest.main()
