"""The live page of a real demo, driven in headless Chromium as a person would: what is seen while it runs, what is changed
there, and that both are in the run file and the report afterwards."""
import json
import os
import re
import statistics
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import Marked, only_run, query, start_plimsoll, summary, wait_for

HERE = Path(__file__).resolve().parent
NOTE = "deployed v2 here"


class LivePage(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.results = Path(folder.name) / "results"
        self.marked = Marked()
        self.addCleanup(self.marked.remove)

    def look(self, url):
        pictures = os.environ.get("PLIMSOLL_KEEP_PICTURES")
        words = ["node", str(HERE / "ui_page.mjs"), url] + ([pictures] if pictures else [])
        done = subprocess.run(words, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
        self.assertTrue(done.stdout, done.stderr)
        seen = json.loads(done.stdout)
        self.assertNotIn("error", seen, f"{done.stdout}\n{done.stderr}")
        return seen

    def test_a_demo_is_watched_steered_and_read(self):
        with tempfile.TemporaryFile("w+") as out:
            # Twice as long as the driver needs, so that it is the stop that ends it.
            run = start_plimsoll("demo", "--fault", "app-pool:size=5", "--duration", "90s", "--ui", "127.0.0.1:0",
                                 "--results", self.results, stdout=out, env=self.marked.env)

            def text():
                out.seek(0)
                return out.read()

            url = wait_for(lambda: re.search(r"http://127\.0\.0\.1:\d+/#token=\S+", text()), "the page's address", 60)[0]
            seen = self.look(url)
            status = run.wait(60)
        run_dir = only_run(self.results)
        self.assert_seen(seen)
        self.assert_kept(seen, run_dir)
        # Stopped by hand, or its own verdict came first; a busy machine makes the measurement invalid.
        self.assertIn(status, (0, 99, 105, 111))
        wait_for(lambda: not self.marked.processes(), "the demo's processes to end", 15)

    def assert_seen(self, seen):
        self.assertEqual(seen["said"], [])
        self.assertEqual(seen["elsewhere"], [])
        self.assertNotIn("token", seen["address"])
        self.assertLessEqual(seen["overflow"], 0)
        self.assertIn("pool", seen["headline"])
        self.assertIn("so far", seen["badge"])
        self.assertLessEqual({"rate", "latency", "heatmap", "in_flight", "database", "cpu"}, set(seen["charts"]))
        self.assertEqual(seen["charts"][0], "rate")
        self.assertGreater(seen["endpoints"], 0)
        # The pool of five is full in the latest seconds, but for the moments between two requests, and drawn as the limit that it
        # is. Beside it there may be one connection of a canary.
        for legend in seen["database"]:
            self.assertIn("pool size 5", legend)
        busy = [float(legend["busy (active)"]) for legend in seen["database"] if legend["busy (active)"]]
        self.assertGreater(len(busy), 10, seen["database"])
        self.assertTrue(4.5 <= statistics.mean(busy) and max(busy) <= 6, busy)

    def assert_kept(self, seen, run_dir):
        self.assertEqual(seen["report"]["address"], f"/runs/{run_dir.name}/report.html")
        self.assertGreaterEqual(int(seen["report"]["drawn"]), 6)
        self.assertIn("pool", seen["report"]["answer"])
        events = [text for text, in query(run_dir, "select text from event")]
        self.assertTrue(any(NOTE in text for text in events), events)
        self.assertTrue(any(re.search(rf"^{re.escape(seen['steered'])}: set to 3/s", text) for text in events), events)
        on_disk = (run_dir / "report.html").read_text()
        for report in (seen["report"]["text"], on_disk):
            self.assertIn(NOTE, report)
            self.assertIn("set to 3/s", report)
        self.assertEqual(summary(run_dir)["findings"][0]["cause"], "app_pool_exhausted")


if __name__ == "__main__":
    unittest.main()
