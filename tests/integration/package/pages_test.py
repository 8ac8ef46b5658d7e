#!/usr/bin/env python3
"""The manual pages say what --help says, as man itself shows them.

    pages_test.py SOURCE_DIR BUILD_DIR
"""
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from installed import commands_of, flags_of, install

BUILD = Path(sys.argv[2])


def shown(page: Path) -> tuple[str, str]:
    """What man makes of the page, and what it warns of."""
    done = subprocess.run(["man", "--warnings", "--encoding=UTF-8", "--local-file", page], capture_output=True, text=True, check=True,
                          env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "500", "MAN_KEEP_FORMATTING": "",
                               "MANROFFOPT": "-c", "MANPAGER": "cat"})
    return re.sub(".\b", "", done.stdout), done.stderr


def words(text: str) -> str:
    return re.sub(r"\s+", " ", text)


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="plimsoll-pages-")
        cls.addClassCleanup(folder.cleanup)
        prefix = Path(folder.name)
        install(BUILD, str(prefix))
        cls.folder = prefix / "share/man/man1"
        cls.commands = commands_of(prefix / "bin/plimsoll")

    def test_there_is_one_for_each_command(self):
        self.assertEqual({path.name for path in self.folder.iterdir()},
                         {"-".join(("plimsoll", *path)) + ".1" for path in self.commands})
        self.assertIn(("import", "har"), self.commands)
        self.assertIn(("lab", "proxy"), self.commands)
        self.assertGreater(len(self.commands), 20)

    def test_each_says_what_its_help_says(self):
        for path, text in self.commands.items():
            page, warnings = shown(self.folder / ("-".join(("plimsoll", *path)) + ".1"))
            page = words(page)
            with self.subTest(" ".join(path)):
                self.assertEqual(warnings, "")
                for flag in flags_of(text):
                    self.assertRegex(page, rf"(?<![\w-]){re.escape(flag)}(?![\w-])")
                # Every word of the descriptions, in their order: what stands right of the flags.
                for line in re.findall(r"^(?:  \S.*?  +| {10,})([a-z].*)$", text, re.M):
                    self.assertIn(words(line)[1:].rstrip("."), page)
                examples = text.split("Examples:\n")[1] if "Examples:\n" in text else ""
                for line in examples.splitlines():
                    self.assertIn(words(line.strip()), page)

    def test_the_first_one_lists_what_a_pipeline_sees(self):
        page = words(shown(self.folder / "plimsoll.1")[0])
        documented = re.findall(r"^\| (\d+) \|", (Path(sys.argv[1]) / "docs/exit-codes.md").read_text(), re.M)
        self.assertGreater(len(documented), 8)
        listed = page.split("EXIT STATUS")[1].split("SEE ALSO")[0]
        self.assertEqual(re.findall(r"(?<= )(\d+)(?= [A-Z])", listed), documented)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
