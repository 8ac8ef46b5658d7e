"""Every long test has its place in tests/proofs/table.tsv and its row in docs/proofs.md: test_table.py BUILD_DIR"""
import datetime
import json
import subprocess
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent))
import proofs  # noqa: E402

BUILD = sys.argv.pop(1)
LONG = {"long", "docker", "vm"}


def labelled() -> set[str]:
    listed = json.loads(subprocess.run(["ctest", "--test-dir", BUILD, "--show-only=json-v1"], capture_output=True, check=True).stdout)
    if missing := [test["name"] for test in listed["tests"] if test["name"].endswith("_NOT_BUILT")]:
        raise AssertionError(f"not everything is built: {', '.join(missing)}")
    labels = {test["name"]: next((p["value"] for p in test.get("properties", []) if p["name"] == "LABELS"), []) for test in listed["tests"]}
    return {name for name, of in labels.items() if LONG & set(of)}


class Table(unittest.TestCase):
    def setUp(self) -> None:
        self.proofs = proofs.read_table(proofs.TABLE.read_text())

    def test_has_every_long_test_and_no_other(self) -> None:
        self.assertEqual({proof.test for proof in self.proofs}, labelled())

    def test_each_day_has_something_and_not_too_much(self) -> None:
        for day in range(1, proofs.DAYS + 1):
            seconds = sum(proof.seconds for proof in self.proofs if proof.day == day)
            self.assertTrue(0 < seconds <= proofs.MOST_S, (day, seconds))
        self.assertEqual({proof.day for proof in self.proofs} - {None}, set(range(1, proofs.DAYS + 1)))

    def test_what_no_day_runs_says_why(self) -> None:
        for proof in self.proofs:
            self.assertTrue(proof.day or proof.note, proof)

    def test_a_fortnight_has_each_day_once(self) -> None:
        first = datetime.date(2026, 2, 20)  # over a month's end
        self.assertEqual(sorted(proofs.day_of(first + datetime.timedelta(n)) for n in range(14)), list(range(1, 15)))

    def test_parts_are_of_files_that_know_them(self) -> None:
        for proof in self.proofs:
            words = proof.part.split()
            self.assertTrue(not words or proof.test.startswith("e2e."), proof)
            source = Path(proofs.ROOT, "tests/e2e", f"{proof.test[4:]}.py").read_text() if words else ""
            for word in words:
                known = f'"{word.partition("=")[0]}"' if "=" in word else f"def {word.partition('.')[2]}("
                self.assertIn(known, source, proof)

    def test_the_parts_of_the_matrix_are_its_causes(self) -> None:
        asked = [cause for proof in self.proofs if proof.test == "e2e.test_fault_matrix"
                 for cause in proof.variables()["FAULT_CAUSES"].split(",")]
        source = Path(proofs.ROOT, "tests/e2e/test_fault_matrix.py").read_text()
        cases = source.partition("CASES = {\n")[2].partition("\n}")[0]
        self.assertEqual(sorted(asked), sorted(line.split('"')[1] for line in cases.splitlines() if line.startswith('    "')))

    def test_the_page_has_a_row_for_each(self) -> None:
        page = proofs.PAGE.read_text()
        self.assertEqual(proofs.with_rows(page, self.proofs, proofs.rows_of(page)), page, "scripts/proof --note")


class Notes(unittest.TestCase):
    def test_a_note_keeps_what_else_the_page_says(self) -> None:
        of = [proofs.Proof(1, "a", "", 5, ""), proofs.Proof(None, "b", "X=1", 5, "why")]
        page = f"# Head\n\n{proofs.BEGIN}{proofs.END}\nTail\n"
        page = proofs.with_rows(page, of, {"a": ("2026-02-01", "4 s")})
        self.assertIn("| `a` | 1 | 2026-02-01 | 4 s |\n| `b X=1` | --all |  |  |\n", page)
        self.assertTrue(page.startswith("# Head\n") and page.endswith("\nTail\n"), page)
        self.assertEqual(proofs.rows_of(page), {"a": ("2026-02-01", "4 s"), "b X=1": ("", "")})


if __name__ == "__main__":
    unittest.main()
