"""Container engines of a test's own: Docker and Podman, each with its data in a folder that is removed afterwards.

Run such tests as root in a network namespace of their own (`unshare --net`): the engine's bridge and packet filter
rules go with it.
"""
import json
import os
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
from pathlib import Path

BUSYBOX = "/bin/busybox"
IMAGE = "plimsoll-test"


def wait_for(condition, what, timeout=60, every=0.1):
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout} s for {what}")
        time.sleep(every)


def loopback_up():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def write_image(path):
    """A root file system of busybox alone. /usr is there to be mounted over: then the host's programs run too."""
    with tarfile.open(path, "w") as tar:
        for name in ("bin", "tmp", "proc", "sys", "dev", "etc", "usr"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(folder)
        for name in ("lib", "lib64"):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, f"usr/{name}"
            tar.addfile(link)
        tar.add(BUSYBOX, "bin/busybox")
        for name in ("sh", "tail", "cat", "httpd", "sleep", "yes"):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)


class Engine:
    """An engine's service and its command line. `self.host` is what DOCKER_HOST should say."""

    def __init__(self):
        if os.geteuid() != 0:
            raise AssertionError("a container engine of our own needs root")
        # Containers keep their control groups and mounts until they are removed: never leave one behind.
        self.folder = Path(tempfile.mkdtemp(prefix="plimsoll-engine-"))
        self.log = open(self.folder / "log", "w")
        self.socket = self.folder / "engine.sock"
        self.host = f"unix://{self.socket}"
        self.service = None
        try:
            self.start()
            write_image(self.folder / "image.tar")
            self.cli("import", str(self.folder / "image.tar"), IMAGE)
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def spawn(self, *argv):
        self.service = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        start_new_session=True, env=self.environment())
        wait_for(self.answers, "the engine's socket", 60)

    def environment(self):
        return {k: v for k, v in os.environ.items() if k not in ("DOCKER_HOST", "CONTAINER_HOST", "XDG_RUNTIME_DIR")}

    def answers(self):
        if self.service.poll() is not None:
            raise AssertionError("the engine ended:\n" + (self.folder / "log").read_text()[-3000:])
        return self.socket.exists() and self.api("/version") is not None

    def api(self, target):
        """GET by curl, so that our own client is not its own witness. None where nobody answers."""
        done = subprocess.run(["curl", "-sf", "--unix-socket", str(self.socket), f"http://engine{target}"],
                              capture_output=True, text=True, timeout=60)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def inspect(self, name):
        return self.api(f"/containers/{name}/json")

    def stop(self):
        try:
            if self.service and self.service.poll() is None:
                self.service.send_signal(signal.SIGCONT)
                for container in self.api("/containers/json?all=1") or []:
                    self.cli("rm", "-f", container["Id"], check=False)
                self.service.terminate()
                try:
                    self.service.wait(30)
                except subprocess.TimeoutExpired:
                    self.service.kill()
                    self.service.wait()
        finally:
            self.log.close()
            for mount in reversed(Path("/proc/mounts").read_text().splitlines()):
                point = mount.split()[1]
                if point.startswith(str(self.folder)):
                    subprocess.run(["umount", "-l", point], check=False)
            shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, name, *command, options=()):
        """Starts a container of the test image without a network, unless `options` say otherwise."""
        network = () if "--network" in options or "-p" in options else ("--network", "none")
        self.cli("run", "-d", "--name", name, *self.limits, *network, *options, IMAGE, *command)

    limits = ()  # options that every container needs here

    def cgroup_file(self, name, controller, file):
        """The path of a file of the container's control group, found through its process by the kernel's table."""
        pid = self.inspect(name)["State"]["Pid"]
        for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controller in controllers.split(","):
                return Path("/sys/fs/cgroup") / controller / path.strip("/") / file
        raise AssertionError(f"{name} is in no {controller} control group")


class Docker(Engine):
    def start(self):
        self.spawn("dockerd", "--data-root", f"{self.folder}/root", "--exec-root", f"{self.folder}/exec", "--pidfile",
                   f"{self.folder}/pid", "-H", self.host, "--exec-opt", "native.cgroupdriver=cgroupfs",
                   "--storage-driver", "vfs")

    def cli(self, *args, check=True):
        return subprocess.run(["docker", "-H", self.host, *args], check=check, capture_output=True, text=True,
                              timeout=120, env=self.environment()).stdout.strip()


class Podman(Engine):
    # Its defaults are more than a root without CAP_SYS_RESOURCE may set.
    limits = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")

    def options(self):
        return ["podman", "--root", f"{self.folder}/root", "--runroot", f"{self.folder}/run", "--tmpdir",
                f"{self.folder}/tmp", "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--events-backend",
                "file", "--runtime", "runc"]

    def start(self):
        self.spawn(*self.options(), "system", "service", "--time", "0", self.host)

    def cli(self, *args, check=True):
        return subprocess.run([*self.options(), *args], check=check, capture_output=True, text=True, timeout=120,
                              env=self.environment()).stdout.strip()
