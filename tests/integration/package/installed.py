"""What the tests of the installation share."""
import os
import re
import subprocess
from pathlib import Path


def install(build: Path, prefix: str, destdir: Path | None = None) -> None:
    """`cmake --install`, quietly. Raises with what it said."""
    environment = {**os.environ, **({"DESTDIR": str(destdir)} if destdir else {})}
    done = subprocess.run(["cmake", "--install", build, "--prefix", prefix], env=environment, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def files_of(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()}


def help_of(program: Path, *path: str) -> str:
    return subprocess.run([program, *path, "--help"], capture_output=True, text=True, check=True).stdout


def commands_of(program: Path, *path: str) -> dict[tuple[str, ...], str]:
    """Every command and what its --help says, by walking the helps themselves; () is the program's own."""
    text = help_of(program, *path)
    found = {path: text}
    listed = re.search(r"^Subcommands:\n((?:  \S.*\n?)+)", text, re.M)
    for line in (listed[1].splitlines() if listed else ()):
        found.update(commands_of(program, *path, line.split()[0]))
    return found


def flags_of(text: str) -> set[str]:
    """The flags that a --help lists."""
    found = set()
    for line in re.findall(r"^  (-\S+)", text, re.M):
        found.update(line.split(","))
    return found
