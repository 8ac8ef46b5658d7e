#!/usr/bin/env python3
"""What gathering and merging cost.

    gather_cost.py live  [--segments 50] [--seconds 20] [--endpoints 50] [--rate 200]
    gather_cost.py merge [--segments 64] [--seconds 3600] [--endpoints 50] [--rate 200]

`live`: what one real segment says to its gather is recorded, and told to a real gather by as many simulated segments, once a
second each; prints the gather's CPU time as a share of one core. `merge`: the recorded run file, prolonged and copied, is
merged; prints wall time, CPU time and peak memory. PLIMSOLL names the program. It is no test: on a busy machine the wall time
says nothing, the CPU time and the memory do.
"""
import argparse
import http.client
import http.server
import json
import os
import re
import shutil
import socketserver
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

PLIMSOLL = os.environ.get("PLIMSOLL", str(Path(__file__).resolve().parents[2] / "build/release/plimsoll"))


class Target(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


class Ear(http.server.BaseHTTPRequestHandler):
    """A gather that only listens: it keeps what a segment says."""
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self, body, kind="application/json"):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def do_GET(self):
        self.answer(str(time.time_ns()), "text/plain")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        heard, query = self.server.heard, parse_qs(urlsplit(self.path).query)
        if self.path == "/v1/hello":
            heard["hello"] = json.loads(body)
            self.answer(json.dumps({"have": -2, "start_ns": time.time_ns() + 1_000_000_000}))
            return
        kind = query["kind"][0]
        if kind == "begin":
            heard["begin"] = body
        elif kind == "end":
            heard["end"] = body
        elif body:
            heard["ticks"].append(body)
        self.answer(json.dumps({"have": len(heard["ticks"]) - 1 if "begin" in heard else -2}))

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 256


def serve(handler):
    server = Server(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_address[1]}"


