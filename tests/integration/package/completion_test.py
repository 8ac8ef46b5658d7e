#!/usr/bin/env python3
"""Completions, by asking bash, zsh and fish themselves.

    completion_test.py SOURCE_DIR BUILD_DIR
"""
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from installed import commands_of, flags_of, install

BUILD = Path(sys.argv[2])
SHELLS = ("bash", "zsh", "fish")

# Presses Tab in an interactive zsh, on a terminal of its own; what its completion offers goes to the file hits.
ZSH_START = r"""
PROMPT=
fpath=($FOLDER $fpath)
autoload -Uz compinit && compinit -u -d $FOLDER/dump
cd $FOLDER/files
bindkey '^I' complete-word
LISTMAX=100000  # shows them all without a question
compadd() {
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
        builtin compadd "$@"  # asks itself what would match
        return
    fi
    local -a found
    builtin compadd -A found "$@"
    print -rl -- $found >>$FOLDER/hits
    builtin compadd "$@"
}
leave() { exit }
comppostfuncs=(leave)
print -r -- READY
"""
ZSH = r"""
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "source $FOLDER/start"
while zpty -r z line; do [[ $line == READY* ]] && break; done
zpty -w -n z "$LINE"$'\t'
while zpty -r z line; do :; done
zpty -d z
"""


class Completion(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="plimsoll-completion-")
        cls.addClassCleanup(folder.cleanup)
        cls.prefix = Path(folder.name) / "p"
        install(BUILD, str(cls.prefix))
        cls.files = Path(folder.name) / "files"
        cls.files.mkdir()
        (cls.files / "check out.yaml").touch()
        cls.commands = commands_of(cls.prefix / "bin/plimsoll")

    def below(self, *path: str) -> set[str]:
        return {each[-1] for each in self.commands if each[:-1] == path and each}

    def bash(self, line: str) -> set[str]:
        script = self.prefix / "share/bash-completion/completions/plimsoll"
        # As readline does: words end at blanks and at "=".
        ask = r"""
source "$1"; line=$2
read -ra COMP_WORDS <<<"$(sed 's/=/ = /g' <<<"$line")"
[[ $line == *' ' || $line == *= ]] && [[ $line != *= ]] && COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMP_LINE=$line; COMP_POINT=${#line}
_plimsoll
printf '%s\n' "${COMPREPLY[@]}"
"""
        done = subprocess.run(["bash", "--norc", "-uc", ask, "bash", script, line], capture_output=True, text=True, check=True,
                              cwd=self.files)
        self.assertEqual(done.stderr, "")
        return set(done.stdout.splitlines()) - {""}

    def zsh(self, line: str) -> set[str]:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "_plimsoll").write_bytes((self.prefix / "share/zsh/site-functions/_plimsoll").read_bytes())
            (folder / "start").write_text(ZSH_START)
            (folder / "files").mkdir()
            (folder / "files/check out.yaml").touch()
            subprocess.run(["zsh", "-f", "-c", ZSH], check=True, timeout=60, stdin=subprocess.DEVNULL,
                           env={**os.environ, "FOLDER": name, "LINE": line, "TERM": "dumb", "LC_ALL": "C.UTF-8"})
            hits = folder / "hits"
            return set(hits.read_text().splitlines()) - {""} if hits.exists() else set()

    def fish(self, line: str) -> set[str]:
        script = self.prefix / "share/fish/vendor_completions.d/plimsoll.fish"
        done = subprocess.run(["fish", "--no-config", "-c", "source $argv[1]; complete -C $argv[2]", str(script), line],
                              capture_output=True, text=True, check=True, cwd=self.files,
                              env={**os.environ, "HOME": str(self.files.parent), "LC_ALL": "C.UTF-8"})
        self.assertEqual(done.stderr, "")
        return {offered.split("\t")[0].split("=")[-1] for offered in done.stdout.splitlines()}

    def expect(self, line: str, offered: set[str]) -> None:
        for shell in SHELLS:
            with self.subTest(shell, line=line):
                self.assertEqual(getattr(self, shell)(line), offered)

    def test_commands(self):
        self.expect("plimsoll ", self.below())
        self.expect("plimsoll import ", self.below("import"))
        self.assertIn("har", self.below("import"))
        self.expect("plimsoll comp", {"compare", "completion"})
        self.expect("plimsoll lab pro", {"proxy"})

    def test_a_flags_value_is_no_command(self):
        # "import" is the name of a folder here, and lab is asked, not import.
        self.expect("plimsoll lab --listen import pro", {"proxy"})

    def test_flags(self):
        for path in ((), ("run",), ("import", "har"), ("lab", "proxy")):
            long = {flag for flag in flags_of(self.commands[path]) if flag.startswith("--")}
            self.expect(" ".join(("plimsoll", *path, "--")), long)

    def test_choices(self):
        self.expect("plimsoll compare --format ", {"html", "md", "json", "junit"})
        self.expect("plimsoll report --format j", {"json", "junit"})
        self.expect("plimsoll report --format=j", {"json", "junit"})

    def test_files(self):
        for line in ("plimsoll run ", "plimsoll run --vus 5 ch", "plimsoll run --html ", "plimsoll import har -q "):
            for shell in SHELLS:
                with self.subTest(shell, line=line):
                    offered = {name.replace("\\", "") for name in getattr(self, shell)(line)}
                    self.assertEqual(offered, {"check out.yaml"})

    def test_nothing_where_nothing_can_be_known(self):
        for shell in ("bash", "fish"):
            with self.subTest(shell):
                self.assertEqual(getattr(self, shell)("plimsoll run --linger "), set())

    def test_the_command_prints_what_is_installed(self):
        for shell, file in (("bash", "bash-completion/completions/plimsoll"), ("zsh", "zsh/site-functions/_plimsoll"),
                            ("fish", "fish/vendor_completions.d/plimsoll.fish")):
            printed = subprocess.run([self.prefix / "bin/plimsoll", "completion", shell], capture_output=True, text=True,
                                     check=True).stdout
            self.assertEqual(printed, (self.prefix / "share" / file).read_text())


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
