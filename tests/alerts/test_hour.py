"""`plimsoll alerts` on a run of an hour: how long it takes, how much memory it and its children take, and what it leaves."""

import json
import os
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

import hour_run
from promtool import RULES

PLIMSOLL = os.environ["PLIMSOLL"]
LONGEST_S, MOST_BYTES = 60, 1 << 30
MORE = [{"alert": f"More{i}", "expr": f"rate(plimsoll_response_seconds_count[{30 + i}s]) > {100 * i}", "for": f"{15 * i}s"} for i in range(5)]


def tree_of(pid: int) -> list[int]:
    """It and all below it that are alive."""
    out = [pid]
    for parent in out:
        for task in Path(f"/proc/{parent}/task").glob("*/children") if Path(f"/proc/{parent}").exists() else ():
            try:
                out += [int(each) for each in task.read_text().split()]
            except OSError:
                pass  # it ended meanwhile
    return out


def memory_of(pid: int) -> int:
    """What is its own, and its share of what it shares (PSS)."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


class Peak:
    """The most that a process and its children took together, looked at ten times a second."""

    def __init__(self, pid: int) -> None:
        self.bytes, self.over = 0, threading.Event()
        self.thread = threading.Thread(target=self.watch, args=(pid,))
        self.thread.start()

    def watch(self, pid: int) -> None:
        while not self.over.wait(0.1):
            self.bytes = max(self.bytes, sum(memory_of(each) for each in tree_of(pid)))

    def end(self) -> int:
        self.over.set()
        self.thread.join()
        return self.bytes


class Hour(unittest.TestCase):
    def test_twenty_rules_over_an_hour_take_a_minute_and_a_gibibyte_at_most(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            run, more, temp = Path(folder) / "hour.db", Path(folder) / "more.rules.yml", Path(folder) / "t"
            temp.mkdir()
            length_s = hour_run.make("express-pool", 3600, run)
            self.assertGreaterEqual(length_s, 3600)
            more.write_text(json.dumps({"groups": [{"name": "more", "rules": MORE}]}), encoding="utf-8")
            out = Path(folder) / "out.json"
            began = time.monotonic()
            with out.open("w") as to:
                ours = subprocess.Popen([PLIMSOLL, "alerts", RULES / "plimsoll.rules.yml", more, run, "--format", "json"], stdout=to,
                                        env={**os.environ, "TMPDIR": str(temp)})
                peak = Peak(ours.pid)
                status = ours.wait(600)
            took_s, most = time.monotonic() - began, peak.end()
            self.assertEqual(status, 0)
            report = json.loads(out.read_text())
            print(f"{len(report['alerts'])} alerting rules over {length_s:.0f} s in {report['phases']} phases: {took_s:.1f} s, "
                  f"{most / (1 << 20):.0f} MiB in all processes", flush=True)
            self.assertGreaterEqual(len(report["alerts"]), 20)
            self.assertEqual(list(temp.iterdir()), [], "nothing is left behind")
            self.assertTrue(any(each["fired"] or each["false_alarms"] for each in report["alerts"]), "a replay in which nothing fires is none")
            self.assertLessEqual(took_s, LONGEST_S)
            self.assertLessEqual(most, MOST_BYTES)


if __name__ == "__main__":
    unittest.main()
