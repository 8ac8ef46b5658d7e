"""The pages of test_real_servers.py for gunicorn."""
import gzip

BIG = b"b" * 1048576
TEXT = b"so it goes, " * 2000
STATUS = {204: "No Content", 304: "Not Modified", 404: "Not Found", 429: "Too Many Requests",
          500: "Internal Server Error", 503: "Service Unavailable"}


def page(environ):
    """(status, body, headers, whether the body's length is said)"""
    path = environ["PATH_INFO"]
    if path == "/text" and "gzip" in environ.get("HTTP_ACCEPT_ENCODING", ""):
        return 200, gzip.compress(TEXT), [("Content-Encoding", "gzip")], True
    if path == "/echo":
        return 200, environ["wsgi.input"].read(), [], True
    if path == "/loop":
        return 302, b"", [("Location", "/loop")], True
    if path[:2] in ("/r", "/a") and path[2:].isdigit():
        target = "/small" if int(path[2:]) < 307 else "/echo"
        origin = f"http://{environ['HTTP_HOST']}" if path[1] == "a" else "."
        return int(path[2:]), b"", [("Location", origin + target)], True
    if path[:2] == "/s" and path[2:].isdigit():
        return int(path[2:]), b"no", [], True
    if path in ("/204", "/304"):
        return int(path[1:]), b"", [], False
    if path == "/close":
        return 200, b"hello\n", [("Connection", "close")], True
    body = {"/empty": b"", "/small": b"hello\n", "/big": BIG, "/text": TEXT, "/chunked": b"hello world\n"}.get(path)
    return (404, b"no such thing", [], True) if body is None else (200, body, [], path != "/chunked")


def app(environ, start_response):
    status, body, headers, with_length = page(environ)
    if with_length:
        headers.append(("Content-Length", str(len(body))))
    start_response(f"{status} {STATUS.get(status, 'OK')}", headers)
    if environ["REQUEST_METHOD"] == "HEAD":
        return []
    return [body[:5], body[5:]] if not with_length and body else [body]
