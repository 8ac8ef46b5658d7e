"""A throwaway PostgreSQL and a PgBouncer before it, for whole-program tests; stopped with the test at the latest."""
import atexit
import os
import pwd
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from harness import free_port, wait_for


def _program(name):
    for version in range(17, 12, -1):
        path = Path(f"/usr/lib/postgresql/{version}/bin/{name}")
        if path.exists():
            return str(path)
    return name


def _as_postgres():
    """What subprocess needs to run a child as the user `postgres`: PostgreSQL refuses to be root."""
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}


def _folder():
    folder = tempfile.mkdtemp(prefix="plimsoll-test-")
    if os.getuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


class Postgres:
    """On a free loopback port. Over TCP `side` needs its password; everybody else is trusted."""

    def __init__(self, side_password, settings=()):
        self.folder, self.port, self.process = _folder(), free_port(), None
        self.settings = ["max_connections=20", "superuser_reserved_connections=3", "listen_addresses=127.0.0.1",
                         *settings]
        subprocess.run([_program("initdb"), "-D", f"{self.folder}/data", "-U", "postgres", "-A", "trust", "--no-sync",
                        "--no-locale", "-E", "UTF8"], check=True, stdout=subprocess.DEVNULL, cwd="/", **_as_postgres())
        hba = Path(self.folder, "data", "pg_hba.conf")
        hba.write_text("local all all trust\nhost all side 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n")
        atexit.register(self.stop)
        self.start()
        self.sql(f"CREATE ROLE side LOGIN PASSWORD '{side_password}' IN ROLE pg_monitor", "CREATE ROLE web LOGIN")

    def start(self):
        options = [word for setting in self.settings for word in ("-c", setting)]
        self.process = subprocess.Popen(
            [_program("postgres"), "-D", f"{self.folder}/data", "-k", self.folder, "-p", str(self.port), *options],
            cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **_as_postgres())
        wait_for(lambda: subprocess.run([_program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)],
                                        check=False).returncode == 0, "PostgreSQL", every=0.02)

    def stop(self, how=signal.SIGQUIT):
        if self.process and self.process.poll() is None:
            self.signal_all(signal.SIGCONT)
            self.process.send_signal(how)
            self.process.wait()

    def processes(self):
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [self.process.pid, *map(int, children)]

    def signal_all(self, number):
        for pid in self.processes():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def sql(self, *statements, database="postgres"):
        """The output of the last one, as superuser over the unix socket."""
        out = ""
        for statement in statements:
            out = subprocess.run(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-p", str(self.port),
                                  "-U", "postgres", "-d", database, "-c", statement], check=True, text=True,
                                 stdout=subprocess.PIPE).stdout.strip()
        return out

    def dsn(self, user="web", password=None):
        secret = f":{password}" if password else ""
        return f"postgresql://{user}{secret}@127.0.0.1:{self.port}/postgres"


class PgBouncer:
    """Transaction pooling of database `postgres`; `stats` may read the console. Passwords are not asked for."""

    def __init__(self, postgres, side_password, pool_size=5):
        self.folder, self.port, self.process = _folder(), free_port(), None
        Path(self.folder, "users.txt").write_text(f'"web" ""\n"stats" ""\n"side" "{side_password}"\n')
        Path(self.folder, "pgbouncer.ini").write_text(f"""[databases]
postgres = host=127.0.0.1 port={postgres.port} dbname=postgres pool_size={pool_size}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir =
auth_type = trust
auth_file = {self.folder}/users.txt
pool_mode = transaction
stats_users = stats
""")
        atexit.register(self.stop)
        self.start()

    def start(self):
        self.process = subprocess.Popen(["/usr/sbin/pgbouncer", f"{self.folder}/pgbouncer.ini"], cwd="/",
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        **_as_postgres())
        wait_for(lambda: _connects(self.port), "PgBouncer", every=0.02)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def dsn(self, user="stats", password=None, database="pgbouncer"):
        secret = f":{password}" if password else ""
        return f"postgresql://{user}{secret}@127.0.0.1:{self.port}/{database}"


def _connects(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class Storm:
    """Clients of role `web` that connect as fast as they can, hold the connection for a moment and go. `refused`
    counts the answers with SQLSTATE 53300."""

    def __init__(self, port, clients=40, hold=0.2):
        self.port, self.hold, self.refused, self.held, self.over = port, hold, 0, 0, threading.Event()
        self.threads = [threading.Thread(target=self._client, daemon=True) for _ in range(clients)]
        for thread in self.threads:
            thread.start()

    def _client(self):
        body = struct.pack("!I", 196608) + b"user\0web\0database\0postgres\0\0"
        while not self.over.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self.port), 5) as s:
                    s.sendall(struct.pack("!I", len(body) + 4) + body)
                    answer = s.recv(4096)
                    if b"C53300\0" in answer:
                        self.refused += 1
                    elif answer[:1] == b"R":
                        self.held += 1
                        self.over.wait(self.hold)
            except OSError:
                pass
            time.sleep(0.01)

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join()
