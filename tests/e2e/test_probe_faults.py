"""The probes through the failure of what they look at: the run goes on, gaps are exact and named, everything else is
there. And no secret of a connection string shows anywhere."""
import os
import signal
import tempfile
import time
import unittest
from pathlib import Path

from database import PgBouncer, Postgres, Storm
from harness import Target, fetch, free_port, query, run_plimsoll, start_plimsoll, wait_for

SECRET = "correct-horse-battery"
POOLER_SECRET = "staple-of-the-pooler"
PERIOD = 0.1  # of the postgres and pgbouncer probes
SECONDS = 44


def scenario(target, postgres, pgbouncer):
    return f"""
target: {target.url}
users: {{reader: {{flow: [{{get: /}}]}}}}
load: [{{executor: constant-arrival-rate, rate: 20/s, duration: {SECONDS}s, max_vus: 50}}]
probes:
  interval: 100ms
  postgres: {{dsn: "{postgres.dsn("side", SECRET)}"}}
  pgbouncer: {{dsn: "{pgbouncer.dsn("stats", POOLER_SECRET)}"}}
  containers: [{{pid: {os.getpid()}, role: app}}]
  canaries: {{no_database: {{get: /health}}}}
"""


class ProbeFaults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """One run with all faults, one after the other; the tests look at what it kept."""
        cls.postgres = Postgres(SECRET)
        cls.pgbouncer = PgBouncer(cls.postgres, SECRET)
        cls.folder = tempfile.TemporaryDirectory(prefix="plimsoll-test-")
        cls.run_dir = Path(cls.folder.name, "run")
        cls.log = Path(cls.folder.name, "log")
        port = free_port()
        with Target() as target, open(cls.log, "w", encoding="utf8") as log:
            file = Path(cls.folder.name, "faults.yaml")
            file.write_text(scenario(target, cls.postgres, cls.pgbouncer))
            run = start_plimsoll("run", "-v", file, "--run-dir", cls.run_dir, "--prometheus", f"127.0.0.1:{port}",
                                 stdout=log, stderr=log)
            wait_for(lambda: (cls.run_dir / "run.db").exists(), "the run")
            began = time.time()
            cls.outages = {}
            try:
                cls.metrics = cls.plant_all(began, port)
                cls.status = run.wait(60)
            finally:
                run.kill()
        cls.start_wall = float(query(cls.run_dir, "SELECT value FROM run WHERE key = 'start_wall_ns'")[0][0]) / 1e9

    @classmethod
    def tearDownClass(cls):
        cls.pgbouncer.stop()
        cls.postgres.stop()
        cls.folder.cleanup()

    @classmethod
    def plant_all(cls, began, port):
        def at(seconds):
            time.sleep(max(0.0, began + seconds - time.time()))
            return time.time()

        storm_from = at(3)
        storm = Storm(cls.postgres.port)
        time.sleep(4)
        storm.end()
        cls.refused, cls.storm = storm.refused, (storm_from, time.time())

        down = at(10)
        cls.postgres.stop(signal.SIGINT)  # fast shutdown
        time.sleep(3 * PERIOD)            # a restart between two readings would leave no gap
        cls.postgres.start()
        cls.outages["restart"] = ("postgres", down, time.time())

        down = at(16)
        cls.postgres.signal_all(signal.SIGSTOP)
        time.sleep(5)
        up = time.time()
        cls.postgres.signal_all(signal.SIGCONT)
        cls.outages["pause"] = ("postgres", down, up)
        metrics = fetch(f"http://127.0.0.1:{port}/metrics")

        down = at(26)
        cls.pgbouncer.stop()
        time.sleep(2)
        cls.pgbouncer.start()
        cls.outages["pooler"] = ("pgbouncer", down, time.time())

        down = at(33)
        cls.postgres.sql("REVOKE SELECT ON pg_stat_activity FROM PUBLIC")
        time.sleep(2)
        cls.postgres.sql("GRANT SELECT ON pg_stat_activity TO PUBLIC")
        cls.outages["revoked"] = ("postgres", down, time.time())

        at(38)
        cls.postgres.sql("REVOKE pg_monitor FROM side")
        holder = Storm(cls.postgres.port, clients=1, hold=3)  # somebody whose state is hidden
        time.sleep(2)
        holder.end()
        cls.postgres.sql("GRANT pg_monitor TO side")
        return metrics + fetch(f"http://127.0.0.1:{port}/metrics")

    def gaps(self, probe):
        rows = query(self.run_dir, "SELECT g.from_ns, g.to_ns, g.reason FROM gap g JOIN probe p ON p.id = g.probe "
                                   f"WHERE p.name = '{probe}' ORDER BY g.from_ns")
        return [(self.start_wall + a / 1e9, self.start_wall + b / 1e9, reason) for a, b, reason in rows]

    def readings(self, probe):
        rows = query(self.run_dir, "SELECT r.t_ns FROM reading r JOIN probe p ON p.id = r.probe "
                                   f"WHERE p.name = '{probe}' ORDER BY r.t_ns")
        return [self.start_wall + t / 1e9 for t, in rows]

    def test_the_run_goes_on(self):
        self.assertEqual(self.status, 0, self.log.read_text())
        self.assertGreater(self.refused, 100)
        requests = query(self.run_dir, "SELECT sum(requests) FROM endpoint_tick")[0][0]
        self.assertEqual(requests, 20 * SECONDS)

    def test_each_outage_is_one_gap_that_begins_and_ends_with_it_and_says_why(self):
        reasons = {"restart": "postgres at 127.0.0.1", "pause": "no answer from the server",
                   "pooler": "pgbouncer at 127.0.0.1", "revoked": "GRANT SELECT ON pg_stat_activity TO side"}
        for what, (probe, down, up) in self.outages.items():
            with self.subTest(what):
                found = [g for g in self.gaps(probe) if g[0] < up and g[1] > down]
                self.assertEqual(len(found), 1, found)
                begin, end, reason = found[0]
                print(f"{what}: gap from {begin - down:+.3f} s to {end - up:+.3f} s: {reason}")
                self.assertIn(reasons[what], reason)
                # The last reading before is at most a period and its own delay old. `down` and `up` are when the test
                # began to cause them: a fast shutdown takes its time.
                self.assertGreater(begin, down - 3 * PERIOD)
                self.assertLess(begin, up)
                self.assertGreater(end, down)
                self.assertLess(end - up, 2, "found again too late")

    def test_there_is_no_gap_in_a_storm_of_refused_connections(self):
        begin, end = self.storm
        self.assertEqual([g for g in self.gaps("postgres") if g[0] < end and g[1] > begin], [])
        refused = query(self.run_dir, "SELECT max(value) FROM probe_points WHERE metric = "
                                      "'plimsoll_pg_connection_refused_total' AND labels LIKE '%53300%'")[0][0]
        self.assertGreater(refused, 0)

    def test_everything_else_is_there(self):
        probes = {name: 1.0 if name.startswith(("host:", "process:")) else PERIOD
                  for name, in query(self.run_dir, "SELECT name FROM probe WHERE name NOT LIKE 'canary:%'")}
        canaries = {name: 1.0 for name, in query(self.run_dir, "SELECT name FROM probe WHERE name LIKE 'canary:%'")}
        self.assertLessEqual({"postgres", "pgbouncer", f"process:pid:{os.getpid()}"}, set(probes))
        self.assertEqual(len(canaries), 5, canaries)
        begin, end = self.start_wall + 1, self.start_wall + SECONDS - 1
        for probe, period in {**probes, **canaries}.items():
            with self.subTest(probe):
                times = self.readings(probe)
                # Time from the outage's begin to the gap's end is excused, of the probe itself alone.
                excused = [(down, max([g[1] for g in self.gaps(probe) if g[0] < up and g[1] > down], default=up))
                           for name, down, up in self.outages.values() if name == probe]
                outside = lambda t, excused=excused: begin <= t < end and not any(a - period <= t <= b for a, b in excused)
                slots = int((end - begin - sum(b - a + period for a, b in excused)) / period)
                present = sum(1 for t in times if outside(t))
                print(f"{probe}: {present} of {slots} samples due outside of outages")
                self.assertGreaterEqual(present, 0.99 * slots - 1)

    def test_a_lost_privilege_is_noted_with_the_grant_to_run(self):
        notes = [text for text, in query(self.run_dir, "SELECT text FROM event WHERE kind = 'note'")]
        self.assertIn("postgres: other roles' activity is hidden; run GRANT pg_monitor TO side", notes)

    def test_no_secret_shows(self):
        for report in ("html", "md", "json", "csv", "junit"):
            run_plimsoll("report", self.run_dir, "--format", report)
        texts = {str(path): path.read_bytes() for path in self.run_dir.rglob("*") if path.is_file()}
        self.assertIn("run.db", {Path(name).name for name in texts})
        self.assertGreater(len(texts), 4)
        self.assertIn("plimsoll_pg_backends", self.metrics)
        self.assertIn("plimsoll_pgbouncer_servers_idle", self.metrics)
        texts.update(metrics=self.metrics.encode(), log=self.log.read_bytes())
        for name, text in texts.items():
            for secret in (SECRET, POOLER_SECRET):
                self.assertNotIn(secret.encode(), text, name)


