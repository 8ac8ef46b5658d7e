#!/usr/bin/env python3
"""Recordings and collections against a server that keeps what it is asked: requests are those of the source.

    PLIMSOLL=... recorded_test.py
"""

import base64
import json
import os
import re
import subprocess
import tempfile
import unittest
from email import message_from_bytes
from pathlib import Path

from recorder import Recorder, Seen

PLIMSOLL = os.environ["PLIMSOLL"]


def entry(url: str, method: str = "GET", status: int = 200, second: int = 0, to: str = "", kind: str = "application/json",
          body: dict | None = None, headers: list[tuple[str, str]] = (), answer: dict | None = None) -> dict:
    request = {"method": method, "url": url, "headers": [{"name": name, "value": value} for name, value in headers]}
    if body is not None:
        request["postData"] = body
    return {"startedDateTime": f"2024-05-01T12:00:{second:02}.000Z", "time": 10, "request": request,
            "response": {"status": status, "redirectURL": to, "headers": [], "cookies": [],
                         "content": {"mimeType": kind, **(answer or {"text": "{}"})}}}


def parts(seen: Seen) -> list[tuple[str, str, bytes]]:
    """(name, file name, content) of a multipart body, by Python's own parser."""
    head = b"Content-Type: " + dict(seen.headers)["content-type"].encode() + b"\r\n\r\n"
    return [(part.get_param("name", header="content-disposition"), part.get_filename() or "", part.get_payload(decode=True))
            for part in message_from_bytes(head + seen.body).get_payload()]


