#!/usr/bin/env python3
"""Imports descriptions that others publish, and judges what comes of them: it must validate, and every body
of JSON or a form must fit its schema. Prints one row of figures each, as docs/import.md has them.

    PLIMSOLL=build/release/plimsoll tests/integration/import/real_descriptions.py FILE...
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


def main() -> int:
    failed = 0
    print("| description | size | operations | steps | notes | output | time | memory | bodies that fit |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in sys.argv[1:]:
        file = Path(name)
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "out.yaml"
            began = time.monotonic()
            child = subprocess.Popen([PLIMSOLL, "import", "openapi", file, "--output", out], stderr=subprocess.PIPE, text=True)
            said = child.stderr.read()
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            took = time.monotonic() - began
            if child.returncode != 0:
                print(f"{name}: {said}", file=sys.stderr)
                failed += 1
                continue
            env = {line.split()[1]: "http://127.0.0.1:1" for line in said.splitlines() if line.startswith("  set ")}
            valid = subprocess.run([PLIMSOLL, "validate", "-q", out], env={**os.environ, **env}, capture_output=True, text=True,
                                   check=False)
            scenario = yaml.load(out.read_text(encoding="utf-8"), LOADER)
            description = Description(file)
            judged, wrong = misfits(description, scenario)
            steps = sum(len(user["flow"]) for user in scenario["users"].values())
            notes = sum(line.startswith("  ") and not line.startswith("  set ") for line in said.splitlines())
            print(f"| {file.name} | {file.stat().st_size / 1e6:.2f} MB | {len(description.operations())} | {steps} | {notes} | "
                  f"{out.stat().st_size / 1e6:.2f} MB | {took:.1f} s | {usage.ru_maxrss / 1e3:.0f} MB | "
                  f"{judged - len(wrong)} of {judged} |", flush=True)
            for one in [valid.stderr[:500]] * (valid.returncode != 0) + wrong[:20]:
                print("  " + one, file=sys.stderr)
            failed += valid.returncode != 0 or bool(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
