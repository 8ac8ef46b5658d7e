"""A private Slurm with nodes on this host: its own configuration, keys, ports and folders, and no service of the system."""
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from harness import free_port, wait_for

CONFIG = """
ClusterName=plimsoll
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={controller}
AuthType=auth/munge
AuthInfo=socket={dir}/munge.socket
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={dir}/state
SlurmdSpoolDir={dir}/spool-%n
SlurmctldPidFile={dir}/slurmctld.pid
SlurmdPidFile={dir}/slurmd-%n.pid
SlurmctldLogFile={dir}/slurmctld.log
SlurmdLogFile={dir}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
ReturnToService=2
InactiveLimit=0
KillWait=10
{nodes}
PartitionName=load Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


class Slurm:
    def __init__(self, nodes=2, cpus=16):
        self.dir = Path(tempfile.mkdtemp(prefix="plimsoll-slurm-"))
        self.dir.chmod(0o755)
        self.names = [f"n{i}" for i in range(1, nodes + 1)]
        for name in ["state", *(f"spool-{name}" for name in self.names)]:
            (self.dir / name).mkdir()
        lines = [f"NodeName={name} NodeHostname=localhost NodeAddr=127.0.0.1 Port={free_port()} CPUs={cpus} State=UNKNOWN" for name in self.names]
        (self.dir / "slurm.conf").write_text(CONFIG.format(dir=self.dir, controller=free_port(), nodes="\n".join(lines)))
        (self.dir / "munge.key").write_bytes(os.urandom(128))
        (self.dir / "munge.key").chmod(0o600)
        self.env = {"SLURM_CONF": str(self.dir / "slurm.conf"), "PATH": "/usr/sbin:/sbin:" + os.environ["PATH"]}
        self.processes = []

    def start(self, *words):
        log = open(self.dir / f"{Path(words[0]).name}-{len(self.processes)}.out", "wb")
        self.processes.append(subprocess.Popen(words, env={**os.environ, **self.env}, stdin=subprocess.DEVNULL, stdout=log,
                                               stderr=subprocess.STDOUT))
        log.close()

    def run(self, *words, timeout=60, **more):
        return subprocess.run(words, env={**os.environ, **self.env}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=timeout, check=False, **more)

    def logs(self):
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-2000:]}" for path in sorted(self.dir.glob("*.[lo]*[gt]")))

    def idle(self):
        done = self.run("sinfo", "--noheader", "--Node", "--format=%T")
        return done.returncode == 0 and done.stdout.split() == ["idle"] * len(self.names)

    def __enter__(self):
        try:
            self.start("munged", "--foreground", "--force", f"--socket={self.dir}/munge.socket", f"--key-file={self.dir}/munge.key",
                       f"--pid-file={self.dir}/munged.pid", f"--seed-file={self.dir}/munged.seed", f"--log-file={self.dir}/munged.log")
            wait_for(lambda: (self.dir / "munge.socket").exists(), "munged", 30)
            self.start("slurmctld", "-D", "-f", str(self.dir / "slurm.conf"))
            for name in self.names:
                self.start("slurmd", "-D", "-N", name, "-f", str(self.dir / "slurm.conf"))
            wait_for(self.idle, "the nodes to be idle", 60, every=0.2)
        except AssertionError as error:
            text = self.logs()
            self.__exit__()
            raise AssertionError(f"{error}\n{text}") from None
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.terminate()
        end = time.monotonic() + 20
        for process in self.processes:
            try:
                process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)
