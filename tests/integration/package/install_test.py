#!/usr/bin/env python3
"""`cmake --install` to other places than the usual.

    install_test.py SOURCE_DIR BUILD_DIR
"""
import http.server
import re
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

from installed import files_of, install

SOURCE, BUILD = Path(sys.argv[1]), Path(sys.argv[2])


class Ok(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


class Installation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="plimsoll-install-")
        cls.addClassCleanup(folder.cleanup)
        cls.staged = Path(folder.name) / "staged"
        install(BUILD, "/opt/plimsoll", cls.staged)
        cls.prefix = Path(folder.name) / "some where"
        install(BUILD, str(cls.prefix))

    def test_puts_nothing_beside_the_prefix(self):
        self.assertEqual([path.name for path in self.staged.iterdir()], ["opt"])
        self.assertEqual([path.name for path in (self.staged / "opt").iterdir()], ["plimsoll"])
        self.assertEqual(files_of(self.staged / "opt/plimsoll"), files_of(self.prefix))

    def test_has_all_parts(self):
        files = files_of(self.prefix)
        for name in ("bin/plimsoll", "share/man/man1/plimsoll.1", "share/man/man1/plimsoll-import-har.1",
                     "share/bash-completion/completions/plimsoll", "share/zsh/site-functions/_plimsoll",
                     "share/fish/vendor_completions.d/plimsoll.fish", "lib/systemd/system/plimsoll-probe.service",
                     "share/doc/plimsoll/copyright", "share/doc/plimsoll/examples/probe.yaml",
                     "share/doc/plimsoll/examples/own-service.yaml", "share/doc/plimsoll/docs/install.md"):
            self.assertIn(name, files)
        for folder, ending in (("grafana", "json"), ("alerts", "yml")):
            for path in (SOURCE / "dashboards" / folder).glob(f"*.{ending}"):
                self.assertIn(f"share/plimsoll/dashboards/{folder}/{path.name}", files)
        # Nothing of how it was made.
        self.assertEqual([name for name in files if re.search(r"\.(cpp|hpp|py[co]|a|o)$|__pycache__", name)
                          and "/examples/" not in name], [])

    def test_runs_from_there(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ok)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        program = self.staged / "opt/plimsoll/bin/plimsoll"
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([program, "run", f"http://127.0.0.1:{server.server_port}/", "-i", "5", "--no-calibration"],
                                  cwd=folder, capture_output=True, text=True, check=False)
            self.assertIn("5 requests", done.stdout, done.stderr)
            self.assertEqual(len(list(Path(folder).glob("results/*/report.html"))), 1)

    def test_its_scenarios_are_sound(self):
        checked = 0
        for path in sorted((self.prefix / "share/doc/plimsoll/examples").glob("*.yaml")):
            command = ["probe", "-d", "1s", "--prometheus", "127.0.0.1:0"] if path.name == "probe.yaml" else ["validate"]
            done = subprocess.run([self.prefix / "bin/plimsoll", *command, path], capture_output=True, text=True, check=False,
                                  env={"PLIMSOLL_PG_DSN": "host=127.0.0.1 port=1", "PATH": "/usr/bin:/bin"})
            self.assertEqual(done.returncode, 0, f"{path.name}: {done.stdout}{done.stderr}")
            checked += 1
        self.assertGreaterEqual(checked, 4)


class Unit(unittest.TestCase):
    """The service of systemd, by what systemd itself says of it."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="plimsoll-unit-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        install(BUILD, str(cls.folder / "p"))
        cls.unit = cls.folder / "p/lib/systemd/system/plimsoll-probe.service"

    def test_names_the_program_where_it_is(self):
        self.assertIn(f"ExecStart={self.folder}/p/bin/plimsoll probe /etc/plimsoll/probe.yaml\n", self.unit.read_text())
        install(BUILD, "/opt/plimsoll", self.folder / "d")
        staged = self.folder / "d/opt/plimsoll/lib/systemd/system/plimsoll-probe.service"
        self.assertIn("ExecStart=/opt/plimsoll/bin/plimsoll probe", staged.read_text())

    def test_systemd_finds_no_fault_in_it(self):
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", self.unit],
                              capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        wrong = self.folder / "wrong.service"
        wrong.write_text(self.unit.read_text().replace("NoNewPrivileges", "NoNewPriviledges"))
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", wrong], capture_output=True,
                              text=True, check=False)
        self.assertIn("NoNewPriviledges", done.stderr)

    def test_what_the_probes_ask_of_the_kernel_is_allowed_to_them(self):
        listed = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager"], capture_output=True, text=True,
                                check=True).stdout
        groups = {name: calls.split() for name, calls in
                  re.findall(r"^(@[\w-]+)\n((?:    .*\n)+)", re.sub(r"(?m)^ +#.*\n", "", listed), re.M)}

        def all_of(name: str) -> set[str]:
            return set().union(*(all_of(each) if each.startswith("@") else {each} for each in groups[name]))
        filters = re.findall(r"^SystemCallFilter=(~?)(.*)$", self.unit.read_text(), re.M)
        allowed = all_of("@default")
        for taken_away, names in filters:
            for name in names.split():
                allowed = allowed - all_of(name) if taken_away else allowed | all_of(name)
        trace = self.folder / "trace"
        config = self.folder / "p/share/doc/plimsoll/examples/probe.yaml"
        subprocess.run(["strace", "-f", "-qq", "-o", trace, self.folder / "p/bin/plimsoll", "probe", config, "-d", "3s",
                        "--prometheus", "127.0.0.1:0"], check=True, capture_output=True,
                       env={"PLIMSOLL_PG_DSN": "host=127.0.0.1 port=1", "PATH": "/usr/bin:/bin"})
        used = set(re.findall(r"^\d+ +(\w+)\(", trace.read_text(), re.M))
        self.assertGreater(len(used), 30)
        self.assertEqual(used - allowed, set())
        self.assertNotIn("chown", allowed)
        self.assertNotIn("mount", allowed)

    def test_it_may_do_little(self):
        """2.0 of 10 and below is what systemd calls OK; a unit without these lines has 9.6."""
        done = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--no-pager", "--threshold=20", self.unit],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout[-1500:] + done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
