#!/usr/bin/env python3
"""A script run by its own tool, and imported and run by Plimsoll: both must send the same requests.

    PLIMSOLL=... oracle.py locust FILE
    PLIMSOLL=... oracle.py K6_PROGRAM FILE

One user goes through the script; compared are method, path, query and body (JSON as JSON) of every request up to
/end, and the headers that the script sets (X-...).
"""
import json
import os
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

PLIMSOLL = os.environ["PLIMSOLL"]


class Recorder(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        kind = (self.headers.get("Content-Type") or "").split(";")[0]
        if body and "json" in kind:
            shown = json.dumps(json.loads(body), sort_keys=True)
        elif body and "form" in kind:
            shown = repr(sorted(parse_qsl(body.decode(), keep_blank_values=True)))
        else:
            shown = body.decode()
        own = sorted((name.lower(), value) for name, value in self.headers.items() if name.lower().startswith("x-"))
        request = (self.command, url.path, repr(sorted(parse_qsl(url.query, keep_blank_values=True))), shown, repr(own))
        text = json.dumps({"token": "t-1", "order": {"id": 42}, "kind": "big", "items": [{"id": 7}]}).encode()
        with self.server.lock:
            if not self.server.ended.is_set():
                self.server.seen.append(request)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)
        if url.path == "/end":
            self.server.ended.set()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = answer

    def log_message(self, *_: object) -> None:
        pass


def record(command: list, env: dict) -> list:
    """What `command` sends up to /end; {target} in it is the server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    server.seen, server.lock, server.ended = [], threading.Lock(), threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    target = f"http://127.0.0.1:{server.server_address[1]}"
    with tempfile.TemporaryFile() as log:
        child = subprocess.Popen([str(part).replace("{target}", target) for part in command], stdout=log, stderr=log,
                                 stdin=subprocess.DEVNULL, env={**os.environ, **{k: v.replace("{target}", target) for k, v in env.items()}})
        if not server.ended.wait(100):
            child.kill()
            child.wait()
            log.seek(0)
            raise AssertionError(f"{command[0]} never got to /end: {server.seen}\n{log.read().decode()}")
        child.terminate()
        child.wait(60)
    server.shutdown()
    server.server_close()
    return sorted(server.seen)


def main() -> None:
    tool, file = sys.argv[1], Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        locust = tool == "locust"
        scenario = Path(folder) / "scenario.yaml"
        done = subprocess.run([PLIMSOLL, "import", "locust" if locust else "k6", file, "-o", scenario], capture_output=True,
                              text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        assert ": left out:" not in done.stderr, done.stderr
        if locust:
            theirs = record(["locust", "-f", file, "--headless", "-u", "1", "-r", "1", "--host", "{target}",
                             "--only-summary"], {})
        else:
            theirs = record([tool, "run", "-q", file], {"TARGET": "{target}"})
        ours = record([PLIMSOLL, "run", scenario, "-u", "1", "-i", "1", "--run-dir", Path(folder) / "run", "--headless"],
                      {"LOCUST_HOST": "{target}", "TARGET": "{target}"})
    lost = [request for request in theirs if request not in ours]
    added = [request for request in ours if request not in theirs]
    assert theirs == ours, f"not sent: {lost}\nsent, but not by the script: {added}\n{done.stdout}"
    print(f"{len(ours)} of {len(theirs)} requests are the same")


main()
