"""What the probes cost, on our side and on the database's, beside pgbench with 90 backends.

    PROBE_COST=build/release/probe_cost python3 tests/bench/probe_cost.py [--pairs 8] [--seconds 6]

pgbench runs without and with the probes in turn (the order changes from pair to pair), so that what else the machine
does falls on both. CPU time is the kernel's: of this process by getrusage, of our backends and of all of PostgreSQL by
/proc. Looked at are the database, its processes, PgBouncer, the machine, and an application's metrics, sockets and threads, with the
canaries beside. The application is a process of this program with --connections (5,000), half of which hold a request that it has not read. Limits: at most 1 % of a core for us, 0.5 % of the CPU that the database has, pgbench's throughput the same within noise.
Exit status 1 when a limit is passed."""
import argparse
import http.server
import json
import os
import re
import resource
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from database import PgBouncer, Postgres, _program  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")
SECRET = "a-password-of-the-bench"


def cpu_of(pid):
    """CPU seconds of a process so far, by the scheduler's own clock."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    except (OSError, IndexError):
        return 0.0


def cpu_of_reaped(pid):
    """CPU seconds of the children that a process has waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[13]) + int(fields[14])) / TICK


class DatabaseCpu:
    """All of PostgreSQL's CPU since the start, and that of the backends which belong to Plimsoll."""

    def __init__(self, postgres):
        self.postgres = postgres
        self.asked = 0
        self.at_start = self._all()

    def _all(self):
        return sum(cpu_of(pid) for pid in self.postgres.processes()) + cpu_of_reaped(self.postgres.process.pid)

    def total(self):
        return self._all() - self.at_start

    def sessions(self):
        """How many connections the server has accepted, without those of this program's own questions."""
        self.asked += 1
        return int(self.postgres.sql("SELECT sum(sessions) FROM pg_stat_database")) - self.asked

    def ours(self):
        self.asked += 1
        pids = self.postgres.sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'plimsoll'").split()
        return sum(cpu_of(pid) for pid in pids)


def connect_cost(postgres, count=100):
    """CPU seconds on the server's side for one fresh connection, with the password's check: mean of many."""
    before = cpu_of_reaped(postgres.process.pid) + cpu_of(postgres.process.pid)
    env = {**os.environ, "PGPASSWORD": SECRET}
    for _ in range(count):
        subprocess.run([_program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(postgres.port)], check=True)
    ping = cpu_of_reaped(postgres.process.pid) + cpu_of(postgres.process.pid) - before
    before += ping
    for _ in range(count):
        subprocess.run(["psql", "-qAtX", "-h", "127.0.0.1", "-p", str(postgres.port), "-U", "side", "-d", "postgres",
                        "-c", ""], check=True, env=env, stdout=subprocess.DEVNULL)
    return (cpu_of_reaped(postgres.process.pid) + cpu_of(postgres.process.pid) - before) / count


def pgbench(postgres, seconds, clients):
    done = subprocess.run([_program("pgbench"), "-n", "-h", postgres.folder, "-p", str(postgres.port), "-U", "postgres",
                           "-c", str(clients), "-j", "2", "-T", str(seconds), "postgres"], check=True, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    return float(re.search(r"tps = ([0-9.]+)", done)[1])


class Metrics(http.server.BaseHTTPRequestHandler):
    """What an application publishes: 200 series, four of them of a pool."""
    protocol_version = "HTTP/1.1"
    BODY = "".join(f'hikaricp_connections{what}{{pool="main"}} {value}\n' for what, value in
                   (("", 10), ("_active", 7), ("_idle", 3), ("_pending", 0))) + "".join(
        f'http_server_requests_seconds_count{{uri="/v1/things/{number}",status="200"}} {number * 17}\n' for number in range(196))

    def do_GET(self):
        body = self.BODY.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve_metrics():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Metrics)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/metrics"


