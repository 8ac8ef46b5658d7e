"""The shared libraries that a program asks for, and the Debian packages that they come from."""
import os
import re
import subprocess
from pathlib import Path


def needed_libraries(program: Path) -> list[str]:
    """The files that the loader takes for what `program` itself asks for."""
    asked = subprocess.run(["readelf", "-d", program], capture_output=True, text=True, check=True).stdout
    names = set(re.findall(r"\(NEEDED\).*\[(.+)\]", asked))
    assert len(names) > 8, asked
    found = dict(re.findall(r"^\s*(\S+) => (/\S+)",
                            subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout, re.M))
    return [found[name] for name in names]


def packages_of(files: list[str]) -> set[str]:
    """The Debian packages that the files come from."""
    packages = set()
    for file in files:
        # With /usr merged a package may list a file under either of two names.
        real = os.path.realpath(file)
        names = [real, real.removeprefix("/usr")]
        for name in names:
            done = subprocess.run(["dpkg-query", "-S", name], capture_output=True, text=True, check=False)
            if done.returncode == 0:
                packages.add(done.stdout.split(":")[0])
                break
        else:
            raise AssertionError(f"no package has {' or '.join(names)}")
    return packages
