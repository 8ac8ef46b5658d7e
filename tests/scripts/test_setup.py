"""scripts/setup in a copy of the tree, with stand-ins for the programs that would change the system."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BOOKWORM = "ID=debian\nVERSION_CODENAME=bookworm\n"


class Setup(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.top = Path(folder.name)
        self.tree = self.top / "tree"
        self.bin = self.top / "bin"
        self.calls = self.top / "calls"
        self.bin.mkdir()
        (self.tree / "scripts").mkdir(parents=True)
        for name in ("setup", "packages.txt"):
            shutil.copy(ROOT / "scripts" / name, self.tree / "scripts" / name)
        self.release(BOOKWORM)
        # Every package asked about is installed; whatever would change the system only leaves a note.
        self.stand_in("dpkg-query", 'shift 3; for p in "$@"; do printf "installed:%s " "$p"; done')
        self.stand_in("node", "echo true")
        for name in ("apt-get", "sudo", "npm", "kubectl"):
            self.stand_in(name, f'echo "{name} $*" >>"{self.calls}"')

    def stand_in(self, name: str, body: str) -> None:
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        path.chmod(0o755)

    def release(self, text: str) -> None:
        (self.top / "os-release").write_text(text, encoding="utf-8")

    def setup(self, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PATH": f"{self.bin}:{os.environ['PATH']}",
                                    "PLIMSOLL_OS_RELEASE": str(self.top / "os-release")} | extra
        return subprocess.run([self.tree / "scripts/setup", *arguments], env=environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False)

    def called(self) -> list[str]:
        return self.calls.read_text(encoding="utf-8").splitlines() if self.calls.exists() else []

    def web_part(self, lock: str) -> None:
        web = self.tree / "src/report/web"
        web.mkdir(parents=True, exist_ok=True)
        (web / "package.json").write_text("{}", encoding="utf-8")
        (web / "package-lock.json").write_text(lock, encoding="utf-8")

    def test_does_and_says_nothing_when_all_is_there(self) -> None:
        ran = self.setup()
        self.assertEqual((ran.returncode, ran.stdout, ran.stderr), (0, "", ""))
        self.assertEqual(self.called(), [])

    def test_lists_what_is_needed_and_stops_on_a_system_that_it_does_not_know(self) -> None:
        for text in ("ID=fedora\nVERSION_ID=40\n", "ID=debian\nVERSION_CODENAME=bullseye\n", ""):
            with self.subTest(text):
                self.release(text)
                ran = self.setup()
                self.assertEqual(ran.returncode, 1)
                for line in ("  g++", "  libboost1.81-dev   (only bookworm)", "  postgresql", "  npm:src/report/web"):
                    self.assertIn(line, ran.stderr.splitlines())
                self.assertIn("PLIMSOLL_SETUP=skip", ran.stderr)
                self.assertEqual(self.called(), [])

    def test_can_be_skipped(self) -> None:
        self.release("ID=fedora\n")
        ran = self.setup(PLIMSOLL_SETUP="skip")
        self.assertEqual((ran.returncode, ran.stdout), (0, "setup: skipped (PLIMSOLL_SETUP=skip)\n"))

    def test_takes_the_boost_of_the_release(self) -> None:
        for release, there, absent in ((BOOKWORM, "libboost1.81-dev", "libboost1.83-dev"),
                                       ("ID=debian\nVERSION_CODENAME=trixie\n", "libboost1.83-dev", "libboost1.81-dev"),
                                       ("ID=ubuntu\nVERSION_CODENAME=noble\n", "libboost1.83-dev", "chromium")):
            with self.subTest(release):
                self.release(release)
                listed = self.setup("--list").stdout.splitlines()
                self.assertIn(there, listed)
                self.assertNotIn(absent, listed)

    def test_installs_only_the_groups_asked_for(self) -> None:
        self.assertEqual(self.setup("--list", "run").stdout, "postgresql\npython3\n")
        self.assertNotIn("chromium", self.setup("--list", "build", "run").stdout)
        self.assertNotIn("docker.io", self.setup("--list").stdout)
        self.assertIn("docker.io", self.setup("--list", "engines").stdout)
        ran = self.setup("biuld")
        self.assertEqual(ran.returncode, 1)
        self.assertEqual(ran.stderr, 'setup: no group "biuld"; there are: build run test engines check dev\n')

    def test_installs_a_web_part_once_and_again_when_its_lock_file_changes(self) -> None:
        self.web_part("{}")
        first = self.setup()
        self.assertEqual(first.returncode, 0, first.stderr)
        self.assertIn("installing npm packages in src/report/web", first.stdout)
        self.assertEqual(len(self.called()), 1)
        self.assertTrue(self.called()[0].startswith("npm ci"), self.called())

        self.assertEqual(self.setup().stdout, "")
        self.assertEqual(len(self.called()), 1)

        self.web_part('{"lockfileVersion": 3}')
        self.setup()
        self.assertEqual(len(self.called()), 2)

    def python_part(self, wanted: str) -> Path:
        folder = self.tree / "tests/oracle"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "requirements.txt").write_text(wanted, encoding="utf-8")
        listed = self.tree / "scripts/packages.txt"
        if "tests/oracle" not in listed.read_text(encoding="utf-8"):
            listed.write_text("[test]\npip:tests/oracle\n", encoding="utf-8")
        # A venv whose python only leaves a note.
        self.stand_in("python3", f'mkdir -p "$4/bin" && printf \'#!/bin/sh\\necho "pip $*" >>"{self.calls}"\\n\' >"$4/bin/python" '
                                 f'&& chmod +x "$4/bin/python"')
        return folder

    def test_installs_a_python_part_once_and_again_when_its_list_changes(self) -> None:
        folder = self.python_part("oracle==1\n")
        first = self.setup()
        self.assertEqual(first.returncode, 0, first.stderr)
        self.assertIn("installing Python packages in tests/oracle", first.stdout)
        self.assertTrue((folder / ".venv/.plimsoll-setup").exists())
        self.assertEqual(self.setup().stdout, "")
        self.assertEqual(len(self.called()), 1)
        self.python_part("oracle==2\n")
        self.setup()
        self.assertEqual(len(self.called()), 2)
        self.assertIn("-r", self.called()[0])

    def test_shows_why_a_python_part_failed_and_tries_again_the_next_time(self) -> None:
        self.python_part("oracle==1\n")
        self.stand_in("python3", "echo 'the venv is a lie' >&2; exit 1")
        for _ in range(2):
            ran = self.setup()
            self.assertEqual(ran.returncode, 1)
            self.assertIn("the venv is a lie", ran.stderr)
            self.assertIn("pip in tests/oracle failed", ran.stderr)

    def test_takes_a_kubectl_that_is_there_already(self) -> None:
        self.stand_in("dpkg-query", "exit 1")  # nothing is installed
        asked = self.setup("--list").stdout
        self.assertIn("kubernetes-client\n", asked)
        with_it = self.setup()
        self.assertNotIn("kubernetes-client", with_it.stdout + with_it.stderr)

    def test_shows_why_npm_failed_and_tries_again_the_next_time(self) -> None:
        self.web_part("{}")
        self.stand_in("npm", "echo 'npm error the cat sat on the cable' >&2; exit 1")
        for _ in range(2):
            ran = self.setup()
            self.assertEqual(ran.returncode, 1)
            self.assertIn("the cat sat on the cable", ran.stderr)
            self.assertIn("npm ci in src/report/web failed", ran.stderr)

    def test_refuses_a_web_part_without_a_lock_file(self) -> None:
        self.web_part("{}")
        (self.tree / "src/report/web/package-lock.json").unlink()
        ran = self.setup()
        self.assertEqual(ran.returncode, 1)
        self.assertEqual(ran.stderr, "setup: src/report/web has a package.json but no package-lock.json\n")


if __name__ == "__main__":
    unittest.main()
