#!/usr/bin/env python3
"""Imports descriptions that others publish, and judges what comes of them: it must validate, and every body
of JSON or a form must fit its schema. Prints one row of figures each, as docs/import.md has them.

    PLIMSOLL=build/dev/plimsoll tests/integration/import/real_descriptions.py FILE...
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from described import LOADER, Description, misfits

PLIMSOLL = os.environ["PLIMSOLL"]


def imported(file: Path, out: Path) -> tuple[str, str]:
    """What the command said, and its time and memory; that of this process, from which it begins, must be small yet."""
    began = time.monotonic()
    child = subprocess.Popen([PLIMSOLL, "import", "openapi", file, "--output", out], stderr=subprocess.PIPE, text=True)
    said = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"{file}: {said}")
    return said, f"{time.monotonic() - began:.1f} s | {usage.ru_maxrss / 1e3:.0f} MB"


def judge(file: Path, out: Path, said: str, cost: str) -> bool:
    env = {line.split()[1]: "http://127.0.0.1:1" for line in said.splitlines() if line.startswith("  set ")}
    valid = subprocess.run([PLIMSOLL, "validate", "-q", out], env={**os.environ, **env}, capture_output=True, text=True, check=False)
    scenario = yaml.load(out.read_text(encoding="utf-8"), LOADER)
    description = Description(file)
    judged, wrong = misfits(description, scenario)
    steps = sum(len(user["flow"]) for user in scenario["users"].values())
    notes = sum(line.startswith("  ") and not line.startswith("  set ") for line in said.splitlines())
    size = sum(one.stat().st_size for one in description.files)
    print(f"| {file.name} | {size / 1e6:.2f} MB | {len(description.operations())} | {steps} | {notes} | "
          f"{out.stat().st_size / 1e6:.2f} MB | {cost} | {judged - len(wrong)} of {judged} |", flush=True)
    for one in [valid.stderr[:500]] * (valid.returncode != 0) + wrong[:20]:
        print("  " + one, file=sys.stderr)
    return valid.returncode == 0 and not wrong


def main() -> int:
    files = [Path(name) for name in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as folder:
        outs = [Path(folder) / f"{number}.yaml" for number in range(len(files))]
        costs = [imported(file, out) for file, out in zip(files, outs)]
        print("| description | size | operations | steps | notes | output | time | memory | bodies that fit |")
        print("|---|---|---|---|---|---|---|---|---|")
        right = [judge(file, out, *cost) for file, out, cost in zip(files, outs, costs)]
    return 0 if all(right) else 1


if __name__ == "__main__":
    sys.exit(main())
