"""Secrets stay inside, nothing from outside acts on the terminal, and a URL is asked as curl would ask it."""
import datetime
import json
import os
import pty
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import PLIMSOLL, fetch, free_port, only_run, run_plimsoll, start_plimsoll, summary, wait_for
from recorder import Recorder, parsed

LOAD = "load: [{executor: per-vu-iterations, vus: 1, iterations: 1, max_duration: 20s}]\n"


class Interop(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.dir = Path(self.folder.name)

    def write(self, text, name="s.yaml"):
        path = self.dir / name
        path.write_text(text)
        return path

    def test_no_output_repeats_a_secret_that_a_scenario_holds(self):
        """The server even answers with what it got."""
        with Recorder(lambda head, body: (400, head.split(b" ")[1] + b" " + body + b" for " + head.split()[-1], "")) as target:
            port = free_port()
            path = self.write(f"""
target: {target.url}
users:
  u:
    flow:
      - {{post: /json, json: {{user: a, password: SECRETjson}}}}
      - {{post: /form, form: {{password: SECRETform}}}}
      - {{post: /text, body: '{{"access_token": "SECRETtext"}}'}}
      - {{get: "/query?token=SECRETquery"}}
      - {{get: /more, query: {{api_key: SECRETmore}}}}
      - {{get: /auth, auth: {{basic: {{user: u, password: SECRETbasic}}}}}}
      - {{post: /echo, json: {{pin: SECRETenv}}, auth: {{bearer: "${{env.TOK}}"}}}}
      - {{get: /last, headers: {{X-Api-Key: SECRETkey}}}}
probes:
  app_metrics: {{url: "{target.url}/m?token=SECRETmetrics"}}
  canaries: {{c: {{get: "/c?token=SECRETcanary"}}}}
export: {{prometheus: 127.0.0.1:{port}}}
""" + LOAD)
            out = self.dir / "r"
            run = start_plimsoll("run", path, "--run-dir", out, "--linger", "20s", "--csv", self.dir / "locust",
                                 "--out", f"json={self.dir / 'points.json'}", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 env={"TOK": "SECRETtoken"})

            def scrape():
                try:
                    text = fetch(f"http://127.0.0.1:{port}/metrics")
                except OSError:
                    return None
                return text if re.search(r'plimsoll_requests_total{[^}]*"/last"[^}]*} 1', text) else None

            scraped = wait_for(scrape, "the last request")
            run.terminate()
            said = run.communicate(timeout=60)[0]
            self.assertEqual(len([r for r in target.requests if b"SECRET" in r[0] + r[1]]) >= 6, True)
        kept = {"stdout": said, "scrape": scraped}
        for form in ("html", "md", "json", "junit"):
            kept[form] = run_plimsoll("report", out, "--format", form).stdout
        for file in [*out.rglob("*"), *self.dir.glob("locust*"), self.dir / "points.json"]:
            if file.is_file():
                kept[file.name] = file.read_bytes().decode("latin-1")
        self.assertIn("run.db", kept)
        self.assertIn("report.html", kept)
        for name, text in kept.items():
            self.assertEqual(re.findall("SECRET[a-z]+", text), [], name)

    def test_nothing_that_comes_from_outside_becomes_a_header_of_its_own(self):
        """A line break from the environment or a file is a fault, one from a response a request that is not sent."""
        (self.dir / "tok").write_bytes(b"tok\r\nX-Injected-File: 1\r\nx\n")
        with Recorder(lambda head, body: (200, b'{"t": "a\\r\\nX-Injected-Json: 1"}', "")) as target:
            head = f"target: {target.url}\n"
            for value in ("${env.TOK}", "${secret.file:tok}"):
                for place in ('auth: {bearer: "@"}', 'auth: {basic: {user: "@", password: x}}', 'headers: {Cookie: "a=@"}'):
                    path = self.write(head + "users: {u: {flow: [{get: /a, " + place.replace("@", value) + "}]}}\n" + LOAD)
                    done = run_plimsoll("run", path, "--run-dir", self.dir / "none", env={"TOK": "tok\r\nX-Injected-Env: 1"},
                                        check=104)
                    self.assertIn("must be one line without control characters", done.stderr)
                    self.assertNotIn("Injected", done.stderr)
            self.assertEqual(target.requests, [])
            path = self.write(head + 'users: {u: {flow: [{get: /t, capture: {t: /t}}, {get: /b, auth: {bearer: "${t}"}}]}}\n' + LOAD)
            run_plimsoll("run", path, "--run-dir", self.dir / "r")
            self.assertEqual([parsed(r)[1] for r in target.requests], ["/t"])
            outcomes = {e["name"]: e["outcomes"] for e in summary(self.dir / "r")["endpoints"]}
            self.assertEqual(outcomes["/t"], {"ok": 1})

    def test_a_url_is_asked_as_curl_asks_it(self):
        (self.dir / "body").write_bytes(b'{"a":\n "b"}\r\n')
        (self.dir / "headers").write_text("X-File: one two\n\nX-More: 2\r\n")
        (self.dir / "binary").write_bytes(bytes(range(256)) + b"\n")
        body, headers, binary = (f"@{self.dir / name}" for name in ("body", "headers", "binary"))
        lines = [
            [],
            ["-X", "DELETE"],
            ["-X", "POST"],
            ["-H", "X-A: 1: two", "-H", "Accept: text/html"],
            ["-H", "X-Empty;"],
            ["-H", headers],
            ["-H", "User-Agent: mine/1", "-H", "Host: other.test"],
            ["--data", "a=1&b=${x}"],
            ["--data", "a=1", "--data", "b=2"],
            ["--data", body],
            ["--data-binary", body],
            ["--data-binary", binary],
            ["--data", "x", "-H", "content-type: text/plain"],
            ["--data", "x", "-X", "PUT"],
            ["--json", '{"a": "é\\u0000\\n"}'],
            ["--json", body, "-X", "PATCH"],
            ["--json", "{}", "-H", "Accept: a/b"],
        ]
        # What a tool may choose for itself.
        own = {"user-agent", "accept", "connection"}
        with Recorder() as target:
            userinfo = target.url.replace("http://", "http://ann:p%40ss%3A@")
            for url in (target.url, userinfo):
                for flags in lines if url == target.url else lines[:1]:
                    asked = url + "/x/y?q=%20&r"
                    subprocess.run(["curl", "-sS", "-o", os.devnull, *flags, asked], check=True, timeout=30)
                    done = run_plimsoll("run", asked, *flags, "-i", "1", "-q", "--no-calibration", "--results", self.dir / "res")
                    self.assertEqual(len(target.requests), 2, (flags, done.stderr))
                    theirs, ours = map(parsed, target.requests)
                    if flags == ["-X", "POST"]:  # RFC 9110, 8.6: SHOULD; curl does not
                        self.assertEqual(ours[2].pop("content-length"), "0")
                    target.requests.clear()
                    said = {name for name, _, _ in (f.partition(":") for f in flags)} | {f.partition(":")[0].lower() for f in flags}
                    for name in own - said:
                        if not (name == "accept" and "--json" in flags):
                            theirs[2].pop(name, None)
                            ours[2].pop(name, None)
                    self.assertEqual(ours, theirs, flags)

    def test_flags_that_cannot_be_a_request_are_refused(self):
        url = "http://127.0.0.1:1/"
        path = self.write("target: http://127.0.0.1:1\nusers: {u: {flow: [{get: /}]}}\n" + LOAD)
        for words, part in (
                ([url, "-H", "no colon SECRET"], "must be 'Name: value'"), ([url, "-H", "X-A:"], "has no value"),
                ([url, "-H", "X-A: 1", "-H", "x-a: 2"], "is given twice"), ([url, "-H", "X-A: a\nb"], "control characters"),
                ([url, "-H", "Content-Length: 3"], "set by Plimsoll itself"), ([url, "-H", "@/no/such"], "-H/--header @/no/such"),
                ([url, "--data", "a", "--json", "{}"], "one body"), ([url, "-X", "BREW"], "not a method"),
                ([url, "--data-binary", "@/no/such"], "is not a file"), ([path, "-H", "X-A: 1"], "belongs to a URL"),
                ([path, "-e", "PLIMSOLL_NOT_SET"], "PLIMSOLL_NOT_SET is not set"), ([path, "--pg", "@/no/such"], "--pg @/no/such")):
            done = run_plimsoll("run", *words, "--results", self.dir / "res", check=104)
            self.assertIn(part, done.stderr, words)
            self.assertNotIn("SECRET", done.stderr)

    def test_what_a_flag_needs_may_stand_in_the_environment_or_a_file(self):
        with Recorder() as target:
            path = self.write(f"target: {target.url}\nusers: {{u: {{flow: [{{get: \"/${{env.A}}/${{env.B}}\"}}]}}}}\n" + LOAD)
            (self.dir / "vars").write_text("# mine\nB=b=c\n")
            run_plimsoll("run", path, "-e", "A", "-e", f"@{self.dir / 'vars'}", "--run-dir", self.dir / "r", env={"A": "a"})
            self.assertEqual(parsed(target.requests[0])[1], "/a/b=c")
        # Nobody listens there, which each of them says.
        dead = f"host=127.0.0.1 port={free_port()} user=u password=SECRETdsn"
        (self.dir / "dsn").write_text(dead + "\n")
        with Recorder() as target:
            url = [target.url + "/", "-i", "1", "--no-calibration"]
            for words, env in ((["--pg", f"@{self.dir / 'dsn'}"], {}), ([], {"PLIMSOLL_PG_DSN": dead})):
                done = run_plimsoll("run", *url, *words, "--results", self.dir / f"res{len(words)}", env=env)
                self.assertIn("no readings yet from postgres", done.stderr, words)
                self.assertNotIn("SECRET", done.stdout + done.stderr)

    def test_nothing_from_outside_acts_on_the_terminal(self):
        """An answer with escape sequences, a C1 control, a right-to-left override and bytes that are no UTF-8."""
        evil = b"\x1b]0;owned\x07\x1b[2J\xc2\x9b31m \xe2\x80\xaegnp \xff\r\nplimsoll: all is well"
        with Recorder(lambda head, body: (500, evil, "")) as target:
            path = self.write(f"target: {target.url}\nusers: {{u: {{flow: [{{get: /a, name: \"\\u202Etxt\\u0085\"}}]}}}}\n" + LOAD)
            for words in (["validate", path, "--check-target"], ["run", path, "--run-dir", self.dir / "r", "--headless"],
                          ["report", self.dir / "r"], ["run", self.dir / "\x1b[31mx\u202e"], ["\x1b[31m"], ["run", "--\x1b[31m"]):
                main, other = pty.openpty()
                process = subprocess.Popen([PLIMSOLL, *map(str, words)], stdin=subprocess.DEVNULL, stdout=other, stderr=other)
                os.close(other)
                shown = b""
                try:
                    while part := os.read(main, 65536):
                        shown += part
                except OSError:  # the terminal's other side is closed
                    pass
                process.wait(60)
                os.close(main)
                self.assertTrue(shown)
                text = shown.decode("utf-8")  # all of it is
                self.assertEqual(re.findall("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", text), [],
                                 (words, text))

    def test_a_run_is_named_in_utc_whatever_the_time_zone(self):
        with Recorder() as target:
            for zone in ("Asia/Tokyo", "America/New_York"):
                before = datetime.datetime.now(datetime.timezone.utc)
                results = self.dir / zone.replace("/", "-")
                run_plimsoll("run", target.url, "-i", "1", "-q", "--no-calibration", "--results", results,
                             "--out", f"json={self.dir / 'points.json'}", env={"TZ": zone})
                after = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)
                named = datetime.datetime.strptime(only_run(results).name[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
                self.assertTrue(before.replace(microsecond=0) <= named <= after, (zone, named, before))
                times = [json.loads(line)["data"]["time"] for line in (self.dir / "points.json").read_text().splitlines()
                         if '"time":' in line]
                self.assertTrue(times)
                for time in times:
                    at = datetime.datetime.fromisoformat(time.replace("Z", "+00:00"))
                    self.assertLess(abs(at - before), datetime.timedelta(minutes=5), zone)

    def test_data_of_another_encoding_is_json_on_the_wire(self):
        (self.dir / "n.csv").write_bytes(b"name\nj\xfcrgen\n")
        with Recorder() as target:
            for encoding, status in (("", 104), (", encoding: latin1", 0)):
                path = self.write(f"target: {target.url}\ndata: {{d: {{csv: n.csv{encoding}}}}}\n"
                                  "users: {u: {flow: [{post: /a, json: {n: \"${d.name}\"}}]}}\n" + LOAD)
                done = run_plimsoll("run", path, "--run-dir", self.dir / "r", check=status)
                if status:
                    self.assertIn("n.csv:2:2: is not UTF-8: the byte 0xFC", done.stderr)
            self.assertEqual([json.loads(body) for _, body in target.requests], [{"n": "jürgen"}])


if __name__ == "__main__":
    unittest.main()