class Recorded(unittest.TestCase):
    def setUp(self) -> None:
        self.recorder = Recorder()
        self.addCleanup(self.recorder.end)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.origin = f"http://127.0.0.1:{self.recorder.port}"

    def sent(self, kind: str, content: dict, *flags: str, env: dict[str, str] | None = None) -> tuple[list[Seen], str]:
        file = self.folder / "in.json"
        file.write_text(json.dumps(content), encoding="utf-8")
        out = self.folder / "out.yaml"
        done = subprocess.run([PLIMSOLL, "import", kind, file, "--output", out, "--force", *flags], capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        known = {name: "x" for name in re.findall(r"  set (\w+) ", done.stderr)} | (env or {})
        clean = {key: value for key, value in os.environ.items() if key != "TARGET"}
        checked = subprocess.run([PLIMSOLL, "validate", out, "--check-target"], capture_output=True, text=True, check=False, timeout=60, env={**clean, **known})
        text = done.stderr + out.read_text(encoding="utf-8")
        self.assertNotEqual(checked.returncode, 104, checked.stderr + text)
        return self.recorder.take(), text

    @staticmethod
    def asked(seen: list[Seen]) -> list[tuple[str, str, bytes]]:
        return [(one.method, one.target, one.body) for one in seen]

    def har(self, *entries: dict) -> dict:
        return {"log": {"version": "1.2", "entries": list(entries)}}

    def test_a_first_page_that_only_redirects_does_not_choose_the_target(self) -> None:
        other = f"http://localhost:{self.recorder.port}"
        seen, said = self.sent("har", self.har(
            entry(other + "/", status=301, to=self.origin + "/", kind="text/html"),
            entry(self.origin + "/", status=302, to="/home", second=1, kind="text/html"),
            entry(self.origin + "/home", second=2, kind="text/html"),
            entry(self.origin + "/api?x=1", second=3),
            entry(self.origin + "/out", "POST", second=4, body={"mimeType": "application/json", "text": '{"n":1}'})))
        self.assertEqual(self.asked(seen), [("GET", "/", b""), ("GET", "/api?x=1", b""), ("POST", "/out", b'{"n":1}')], said)
        self.assertIn("left out: 1 redirect from another host", said)

    def test_a_redirect_through_another_host_is_one_step(self) -> None:
        seen, said = self.sent("har", self.har(
            entry(self.origin + "/", kind="text/html"),
            entry(self.origin + "/login", status=302, to="https://sso.example.com/a?b=1", second=1),
            entry("https://sso.example.com/a?b=1", status=303, to=self.origin + "/back", second=2),
            entry(self.origin + "/back", second=3), entry(self.origin + "/end", second=4)))
        self.assertEqual([one.target for one in seen], ["/", "/login", "/end"], said)

    def test_bodies_are_those_of_the_recording(self) -> None:
        long = '{"id":12345678901234567890123,"price":1.10,"count":2.0,"e":1E5,"t":"a\\u00e4"}'
        pretty = '{\n  "a": [1, 2.50],\n  "b": "${x}"\n}'
        raw = bytes(range(256))
        bodies = [
            {"mimeType": "application/json", "text": '{"a":"é","n":2.0}'},
            {"mimeType": "application/json;charset=UTF-8", "text": long},
            {"mimeType": "application/json", "text": pretty},
            {"mimeType": "application/x-www-form-urlencoded; charset=UTF-8", "text": "a=x+y&b=%41&a=2"},
            {"mimeType": "text/plain", "text": ""},
            {"mimeType": "application/octet-stream", "text": base64.b64encode(raw).decode(), "encoding": "base64"},
            {"mimeType": "multipart/form-data; boundary=----abc", "text": "------abc\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n------abc--\r\n"},
            {"mimeType": "application/x-www-form-urlencoded", "params": [{"name": "q", "value": "x y"}, {"name": "q", "value": "2"}]},
        ]
        seen, said = self.sent("har", self.har(*[entry(f"{self.origin}/b{n}", "POST", second=n, body=body) for n, body in enumerate(bodies)]))
        self.assertEqual([one.body for one in seen],
                         [bodies[0]["text"].encode(), long.encode(), pretty.encode(), b"a=x+y&b=%41&a=2", b"", raw, bodies[6]["text"].encode(), b"q=x%20y&q=2"], said)
        for one, body in zip(seen, bodies):
            self.assertEqual(dict(one.headers)["content-type"], body["mimeType"], said)

    def test_multipart_that_is_given_as_fields(self) -> None:
        seen, said = self.sent("har", self.har(entry(self.origin + "/up", "POST", body={
            "mimeType": "multipart/form-data; boundary=x", "params": [
                {"name": "ids", "value": "1"}, {"name": "note", "value": "é"}, {"name": "ids", "value": "2"},
                {"name": "photo", "fileName": "cat.png", "contentType": "image/png"}]})))
        self.assertEqual(parts(seen[0]), [("ids", "", b"1"), ("note", "", "é".encode()), ("ids", "", b"2"), ("photo", "cat.png", b"")], said)
        self.assertIn("1 file whose content the recording does not have; it is sent empty", said)

    def test_what_is_left_out_is_counted(self) -> None:
        _, said = self.sent("har", self.har(
            entry(self.origin + "/", kind="text/html", headers=[("Accept-Encoding", "gzip, br, zstd"), ("User-Agent", "x"), ("Sec-Fetch-Mode", "cors")]),
            entry("wss://127.0.0.1/socket"), entry("data:text/plain,x"), entry("data:text/plain,y"), entry("blob:http://x/1"),
            entry("https://cdn.example.net/a"), entry("https://cdn.example.net/b"), entry(self.origin + "/x", "PROPFIND"), entry(self.origin + "/a.png")))
        for note in ("1 WebSocket connection", "2 requests of another kind (data:)", "1 request of another kind (blob:)", "2 requests to cdn.example.net",
                     "1 request of a method that a step cannot have", "1 static file", "2 headers that the browser adds by itself"):
            self.assertIn("left out: " + note, said)
        self.assertIn("Accept-Encoding: gzip, br\n", said)

    def test_a_token_of_a_response_in_base64_is_captured(self) -> None:
        answer = base64.b64encode(b'{"token":"abcdefghijklmnop"}').decode()
        _, said = self.sent("har", self.har(
            entry(self.origin + "/login", "POST", answer={"text": answer, "encoding": "base64"}),
            entry(self.origin + "/me", second=1, headers=[("Authorization", "Bearer abcdefghijklmnop")])))
        self.assertIn("Authorization: Bearer ${token}", said)

    def collection(self, *items: dict, **more: object) -> dict:
        return {"info": {"name": "n"}, "item": list(items), **more}

    def test_variables_stand_anywhere_in_a_url(self) -> None:
        port = str(self.recorder.port)
        variables = [{"key": key, "value": value} for key, value in (
            ("base", "{{protocol}}://{{host}}:{{port}}"), ("protocol", "http"), ("host", "127.0.0.1"), ("port", port), ("api", "{{base}}/{{v}}"),
            ("v", "v1"), ("page", "2"), ("loop", "{{loop}}"))] + [{"key": "count", "value": 7}]
        urls: list[object] = [
            "{{api}}/nested", {"raw": "{{protocol}}://{{host}}:{{port}}/parts?p={{page}}"}, f"http://{{{{host}}}}:{port}/host",
            {"raw": "wrong", "protocol": "http", "host": ["127", "0", "0", "1"], "port": port, "path": ["a", {"type": "string", "value": "b"}, ""],
             "query": [{"key": "x", "value": "1"}, {"key": "off", "value": "1", "disabled": True}, {"key": "n", "value": "{{count}}"}]},
            {"raw": "ignored", "host": ["{{base}}"], "path": ["c", ":id", "d", ":idea"], "variable": [{"key": "id", "value": "{{count}}"}, {"key": "idea", "value": "9"}]},
            {"raw": "{{base}}/u/:user/p/:userId/:user?x=:user", "variable": [{"key": "user", "value": "bob"}, {"key": "userId", "value": "42"}]},
            "{{base}}/q?a=b c&d=\"e\"#frag"]
        seen, said = self.sent("postman", self.collection(*[{"name": f"r{n}", "request": {"method": "GET", "url": url}} for n, url in enumerate(urls)], variable=variables))
        self.assertEqual([one.target for one in seen], ["/v1/nested", "/parts?p=2", "/host", "/a/b/?x=1&n=7", "/c/7/d/9", "/u/bob/p/42/bob?x=:user",
                                                        "/q?a=b%20c&d=\"e\""], said)

    def test_variables_without_a_value_come_from_the_environment(self) -> None:
        port = str(self.recorder.port)
        whole, said = self.sent("postman", self.collection({"name": "a", "request": "{{baseUrl}}/a/{{id}}"}), env={"BASE_URL": self.origin, "ID": "5"})
        self.assertEqual([one.target for one in whole], ["/a/5"], said)
        in_parts, said = self.sent("postman", self.collection(
            {"name": "a", "request": {"method": "GET", "url": {"raw": "http://{{host}}:{{port}}/b"}}},
            {"name": "c", "request": {"method": "GET", "url": "{{other}}/c"}}), env={"HOST": "127.0.0.1", "PORT": port, "OTHER": self.origin})
        self.assertEqual([one.target for one in in_parts], ["/b", "/c"], said)

    def test_bodies_headers_and_credentials_of_a_collection(self) -> None:
        def item(**request: object) -> dict:
            return {"name": "r", "request": {"method": "POST", "url": self.origin + "/x", **request}}

        def form(mode: str, *fields: tuple[str, str]) -> dict:
            return {"mode": mode, mode: [{"key": key, "value": value} for key, value in fields] + [{"key": "off", "value": "1", "disabled": True}]}
        pretty = '{\n    "n": 2.0,\n    "id": 12345678901234567890\n}'
        seen, said = self.sent("postman", self.collection(
            item(body=form("urlencoded", ("ids[]", "1"), ("ids[]", "2"), ("x", "y z")), header="X-A: 1\nX-B: b: c\r\n"),
            item(body=form("urlencoded", ("a", "1"), ("b", "2"), ("a", "3")), header=[{"key": "X-A", "value": "1"}, {"key": "X-B", "value": "2", "disabled": True}]),
            item(body={"mode": "raw", "raw": pretty, "options": {"raw": {"language": "json"}}}),
            item(body={"mode": "raw", "raw": '{"id": {{id}}, "s": "{{id}}"}', "options": {"raw": {"language": "json"}}}),
            item(body={"mode": "raw", "raw": "<a/>", "options": {"raw": {"language": "xml"}}}),
            item(body={"mode": "graphql", "graphql": {"query": "{ me }", "variables": '{"n": 1.0}'}}),
            item(body=form("formdata", ("a", "1"), ("b", "2"), ("a", "3"))),
            item(body={"mode": "raw", "raw": "x", "disabled": True}),
            {"name": "folder", "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{tok}}"}]},
             "item": [item(), item(auth={"type": "noauth"}), item(auth={"type": "basic", "basic": {"username": "ann", "password": "{{pw}}"}}), item(auth=None)]},
            variable=[{"key": "id", "value": "7"}]), env={"TOK": "t-1", "PW": "p-1"})
        self.assertEqual([one.body for one in seen[:6]],
                         [b"ids%5B%5D=1&ids%5B%5D=2&x=y%20z", b"a=1&b=2&a=3", pretty.encode(), b'{"id": 7, "s": "7"}', b"<a/>",
                          b'{"query":"{ me }","variables":{"n":1.0}}'], said)
        self.assertEqual([part[0] for part in parts(seen[6])], ["a", "b", "a"])
        self.assertEqual(seen[7].body, b"")
        heads = [dict(one.headers) for one in seen]
        self.assertEqual((heads[0]["x-a"], heads[0]["x-b"], heads[1].get("x-b")), ("1", "b: c", None))
        self.assertEqual([head.get("content-type") for head in heads[2:6]], ["application/json", "application/json", "application/xml", "application/json"])
        basic = "Basic " + base64.b64encode(b"ann:p-1").decode()
        self.assertEqual([head.get("authorization") for head in heads[8:]], ["Bearer t-1", None, basic, "Bearer t-1"])


if __name__ == "__main__":
    unittest.main()
