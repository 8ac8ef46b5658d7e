"""Every fault of the lab against the diagnosis, in numbers: faults x open and closed load x probes taken away x seeds, and runs of
a healthy service among them. Sums up in a confusion matrix with its macro-F1.

    tests/e2e/test_fault_matrix.py --only app_pool_exhausted,worker_pool --seeds 1-3 --keep /tmp/runs.jsonl
    tests/e2e/test_fault_matrix.py --seeds 11-20 --keep /tmp/runs.jsonl --out /tmp/matrix.md

A run takes a little more than its ramp of 40 s. --keep appends a line of JSON for each run and leaves out what is there already, so that
slices add up; --out writes the matrix of all that was kept. Without arguments it is a test: one seed of every cause, all probes;
FAULT_CAUSES=none,memory makes it one of these alone.
"""
import argparse
import collections
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from harness import PLIMSOLL, run_plimsoll, summary

RAMP_S = 40
PROBES = ["all", "no-postgres", "no-canaries", "no-processes"]
MODELS = ["open", "closed"]


class Case:
    """A cause, the faults that plant it, and the rate that the ramp ends at: about twice what the fault lets through. Without a rate
    that hangs on how fast the machine is, and a pilot tells (rate_that_breaks). `also` are causes that say the same in
    other words; `value` is the size that must be exact."""

    def __init__(self, faults, rate, also=(), value=None, lab=(), login=False, fresh=False):
        self.faults, self.rate, self.also, self.value = faults, rate, list(also), value
        self.lab, self.login, self.fresh = list(lab), login, fresh  # fresh: a connection for each request


# Capacities are arithmetic: size / hold, 1 / burn, every / pause.
CASES = {
    "none": Case([], 100),
    "app_pool_exhausted": Case(["app-pool:size=3,hold=20ms"], 300, value=("pool_size", 3)),                  # 150/s
    "worker_pool": Case(["worker-pool:size=4"], 400, value=("workers", 4)),                                  # 200/s
    "event_loop_blocked": Case(["event-loop:block=10ms"], 200),                                              # 100/s
    "app_cpu": Case(["app-cpu:burn=10ms,single=yes"], 200, also=["event_loop_blocked"]),                     # 100/s
    "app_cpu_throttled": Case(["app-cpu:burn=5ms", "cpu-quota:cores=0.5"], 200),                             # 100/s
    "password_hashing": Case(["password-hashing:iterations=200000"], None, login=True),
    "gc_pause": Case(["gc-pause:pause=150ms,every=20"], 200),                                                # 130/s
    "upstream": Case(["thread-pool:size=4,hold=40ms"], 200),                                                 # 100/s
    "idle_in_transaction": Case(["app-pool:size=10,hold=5ms", "idle-in-transaction:call=150ms"], 120),       # 65/s
    "lock_contention": Case(["lock-contention:rows=1,hold=15ms"], 130),                                      # 66/s
    "max_connections": Case(["max-connections:limit=12,hold=40ms"], 400, value=("max_connections", 12)),
    "pgbouncer_pool": Case(["pgbouncer-pool:size=3"], 300, lab=["--pgbouncer"], value=("pool_size", 3)),     # 150/s
    "connection_leak": Case(["app-pool:size=30,hold=10ms", "connection-leak:every=40"], 80),
    "database_cpu": Case(["database-cpu:work=12000"], None),
    "slow_sql": Case(["slow-sql:rows=200000"], None),
    "database_io": Case(["database-io:commits=20"], None),
    "rate_limited": Case(["rate-limit:rate=60/s,burst=10"], 120),
    "accept_queue": Case(["accept-queue:backlog=1,pause=20ms"], 120, fresh=True),                                        # 50/s
    "network": Case(["network:latency=0s,drop_new=30%"], 80, lab=["--proxy"], fresh=True),
    "ephemeral_ports": Case(["ephemeral-ports:ports=80"], 200),                                              # 80/s on loopback
    "memory": Case(["memory-growth:per_request=512KiB,limit=256MiB"], 80),
}

