#!/usr/bin/env python3
"""The container probe on a real cgroup v2 tree: plimsoll runs in a small virtual machine (QEMU without hardware help)
whose kernel has nothing else.

    vm_test.py PLIMSOLL CACHE_DIR

The kernel is Debian's cloud kernel, downloaded as a package into CACHE_DIR and unpacked there, never installed.
"""
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PLIMSOLL, CACHE = sys.argv[1], Path(sys.argv[2])

INIT = r"""#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mount -t tmpfs tmp /tmp
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ip link set lo up
cd /sys/fs/cgroup
echo "+cpu +memory +io" >cgroup.subtree_control
mkdir shop.slice; echo "+cpu +memory +io" >shop.slice/cgroup.subtree_control
mkdir shop.slice/web.scope shop.slice/glutton.scope
echo "30000 100000" >shop.slice/cpu.max
echo 268435456 >shop.slice/web.scope/memory.max
echo 16777216 >shop.slice/glutton.scope/memory.max
echo 0 >shop.slice/glutton.scope/memory.swap.max
sh -c 'echo $$ >/sys/fs/cgroup/shop.slice/web.scope/cgroup.procs; while :; do :; done' &
BUSY=$!
plimsoll probe --prometheus 127.0.0.1:9464 --interval 50ms --container cgroup:/shop.slice/web.scope \
    --container pid=pid:$BUSY --container cgroup:/sys/fs/cgroup/shop.slice/glutton.scope >/tmp/out 2>&1 &
until wget -qO /tmp/metrics http://127.0.0.1:9464/metrics && grep -q container_cpu_seconds /tmp/metrics; do sleep 0.2; done
look() {
    echo "@$1 uptime $(cut -d' ' -f1 /proc/uptime)"
    for f in shop.slice/web.scope/cpu.stat shop.slice/cpu.stat shop.slice/web.scope/cpu.pressure \
        shop.slice/web.scope/memory.current shop.slice/glutton.scope/memory.events; do
        sed "s|^|@$1 file $f |" $f
    done
    wget -qO - http://127.0.0.1:9464/metrics | sed -n "s|^plimsoll_|@$1 metric plimsoll_|p"
}
look first
sleep 20
look second
sh -c 'echo $$ >/sys/fs/cgroup/shop.slice/glutton.scope/cgroup.procs; exec tail /dev/zero'
sleep 2
look third
sed 's|^|@third out |' /tmp/out
echo "@end"
poweroff -f
"""


def run(*argv, **more):
    return subprocess.run(argv, check=True, capture_output=True, text=True, **more).stdout


def kernel():
    """The unpacked cloud kernel, downloaded where it is not there yet."""
    found = sorted(CACHE.glob("kernel/boot/vmlinuz-*"))
    if not found:
        CACHE.mkdir(parents=True, exist_ok=True)
        depends = run("apt-cache", "depends", "linux-image-cloud-amd64")
        package = re.search(r"Depends: (linux-image-\S+)", depends)[1]
        run("apt-get", "download", package, cwd=CACHE)
        run("dpkg-deb", "-x", str(next(CACHE.glob(f"{package}_*.deb"))), str(CACHE / "unpacked"))
        (CACHE / "unpacked").rename(CACHE / "kernel")
        found = sorted(CACHE.glob("kernel/boot/vmlinuz-*"))
    return found[-1]


def write_initramfs(folder, image):
    root = folder / "root"
    for name in ("bin", "proc", "sys", "dev", "tmp", "lib64"):
        (root / name).mkdir(parents=True)
    shutil.copy("/bin/busybox", root / "bin")
    run("strip", "-o", str(root / "bin/plimsoll"), PLIMSOLL)
    for line in run("ldd", PLIMSOLL).splitlines():
        library = re.search(r"(/\S+) \(0x", line)
        if library:
            path = root / library[1].lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library[1], path)
    (root / "init").write_text(INIT)
    (root / "init").chmod(0o755)
    names = "\n".join(str(p.relative_to(root)) for p in [root, *sorted(root.rglob("*"))])
    with open(image, "wb") as out:
        subprocess.run(["busybox", "cpio", "-o", "-H", "newc"], input=names.encode(), stdout=out, cwd=root, check=True,
                       stderr=subprocess.DEVNULL)


class Looks:
    """What the guest wrote on its console."""

    def __init__(self, text):
        self.files, self.metrics, self.uptime = {}, {}, {}
        for line in text.splitlines():
            match = re.match(r"@(\w+) (\w+) (.*)", line.strip())
            if not match:
                continue
            at, kind, rest = match.groups()
            if kind == "uptime":
                self.uptime[at] = float(rest)
            elif kind == "file":
                name, content = rest.split(" ", 1)
                self.files.setdefault((at, name), []).append(content)
            elif kind == "metric":
                series, value = rest.rsplit(" ", 1)
                self.metrics[at, series] = float(value)

    def stat(self, at, file, key):
        return next(int(line.split()[1]) for line in self.files[at, file] if line.split()[0] == key)

    def metric(self, at, name, container, role="app", more=""):
        return self.metrics[at, f'{name}{{container="{container}",role="{role}"{more}}}']