def write_scenario(folder, target, segments, seconds, endpoints, rate):
    steps = ", ".join(f"{{get: /{i}, name: /{i}}}" for i in range(endpoints))
    path = folder / "s.yaml"
    # Each iteration goes through all endpoints, so that all of them are busy in every second.
    per_iteration = max(1, rate * segments // endpoints)
    path.write_text(f"target: {target}\nusers: {{u: {{flow: [{steps}]}}}}\n"
                    f"load: [{{executor: constant-arrival-rate, rate: {per_iteration}/s, duration: {seconds}s, max_vus: {100 * segments}}}]\n")
    return path


def record(folder, args, seconds):
    """One real segment's words and its run folder."""
    _, target = serve(Target)
    ear, url = serve(Ear)
    ear.heard = {"ticks": []}
    scenario = write_scenario(folder, target, args.segments, seconds, args.endpoints, args.rate)
    done = subprocess.run([PLIMSOLL, "run", scenario, "--segment", f"1/{args.segments}", "--gather", url, "--run-dir", folder / "one",
                           "--no-calibration", "-q"], capture_output=True, text=True, timeout=seconds + 120)
    if "end" not in ear.heard:
        sys.exit(f"the segment did not run: {done.stdout}{done.stderr}")
    return scenario, ear.heard


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def as_segment(rows, number, run):
    """The same rows, of another segment of the load: its number and its run's id."""
    rows = rows.replace(b"\x03\x07segment\x01\x02", b"\x03\x07segment\x01" + varint(2 * number), 1)
    text = re.search(rb"\x03\x02id\x03(.)", rows)
    return rows[:text.end()] + run.encode() + rows[text.end() + text[1][0]:]


class Segment(threading.Thread):
    def __init__(self, address, heard, number):
        super().__init__(daemon=True)
        self.run_id = f"{heard['hello']['run'][:-4]}{number:04d}"
        self.hello = {**heard["hello"], "segment": number, "run": self.run_id}
        self.begin, self.end = as_segment(heard["begin"], number, self.run_id), as_segment(heard["end"], number, self.run_id)
        self.ticks, self.number = heard["ticks"], number
        self.link = http.client.HTTPConnection(address, timeout=60)
        self.failed = None

    def post(self, path, body):
        self.link.request("POST", path, body)
        answer = self.link.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status} {text.decode()}")
        return json.loads(text)

    def rows(self, kind, body, more=""):
        return self.post(f"/v1/rows?segment={self.number}&run={self.run_id}&kind={kind}{more}", body)

    def run(self):
        try:
            start = None
            while start is None:
                start = self.post("/v1/hello", json.dumps(self.hello)).get("start_ns")
                time.sleep(0.25)
            while time.time_ns() < start:
                time.sleep(0.01)
            self.rows("begin", self.begin)
            for tick, body in enumerate(self.ticks):
                due = start / 1e9 + tick + 1.03 + self.number % 10 / 200
                time.sleep(max(0.0, due - time.time()))
                self.rows("ticks", body, f"&over={tick}" if tick + 1 == len(self.ticks) else "")
            self.rows("end", self.end, "&early=")
        except Exception as error:  # told by the main thread
            self.failed = error


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def live(folder, args):
    scenario, heard = record(folder, args, args.seconds)
    gather = subprocess.Popen([PLIMSOLL, "gather", scenario, "--listen", "127.0.0.1:0", "--segments", str(args.segments), "--run-dir",
                               folder / "whole", "--headless"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    address = re.search(r"http://(\S+)", gather.stdout.readline())[1]
    said = []
    threading.Thread(target=lambda: said.extend(gather.stdout), daemon=True).start()
    segments = [Segment(address, heard, number) for number in range(1, args.segments + 1)]
    for segment in segments:
        segment.start()
    db = f"file:{folder}/whole/run.db?mode=ro"

    def merged():
        try:
            return sqlite3.connect(db, uri=True).execute("select count(*) from tick").fetchone()[0]
        except sqlite3.OperationalError:
            return 0
    while merged() < 3 and gather.poll() is None:
        time.sleep(0.05)
    begun, cpu, tick = time.monotonic(), cpu_seconds(gather.pid), merged()
    while merged() < len(heard["ticks"]) - 2 and gather.poll() is None:
        time.sleep(0.2)
    took, used, ticks = time.monotonic() - begun, cpu_seconds(gather.pid) - cpu, merged() - tick
    gather.wait(120)
    failed = [s.failed for s in segments if s.failed]
    facts = dict(sqlite3.connect(db, uri=True).execute("select key, value from fact").fetchall())
    if failed or gather.returncode not in (0, 111) or facts["merge.missing"] or facts["merge.cut_off"]:
        sys.exit(f"the gather ended with {gather.returncode}: {failed[:3]}\n{''.join(said)[-2000:]}")
    print(f"{args.segments} segments, {args.endpoints} endpoints, {sum(map(len, heard['ticks'])) / len(heard['ticks']):.0f} bytes a segment and second: "
          f"{100 * used / took:.1f} % of a core over {took:.1f} s ({ticks} ticks; late: {facts['gather.late_ticks']})")


def prolong(path, seconds):
    """The recorded ticks again and again, until the run has so many."""
    db = sqlite3.connect(path)
    ticks, tick_ns = db.execute("select count(*) from tick").fetchone()[0], 10**9
    for table, shift in (("tick", {"tick": 1, "from_ns": tick_ns, "to_ns": tick_ns}), ("answer_tick", {"tick": 1, "last_ns": tick_ns}),
                         *((name, {"tick": 1}) for name in ("phase_tick", "shard_tick", "executor_tick", "endpoint_tick", "censored_tick", "count_tick",
                                                            "group_tick", "censored_group_tick", "check_tick", "cut_check_tick"))):
        columns = [row[1] for row in db.execute(f"pragma table_info({table})")]
        terms = ", ".join(f"{c} + {shift[c]} * :by" if c in shift else c for c in columns)
        for by in range(ticks, seconds, ticks):
            db.execute(f"insert into {table} select {terms} from {table} where tick < :n and tick + :by < :to", {"by": by, "n": ticks, "to": seconds})
    db.commit()
    db.execute("vacuum")
    db.close()


def merge(folder, args):
    record(folder, args, min(args.seconds, 20))
    first = folder / "1.db"
    shutil.copy(folder / "one" / "run.db", first)
    # Its last tick is cut short, and so no tick to go on from.
    db = sqlite3.connect(first)
    for table in ("tick", "phase_tick", "shard_tick", "executor_tick", "endpoint_tick", "censored_tick", "count_tick", "answer_tick"):
        db.execute(f"delete from {table} where tick >= {min(args.seconds, 20)}")
    db.commit()
    db.close()
    prolong(first, args.seconds)
    paths = [first]
    for number in range(2, args.segments + 1):
        paths.append(folder / f"{number}.db")
        shutil.copy(first, paths[-1])
        db = sqlite3.connect(paths[-1])
        db.execute("update run set value = ? where key = 'segment'", (number,))
        db.commit()
        db.close()
    size = sum(path.stat().st_size for path in paths) / 2**20
    begun = time.monotonic()
    child = subprocess.Popen([PLIMSOLL, "merge", *paths, "--run-dir", folder / "merged"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    took = time.monotonic() - begun
    if os.waitstatus_to_exitcode(status) not in (0, 99, 111):
        sys.exit(said)
    rows = sqlite3.connect(folder / "merged" / "run.db").execute("select count(*), sum(requests) from endpoint_tick").fetchone()
    print(f"{args.segments} segments of {args.seconds} s, {args.endpoints} endpoints, {size:.0f} MiB: {took:.1f} s, {usage.ru_utime + usage.ru_stime:.1f} s of CPU, "
          f"{usage.ru_maxrss / 1024:.0f} MiB at most; {rows[0]} rows, {rows[1]} requests")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("live", "merge"))
    parser.add_argument("--segments", type=int)
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--endpoints", type=int, default=50)
    parser.add_argument("--rate", type=int, default=200, help="requests per second of each segment")
    args = parser.parse_args()
    args.segments = args.segments or (50 if args.what == "live" else 64)
    args.seconds = args.seconds or (20 if args.what == "live" else 3600)
    with tempfile.TemporaryDirectory() as folder:
        {"live": live, "merge": merge}[args.what](Path(folder), args)


if __name__ == "__main__":
    main()