# Two at once: either may be named first, and nothing else. The first of each pair binds at the lower rate.
PAIRS = {
    "lock_contention+app_pool_exhausted": Case(["lock-contention:rows=1,hold=12ms", "app-pool:size=3,hold=20ms"], 200),
    "rate_limited+app_pool_exhausted": Case(["rate-limit:rate=80/s,burst=10", "app-pool:size=3,hold=20ms"], 200),
    "app_pool_exhausted+upstream": Case(["app-pool:size=2,hold=20ms", "slow-upstream:delay=40ms"], 200),
    "worker_pool+idle_in_transaction": Case(["worker-pool:size=6", "idle-in-transaction:call=80ms"], 120),
    "app_pool_exhausted+app_cpu": Case(["app-pool:size=2,hold=20ms", "app-cpu:burn=5ms,single=yes"], 200),
}
for names, pair in PAIRS.items():
    pair.also = names.split("+")
ALL = {**CASES, **PAIRS}


class Lab:
    """`plimsoll lab` with the faults of a case, stopped at the end of the block."""

    def __init__(self, case):
        words = [PLIMSOLL, "lab", *case.lab]
        for fault in case.faults:
            words += ["--fault", fault]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL)
        self.said = {}

    def __enter__(self):
        while "control" not in self.said:
            line = self.process.stdout.readline()
            if not line:
                raise AssertionError(f"the lab did not start: {self.said}")
            word, _, rest = line.strip().partition(" ")
            self.said[word] = re.sub(r'^psql "(.*)"$', r"\1", rest.strip())
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
        self.process.stdout.close()

    @property
    def postmaster(self):
        folder = re.search(r"host='?([^' ]+)", self.said["postgres"]).group(1)
        return int(Path(folder, "data", "postmaster.pid").read_text().split()[0])


def step_of(case):
    if case.login:
        return {"post": "/v1/login", "json": {"name": "nobody", "password": "wrong"}, "expect": {"status": 401}}
    return {"get": "/v1/deployments/5"}


def rate_that_breaks(case, lab):
    """A second: that of the case, or twice what it answers to 32 callers who ask without a pause."""
    if case.rate:
        return case.rate
    pilot_s = 4
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "pilot.yaml")
        file.write_text(json.dumps({"name": "pilot", "target": lab.said["ready"], "users": {"client": {"flow": [step_of(case)]}},
                                    "load": [{"executor": "constant-vus", "vus": 32, "duration": f"{pilot_s}s"}]}))
        done = run_plimsoll("run", file, "--run-dir", f"{folder}/run", "--headless", timeout=60)
        if not Path(folder, "run", "summary.json").exists():
            raise AssertionError(done.stdout + done.stderr)
        return max(20, round(2 * summary(Path(folder, "run"))["totals"]["requests"] / pilot_s))


