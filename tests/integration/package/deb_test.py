#!/usr/bin/env python3
"""The .deb: what it asks for, what lintian says, and that it installs and runs on a plain Debian 12.

    deb_test.py SOURCE_DIR BUILD_DIR BOOKWORM_TAR

BOOKWORM_TAR is kept between runs, and made where it is not there. Needs root.
"""
import http.server
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

SOURCE, BUILD, BOOKWORM = (Path(argument) for argument in sys.argv[1:])
sys.path += [str(SOURCE / "tests/support"), str(SOURCE / "tests/integration/compose")]
import bookworm  # noqa: E402
from libraries import needed_libraries, packages_of  # noqa: E402


def output(*command, **more) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, **more)
    assert done.returncode == 0, f"{command}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


def providers(package: str) -> set[str]:
    """`package` itself, or what is installed and provides it (spdlog's binary interface is a name of its own)."""
    listed = output("dpkg-query", "-W", "-f", "${Package}\t${Provides}\n")
    found = {line.split("\t")[0] for line in listed.splitlines()
             if package in re.split(r" \([^)]*\)|, ", line.split("\t")[1]) or line.split("\t")[0] == package}
    assert found, package
    return found


class Ok(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


class Deb(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="plimsoll-deb-", dir=bookworm.scratch()))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        output("cpack", "-G", "DEB", "-B", cls.folder / "made", cwd=BUILD)
        (cls.deb,) = (cls.folder / "made").glob("*.deb")

    def field(self, name: str) -> str:
        return output("dpkg-deb", "--field", self.deb, name).strip()

    def test_is_called_as_debian_calls_packages(self):
        architecture = output("dpkg", "--print-architecture").strip()
        self.assertEqual(self.deb.name, f"plimsoll_{self.field('Version')}_{architecture}.deb")
        self.assertEqual(self.field("Architecture"), architecture)

    def test_depends_on_what_the_program_loads_and_nothing_else(self):
        depends = set().union(*(providers(each.split()[0]) for each in self.field("Depends").split(", ")))
        self.assertEqual(depends, packages_of(needed_libraries(BUILD / "plimsoll")))
        for each in self.field("Depends").split(", "):
            if each.startswith(("libc6", "libpq5", "libstdc++6")):
                self.assertRegex(each, r"\(>= [\d.]+\S*\)")

    def test_lintian_finds_no_error(self):
        done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error", "--no-cfg", self.deb], capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        print(done.stdout, file=sys.stderr)
        self.assertNotRegex(done.stdout, r"(?m)^E:")

    def test_its_files_belong_to_root_and_can_be_read_by_all(self):
        listed = output("dpkg-deb", "--contents", self.deb).splitlines()
        self.assertGreater(len(listed), 60)
        for line in listed:
            self.assertRegex(line, r"^[d-]rw[x-]r-[x-]r-[x-] root/root ", line)

    def test_installs_runs_and_goes_again_on_a_plain_debian_12(self):
        root = self.folder / "root"
        root.mkdir()
        output("tar", "-C", root, "--numeric-owner", "-xf", bookworm.base(BOOKWORM))
        shutil.copy(self.deb, root / "tmp")
        shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
        (root / "etc/apt/sources.list").write_text(f"deb {bookworm.archive()} bookworm main\n")

        def inside(script: str, **more) -> str:
            # Mounts and processes end with the shell.
            return output("unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c",
                          'mount -t proc proc "$1/proc" && mount --bind /dev "$1/dev" && exec chroot "$1" /bin/bash -euc "$2"',
                          "sh", root, script, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                                                   "DEBIAN_FRONTEND": "noninteractive"}, **more)
        before = inside("dpkg-query -W -f '${Package}\\n'").split()
        self.assertNotIn("libpq5", before)
        inside("apt-get update -q && "
               "apt-get install -qy --no-install-recommends -o Dpkg::Options::=--force-unsafe-io "
               f"/tmp/{self.deb.name} && apt-get check")
        self.assertIn("plimsoll 0.", inside("plimsoll --version"))

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ok)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        target = f"http://127.0.0.1:{server.server_port}/"
        ran = inside("cd \"$(mktemp -d)\" && chmod 777 . && setpriv --reuid=65534 --regid=65534 --clear-groups "
                     f"plimsoll run {target} -i 7 --no-calibration && ls results/*/")
        self.assertIn("7 requests", ran)
        for name in ("report.html", "run.db", "summary.json"):
            self.assertIn(name, ran)
        # As the unit starts it: another user, no capability, files that cannot be written.
        probed = inside("mount --bind / /mnt && mount -o remount,ro,bind /mnt && mount -t proc proc /mnt/proc && "
                        "exec chroot /mnt setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all "
                        "--no-new-privs env PLIMSOLL_PG_DSN=postgresql://127.0.0.1:9/none "
                        "plimsoll probe /usr/share/doc/plimsoll/examples/probe.yaml -d 2s "
                        "--prometheus 127.0.0.1:0 2>&1")
        self.assertRegex(probed, r"metrics +http://127\.0\.0\.1:\d+/metrics")
        self.assertEqual(inside("for shell in bash zsh fish; do plimsoll completion $shell | head -n 1; done").count("\n"), 3)

        inside("apt-get purge -qy plimsoll")
        left = inside("find / -xdev -name '*plimsoll*' -not -path '/proc/*' -not -path '/tmp/*' -not -path '/var/lib/apt/*' "
                      "-not -path '/var/log/*'")
        self.assertEqual(left, "")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
