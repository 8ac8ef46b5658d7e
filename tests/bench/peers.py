"""The other load generators of the bench: how each is asked for keep-alive GETs over N connections on one
thread, and where it says how many it completed. A run in which one saw an error counts for nothing."""

import json
import os
import re
import shutil
from pathlib import Path
from typing import Callable, NamedTuple


class PeerError(Exception):
    pass


class Peer(NamedTuple):
    program: str
    command: Callable[[str, str, int, int, Path], list[str]]  # program, url, connections, seconds, scratch folder
    requests: Callable[[str, Path], int]  # what it printed, scratch folder
    environment: dict[str, str] = {}


def number(pattern: str, text: str, what: str) -> int:
    match = re.search(pattern, text, re.M)
    if not match:
        raise PeerError(f"no {what} in the client's output:\n{text[-2000:]}")
    return int(match.group(1))


def wrk_requests(text: str, _: Path) -> int:
    if re.search(r"Socket errors|Non-2xx", text):
        raise PeerError(f"wrk saw errors:\n{text}")
    return number(r"^\s*(\d+) requests in ", text, "request count")


def h2load_requests(text: str, _: Path) -> int:
    if number(r"(\d+) failed", text, "count of failures") != 0:
        raise PeerError(f"h2load saw errors:\n{text}")
    return number(r"\d+ done, (\d+) succeeded", text, "request count")


def hey_requests(text: str, _: Path) -> int:
    statuses = re.findall(r"^\s*\[(\d+)\]\s+(\d+) responses", text, re.M)
    if not statuses or any(status != "200" for status, _count in statuses) or "Error distribution" in text:
        raise PeerError(f"hey saw errors:\n{text[-2000:]}")
    return sum(int(count) for _, count in statuses)


def ab_requests(text: str, _: Path) -> int:
    if number(r"^Failed requests:\s+(\d+)", text, "count of failures") != 0 or "Non-2xx" in text:
        raise PeerError(f"ab saw errors:\n{text[-2000:]}")
    return number(r"^Complete requests:\s+(\d+)", text, "request count")


LOCUST_FILE = """
from locust import FastHttpUser, HttpUser, constant, task


class Visitor({user}):
    wait_time = constant(0)

    @task
    def index(self):
        self.client.get("/")
"""


def locust(user: str) -> Peer:
    def command(program: str, url: str, connections: int, seconds: int, folder: Path) -> list[str]:
        script = folder / "locustfile.py"
        script.write_text(LOCUST_FILE.format(user=user), encoding="ascii")
        return [program, "-f", str(script), "--headless", "-u", str(connections), "-r", str(connections), "-t",
                f"{seconds}s", "-H", url.rstrip("/"), "--only-summary", "--csv", str(folder / "locust")]

    def requests(_: str, folder: Path) -> int:
        rows = (folder / "locust_stats.csv").read_text(encoding="utf-8").splitlines()
        total = rows[-1].split(",")
        if total[1] != "Aggregated" or int(total[3]) != 0:
            raise PeerError(f"Locust saw errors: {rows[-1]}")
        return int(total[2])

    return Peer("locust", command, requests)


K6_SCRIPT = """
import http from 'k6/http';
export const options = {{vus: {connections}, duration: '{seconds}s', discardResponseBodies: true}};
export default function () {{ http.get('{url}'); }}
"""


def k6_command(program: str, url: str, connections: int, seconds: int, folder: Path) -> list[str]:
    script = folder / "script.js"
    script.write_text(K6_SCRIPT.format(url=url, connections=connections, seconds=seconds), encoding="ascii")
    return [program, "run", "--quiet", "--no-usage-report", "--summary-export", str(folder / "k6.json"), str(script)]


def k6_requests(_: str, folder: Path) -> int:
    metrics = json.loads((folder / "k6.json").read_text(encoding="utf-8"))["metrics"]
    if metrics["http_req_failed"]["value"] != 0:
        raise PeerError("k6 saw errors")
    return int(metrics["http_reqs"]["count"])


def vegeta_command(program: str, url: str, connections: int, seconds: int, folder: Path) -> list[str]:
    targets = folder / "targets"
    targets.write_text(f"GET {url}\n", encoding="ascii")
    return [program, "attack", f"-targets={targets}", "-rate=0", f"-max-workers={connections}",
            f"-workers={connections}", f"-duration={seconds}s", f"-output={folder / 'vegeta.bin'}"]


def vegeta_requests(_: str, folder: Path) -> int:
    import subprocess  # its report is a second command, which is not part of the measured one
    text = subprocess.run([find("vegeta") or "vegeta", "report", "-type=json", str(folder / "vegeta.bin")],
                          capture_output=True, text=True, check=True).stdout
    report = json.loads(text)
    if report["success"] != 1:
        raise PeerError(f"vegeta saw errors: {text}")
    return int(report["requests"])


def oha_requests(text: str, _: Path) -> int:
    report = json.loads(text[text.index("{"):])
    statuses = report["statusCodeDistribution"]
    if set(statuses) != {"200"}:
        raise PeerError(f"oha saw errors: {statuses}")
    return int(statuses["200"])


ONE_GO_THREAD = {"GOMAXPROCS": "1"}
PEERS = {
    "wrk": Peer("wrk", lambda p, url, c, s, _: [p, "-t1", f"-c{c}", f"-d{s}s", url], wrk_requests),
    "h2load": Peer("h2load", lambda p, url, c, s, _: [p, "--h1", "-t1", f"-c{c}", "-D", str(s), url], h2load_requests),
    "ab": Peer("ab", lambda p, url, c, s, _: [p, "-q", "-k", "-c", str(c), "-t", str(s), "-n", str(200_000 * s), url],
               ab_requests),
    "oha": Peer("oha", lambda p, url, c, s, _: [p, "--no-tui", "--output-format", "json", "-c", str(c), "-z", f"{s}s",
                                                "-w", url], oha_requests),
    "hey": Peer("hey", lambda p, url, c, s, _: [p, "-cpus", "1", "-c", str(c), "-z", f"{s}s", url], hey_requests,
                ONE_GO_THREAD),
    "vegeta": Peer("vegeta", vegeta_command, vegeta_requests, ONE_GO_THREAD),
    "k6": Peer("k6", k6_command, k6_requests, ONE_GO_THREAD),
    "locust-fast": locust("FastHttpUser"),
    "locust": locust("HttpUser"),
}


def find(program: str) -> str | None:
    """On PATH, or where Go and Rust put what they install."""
    return shutil.which(program, path=os.pathsep.join(
        [os.environ.get("PATH", ""), str(Path.home() / "go/bin"), str(Path.home() / ".cargo/bin")]))