def scenario(cause, case, model, without, lab):
    """As JSON, which is YAML."""
    rate = rate_that_breaks(case, lab)
    if model == "open":
        load = {"executor": "ramping-arrival-rate", "start_rate": "5/s", "max_vus": 3000,
                "stages": [{"duration": f"{RAMP_S}s", "target": f"{rate}/s"}], "arrivals": "poisson"}
    else:
        load = {"executor": "ramping-vus", "start_vus": 1, "stages": [{"duration": f"{RAMP_S}s", "target": max(30, rate // 4)}]}
    probes = {"host": True}
    if without != "no-postgres":
        probes["postgres"] = {"dsn": lab.said["postgres"]}
        if "pgbouncer" in lab.said:
            probes["pgbouncer"] = {"dsn": lab.said["pgbouncer"]}
    if without != "no-canaries":
        probes["canaries"] = {"no_database": {"get": "/health"}}
    if without != "no-processes":
        probes["containers"] = [{"pid": lab.process.pid, "role": "app"}, {"pid": lab.postmaster, "role": "database"}]
    users = {"client": {"think": "50ms" if model == "closed" else "0s", "flow": [step_of(case)]}}
    return {"name": f"{cause} {model} {without}", "target": lab.said["ready"], "defaults": {"timeout": "5s"},
            "http": {"no_connection_reuse": case.fresh}, "users": users, "load": [load], "probes": probes}


def run(cause, model, without, seed, runs=None):
    """What one run came to; with the folder `runs`, a run that is not right stays there."""
    case = ALL[cause]
    with tempfile.TemporaryDirectory() as folder, Lab(case) as lab:
        file = Path(folder, "scenario.yaml")
        file.write_text(json.dumps(scenario(cause, case, model, without, lab)))
        done = run_plimsoll("run", file, "--seed", seed, "--run-dir", f"{folder}/run", "--headless", timeout=RAMP_S + 120)
        if not Path(folder, "run", "summary.json").exists():
            raise AssertionError(done.stdout + done.stderr)
        result = summary(Path(folder, "run"))
        kept = {"cause": cause, "model": model, "without": without, "seed": seed, "validity": result["validity"]["verdict"],
                "findings": [{key: f[key] for key in ("cause", "confidence", "values")} for f in result["findings"]]}
        if runs and not (is_right(kept) and has_size(kept)):
            shutil.copytree(f"{folder}/run", runs / f"{cause}-{model}-{without}-{seed}", dirs_exist_ok=True)
    return kept


def said(kept):
    """What the run comes to: the first finding's cause; "none" where nothing, or nothing of medium or higher, was found in health."""
    findings = [f for f in kept["findings"] if kept["cause"] != "none" or f["confidence"] != "low"]
    return findings[0]["cause"] if findings else "none"


def is_right(kept):
    return said(kept) == kept["cause"] or said(kept) in ALL[kept["cause"]].also


def has_size(kept):
    """Whether the size that was planted, where one was, is what the first finding says."""
    size = ALL[kept["cause"]].value
    return not size or bool(kept["findings"]) and kept["findings"][0]["values"].get(size[0]) == size[1]


def is_confidently_wrong(kept):
    right = {kept["cause"], *ALL[kept["cause"]].also, "unknown", "generator"}
    return any(f["cause"] not in right and f["confidence"] != "low" for f in kept["findings"])


def matrix(runs):
    """The report in Markdown: the matrix of the runs with all probes, F1 by cause and their mean; how often the cause was still named
    without a probe; and what was confidently wrong in any. Runs that call themselves INVALID say nothing and are only counted."""
    invalid = [r for r in runs if r["validity"] == "INVALID"]
    runs = [r for r in runs if r["validity"] != "INVALID"]
    pairs = [r for r in runs if r["cause"] in PAIRS]
    whole = [r for r in runs if r["without"] == "all" and r not in pairs]
    counts = collections.Counter((r["cause"], r["cause"] if is_right(r) else said(r)) for r in whole)
    causes = sorted({r["cause"] for r in whole})
    columns = causes + sorted({c for _, c in counts} - set(causes))
    lines = [f"{len(runs)} runs, of which {len(whole)} with all probes; {len(invalid)} more called themselves INVALID.", "",
             "| planted | " + " | ".join(columns) + " | F1 |", "|---" * (len(columns) + 2) + "|"]
    scores = []
    for cause in causes:
        hit = counts[cause, cause]
        planted = sum(counts[cause, c] for c in columns)
        named = sum(counts[c, cause] for c in causes)
        scores.append(2 * hit / max(1, planted + named))
        lines.append(f"| {cause} | " + " | ".join(str(counts[cause, c] or "") for c in columns) + f" | {scores[-1]:.2f} |")
    sized = [r for r in whole if CASES[r["cause"]].value and is_right(r)]
    exact = [r for r in sized if has_size(r)]
    wrong = [r for r in runs if is_confidently_wrong(r)]
    lines += ["", f"Macro-F1 {sum(scores) / max(1, len(scores)):.3f}. Sizes exact in {len(exact)} of {len(sized)}. "
                  f"Another cause at medium or high in {len(wrong)} of {len(runs)}."]
    lines.append(f"Pairs: one of the two first in {sum(map(is_right, pairs))} of {len(pairs)}.")
    for without in PROBES[1:]:
        less = [r for r in runs if r["without"] == without and r not in pairs]
        right = sum(is_right(r) for r in less)
        unknown = sum(said(r) == "unknown" for r in less)
        lines.append(f"{without}: {right} right, {unknown} unknown, {len(less) - right - unknown} another, at low confidence, of {len(less)}.")
    for r in wrong:
        lines.append(f"- {r['cause']} {r['model']} {r['without']} seed {r['seed']}: "
                     + ", ".join(f"{f['cause']} ({f['confidence']})" for f in r["findings"]))
    return "\n".join(lines) + "\n"


def key(r):
    return r["cause"], r["model"], r["without"], r["seed"]


def run_all(causes, models, probes, seeds, keep, runs):
    kept = [json.loads(line) for line in keep.read_text().splitlines()] if keep and keep.exists() else []
    done = {key(r) for r in kept if r["validity"] != "INVALID"}  # those are made again
    for wanted in [(c, m, p, s) for s in seeds for c in causes for m in models for p in probes]:
        if wanted in done:
            continue
        result = run(*wanted, runs)
        kept.append(result)
        print("right" if is_right(result) else "WRONG" if is_confidently_wrong(result) else "other", *wanted, result["validity"],
              [(f["cause"], f["confidence"]) for f in result["findings"]], flush=True)
        if keep:
            with keep.open("a") as out:
                out.write(json.dumps(result) + "\n")
    return kept


class FaultMatrix(unittest.TestCase):
    def test_every_cause_is_named_with_all_probes_and_nothing_else_is_for_certain(self):
        """A run that calls itself INVALID, as where something else took the CPU from the generator, says nothing of its target; of half
        of them the machine is no place for this."""
        runs, invalid = 0, []
        for cause in os.environ.get("FAULT_CAUSES", ",".join(CASES)).split(","):
            if cause in ("app_cpu_throttled", "memory") and not can_limit():
                continue  # told by the line below; docs/lab.md says what these two need
            for model in MODELS if cause in ("none", "app_pool_exhausted", "worker_pool") else ["open"]:
                with self.subTest(cause=cause, model=model):
                    result = run(cause, model, "all", 1)
                    print(cause, model, result["validity"], result["findings"], flush=True)
                    runs += 1
                    if result["validity"] == "INVALID":
                        invalid.append(f"{cause} {model}")
                        continue
                    self.assertFalse(is_confidently_wrong(result), result["findings"])
                    self.assertIn(said(result), {cause, *CASES[cause].also}, result["findings"])
                    self.assertTrue(has_size(result), result["findings"])
        self.assertLess(2 * len(invalid), max(runs, 2), f"INVALID runs: {', '.join(invalid)}")


def can_limit():
    """Whether this machine lets us make control groups, as the faults `cpu-quota` and `memory-growth` with `limit` need."""
    for folder in ("/sys/fs/cgroup/cpu", "/sys/fs/cgroup"):
        probe = Path(folder, "plimsoll-can-limit")
        try:
            probe.mkdir()
            probe.rmdir()
            return True
        except OSError:
            continue
    print("no control groups can be made here: app_cpu_throttled and memory are left out", file=sys.stderr)
    return False


def numbers(text):
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="causes, with commas in between", default=",".join(CASES))
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--probes", default=",".join(PROBES), help="what to take away: " + ", ".join(PROBES))
    parser.add_argument("--seeds", default="1", help="1, or 1-3")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--runs", type=Path, help="folder for the runs that are not right")
    flags = parser.parse_args()
    unknown = set(flags.only.split(",")) - set(ALL)
    if unknown:
        parser.error(f"--only: no such cause: {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
    kept = run_all(flags.only.split(","), flags.models.split(","), flags.probes.split(","), numbers(flags.seeds), flags.keep,
                   flags.runs)
    text = matrix(kept)
    (flags.out.write_text if flags.out else print)(text)


if __name__ == "__main__":
    if any(word.startswith("--") for word in sys.argv[1:]):
        main()
    else:
        unittest.main()
