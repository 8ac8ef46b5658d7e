"""plimsoll run against nginx, Apache, HAProxy, node, gunicorn and uvicorn: every answer of a matrix of bodies, codings,
redirects, statuses, TLS versions and closings has the right outcome. What is expected follows from the servers'
configuration (real_servers.py), and the requests are counted again in their own logs."""
import json
import tempfile
import unittest
from pathlib import Path

from harness import query, run_plimsoll, summary, wait_for
from real_servers import (TEXT, Apache, Gunicorn, Haproxy, Nginx, Node, Uvicorn, make_certificates)

USERS, ITERATIONS = 2, 3
GZIP, BR, DEFLATE = ({"Accept-Encoding": coding} for coding in ("gzip", "br", "deflate"))
SLOW = ("3500ms", 2)  # for servers whose idle time-out is a second
READ = {"contains": TEXT[-600:]}  # only a check that reads the body has it decoded


def page(path, outcome="ok", method="get", **step):
    return {"step": {method: path, **step}, "outcome": outcome}


def coded(coding, headers):
    """Compressed, once read by a check and once not; both smaller on the wire than the text."""
    sure = {"headers": {"Content-Encoding": coding}, "size": {"at_least": 10, "at_most": len(TEXT) // 10}}
    return {f"{coding} read": page("/text", headers=headers, expect={**sure, "body": READ}),
            f"{coding} unread": page("/text", headers=headers, expect=sure)}


BODIES = {
    "empty": page("/empty", expect={"size": 0, "headers": {"Content-Length": "0"}}),
    "small": page("/small", expect={"body": {"equals": "hello\n"}}),
    "big": page("/big", expect={"size": 1048576}),
    "big read": page("/big", expect={"body": {"matches": "^b+$"}}),
    "chunked": page("/chunked", expect={"body": {"equals": "hello world\n"},
                                        "headers": {"Transfer-Encoding": "chunked"}}),
    "head": page("/big", method="head", expect={"size": 0, "headers": {"Content-Length": "1048576"}}),
    "204": page("/204", expect={"status": 204, "size": 0}),
    "304": page("/304", headers={"If-None-Match": "*"}, expect={"status": 304, "size": 0}),
    "echo": page("/echo", method="post", body="goodbye", expect={"body": {"equals": "goodbye"}}),
    "continue": page("/echo", method="post", body="goodbye", headers={"Expect": "100-continue"},
                     expect={"body": {"equals": "goodbye"}}),
    "identity": page("/text", expect={"size": len(TEXT), "body": READ, "headers": {"Content-Encoding": {"exists": False}}}),
    **coded("gzip", GZIP),
}
UNTIL_CLOSE = {"until close": page("/until-close", expect={
    "size": {"at_least": 12, "at_most": 13},
    "headers": {"Content-Length": {"exists": False}, "Transfer-Encoding": {"exists": False}}})}
REDIRECTS = {
    **{f"{form}{status} get": page(f"/{form}{status}", expect={"body": {"equals": "hello\n"}})
       for form in "ra" for status in (301, 302, 303)},
    **{f"{form}{status} post": page(f"/{form}{status}", method="post", body="goodbye",
                                    expect={"body": {"equals": "hello\n" if status < 307 else "goodbye"}})
       for form in "ra" for status in (301, 302, 303, 307, 308)},
    "not followed": page("/r302", redirects=0, expect={"size": {"at_least": 0}}),
    "loop": page("/loop", "protocol"),
}
STATUSES = {f"s{status}": page(f"/s{status}", outcome) for status, outcome in
            ((404, "http_4xx"), (429, "rate_limited"), (500, "http_5xx"), (503, "http_5xx"))}
STATUSES["missing"] = page("/missing", "http_4xx")
STATUSES["404 wanted"] = page("/s404", expect={"status": 404})
COMMON = {**BODIES, **REDIRECTS, **STATUSES}


def hops(name, of):
    """Redirects followed in one request of this name."""
    if name == "loop":
        return 10
    return 1 if name in REDIRECTS and name != "not followed" else 0


class RealServers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.dir = Path(folder.name)
        make_certificates(cls.dir)

    def run_scenario(self, name, users, load, **more):
        """Runs it to its end; the run's folder and summary."""
        path, out = self.dir / f"{name}.yaml", self.dir / f"{name}-run"
        path.write_text(json.dumps({"users": users, "load": load, "http": {"tls": {"ca": "ca.pem"}, "cookies": "off"}, **more}))
        run_plimsoll("run", path, "--run-dir", out, "--linger", "0s", "--no-calibration", "--quiet", check=0)
        return out, summary(out)

    def check_matrix(self, server, pages, ports=()):
        """Every page, and /small over each port of `ports` (name: outcome), as often as users and iterations say."""
        name = type(server).__name__.lower()
        pages = {**pages, **{port: page(server.url(port, "/small"), outcome, **({} if outcome == "tls" else
                             {"expect": {"body": {"equals": "hello\n"}}})) for port, outcome in dict(ports).items()}}
        flow = [{**row["step"], "name": title, "timeout": "20s"} for title, row in pages.items()]
        out, result = self.run_scenario(
            name, {"user": {"flow": flow}},
            [{"executor": "per-vu-iterations", "vus": USERS, "iterations": ITERATIONS}], target=server.url("plain"))
        each = USERS * ITERATIONS
        errors = query(out, "select name, outcome, status, text from error join endpoint on endpoint.id = endpoint")
        got = {e["name"]: {outcome: count for outcome, count in e["outcomes"].items() if count} for e in result["endpoints"]}
        self.assertEqual(got, {title: {row["outcome"]: each} for title, row in pages.items()}, errors)
        followed = sum(hops(title, row) for title, row in pages.items()) * each
        self.assertEqual(result["totals"]["redirects"], followed)
        # No request was sent twice, none is missing: the server says the same.
        unanswered = sum(row["outcome"] == "tls" for row in pages.values())
        expected = (len(pages) - unanswered) * each + followed
        wait_for(lambda: len(server.log()) >= expected, f"{expected} requests in the log of {name}", 10)
        self.assertEqual(len(server.log()), expected)
        return errors

    def check_closings(self, server, idle=("500ms", 3), limited=True, closing=None):
        """A server that closes is no error: connections and reconnects as its configuration says. `idle`: how long a user
        thinks, and how often it asks."""
        name = type(server).__name__.lower() + "-closings"
        classes = {"closing": ([{"get": closing or server.url("plain", "/close"), "name": "close"}], 4),
                   "idle": ([{"get": server.url("idle" if "idle" in server.port else "plain", "/small"), "name": "idle",
                              "think": idle[0]}], idle[1])}
        connects = 4 + idle[1]
        if limited:
            classes["limited"] = ([{"get": server.url("limited", "/small"), "name": "limited"}], 20)
            connects += 20 // 5
        out, result = self.run_scenario(
            name, {title: {"flow": flow} for title, (flow, _) in classes.items()},
            [{"executor": "per-vu-iterations", "name": title, "vus": 1, "iterations": times, "users": [title]}
             for title, (_, times) in classes.items()], target=server.url("plain"))
        self.assertEqual({e["name"]: e["outcomes"].get("ok") for e in result["endpoints"]},
                         {flow[0]["name"]: times for flow, times in classes.values()})
        self.assertEqual(result["totals"]["failed"], 0)
        ok, failed, reconnects = query(out, "select sum(connects_ok), sum(connects_failed), sum(reconnects) from tick")[0]
        self.assertEqual((ok, failed), (connects, 0))
        # It closed whenever the user thought. What it announces is not counted.
        self.assertEqual(reconnects, idle[1] - 1)

    def test_nginx(self):
        with Nginx(self.dir) as server:
            self.check_matrix(server, {**COMMON, **UNTIL_CLOSE},
                              {"tls12": "ok", "tls13": "ok", "tls11": "tls", "wrong": "tls"})
            self.check_closings(server)

    def test_apache(self):
        with Apache(self.dir) as server:
            self.check_matrix(server, {**COMMON, **UNTIL_CLOSE, **coded("br", BR)},
                              {"tls12": "ok", "tls13": "ok", "tls11": "tls", "wrong": "tls"})
            self.check_closings(server)

    def test_haproxy(self):
        with Haproxy(self.dir) as server:
            self.check_matrix(server, {**COMMON, **UNTIL_CLOSE, "504": page("/s504", "http_5xx")},
                              {"tls12": "ok", "tls13": "ok", "tls11": "tls", "wrong": "tls"})
            self.check_closings(server, limited=False, closing=server.url("closing", "/small"))

    def test_node(self):
        with Node(self.dir) as server:
            errors = self.check_matrix(
                server, {**COMMON, **UNTIL_CLOSE, **coded("br", BR), **coded("deflate", DEFLATE),
                         "trailer": page("/trailer", expect={"body": {"equals": "hello\n"}}),
                         "early hints": page("/early", expect={"body": {"equals": "hello\n"}}),
                         "half": page("/half", "closed_early"), "none": page("/none", "connect_reset", method="post")},
                {"tls12": "ok", "tls13": "ok"})
            self.assertIn(("half", "closed_early", 200, "connection closed inside the response"), errors)
            self.check_closings(server, idle=SLOW)

    def test_gunicorn(self):
        with Gunicorn(self.dir) as server:
            self.check_matrix(server, COMMON, {"tls": "ok"})
            self.check_closings(server, idle=SLOW, limited=False, closing=server.url("closing", "/small"))

    def test_uvicorn(self):
        with Uvicorn(self.dir) as server:
            self.check_matrix(server, COMMON, {"tls": "ok"})
            self.check_closings(server, idle=SLOW, limited=False)


if __name__ == "__main__":
    unittest.main()
