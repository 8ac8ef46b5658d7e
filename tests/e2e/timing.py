"""What the timing proofs share: a server with known delays, distributions with known quantiles, stored histograms."""
import http.server
import math
import os
import random
import shutil
import signal
import statistics
import subprocess
import threading
import time
from pathlib import Path

from harness import PLIMSOLL, free_port, query

TIMED_SERVER = os.environ.get("TIMED_SERVER", str(Path(PLIMSOLL).parent / "timed_server"))


def ahead_of_others():
    """A command prefix that puts plimsoll ahead of ordinary programs where the system allows it, as if the
    machine did nothing else: a proof of what is measured must not measure the neighbours."""
    prefix = ["chrt", "-f", "1"]
    allowed = subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    return prefix if allowed else []


LATENESS = """
import ctypes, time
ctypes.CDLL(None).prctl(29, 1, 0, 0, 0)  # PR_SET_TIMERSLACK: as plimsoll's threads
due, late = time.monotonic_ns(), []
for _ in range(30_000):
    due += 50_000
    left = (due - time.monotonic_ns()) / 1e9
    if left > 0:
        time.sleep(left)
    late.append(time.monotonic_ns() - due)
late.sort()
print(late[len(late) * 99 // 100])
"""


def timer_lateness(prefix):
    """How late the machine's own timers are, at 20,000 a second: the 99th percentile in seconds of a bare loop's sleeps."""
    return int(subprocess.run([*prefix, "python3", "-c", LATENESS], capture_output=True, text=True, check=True,
                              timeout=60).stdout) * 1e-9


def run_with(prefix, *args, timeout=180):
    """Runs plimsoll behind this command prefix (taskset, chrt ...) to its end."""
    return subprocess.run([*prefix, PLIMSOLL, *map(str, args)], capture_output=True, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL, check=False)


