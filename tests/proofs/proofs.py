#!/usr/bin/env python3
"""The long tests, a day's worth at a time, and when each last ran.

    scripts/proof                today's, by date: within a fortnight all come round that can
    scripts/proof DAY            those of day 1 to 14
    scripts/proof --list         what runs when, and what only scripts/test --all runs
    scripts/proof --note [FILE]  enters into docs/proofs.md what has passed here: by this script, or by the JUnit FILE that
                                 scripts/test --all leaves (build/logs/all.xml)

It needs the release build. What a day runs stands in tests/proofs/table.tsv.
"""
import datetime
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = Path(__file__).with_name("table.tsv")
PAGE = ROOT / "docs/proofs.md"
BUILD = ROOT / "build/release"
PASSED = ROOT / "build/logs/proofs.tsv"  # date, test, part, seconds
DAYS, MOST_S = 14, 300
SLOWER = 2  # so much longer a proof may take on the machine of today
BEGIN, END = "<!-- when: scripts/proof --note -->\n", "<!-- end -->\n"


@dataclass(frozen=True)
class Proof:
    day: int | None  # None: by scripts/test --all alone
    test: str
    part: str  # "": all of it
    seconds: int
    note: str

    @property
    def name(self) -> str:
        return f"{self.test} {self.part}".strip()

    def variables(self) -> dict[str, str]:
        return dict(word.split("=", 1) for word in self.part.split() if "=" in word)

    def command(self) -> list[str]:
        """What runs it. Only files of tests/e2e can run in part."""
        if self.test.startswith("e2e."):
            names = [word for word in self.part.split() if "=" not in word]
            return [sys.executable, "-B", str(ROOT / "tests/e2e" / f"{self.test[4:]}.py"), "-v", *names]
        return ["ctest", "--test-dir", str(BUILD), "--output-on-failure", "--no-tests=error", "-R", f"^{self.test.replace('.', '[.]')}$"]


def read_table(text: str) -> list[Proof]:
    proofs = []
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        day, test, part, seconds, note = (cell.strip() for cell in line.split("\t"))
        proofs.append(Proof(None if day == "all" else int(day), test, "" if part == "-" else part, int(seconds), note))
    return proofs


def day_of(date: datetime.date) -> int:
    return date.toordinal() % DAYS + 1


def run(proof: Proof) -> bool:
    print(f"proof: {proof.name}", flush=True)
    began = time.monotonic()
    environment = {**os.environ, **proof.variables(), "PLIMSOLL": str(BUILD / "plimsoll"), "TIMED_SERVER": str(BUILD / "timed_server")}
    try:
        status = subprocess.run(proof.command(), cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, check=False,
                                timeout=SLOWER * proof.seconds + 60).returncode
        how = "passed" if status == 0 else f"failed with exit status {status}"
    except subprocess.TimeoutExpired:
        status, how = 1, "failed: it did not end in time"
    seconds = time.monotonic() - began
    print(f"proof: {proof.name}: {how}, {seconds:.0f} s", flush=True)
    if status == 0:
        PASSED.parent.mkdir(parents=True, exist_ok=True)
        with PASSED.open("a") as out:
            out.write(f"{datetime.date.today().isoformat()}\t{proof.test}\t{proof.part}\t{seconds:.0f}\n")
    return status == 0


def run_day(day: int) -> int:
    failed = [proof.name for proof in read_table(TABLE.read_text()) if proof.day == day and not run(proof)]
    print(f"proof: day {day} of {DAYS}: " + (f"failed: {'; '.join(failed)}" if failed else "passed"))
    return 1 if failed else 0


# --- when each last ran -----------------------------------------------------------------------------------------------

def rows_of(page: str) -> dict[str, tuple[str, str]]:
    """Of the page's table: name -> (date, seconds)."""
    rows = {}
    for line in page.partition(BEGIN)[2].partition(END)[0].splitlines()[2:]:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4:
            rows[cells[0].strip("`")] = (cells[2], cells[3])
    return rows


def with_rows(page: str, proofs: list[Proof], rows: dict[str, tuple[str, str]]) -> str:
    lines = ["| proof | day | last passed | took |", "|---|---|---|---|"]
    for proof in proofs:
        date, took = rows.get(proof.name, ("", ""))
        lines.append(f"| `{proof.name}` | {proof.day or '--all'} | {date} | {took} |")
    head, _, rest = page.partition(BEGIN)
    return head + BEGIN + "\n".join(lines) + "\n" + END + rest.partition(END)[2]


def passed_here() -> dict[str, tuple[str, str]]:
    found = {}
    for line in PASSED.read_text().splitlines() if PASSED.exists() else []:
        date, test, part, seconds = line.split("\t")
        found[f"{test} {part}".strip()] = (date, f"{seconds} s")
    return found


def passed_in(junit: Path) -> dict[str, tuple[str, str]]:
    """Of ctest's JUnit file: every test that passed, on the day that the file was written."""
    date = datetime.date.fromtimestamp(junit.stat().st_mtime).isoformat()
    return {case.get("name", ""): (date, f"{float(case.get('time', 0)):.0f} s")
            for case in ElementTree.parse(junit).iter("testcase") if case.get("status") == "run"}


def note(proofs: list[Proof], whole: dict[str, tuple[str, str]], parts: dict[str, tuple[str, str]]) -> None:
    page = PAGE.read_text()
    rows = rows_of(page)
    for proof in proofs:
        # All of a test is each of its parts, too.
        found = [row for row in (parts.get(proof.name), whole.get(proof.test), rows.get(proof.name)) if row and row[0]]
        if found:
            rows[proof.name] = max(found, key=lambda row: row[0])
    PAGE.write_text(with_rows(page, proofs, rows))


def show(proofs: list[Proof]) -> None:
    today = day_of(datetime.date.today())
    for proof in proofs:
        mark = "*" if proof.day == today else " "
        why = f"   ({proof.note})" if proof.note else ""
        print(f"{mark} {proof.day or '--all':>5} {proof.seconds:6} s  {proof.name}{why}")
    print(f"* today: day {today}")


def main() -> int:
    words = sys.argv[1:]
    proofs = read_table(TABLE.read_text())
    if words == ["--list"]:
        show(proofs)
        return 0
    if words[:1] == ["--note"] and len(words) <= 2:
        note(proofs, passed_in(Path(words[1])) if len(words) == 2 else {}, passed_here())
        return 0
    if not words:
        return run_day(day_of(datetime.date.today()))
    if len(words) == 1 and words[0].isdigit() and 1 <= int(words[0]) <= DAYS:
        return run_day(int(words[0]))
    print(__doc__, file=sys.stdout if words in (["-h"], ["--help"]) else sys.stderr)
    return 0 if words in (["-h"], ["--help"]) else 2


if __name__ == "__main__":
    sys.exit(main())