class Unreachable(unittest.TestCase):
    def test_a_database_that_is_not_there_is_one_message_without_its_password(self):
        port = free_port()
        with Target() as target, tempfile.TemporaryDirectory(prefix="plimsoll-test-") as folder:
            done = run_plimsoll("run", target.url, "-u", "1", "-d", "1s", "--results", folder, "-v",
                                "--pg", f"postgresql://side:{SECRET}@127.0.0.1:{port}/postgres",
                                "--pgbouncer", f"postgresql://stats:{POOLER_SECRET}@127.0.0.1:{port}/pgbouncer")
            self.assertEqual(done.returncode, 0, done.stderr)
            lines = [line for line in done.stderr.splitlines() if "no readings yet" in line]
            postgres = [line for line in lines if "postgres at 127.0.0.1" in line]
            self.assertEqual(len(postgres), 1, done.stderr)
            self.assertIn("postgres, canary:select_1, canary:pg_connect", postgres[0])
            texts = [done.stdout.encode(), done.stderr.encode(),
                     *(path.read_bytes() for path in Path(folder).rglob("*") if path.is_file())]
            for text in texts:
                self.assertNotIn(SECRET.encode(), text)
                self.assertNotIn(POOLER_SECRET.encode(), text)

    def test_a_connection_string_that_cannot_be_read_is_not_repeated(self):
        with Target() as target, tempfile.TemporaryDirectory(prefix="plimsoll-test-") as folder:
            for flag in ("--pg", "--pgbouncer"):
                done = run_plimsoll("run", target.url, "-u", "1", "-d", "1s", "--results", folder,
                                    flag, f"postgresql://side:pass@{SECRET}@127.0.0.1/db")
                self.assertEqual(done.returncode, 104, done.stderr)
                self.assertNotIn(SECRET, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