class TimedServer:
    """timed_server (see timed_server.cpp) with these delays; what it did is known after `stop`."""

    def __init__(self, folder, delays_ns=(), freeze_ms=None, core=None, workers=None):
        self.out = Path(folder) / "applied"
        delays = Path(folder) / "delays"
        delays.write_text("".join(f"{d}\n" for d in delays_ns))
        pin = ["taskset", "-c", str(core)] if core is not None else []
        how = freeze_ms or ([workers] if workers else [])
        self.process = subprocess.Popen([*pin, TIMED_SERVER, delays, self.out, *map(str, how)],
                                        stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{self.process.stdout.readline().split()[1]}"
        self.scheduling = self.process.stdout.readline().split()[1]
        self.planned, self.applied, self.frozen = [], [], None

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0
        self.process.stdout.close()
        for line in self.out.read_text().splitlines():
            words = line.split()
            if words[0] == "freeze":
                self.frozen = int(words[1]) * 1e-9, int(words[2]) * 1e-9
            else:
                self.planned.append(int(words[0]) * 1e-9)
                self.applied.append(int(words[1]) * 1e-9)

    def timer_error(self, q):
        """How much later than planned the answers left, in seconds."""
        return nearest_rank([a - p for a, p in zip(self.applied, self.planned)], q)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


class Nginx:
    """nginx with one worker that answers these bytes from memory, to any request."""

    def __init__(self, folder, prefix=(), body="x" * 100):
        program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        assert program, "nginx is not installed"
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n"
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        conf = Path(folder) / "nginx.conf"
        conf.write_text(
            f"daemon off;\nmaster_process off;\npid {folder}/nginx.pid;\nerror_log {folder}/error.log;\n"
            "events { worker_connections 8192; }\n"
            f"http {{\naccess_log off;\nkeepalive_requests 100000000;\n{temporary}"
            f"server {{ listen 127.0.0.1:{port}; location / {{ return 200 '{body}'; }} }}\n}}\n")
        self.process = subprocess.Popen([*prefix, program, "-c", conf, "-p", folder], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        time.sleep(0.5)
        assert self.process.poll() is None, (Path(folder) / "error.log").read_text()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)


class Collector(http.server.ThreadingHTTPServer):
    """Takes OTLP traces over HTTP: counts their bytes and, where asked to, keeps the bodies."""
    daemon_threads = True

    def __init__(self, keep=False):
        self.received, self.bodies = 0, []
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.headers.get("Content-Encoding") is None
                collector.received += len(body)
                if keep:
                    collector.bodies.append(body)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class Mixture:
    """Constant, exponential and lognormal delays (seconds) in the given shares."""

    def __init__(self, constant, exponential, lognormal):
        (self.c_share, self.c), (self.e_share, self.e_mean) = constant, exponential
        self.l_share, self.l_median, self.l_sigma = lognormal

    def cdf(self, x):
        normal = statistics.NormalDist(math.log(self.l_median), self.l_sigma)
        return (self.c_share * (x >= self.c) + self.e_share * -math.expm1(-x / self.e_mean)
                + self.l_share * normal.cdf(math.log(x)))

    def quantile(self, q):
        """By bisection: the smallest x whose cdf is at least q."""
        low, high = 1e-9, 1e3
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (low, middle) if self.cdf(middle) >= q else (middle, high)
        return high

    def draw(self, n, seed):
        """n delays in a seeded order: each part at the middles of equal slices of its probability, so
        that the sample's quantiles are the distribution's, not those of one lucky draw."""
        normal = statistics.NormalDist(math.log(self.l_median), self.l_sigma)
        e_count, l_count = round(n * self.e_share), round(n * self.l_share)
        delays = [self.c] * (n - e_count - l_count)
        delays += [-self.e_mean * math.log1p(-(i + 0.5) / e_count) for i in range(e_count)]
        delays += [math.exp(normal.inv_cdf((i + 0.5) / l_count)) for i in range(l_count)]
        random.Random(seed).shuffle(delays)
        return delays


def nearest_rank(values, q):
    return sorted(values)[max(0, math.ceil(q * len(values)) - 1)]


def ks_distance(values, cdf):
    """The Kolmogorov-Smirnov distance between a sample and a distribution."""
    ordered, n = sorted(values), len(values)
    return max(max((i + 1) / n - cdf(x), cdf(x) - i / n) for i, x in enumerate(ordered))


def ks_p_value(distance, n):
    """Kolmogorov's limit distribution, with Stephens' correction for finite n (1970)."""
    t = distance * (math.sqrt(n) + 0.12 + 0.11 / math.sqrt(n))
    return 1.0 if t < 0.2 else min(1.0, 2 * sum((-1) ** (k - 1) * math.exp(-2 * k * k * t * t) for k in range(1, 101)))


def varint(data, at):
    """The base-128 number at `at`, and where it ends."""
    value = shift = 0
    while True:
        byte, at = data[at], at + 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def _unpack(blob):
    """{bucket: count} of one stored histogram, by docs/run-file.md."""
    assert blob[0] == 1, "not the packed form"
    total, at = varint(blob, 1)
    if total == 0:
        return {}
    for _ in range(3):
        _, at = varint(blob, at)
    bucket, at = varint(blob, at)
    k = blob[at]
    bits = "".join(f"{byte:08b}" for byte in blob[at + 1:])
    counts, place = {}, 0
    while total > 0:
        ones = bits.index("0", place) - place
        place += ones + 1
        bucket += (ones << k) + (int(bits[place:place + k], 2) if k else 0)
        place += k
        zeros = bits.index("1", place) - place
        counts[bucket] = int(bits[place + zeros:place + 2 * zeros + 1], 2)
        place += 2 * zeros + 1
        total -= counts[bucket]
        bucket += 1
    return counts


def _middle(bucket):
    octave, part = divmod(bucket, 128)
    if octave == 0:
        return (part * 8 + 4) * 1e-9
    return (1 << (octave + 9)) * (1 + (part + 0.5) / 128) * 1e-9


def stored_histogram(run_dir, name):
    """[(seconds, count)] in ascending order of `response`, `service` or `send_lag`, over the whole run."""
    counts = {}
    for (blob,) in query(run_dir, f"select {name} from endpoint_tick"):
        for bucket, count in _unpack(blob).items():
            counts[bucket] = counts.get(bucket, 0) + count
    return [(_middle(bucket), count) for bucket, count in sorted(counts.items())]


def count_above(histogram, bound_s):
    return sum(count for middle, count in histogram if middle > bound_s)


def quantile(histogram, q):
    rank, seen = math.ceil(q * sum(count for _, count in histogram)), 0
    for middle, count in histogram:
        seen += count
        if seen >= rank:
            return middle
    raise AssertionError("an empty histogram")