class CgroupV2(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        image = Path(folder.name) / "initramfs"
        write_initramfs(Path(folder.name), image)
        guest = subprocess.run(
            ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-smp", "2", "-m", "1024", "-nodefaults", "-display",
             "none", "-serial", "stdio", "-no-reboot", "-kernel", str(kernel()), "-initrd", str(image), "-append",
             "console=ttyS0 quiet psi=1 panic=-1"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=500)
        cls.console = guest.stdout
        if "@end" not in cls.console:
            raise AssertionError(f"the guest did not finish:\n{cls.console[-5000:]}\n{guest.stderr[-2000:]}")
        cls.looks = Looks(cls.console)

    def rise(self, name, container, role="app", more=""):
        return (self.looks.metric("second", name, container, role, more) -
                self.looks.metric("first", name, container, role, more))

    def true_rise(self, file, key):
        return self.looks.stat("second", file, key) - self.looks.stat("first", file, key)

    def test_cpu_is_the_kernels(self):
        truth = self.true_rise("shop.slice/web.scope/cpu.stat", "usage_usec") / 1e6
        self.assertGreater(truth, 0.5)
        found = self.rise("plimsoll_container_cpu_seconds_total", "web.scope")
        self.assertLess(abs(found - truth) / truth, 0.03, (found, truth))
        of_process = self.rise("plimsoll_container_cpu_seconds_total", self.process(), "pid")
        self.assertLess(abs(of_process - truth) / truth, 0.05, (of_process, truth))
        seconds = self.looks.uptime["second"] - self.looks.uptime["first"]
        print(f"  cgroup v2: cores {found / seconds:.4f} (kernel {truth / seconds:.4f})", file=sys.stderr)

    def process(self):
        """What the probe of a process number calls it: by its role, which no other probe has."""
        return next(re.search(r'container="([^"]+)"', series)[1] for _, series in self.looks.metrics
                    if 'role="pid"' in series)

    def test_throttling_is_the_kernels(self):
        # The quota is the parent's; its periods are what throttles the scope.
        periods = self.true_rise("shop.slice/cpu.stat", "nr_periods")
        truth = self.true_rise("shop.slice/cpu.stat", "nr_throttled") / periods
        self.assertGreater(truth, 0.3)
        found = (self.rise("plimsoll_container_cpu_throttled_periods_total", "web.scope") /
                 self.rise("plimsoll_container_cpu_periods_total", "web.scope"))
        self.assertLess(abs(found - truth), 0.02, (found, truth))
        self.assertEqual(self.looks.metric("second", "plimsoll_container_cpu_limit_cores", "web.scope"), 0.3)
        print(f"  cgroup v2: throttled {100 * found:.1f} % (kernel {100 * truth:.1f} %)", file=sys.stderr)

    def test_memory_limit_and_use_are_the_kernels(self):
        looks = self.looks
        self.assertEqual(looks.metric("second", "plimsoll_container_memory_limit_bytes", "web.scope"), 268435456)
        current = int(looks.files["second", "shop.slice/web.scope/memory.current"][0])
        self.assertLess(abs(looks.metric("second", "plimsoll_container_memory_working_set_bytes", "web.scope") -
                            current), 2 << 20)

    def test_a_kill_for_lack_of_memory_is_counted(self):
        looks = self.looks
        name = "plimsoll_container_oom_kills_total"
        self.assertEqual(looks.metric("second", name, "glutton.scope"), 0)
        self.assertEqual(looks.stat("third", "shop.slice/glutton.scope/memory.events", "oom_kill"), 1)
        self.assertEqual(looks.metric("third", name, "glutton.scope"), 1)

    def test_pressure_is_the_kernels(self):
        def total(at):
            line = next(x for x in self.looks.files[at, "shop.slice/web.scope/cpu.pressure"] if x.startswith("some"))
            return int(re.search(r"total=(\d+)", line)[1]) / 1e6
        truth = total("second") - total("first")
        self.assertGreater(truth, 1)  # held back most of the time
        found = self.rise("plimsoll_container_pressure_seconds_total", "web.scope",
                          more=',resource="cpu",share="some"')
        self.assertLess(abs(found - truth) / truth, 0.05, (found, truth))

    def test_every_probe_reads_on(self):
        up = [v for (at, series), v in self.looks.metrics.items() if at == "third" and "probe_up" in series]
        self.assertEqual(up, [1, 1, 1, 1], self.console[-3000:])  # three containers and the machine


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v", *sys.argv[3:]])
