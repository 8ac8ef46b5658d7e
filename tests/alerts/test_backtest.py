"""`plimsoll alerts` on recorded runs, with promtool as the judge of what it replays."""

import json
import lzma
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from promtool import RULES
from recorded_series import RECORDINGS

PLIMSOLL = os.environ["PLIMSOLL"]
BUNDLED = RULES / "plimsoll.rules.yml"


def rules_file(folder: Path, *rules: dict, interval: str | None = None) -> Path:
    group: dict = {"name": "g", "rules": list(rules)} | ({"interval": interval} if interval else {})
    file = folder / "own.rules.yml"
    file.write_text(json.dumps({"groups": [group]}), encoding="utf-8")  # JSON is YAML
    return file


def children_of(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(each) for each in tasks.read_text().split()] if tasks.exists() else []


def name_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def wait_for(condition, what: str, timeout_s: float = 60):
    end = time.monotonic() + timeout_s
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout_s} s for {what}")
        time.sleep(0.02)
    return value


class Backtest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        cls.keep = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.keep.name)
        for name in ("express-pool", "express-none"):
            (cls.folder / f"{name}.db").write_bytes(lzma.decompress((RECORDINGS / f"{name}.db.xz").read_bytes()))

    @classmethod
    def tearDownClass(cls) -> None:
        cls.keep.cleanup()

    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.temp = Path(temporary.name)
        (self.temp / "t").mkdir()
        self.env = {**os.environ, "TMPDIR": str(self.temp / "t")}

    def run_of(self, name: str) -> Path:
        return self.folder / f"{name}.db"

    def alerts(self, *arguments: object, status: int = 0) -> subprocess.CompletedProcess:
        done = subprocess.run(
            [PLIMSOLL, "alerts", *map(str, arguments)], capture_output=True, text=True, env=self.env, timeout=250, check=False
        )
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertEqual(list((self.temp / "t").iterdir()), [], "nothing is left behind")
        return done

    def outcome(self, alert: str, *arguments: object) -> dict:
        report = json.loads(self.alerts(*arguments, "--format", "json").stdout)
        return next(each for each in report["alerts"] if each["alert"] == alert)

    def promtool(self, tests: Path) -> subprocess.CompletedProcess:
        return subprocess.run(["promtool", "test", "rules", str(tests)], capture_output=True, text=True, check=False)

    def test_promtool_agrees_with_the_replay(self) -> None:
        for every in ("5s", "2s"):
            tests = self.temp / f"{every}.test.yml"
            self.alerts(BUNDLED, self.run_of("express-pool"), "--scrape", every, "--phases", "1", "--write-tests", tests)
            text = tests.read_text(encoding="utf-8")
            fired = set(re.findall(r'alertname="(\w+)",alertstate="firing"\}\)\'\n +eval_time: \S+\n +exp_samples: \[\{', text))
            self.assertIn("PlimsollSloBurnFast", fired)
            done = self.promtool(tests)
            self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr[-3000:])
            # A test that cannot fail tells nothing: one alert less must be noticed.
            tests.write_text(text.replace("exp_samples: [{labels: '{}', value: 1}]", "exp_samples: []", 1), encoding="utf-8")
            self.assertNotEqual(self.promtool(tests).returncode, 0)

    def test_a_full_pool_is_told_and_a_healthy_run_raises_nothing(self) -> None:
        report = json.loads(
            self.alerts(BUNDLED, self.run_of("express-pool"), self.run_of("express-none"), "--scrape", "5s", "--format", "json").stdout
        )
        fired = {each["alert"]: each for each in report["alerts"] if each["fired"] > 0}
        burn = fired["PlimsollSloBurnFast"]
        self.assertEqual(burn["fired"], burn["phases"])
        # Scrapes and evaluations every 5 s: luck makes up to 10 s of difference, and in several phases some.
        self.assertLessEqual(burn["firing_s"]["most"] - burn["firing_s"]["least"], 10)
        self.assertLess(burn["firing_s"]["least"], burn["firing_s"]["most"])
        self.assertIn("PlimsollPoolPlateau", fired)  # in some phases: the run ends soon after
        healthy = report["runs"][1]
        self.assertIsNone(healthy["onset"])
        self.assertEqual([each["alert"] for each in report["alerts"] if each["run"] == healthy["id"] and each["false_alarms"] > 0], [])
        for each in report["false_alarms"]:
            if each["none_seen"]:
                self.assertAlmostEqual(each["per_hour"], 3 / each["healthy_hours"])

    def test_each_kind_of_useless_rule_gets_its_own_sentence(self) -> None:
        rules = rules_file(
            self.temp,
            {"alert": "TooLong", "expr": "plimsoll_vus >= 0", "for": "3h"},
            {"alert": "Misspelt", "expr": "plimsoll_pg_backend > 1"},
            {"alert": "NoSuchLabel", "expr": 'plimsoll_pg_backends{state="idel"} > 0'},
            {"alert": "Always", "expr": "plimsoll_vus >= 0"},
            {"alert": "Flaps", "expr": "floor(timestamp(plimsoll_vus) / 10) % 2 == 0"},
            {"alert": "Narrow", "expr": "rate(plimsoll_response_seconds_count[2s]) > 0"},
            {"alert": "Circle", "expr": 'ALERTS{alertname="Always"} == 1'},
        )
        done = self.alerts(rules, self.run_of("express-pool"), "--scrape", "5s")
        said = done.stdout
        # What needs no replay is said before it, too.
        self.assertRegex(done.stderr, r"TooLong: it cannot fire in this run: `for` is 3h")
        self.assertRegex(done.stderr, r"Narrow: it cannot fire: the window 2s of plimsoll_response_seconds_count")
        self.assertEqual(done.stderr.count("cannot fire"), 2, done.stderr)
        for sentence in (
            r"it cannot fire in this run: `for` is 3h, and the run is \d+ s long",
            r"there is no series plimsoll_pg_backend in this run; the nearest name is plimsoll_pg_backends",
            r'plimsoll_pg_backends\{state="idel"\} never matches: state is .*"idle"',
            r"it fires all the time \(\d+ % of the evaluations, healthy or not\)",
            r"it flaps: it began to fire more than once in \d of \d phases",
            r"the window 2s of plimsoll_response_seconds_count never holds the two samples",
            r"it looks at ALERTS, which only a Prometheus",
        ):
            self.assertRegex(said, sentence)

    def test_recorded_series_are_seen_by_rules_of_other_groups(self) -> None:
        file = self.temp / "two.rules.yml"
        file.write_text(
            json.dumps(
                {
                    "groups": [
                        {"name": "late", "interval": "5s", "rules": [{"alert": "Twice", "expr": "own:vus:twice >= 0"}]},
                        {
                            "name": "first",
                            "interval": "10s",
                            "rules": [
                                {"record": "own:vus", "expr": "plimsoll_vus", "labels": {"by": "us"}},
                                {"record": "own:vus:twice", "expr": 'own:vus{by="us"} * 2'},
                            ],
                        },
                    ]
                }
            ),
            encoding="utf-8",
        )
        outcome = self.outcome("Twice", file, self.run_of("express-none"), "--scrape", "5s")
        # Of 40 s there is nothing before the first recording, which comes within 10 s. Were a recorded value not seen for all of the
        # 10 s until the next, half of the rest would be missing too.
        self.assertGreater(outcome["firing_share"], 0.7)

    def test_demands_decide_the_exit_status(self) -> None:
        run = self.run_of("express-pool")
        rules = rules_file(self.temp, {"alert": "Up", "expr": "plimsoll_vus >= 0", "for": "10s"}, {"alert": "Never", "expr": "plimsoll_vus < 0"})
        self.alerts(rules, run, "--scrape", "5s", "--must-not-fire", "Never")
        self.alerts(rules, run, "--scrape", "5s", "--must-not-fire", "Up", status=99)
        self.alerts(rules, run, "--scrape", "5s", "--must-fire", "Never:60s", status=99)
        for wrong in (["--must-fire", "Up"], ["--must-fire", "None:5s"], ["--scrape", "5"], ["--onset", "x"], ["--label", "x"]):
            self.alerts(rules, run, *wrong, status=104)
        self.alerts(rules, status=104)
        self.alerts(run, status=104)

    def test_an_onset_is_what_the_user_says(self) -> None:
        rules = rules_file(self.temp, {"alert": "Late", "expr": "timestamp(plimsoll_vus) - min_over_time(timestamp(plimsoll_vus)[1h:5s]) >= 20"})
        outcome = self.outcome("Late", rules, self.run_of("express-none"), "--scrape", "5s", "--onset", "10s")
        # 20 s after the first scrape, which comes within 5 s, and up to 5 s until the evaluation: 20-30 s, 10-20 s after the onset.
        self.assertEqual(outcome["fired"], outcome["phases"])
        self.assertGreaterEqual(outcome["firing_s"]["least"], 10)
        self.assertLessEqual(outcome["firing_s"]["most"], 20)

    def test_what_promtool_refuses_is_refused(self) -> None:
        rules = rules_file(self.temp, {"alert": "Broken", "expr": "rate(plimsoll_vus) > 1"})
        self.assertIn("expected type range vector", self.alerts(rules, self.run_of("express-none"), status=104).stderr)

    def sweep(self, *arguments: object) -> tuple[dict, subprocess.CompletedProcess]:
        done = self.alerts(*arguments, "--format", "json")
        return json.loads(done.stdout)["sweeps"][0], done

    def test_a_sweep_gives_the_frontier_and_its_knee(self) -> None:
        # Requests in flight, and 40 more in every other ten seconds: a threshold below 40 is soon and lies, one above is late and does not.
        noisy = "plimsoll_in_flight_requests + 40 * (floor(timestamp(plimsoll_in_flight_requests) / 10) % 2)"
        rules = rules_file(self.temp, {"alert": "Crowded", "expr": f"{noisy} > 20", "for": "5s"})
        runs = self.run_of("express-pool"), self.run_of("express-none")
        ranges = "threshold=20..200,for=0s|5s"
        sweep, _ = self.sweep(rules, *runs, "--scrape", "2s", "--phases", "3", "--sweep", ranges)
        points = {each["name"]: each for each in sweep["points"]}
        self.assertEqual(len(points), 10 * 2, "ten thresholds, of which one is the file's, with two times each")
        as_it_is = [each for each in points.values() if each["as_it_is"]]
        self.assertEqual([(each["threshold"], each["for_s"]) for each in as_it_is], [(20, 5)])
        # The frontier, by its definition: of those that fire as often as any, what no other one beats in both.
        most = max(each["fired"] for each in points.values())
        able = [each for each in points.values() if each["fired"] == most]

        def beaten(each: dict) -> bool:
            at = each["delay_s"]["median"], each["false_alarms_per_hour"]
            return any(other != at and other[0] <= at[0] and other[1] <= at[1]
                       for other in ((o["delay_s"]["median"], o["false_alarms_per_hour"]) for o in able))
        best = [each for each in points.values() if each["best"]]
        self.assertEqual({(each["delay_s"]["median"], each["false_alarms_per_hour"]) for each in best},
                         {(each["delay_s"]["median"], each["false_alarms_per_hour"]) for each in able if not beaten(each)})
        self.assertGreaterEqual(len(best), 2, "a frontier of one point shows no trade")
        knees = [each for each in points.values() if each["knee"]]
        self.assertEqual(len(knees), 1)
        self.assertTrue(knees[0]["best"])
        self.assertTrue(sweep["proposal"].startswith(knees[0]["name"]), sweep["proposal"])
        # A variant does what a rule file that has it does.
        for each in (knees[0], best[0], best[-1]):
            alone = rules_file(self.temp, {"alert": "Alone", "expr": f"{noisy} > {each['threshold']}", "for": f"{each['for_s']:.0f}s"})
            outcome = self.outcome("Alone", alone, *runs, "--scrape", "2s", "--phases", "3")
            for key in ("median", "least", "most"):
                self.assertAlmostEqual(outcome["firing_s"][key], each["delay_s"][key], places=6)

    def test_a_sweep_is_a_table_and_a_chart(self) -> None:
        rules = rules_file(self.temp, {"alert": "Crowded", "expr": "plimsoll_in_flight_requests > 20", "for": "5s"})
        runs, page = (self.run_of("express-pool"), self.run_of("express-none")), self.temp / "sweep.html"
        flags = "--scrape", "5s", "--phases", "2", "--sweep", "threshold=1..60,for=0s|10s"
        said = self.alerts(rules, *runs, *flags, "--html", page).stdout
        self.assertRegex(said, r"Sweep of Crowded\n  proposal: Crowded \(.*\): [\d.]+ s after the onset .*false alarms an hour")
        self.assertRegex(said, r"(?m)^  Crowded \(.*\): [\d.]+ s.*, fired in \d+ of \d+, [\d.]+ false/h  .*proposed")
        self.assertRegex(said, r"(?m)^  Crowded \(20, for 5s\):.*as it is")
        text = page.read_text(encoding="utf-8")
        self.assertIn("Sweep of Crowded", text)
        self.assertIn("The frontier, and what the rule file has", text)
        self.assertRegex(text, r"(?s)Sweep of Crowded.*<svg.*<circle.*</svg>")
        self.assertIn("| variant | delay |", self.alerts(rules, *runs, *flags, "--format", "md").stdout)
        # Where nothing is healthy, words say so.
        alone = self.alerts(rules, runs[0], "--onset", "0s", *flags).stdout
        self.assertIn("no run has a healthy stretch: false alarms are not known", alone)
        self.assertIn("Crowded: not known: no run here has a healthy stretch", alone)
        self.assertIn("false alarms not known", alone)
        for wrong in ("threshold=a..b", "for=5", "x=1", "threshold=1..2,threshold=3..4", ""):
            self.alerts(rules, runs[0], "--sweep", wrong or "=", status=104)

    def test_the_other_formats_say_the_same(self) -> None:
        rules = rules_file(self.temp, {"alert": "Up", "expr": "plimsoll_vus >= 0"})
        run = self.run_of("express-pool")
        self.assertIn("| Up |", self.alerts(rules, run, "--format", "md").stdout)
        page = self.temp / "page.html"
        self.alerts(rules, run, "--html", page)
        text = page.read_text(encoding="utf-8")
        self.assertRegex(text, r"<title>Alerts: \d+ ")
        self.assertIn("firing from", text)

    def started(self) -> tuple[subprocess.Popen, int]:
        ours = subprocess.Popen(
            [PLIMSOLL, "alerts", str(BUNDLED), str(self.run_of("express-pool")), "--scrape", "1s", "--phases", "64"],
            env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        self.addCleanup(ours.wait)
        self.addCleanup(ours.kill)
        server = wait_for(lambda: next((pid for pid in children_of(ours.pid) if name_of(pid) == "prometheus"), 0), "a Prometheus")
        return ours, server

    def test_ctrl_c_leaves_nothing(self) -> None:
        ours, server = self.started()
        ours.send_signal(signal.SIGINT)
        self.assertEqual(ours.wait(60), 105)
        self.assertNotEqual(name_of(server), "prometheus")
        self.assertEqual(list((self.temp / "t").iterdir()), [])

    def test_after_sigkill_the_next_one_sweeps(self) -> None:
        ours, server = self.started()
        ours.kill()
        ours.wait(60)
        wait_for(lambda: name_of(server) != "prometheus", "its Prometheus to end")
        self.assertEqual(len(list((self.temp / "t").iterdir())), 1)
        rules = rules_file(self.temp, {"alert": "Up", "expr": "plimsoll_vus >= 0"})
        self.alerts(rules, self.run_of("express-none"))  # which looks that nothing is left


if __name__ == "__main__":
    unittest.main()