def serve_connections(count):
    """A process that accepts and reads nothing, with so many connections: its port, and what keeps them open."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    pid = os.fork()
    if pid == 0:
        kept = []
        while len(kept) < count:
            kept.append(listener.accept()[0])
        signal.pause()
    port, calls = listener.getsockname()[1], []
    for number in range(count):
        calls.append(socket.create_connection(("127.0.0.1", port)))
        if number % 2:
            calls[-1].sendall(b"GET / HTTP/1.1\r\n")
    listener.close()
    return port, (pid, calls)


def measured(postgres, seconds, clients, fresh_cost, probes=None):
    """pgbench's throughput, and what the probes beside it cost: None without `probes`, their command line. What this
    program asks the server for that is asked in both cases, since it is no probe's cost."""
    bench, cost = {}, {}
    runner = subprocess.Popen(probes, stdout=subprocess.PIPE, text=True) if probes else None
    load = threading.Thread(target=lambda: bench.update(tps=pgbench(postgres, seconds, clients)))
    load.start()
    time.sleep(1)  # both are up
    database = DatabaseCpu(postgres)
    connected, before, began = database.sessions(), database.ours(), time.monotonic()
    time.sleep(seconds - 3)
    wall = time.monotonic() - began
    assert runner is None or runner.poll() is None, "the probes ended before they were measured"
    held = (database.ours() - before) / wall
    cost["fresh_s"] = fresh_cost * (database.sessions() - connected) / wall
    cost["server_s"] = held + cost["fresh_s"]
    cost["share"] = cost["server_s"] * wall / database.total()
    cost["of_its_cores"] = cost["server_s"] / os.cpu_count()
    load.join()
    if runner is None:
        return bench["tps"], None
    ours = json.loads(runner.communicate(timeout=60)[0])
    cost["client"] = ours["cpu_s"] / ours["wall_s"]
    cost["parts"] = {name: spent / ours["wall_s"] for name, spent in ours["probes"].items()}
    cost["present"] = ours["readings"] / ours["expected"]
    return bench["tps"], cost


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pairs", type=int, default=8)
    options.add_argument("--seconds", type=int, default=8)
    options.add_argument("--hz", type=float, default=10)
    options.add_argument("--no-processes", action="store_true", help="do not look at the server's processes")
    options.add_argument("--clients", type=int, default=90)
    options.add_argument("--connections", type=int, default=5000, help="of the application (default 5000)")
    args = options.parse_args()
    port, (application, _calls) = serve_connections(args.connections)
    postgres = Postgres(SECRET, ["max_connections=120", "synchronous_commit=off", "shared_buffers=256MB"])
    pgbouncer = PgBouncer(postgres, SECRET)
    subprocess.run([_program("pgbench"), "-i", "-q", "-s", "20", "-h", postgres.folder, "-p", str(postgres.port), "-U",
                    "postgres", "postgres"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    fresh = connect_cost(postgres)
    metrics = serve_metrics()
    probes = [os.environ["PROBE_COST"], str(args.seconds), str(args.hz), postgres.dsn("side", SECRET), pgbouncer.dsn("stats"),
              "0" if args.no_processes else str(postgres.process.pid), str(port), metrics]
    print(f"a fresh connection costs the server {fresh * 1e3:.2f} ms of CPU")
    ratios, costs = [], []
    for pair in range(args.pairs):
        runs = {}
        for kind in (("off", "on") if pair % 2 == 0 else ("on", "off")):
            runs[kind], cost = measured(postgres, args.seconds, args.clients, fresh, probes if kind == "on" else None)
            costs += [cost] if cost else []
        ratios.append(runs["on"] / runs["off"])
        print(f"pair {pair + 1}: {runs['off']:.0f} tps without, {runs['on']:.0f} with, ratio {ratios[-1]:.3f}; "
              f"our CPU {costs[-1]['client'] * 100:.2f} % of a core, on the server {costs[-1]['server_s'] * 1e3:.2f} ms/s = "
              f"{costs[-1]['share'] * 100:.2f} % of its CPU; {costs[-1]['present'] * 100:.1f} % of readings", flush=True)
    spread = statistics.stdev(ratios) / len(ratios) ** 0.5 if len(ratios) > 1 else float("nan")
    client, share, cores, server, fresh_s = (statistics.median(c[key] for c in costs)
                                    for key in ("client", "share", "of_its_cores", "server_s", "fresh_s"))
    mean = statistics.mean(ratios)
    print(f"throughput with/without: mean {mean:.4f} ± {2 * spread:.4f} (two standard errors of {len(ratios)} pairs)")
    print(f"our CPU: median {client * 100:.2f} % of a core (limit 1 %)")
    parts = {name: statistics.median(c["parts"][name] for c in costs) for name in costs[0]["parts"]}
    print("by probe, % of a core: " + ", ".join(f"{name} {cpu * 100:.2f}" for name, cpu in
                                               sorted(parts.items(), key=lambda part: -part[1])) +
          f"; the rest, between readings: {(client - sum(parts.values())) * 100:.2f}")
    print(f"database's CPU: median {server * 1e3:.2f} ms/s = {cores * 100:.2f} % of its {os.cpu_count()} cores (limit 0.5 %), "
          f"{share * 100:.2f} % of what it used; {fresh_s * 1e3:.2f} ms/s of it are fresh connections")
    os.kill(application, signal.SIGKILL)
    os.waitpid(application, 0)
    pgbouncer.stop()
    postgres.stop()
    failed = client > 0.01 or cores > 0.005 or abs(mean - 1) > max(2 * spread, 0.01)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
