#!/usr/bin/env python3
"""`plimsoll import` end to end: what comes out validates, runs against the lab, and holds no secret.

    PLIMSOLL=... import_test.py [CLASS]
"""

import json
import os
import re
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

PLIMSOLL = os.environ["PLIMSOLL"]
HERE = Path(__file__).resolve().parent
SECRETS = ("hunter2-password", "query-secret-4711", "curl-token-1234567890", "cookie-secret-99", "postman-secret-0815")


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def plimsoll(*args: object, env: dict[str, str] | None = None, text: str | None = None) -> subprocess.CompletedProcess:
    clean = {key: value for key, value in os.environ.items() if key not in ("TARGET", "PASSWORD", "API_TOKEN")}
    return subprocess.run([PLIMSOLL, *map(str, args)], capture_output=True, text=True, input=text or "", timeout=200,
                          check=False, env={**clean, **(env or {})})


class WithLab(unittest.TestCase):
    """Imports against a lab of its own, in a folder of its own."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        port = free_port()
        cls.origin = f"http://127.0.0.1:{port}"
        log = open(Path(cls.folder.name) / "lab.log", "w", encoding="utf-8")
        cls.addClassCleanup(log.close)
        lab = subprocess.Popen([PLIMSOLL, "lab", "--listen", f"127.0.0.1:{port}", "--hold", "1ms"], stdout=log, stderr=log,
                               stdin=subprocess.DEVNULL)
        cls.addClassCleanup(cls.end, lab)
        deadline = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(cls.origin + "/health", timeout=5).close()
                return
            except OSError:
                if lab.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(Path(log.name).read_text(encoding="utf-8")) from None
                time.sleep(0.1)

    @staticmethod
    def end(lab: subprocess.Popen) -> None:
        lab.terminate()
        try:
            lab.wait(30)
        except subprocess.TimeoutExpired:
            lab.kill()
            lab.wait(30)

    def imported(self, *args: object, text: str | None = None) -> str:
        done = plimsoll("import", *args, text=text)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        for secret in SECRETS:
            self.assertNotIn(secret, done.stdout + done.stderr)
        return done.stdout

    def run_it(self, scenario: str, users: int = 2, **env: str) -> dict:
        """Validates the text and runs it to the end of a few iterations; its summary."""
        folder = Path(tempfile.mkdtemp(dir=self.folder.name))
        file = folder / "scenario.yaml"
        file.write_text(scenario, encoding="utf-8")
        env = {"TARGET": self.origin, **env}
        valid = plimsoll("validate", "-q", file, env=env)
        self.assertEqual((valid.returncode, valid.stdout, valid.stderr), (0, "", ""), scenario)
        done = plimsoll("run", file, "-u", users, "-i", 6, "--run-dir", folder / "run", "--headless", "--no-thresholds", env=env)
        # 111: on a busy machine the measurement may be refused; what was sent counts here.
        self.assertIn(done.returncode, (0, 111), done.stdout + done.stderr + scenario)
        for secret in SECRETS:
            for kept in (folder / "run").iterdir():
                self.assertNotIn(secret.encode(), kept.read_bytes(), kept)
        return json.loads((folder / "run/summary.json").read_text(encoding="utf-8"))

    def assert_all_ok(self, summary: dict, endpoints: set[str]) -> None:
        seen = {f"{each['method']} {each['name']}" for each in summary["endpoints"]}
        self.assertEqual(seen, endpoints)
        outcomes = {f"{each['method']} {each['name']}": each["outcomes"] for each in summary["endpoints"]}
        self.assertEqual(summary["totals"]["failed"], 0, outcomes)
        for each in summary["endpoints"]:
            self.assertGreater(each["requests"], 0, each["name"])


class Har(WithLab):
    def test_what_chromium_did_runs_again(self) -> None:
        credentials = {"name": "ann-of-the-browser", "password": "hunter2-password"}
        made = urllib.request.Request(self.origin + "/v1/register", json.dumps(credentials).encode(),
                                      {"Content-Type": "application/json"})
        urllib.request.urlopen(made, timeout=60).close()
        har = Path(self.folder.name) / "session.har"
        recorded = subprocess.run(["node", HERE / "record.mjs", self.origin, har, Path(self.folder.name) / "profile",
                                   credentials["name"], credentials["password"]],
                                  capture_output=True, text=True, timeout=200, check=False)
        self.assertEqual(recorded.returncode, 0, recorded.stderr)
        scenario = self.imported("har", har)
        self.assertIn("yaml-language-server: $schema=", scenario.splitlines()[0])
        self.assertIn("${env.PASSWORD}", scenario)
        self.assertIn("${env.API_KEY}", scenario)
        self.assertIn("Bearer ${token}", scenario)
        self.assertIn("from $${the} browser", scenario)
        self.assertIn("left out: 1 static file", scenario)
        thinking = sorted(float(value) * (0.001 if unit == "ms" else 1)
                          for value, unit in re.findall(r"think: ([\d.]+)(ms|s)", scenario))
        self.assertGreaterEqual(len(thinking), 2, scenario)
        self.assertGreaterEqual(thinking[-1], 1.1, scenario)  # the browser waited 1.2 s, and 0.6 s
        self.assertGreaterEqual(thinking[-2], 0.5, scenario)
        # One user: the service keeps one token per account, and there is one account.
        summary = self.run_it(scenario, users=1, PASSWORD=credentials["password"], API_KEY="other")
        self.assert_all_ok(summary, {"GET /health", "POST /v1/login", "GET /v1/me", "GET /v1/deployments",
                                     "POST /v1/deployments", "GET /v1/deployments/{id}", "PUT /v1/deployments/{id}",
                                     "DELETE /v1/deployments/{id}"})


class OpenApi(WithLab):
    def test_a_description_in_yaml_runs(self) -> None:
        scenario = self.imported("openapi", HERE / "shop.openapi.yaml")
        self.assertIn("http://127.0.0.1:8080", scenario)
        self.assertIn("left out: 1 deprecated operation", scenario)
        self.assertIn("$${not}", scenario)
        summary = self.run_it(scenario, API_TOKEN="t")
        self.assertTrue({f"{each['method']} {each['name']}" for each in summary["endpoints"]} >= {
            "GET /health", "GET /v1/deployments", "POST /v1/deployments", "GET /v1/deployments/{id}"})
        self.assertEqual(summary["totals"]["failed"], 0, summary["endpoints"])
        self.assertGreater(summary["totals"]["requests"], 6)


class Swagger(WithLab):
    def test_a_description_of_version_2_in_json_runs(self) -> None:
        scenario = self.imported("openapi", "-", text=(HERE / "accounts.swagger.json").read_text(encoding="utf-8"))
        self.assertIn("${uuid()}", scenario)
        summary = self.run_it(scenario.replace("weight: 9", "weight: 1"), API_KEY="k", PASSWORD="hunter2-password",
                              TARGET=self.origin + "/v1")
        self.assert_all_ok(summary, {"POST /register", "GET /deployments"})


class Curl(WithLab):
    def test_a_line_runs(self) -> None:
        line = (f"curl -sS -X POST '{self.origin}/v1/deployments?api_key=query-secret-4711' -H 'Content-Type: application/json' "
                "-H 'Authorization: Bearer curl-token-1234567890' -b 'sid=cookie-secret-99' "
                "--data-raw $'{\"name\": \"it\\'s $5\", \"owner\": \"ann\"}' --compressed -k")
        scenario = self.imported("curl", line)
        for reference in ("${env.API_KEY}", "Bearer ${env.API_TOKEN}", "${env.COOKIE}", "it''s $5"):
            self.assertIn(reference, scenario)
        summary = self.run_it(scenario, API_KEY="a", API_TOKEN="b", COOKIE="c=d")
        self.assert_all_ok(summary, {"POST /v1/deployments"})

    def test_a_file_of_commands_runs_in_order(self) -> None:
        commands = (f"# a session\ncurl {self.origin}/health\n\ncurl \"{self.origin}/v1/deployments?status=running\" \\\n"
                    f"  -H 'Accept: application/json'\ncurl -I {self.origin}/health\n")
        summary = self.run_it(self.imported("curl", "-", text=commands))
        self.assertEqual({each["name"] for each in summary["endpoints"]}, {"/health", "/v1/deployments"})

    def test_words_that_a_shell_has_split_run_too(self) -> None:
        scenario = self.imported("curl", "--", "curl", "-d", "a=it's $5&b=", self.origin + "/v1/deployments/12345")
        self.assertIn("name: /v1/deployments/{id}", scenario)
        self.assertIn("        body: \"a=it's $5&b=\"\n", scenario)


class Postman(WithLab):
    def test_a_collection_runs(self) -> None:
        scenario = self.imported("postman", HERE / "shop.postman_collection.json")
        self.assertIn("left out: 1 script", scenario)
        self.assertNotIn("X-Off", scenario)
        summary = self.run_it(scenario, TOKEN="t", CLIENT_SECRET="c")
        self.assert_all_ok(summary, {"GET Health", "GET Deployments / List", "POST Deployments / Create",
                                     "GET /v1/deployments/{id}"})


class Files(unittest.TestCase):
    def test_output_is_never_overwritten_unasked(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "x.yaml"
            out.write_text("mine", encoding="utf-8")
            refused = plimsoll("import", "curl", "curl http://127.0.0.1:1/", "--output", out)
            self.assertEqual(refused.returncode, 104)
            self.assertIn("exists already", refused.stderr)
            self.assertEqual(out.read_text(encoding="utf-8"), "mine")
            self.assertEqual(plimsoll("import", "curl", "curl http://127.0.0.1:1/", "--output", out, "--force").returncode, 0)
            self.assertIn("127.0.0.1:1", out.read_text(encoding="utf-8"))
            again = plimsoll("new", Path(folder) / "x")
            self.assertEqual(again.returncode, 104)
            self.assertEqual(plimsoll("new", Path(folder) / "y").returncode, 0)
            self.assertEqual(plimsoll("validate", "-q", Path(folder) / "y.yaml").returncode, 0)

    def test_what_is_not_what_it_should_be_is_said_without_repeating_it(self) -> None:
        for kind, text, said in (("har", "{\"password\": \"hunter2-password\"", "not JSON from line 1"),
                                 ("har", "{}", "log.entries"),
                                 ("har", '{"log": {"entries": []}}', "no HTTP request"),
                                 ("openapi", "a: b", "neither openapi nor swagger"),
                                 ("openapi", "{\n\n}", "neither openapi nor swagger"),
                                 ("openapi", "openapi: 3.0.0\npaths: {}", "no request"),
                                 ("postman", "[]", "Postman collection"),
                                 ("curl", "wget http://x/ --password hunter2-password", "curl command"),
                                 ("curl", "curl 'http://x/", "quote that opens on line 1")):
            with self.subTest(kind=kind, text=text):
                done = plimsoll("import", kind, "-", text=text)
                self.assertEqual(done.returncode, 104, done.stdout)
                self.assertIn(said, done.stderr)
                self.assertNotIn("hunter2", done.stderr + done.stdout)


if __name__ == "__main__":
    unittest.main()
