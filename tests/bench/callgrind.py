#!/usr/bin/env python3
"""Instructions that plimsoll executes per request, counted by valgrind: unlike seconds they repeat.

One user sends N keep-alive GETs, then M; the difference by M - N is what a request costs, with start,
analysis and reports left out. All threads are counted, so the snapshots of the time that it took are in.
System calls count as the instructions before and after them; what the kernel does is not seen.
"""

import argparse
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
import wrk_ratio as bench  # noqa: E402

FEW, MANY = 1_000, 41_000


def instructions(program: Path, url: str, iterations: int) -> int:
    with tempfile.TemporaryDirectory(prefix="plimsoll-bench-run-") as folder:
        ran = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/callgrind.out", str(program), "run", url,
             "-u", "1", "-i", str(iterations), "-d", "5m", "--shards", "1", "--results", folder, "-q"],
            capture_output=True, text=True, check=False, timeout=600)
        # A generator slowed down by valgrind may call its own measurement invalid (111); the count stands.
        match = re.search(r"Collected : (\d+)", ran.stderr)
        if ran.returncode not in (0, 111) or not match:
            raise bench.BenchError(f"plimsoll under callgrind ended with {ran.returncode}:\n{ran.stderr[-2000:]}")
        if bench.summary_requests(Path(folder)) != iterations:
            raise bench.BenchError("plimsoll did not send what it was asked to")
        return int(match.group(1))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--plimsoll", type=Path, default=bench.ROOT / "build/release/plimsoll", metavar="PROGRAM")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    if shutil.which("valgrind") is None:
        sys.exit("bench: valgrind is not installed; scripts/setup dev installs it")
    program = arguments.plimsoll.resolve()
    with bench.nginx(bench.cores()[1]) as url:
        costs = [(instructions(program, url, MANY) - instructions(program, url, FEW)) / (MANY - FEW)
                 for _ in range(arguments.rounds)]
    print(f"plimsoll: {statistics.median(costs):,.0f} instructions a request "
          f"(median of {len(costs)}; {min(costs):,.0f} to {max(costs):,.0f})")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (bench.BenchError, KeyboardInterrupt) as error:
        sys.exit(f"bench: {error or 'interrupted'}")
