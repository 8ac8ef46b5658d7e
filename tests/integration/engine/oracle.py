"""A server for the engine's tests: redirects, cookies, uploads. Logs what it got, a line a request."""

import hashlib
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT, LOG = int(sys.argv[1]), sys.argv[2]
LOCK = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def body(self) -> tuple[int, str]:
        digest, size = hashlib.sha256(), 0
        left = int(self.headers.get("Content-Length", 0))
        while left > 0 and (part := self.rfile.read(min(left, 1 << 20))):
            digest.update(part)
            size += len(part)
            left -= len(part)
        return size, digest.hexdigest()

    def note(self, size: int, digest: str) -> None:
        get = lambda name: (self.headers.get(name) or "-").replace(" ", "_")
        with LOCK, open(LOG, "a", encoding="utf-8") as log:
            log.write(f"{self.command} {self.path} bytes={size} sha256={digest} host={get('Host')} "
                      f"cookie={get('Cookie')} auth={get('Authorization')} type={get('Content-Type')} "
                      f"length={get('Content-Length')} proxy={get('Proxy-Authorization')} "
                      f"key={get('X-Api-Key')} token={get('X-Auth-Token')} sig={get('X-Sig')} "
                      f"accept={get('Accept')}\n")

    def answer(self, status: int, headers: list[tuple[str, str]], body: bytes = b"ok") -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def respond(self) -> None:
        self.note(*self.body())
        path, _, query = self.path.partition("?")
        parts = path.strip("/").split("/")
        if parts[0] == "hop":  # /hop/3: three more redirects, the last to /done
            left = int(parts[1])
            self.answer(302, [("Location", f"../hop/{left - 1}" if left > 1 else "/done")])
        elif parts[0] == "loop":
            self.answer(302, [("Location", "/loop")])
        elif parts[0] == "status":  # /status/307?TARGET
            self.answer(int(parts[1]), [("Location", query)])
        elif parts[0] == "set":  # /set?a=1;+Path=/x
            self.answer(200, [("Set-Cookie", each.replace("+", " ")) for each in query.split("&")])
        else:
            self.answer(200, [])

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = respond

    def log_message(self, *_: object) -> None:
        pass


ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
