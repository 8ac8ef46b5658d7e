"""A plain Debian 12 of the tests' own, made by debootstrap from the archive that this machine installs from.

Needs root. The tree is kept as a tar file, since making it takes a minute or two: `base` makes it once.
"""
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

# What the official slim images leave out, so that one made here is as large as they are.
LEFT_OUT = ("usr/share/doc", "usr/share/man", "usr/share/info", "usr/share/locale", "usr/share/lintian", "usr/share/linda",
            "usr/share/groff", "var/cache/apt", "var/lib/apt/lists", "var/cache/debconf", "var/log")
# As in the official images: apt keeps neither packages nor its own index of them.
CLEAN = """DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };
APT::Update::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Acquire::Languages "none";
"""
EXCLUDES = "".join(f"path-exclude /{folder}/*\n" for folder in LEFT_OUT if folder.startswith("usr/"))


def archive() -> str:
    """The address that apt has bookworm from."""
    done = subprocess.run(["apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)", "Created-By: Packages"],
                          capture_output=True, text=True, check=True)
    for line in done.stdout.splitlines():
        release, address = line.split(maxsplit=1)
        if release == "bookworm":
            return address.rstrip("/")
    raise AssertionError(f"apt knows no archive of bookworm here:\n{done.stdout}")


def scratch() -> str | None:
    """Where many small files are written fast: in memory, where there is room. dpkg waits for the disk after each."""
    return "/dev/shm" if shutil.disk_usage("/dev/shm").free > 2e9 else None


def base(kept: Path) -> Path:
    """`kept`, a tar file of a minimal Debian 12; made now where it is not there."""
    if os.geteuid() != 0:
        raise AssertionError("a Debian of our own needs root")
    if kept.exists():
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="plimsoll-bookworm-", dir=scratch()) as folder:
        tree = Path(folder) / "tree"
        done = subprocess.run(["debootstrap", "--variant=minbase", "bookworm", tree, archive()], capture_output=True,
                              text=True, check=False, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise AssertionError(f"debootstrap failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        shutil.rmtree(tree / "var/cache/apt", ignore_errors=True)
        (tree / "var/cache/apt/archives/partial").mkdir(parents=True)
        half = kept.with_suffix(".half")
        subprocess.run(["tar", "-C", tree, "--one-file-system", "--numeric-owner", "-cf", half, "."], check=True)
        half.rename(kept)
    return kept


def slim(kept: Path, into: Path) -> Path:
    """As `base`, less what the slim images leave out, at `into`."""
    full = base(kept)
    gone = re.compile(rf"\./({'|'.join(LEFT_OUT)})/.+")
    with tarfile.open(full) as source, tarfile.open(into, "w") as target:
        for member in source:
            # Copyright files stay, as they do in the official images.
            if gone.fullmatch(member.name) and not (member.isdir() or member.name.endswith("/copyright")):
                continue
            target.addfile(member, source.extractfile(member) if member.isreg() else None)
        rules = into.with_suffix(".excludes")
        rules.write_text("force-unsafe-io\n" + EXCLUDES + "path-include /usr/share/doc/*/copyright\n")
        target.add(rules, "./etc/dpkg/dpkg.cfg.d/docker")
        clean = into.with_suffix(".clean")
        clean.write_text(CLEAN)
        target.add(clean, "./etc/apt/apt.conf.d/docker-clean")
    return into
