#!/usr/bin/env python3
"""Checks (or fixes) the formatting of all tracked C++ files: format.py check|fix

Major versions of clang-format disagree, so exactly one counts; see scripts/packages.txt.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

MAJOR = 14
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(Path(__file__).parent))
sys.dont_write_bytecode = True
from lint import files_of  # noqa: E402


def find_clang_format() -> str:
    for name in (f"clang-format-{MAJOR}", "clang-format"):
        if program := shutil.which(name):
            version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
            if (match := re.search(r"version (\d+)", version)) and int(match.group(1)) == MAJOR:
                return program
    sys.exit(f"clang-format {MAJOR} is not on PATH; scripts/setup installs it where the system has it")


def main() -> int:
    mode = sys.argv[1] if len(sys.argv) > 1 else "check"
    if mode not in ("check", "fix"):
        sys.exit(__doc__)
    options = ["-i"] if mode == "fix" else ["--dry-run", "-Werror"]
    files = [name for name in files_of(ROOT) if name.endswith((".cpp", ".hpp"))]
    if not files:
        sys.exit("found no C++ file: this is not the project's tree")
    status = subprocess.run([find_clang_format(), "--style=file", *options, *files], cwd=ROOT, check=False).returncode
    print(f"format: {len(files)} files {'formatted' if mode == 'fix' else 'checked'}"
          + ("; run scripts/format" if status else ""))
    return 1 if status else 0


if __name__ == "__main__":
    sys.exit(main())
