"""`plimsoll report RUN --explain`: its SQL, run by the sqlite3 command line on the run file, gives the rows that it shows."""
import json
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import run_plimsoll

RECORDINGS = Path(__file__).resolve().parents[1] / "recordings"
INDENT, SQL = "    ", "    sql: "


def sentences(text):
    """Of an explanation: (sentence, its SQL or None, the lines of its rows with their heading)."""
    found = []
    for line in text.splitlines():
        if line[:2] in ("+ ", "- ") and not line.startswith(INDENT):
            found.append((line[2:], None, []))
        elif line.startswith(SQL):
            found[-1] = (found[-1][0], line[len(SQL):], [])
        elif line.startswith(INDENT) and found and found[-1][1]:
            found[-1][2].append(line[len(INDENT):])
    return found


def sqlite3(run, sql):
    done = subprocess.run(["sqlite3", "-readonly", "-header", "-separator", " | ", str(run), sql],
                          capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


class Explain(unittest.TestCase):
    def unpacked(self, folder, name):
        run = Path(folder) / "run.db"
        with run.open("wb") as out:
            subprocess.run(["xz", "-dc", str(RECORDINGS / f"{name}.db.xz")], stdout=out, check=True)
        return run

    def test_its_sql_gives_the_same_rows_in_sqlite3(self):
        compared = 0
        for packed in sorted(RECORDINGS.glob("*.db.xz")):
            name = packed.name.removesuffix(".db.xz")
            with self.subTest(recording=name), tempfile.TemporaryDirectory() as folder:
                run = self.unpacked(folder, name)
                findings = json.loads(run_plimsoll("report", folder, "--format", "json", check=0).stdout)["findings"]
                for number, finding in enumerate(findings, 1):
                    text = run_plimsoll("report", folder, "--explain", number, check=0).stdout
                    said = sentences(text)
                    self.assertEqual([s[0] for s in said], finding["evidence"] + finding["against"])
                    for sentence, sql, rows in said:
                        if sentence.startswith("what remains possible"):
                            continue  # it sums up those before it
                        self.assertIsNotNone(sql, sentence)
                        expected = sqlite3(run, sql)
                        self.assertGreater(len(expected), 1, f"no rows for: {sentence}\n{sql}")
                        self.assertEqual(rows, expected, sentence)
                        compared += 1
                self.assertEqual([p.name for p in Path(folder).iterdir()], ["run.db"])
        self.assertGreater(compared, 100)

    def test_the_rows_hold_the_figure_of_the_sentence(self):
        # "4.0 of them were busy": the means of this application's busy backends after the break add up to it.
        with tempfile.TemporaryDirectory() as folder:
            run = self.unpacked(folder, "fs-pool")
            text = run_plimsoll("report", folder, "--explain", "app_pool_exhausted", check=0).stdout
            result = json.loads(run_plimsoll("report", folder, "--format", "json", check=0).stdout)["findings"][0]
            sql = next(sql for sentence, sql, _ in sentences(text) if "database connections" in sentence)
            rows = [dict(zip(sqlite3(run, sql)[0].split(" | "), row.split(" | "))) for row in sqlite3(run, sql)[1:]]
            busy = sum(float(row["mean"]) for row in rows if row["part"] == "after" and "state=idle," not in row["labels"])
            self.assertAlmostEqual(busy, result["values"]["busy_mean"], delta=0.01)

    def test_a_finding_that_is_not_there_is_an_error_that_names_those_that_are(self):
        with tempfile.TemporaryDirectory() as folder:
            self.unpacked(folder, "fs-pool")
            for which in ("worker_pool", "0", "9"):
                done = run_plimsoll("report", folder, "--explain", which, check=104)
                self.assertIn(f'no finding "{which}"', done.stderr)
                self.assertIn("1 app_pool_exhausted", done.stderr)


if __name__ == "__main__":
    unittest.main()
