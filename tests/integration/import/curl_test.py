#!/usr/bin/env python3
"""Command lines through the real curl, and through the scenario that is imported from them: both must
ask one server for the same.

    PLIMSOLL=... curl_test.py
"""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from recorder import Recorder, Seen

PLIMSOLL = os.environ["PLIMSOLL"]
U = "http://127.0.0.1:@PORT@"

# Lines as a shell takes them; with a secret, what must be set in its place.
LINES: list[tuple[str, dict[str, str]]] = [(line, {}) for line in (
    # quotes
    f"curl '{U}/a?x=1&y=2'",
    f'curl "{U}/b?q=it%27s" -H "X-A: say \\"hi\\" \\$5 \\\\ \\`"',
    f"curl {U}/c -d $'a\\tb\\x41\\u00e4\\101\\'end' -H 'Content-Type: text/plain'",
    f"curl {U}/bytes --data-binary $'\\xff\\xfe\\x01' -H 'Content-Type: application/octet-stream'",
    f"curl \\\n  {U}/d \\\n  -H 'X-A: 1' # why\n",
    f"curl {U}/e\\?x=1\\&y=2",
    f"curl {U}/f'/g'\"/h\"",
    f"X=5; curl \"{U}/v/$X/${{X}}/${{Y:-six}}\"",
    f"curl -d @- {U}/here <<EOF\na=1\nb=2\nEOF\n",
    f"curl -d @- {U}/here <<< 'a=1'",
    f"echo '{{\"a\":1}}' | curl --json @- {U}/pipe",
    f"curl -s {U}/out > /dev/null 2>&1",
    # several requests
    f"curl {U}/one && curl -X DELETE {U}/two",
    f"curl {U}/one; curl -XPUT {U}/two",
    f"curl {U}/one\ncurl -d a=1 {U}/two\n",
    f"curl {U}/one {U}/two --url {U}/three",
    f"curl -d a=1 {U}/one --next -H 'X-A: 1' {U}/two",
    f"curl '{U}/{{one,two}}/[1-3]'",
    f"curl '{U}/[01-03]?x=[a-c:2]'",
    f"curl -g '{U}/x?y[]=1&z=%7B'",
    f"curl {U}/{{one,two}}",
    # options that take a value, and letters that are joined
    f"curl -sSLXPOST {U}/m",
    f"curl -sSo/dev/null -w '%{{http_code}}' {U}/n",
    f"curl --proto '=http,https' --tlsv1.2 -sSf {U}/o",
    f"curl --max-time 5 --retry 2 --connect-timeout 3 --keepalive-time 60 {U}/p",
    f"curl --heade 'X-A: 1' --request PATCH {U}/q",
    f"curl --no-keepalive --no-buffer {U}/r",
    f"curl -C - -m5 -kis {U}/s",
    f"curl -H'X-A:1' -HX-B:2 {U}/t",
    # data
    f"curl -d '' {U}/empty",
    f"curl -d a=1 -d b=2 {U}/two",
    f"curl -d '' -d b=2 {U}/two",
    f"curl -d 'a=x+y&b=%41' {U}/enc",
    f"curl -d 'a=1&a=2&b=3&a=4' {U}/again",
    f"curl -d 'no pairs here' {U}/text",
    f"curl -d @data.txt {U}/file",
    f"curl --data-binary @data.txt {U}/file",
    f"curl --data-raw @data.txt {U}/raw",
    f"curl -d @missing.txt {U}/missing",
    f"curl --data-urlencode 'a=x y&z' --data-urlencode '=b c' --data-urlencode 'd e' {U}/ue",
    f"curl --data-urlencode name@data.txt --data-urlencode @data.txt {U}/uf",
    f"curl -G -d a=1 --data-urlencode 'b=x y' '{U}/get?c=3'",
    f"curl -G {U}/get",
    f"curl -I -G -d a=1 {U}/head",
    f"curl -d a=1 --url-query b=2 --url-query 'c=x y' --url-query '+d=%20' '{U}/uq?c=3'",
    f"curl --json '{{\"a\": 1, \"b\": [1.10, 2.0]}}' {U}/json",
    f"curl --json '{{\"id\":12345678901234567890123,\"n\":1E5,\"d\":-0.0}}' {U}/json",
    f"curl --json '{{\"a\":1,\"a\":2}}' {U}/json",
    f"curl --json '{{\"a\":' --json '1}}' {U}/json",
    f"curl --json '' {U}/json",
    f"curl --json '{{}}' -H 'Accept: text/plain' -H 'Content-Type: application/x+json' {U}/json",
    f"curl -H 'Content-Type: application/json; charset=utf-8' -d '{{\n  \"a\": \"${{x}}\"\n}}' {U}/pretty",
    f"curl -H 'Content-Type:' -d a=1 {U}/notype",
    f"curl -X GET -d a=1 {U}/getbody",
    f"curl -T data.txt {U}/up/",
    f"curl -T data.txt {U}/up/name",
    f"curl -T data.txt -X POST {U}/up/name",
    # forms
    f"curl -F a=1 -F 'b=x y;type=text/plain' {U}/form",
    f"curl -F 'f=@data.txt' -F 'g=<data.txt' {U}/form",
    f"curl -F 'f=@data.bin;type=image/png;filename=\"x;y.png\"' {U}/form",
    f"curl -F 'f=hello;filename=x.txt;type=text/x; charset=utf-8' {U}/form",
    f"curl -F 'ids=1' -F 'x=2' -F 'ids=3' {U}/form",
    f"curl --form-string 'a=@no;type=x' {U}/form",
    f"curl -F 'a=1;headers=\"X-Part: 2\"' {U}/form",
    f"curl -F 'a=x;y' {U}/form",
    # headers
    f"curl -A agent/1 -e http://from.example/ -r 0-99 {U}/h",
    f"curl -H 'X-Empty;' -H 'X-A: b: c' -H 'Accept:' {U}/h",
    f"curl -H 'Host: other.example' {U}/h",
    f"curl -H @headers.txt {U}/h",
    f"curl --compressed {U}/h",
    f"curl -H 'Accept: a/b' -H 'Accept-Language: de' -H 'Cache-Control: no-cache' {U}/h",
    f"curl -C 100 {U}/h",
    f"curl -H 'X-A: a' -H 'X-A:' -H 'x-b;' {U}/h",
    f"curl -H 'User-Agent: mine/2' -A other {U}/h",
    f"curl {U}/h -e 'http://a/;auto'",
    # URLs
    f"curl '127.0.0.1:@PORT@/noscheme'",
    f"curl '{U}?x=1'",
    f"curl '{U}/a/./b/../c#frag'",
    f"curl --path-as-is '{U}/a/./b/../c'",
    f"curl {U}",
    f"curl -- {U}/dashes",
    f"curl --request-target /other {U}/x",
    f"curl 'HTTP://127.0.0.1:@PORT@/upper'",
    f"curl {U}/a#in-the-word",
    f"curl {U}/%41%zz/%7E?a=%2B+b",
    # more of the shell
    f"curl -d @- {U}/from < data.txt",
    f"cat data.txt | curl --data-binary @- {U}/piped",
    f"curl {U}/bg & wait; curl {U}/fg",
    f"(curl {U}/sub1; curl {U}/sub2)",
    f"{{ curl {U}/brace1; curl {U}/brace2; }}",
    f"! curl {U}/not",
    f"time curl {U}/timed",
    f"env A=1 curl {U}/env",
    f"A=1 curl {U}/assigned",
    f"export P=exported; curl {U}/$P",
    f"command curl {U}/command",
    f"/usr/bin/curl {U}/absolute",
    f"timeout 9 curl {U}/limited",
    f"timeout -k 1 9s nice -n 3 curl {U}/limited-nice",
    f"env -i PATH=\"$PATH\" curl {U}/bare-env",
    f"nohup curl {U}/nohup",
    f"exec curl {U}/exec",
    f"curl {U}/piped-on | cat | wc -c",
    f"curl {U}/tried 2>/dev/null || true",
    f"curl {U}/{{1..3}}",
    f"curl '{U}/{{1..3}}'",
    f"curl {U}/a{{b,c}}d{{e,f}}",
    f"curl \"{U}/a\"'/b'$'/c'/d",
    f"curl -d $'\\e\\x7a\\U0001F600\\cA' {U}/ansi",
    f"curl -d $\"local\" {U}/locale",
    f"curl --data '{{\"a\": \"'single'\"}}' {U}/joined",
    f"curl -d 'two\nlines' -H 'Content-Type: text/plain' {U}/newline",
    f"curl -d @- {U}/tabs <<-EOF\n\ta=1\n\tb=2\n\tEOF\n",
    f"curl --data-binary @- {U}/quoted <<'EOF'\n{{\"a\": \"$b `c` \\\\ \"}}\nEOF\n",
    f"if true; then curl {U}/then; fi",
    # more options
    f"curl -da=1 {U}/joined-data",
    f"curl -o a -o b {U}/out1 {U}/out2",
    f"curl -d x=1 {U}/both1 {U}/both2",
    f"curl -d 'a=1' -d @data.txt {U}/mixed",
    f"curl -d a=1 --get {U}/late",
    f"curl -X POST {U}/post -H 'Content-Length: 0'",
    f"curl -I -X GET {U}/head-get",
    f"curl -A '' {U}/no-agent",
    f"curl -H 'User-Agent;' {U}/empty-agent",
    f"curl -e 'http://a/' -H 'Referer: http://b/' {U}/two-referers",
    f"curl -r 0- {U}/range",
    f"curl --json @data.txt {U}/json-file",
    f"curl --json '{{}}' -X PUT {U}/json-put",
    f"curl --json '{{}}' {U}/json1 --next --json '[]' {U}/json2",
    f"curl --data-ascii a=1 {U}/ascii",
    f"curl --url-query @data.txt {U}/uq-file",
    f"curl --url-query 'n@data.txt' {U}/uq-name",
    f"curl -G --url-query a=1 -d b=2 {U}/both-queries",
    f"curl -G -X POST -d a=1 {U}/post-get",
    f"curl -T '{{data.txt,headers.txt}}' {U}/up/",
    f"curl -F 'a=@data.txt;filename=other.txt' -F 'b=<data.txt;type=text/x' {U}/form-names",
    f"curl -F 'a=\\\"q\\\"' --form-escape {U}/escaped",
    f"curl -sS --fail-with-body --retry-all-errors --retry 1 -d a=1 {U}/flags",
    f"curl --no-progress-meter --no-sessionid {U}/no-options",
    f"curl -Z {U}/z1",
    f"curl -4 --http1.1 --tcp-nodelay {U}/transport",
    f"curl -D - -o /dev/null {U}/dumped",
    f"curl -w '\\n%{{http_code}}\\n' {U}/written",
    f"curl -z 2020-01-01 {U}/since",
    f"curl -X DELETE -d '' {U}/delete-empty",
    f"curl -X PUT -d @missing.txt {U}/put-missing",
    f"curl -H 'Content-Type: application/json' -d '{{\"a\":1}}' -d '{{\"b\":2}}' {U}/json-joined",
    f"curl -H 'X-A: 1' -H 'X-A: 2' {U}/twice",
)] + [
    (f"curl -u ann:pw-4711 {U}/auth", {"PASSWORD": "pw-4711"}),
    ("curl http://ann:p%40w@127.0.0.1:@PORT@/auth", {"PASSWORD": "p@w"}),
    (f"curl --oauth2-bearer tok-4711 {U}/auth", {"API_TOKEN": "tok-4711"}),
    (f"curl -H 'Authorization: Bearer tok-4711' -u a:b {U}/auth", {"API_TOKEN": "tok-4711", "PASSWORD": "b"}),
    (f"curl -b a=1 -b 'b=2; c=3' {U}/auth", {"COOKIE": "a=1;b=2; c=3"}),
    (f"curl --cookie 'a=1' -H 'Cookie: b=2' {U}/cookie-twice", {"COOKIE": "b=2"}),
    (f"curl -H \"X-Who: $WHO\" '{U}/'\"$WHO\"", {"WHO": "bob"}),
    (f"curl -d 'user=a+b&password=p%2Bw' {U}/login", {"PASSWORD": "p+w"}),
]

# Differ by nature: each client's own name and default, and what belongs to the connection.
BY_NATURE = {"connection", "content-length", "expect"}


def target(seen: Seen) -> str:
    """With escapes in capitals (RFC 3986, 6.2.2.1): curl writes some in small letters."""
    return re.sub("%[0-9a-fA-F]{2}", lambda escape: escape[0].upper(), seen.target)


def headers(seen: Seen) -> list[tuple[str, str]]:
    kept = []
    for name, value in seen.headers:
        own_name = name == "user-agent" and re.match(r"(curl|plimsoll)/", value, re.IGNORECASE)
        if name in BY_NATURE or own_name or (name, value) == ("accept", "*/*"):
            continue
        if name == "accept-encoding":
            value = value.replace(", zstd", "")  # no response in it could be read here
        if name == "content-type":
            value = re.sub(r"boundary=\S+", "boundary=B", value)
        kept.append((name, value))
    return sorted(kept)


def body(seen: Seen) -> bytes:
    boundary = re.search(r"boundary=(\S+)", dict(seen.headers).get("content-type", ""))
    return seen.body.replace(boundary[1].encode(), b"B") if boundary else seen.body


class CurlLines(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.recorder = Recorder()
        cls.addClassCleanup(cls.recorder.end)
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        (cls.folder / "data.txt").write_bytes(b"a=1\r\nb=2\n")
        (cls.folder / "data.bin").write_bytes(bytes(range(256)))
        (cls.folder / "headers.txt").write_text("X-One: 1\nX-Two: 2\n", encoding="utf-8")

    def run_in(self, words: list[object], env: dict[str, str]) -> subprocess.CompletedProcess:
        clean = {key: value for key, value in os.environ.items() if key not in ("TARGET", "X", "Y")}
        return subprocess.run([str(word) for word in words], cwd=self.folder, capture_output=True, text=True, timeout=120,
                              check=False, stdin=subprocess.DEVNULL, env={**clean, "HOME": str(self.folder), **env})

    def by_curl(self, line: str, env: dict[str, str]) -> list[Seen]:
        self.run_in(["bash", "-c", line], env)
        return self.recorder.take()

    def by_import(self, line: str, env: dict[str, str]) -> tuple[list[Seen], str]:
        (self.folder / "line.sh").write_text(line, encoding="utf-8")
        done = self.run_in([PLIMSOLL, "import", "curl", "line.sh", "--output", "out.yaml", "--force"], {})
        self.assertEqual(done.returncode, 0, line + done.stderr)
        scenario = (self.folder / "out.yaml").read_text(encoding="utf-8")
        valid = self.run_in([PLIMSOLL, "validate", "-q", "out.yaml"], env)
        self.assertEqual(valid.returncode, 0, valid.stderr + scenario)
        sent = self.run_in([PLIMSOLL, "validate", "out.yaml", "--check-target"], env)
        self.assertNotEqual(sent.returncode, 104, sent.stderr + scenario)
        return self.recorder.take(), scenario + done.stderr

    def test_the_same_requests_come_of_both(self) -> None:
        self.assertGreaterEqual(len(LINES), 60)
        for pattern, env in LINES:
            line = pattern.replace("@PORT@", str(self.recorder.port))
            with self.subTest(line=pattern):
                wanted = self.by_curl(line, env)
                self.assertTrue(wanted, "curl itself sent nothing")
                got, scenario = self.by_import(line, env)
                self.assertEqual([(one.method, target(one)) for one in got], [(one.method, target(one)) for one in wanted], scenario)
                for mine, curls in zip(got, wanted):
                    self.assertEqual(headers(mine), headers(curls), scenario)
                    self.assertEqual(body(mine), body(curls), scenario)

    def test_what_curl_refuses_or_a_scenario_cannot_hold_is_said(self) -> None:
        for line, said in (
            ("curl --request=POST http://h/", "an option that curl does not know"),
            ("curl --requ GET http://h/", "cut too short"),
            ("curl -d a=1 -F b=2 http://h/", "two kinds of body"),
            ("curl -I -d a=1 http://h/", "two kinds of body"),
            ("curl -X PURGE http://h/", "method that a step cannot have"),
            ("curl 'http://h/a b'", "holds a blank"),
            ("curl 'http://h/{a'", "pattern of braces or brackets is broken"),
            ("curl 'http://h/[1-9999]'", "stands for more than 200"),
            ("curl http://h/$(date)", "command substitution"),
            ("curl -K options.txt http://h/", "file of options"),
            ("curl ftp://h/", "URL that is not HTTP"),
            ("curl `\n  http://h/", "PowerShell"),
            ("curl -H", "option without its value"),
            ("curl http://h/$((1 + 2))", "command substitution"),
            ("sudo apt install curl", "cannot be read"),  # no command of curl: taken for a file
        ):
            with self.subTest(line=line):
                done = self.run_in([PLIMSOLL, "import", "curl", line], {})
                self.assertEqual(done.returncode, 104, done.stdout)
                self.assertIn(said, done.stderr)
        for line, said in (
            ("curl http://h/a || curl -X DELETE http://h/b", "1 curl command that runs only where the one before it fails"),
            ("curl http://h/a --resolve h:80:127.0.0.1 -x http://p/", "1 option (--proxy)"),
            ("curl http://h/a; wget http://h/b; rm x", "2 commands that are not curl"),
            ("curl http://h/a -d @nowhere", "1 body from a file that was not read; it is sent empty"),
            ("curl http://h/a -b a=1 -b b=2 -H 'Cookie: c=3' -H 'Cookie: d=4'", "header that stood several times"),
            ("for n in 1 2 3; do curl http://h/$n; done", "1 curl command in a loop or condition; it is taken once"),
            ("curl http://h/a -F 'a=@x,y' -F b=1", "1 part of a form that a scenario cannot hold"),
            ("curl http://h/a -H 'Content-Length: 5'", "1 header that Plimsoll writes by itself"),
        ):
            with self.subTest(line=line):
                done = self.run_in([PLIMSOLL, "import", "curl", line], {})
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn(said, done.stderr)
                self.assertNotIn("delete:", done.stdout)

    def test_lines_for_cmd_are_read_as_cmd_does(self) -> None:
        port = self.recorder.port
        line = (f'curl ^"http://127.0.0.1:{port}/section?season=1^&x=1^" ^\r\n  -H ^"x-tag: W/^\\^"1-5E^\\^"^" ^\r\n'
                '  -H ^"content-type: application/json^" ^\r\n'
                '  --data-raw ^"^{^\\^"a^\\^":1,^\\^"pct^\\^":^\\^"50^%^\\^",^\\^"b^\\^":^\\^"x ^& y^\\^"^}^"\r\n')
        old = f'curl "http://127.0.0.1:{port}/old?a=1&b=2" -H "X-A: 1" --data-raw "{{""a"":""b & c""}}" & curl http://127.0.0.1:{port}/z'
        got, scenario = self.by_import(line, {})
        self.assertEqual([(one.method, one.target, one.body) for one in got],
                         [("POST", "/section?season=1&x=1", b'{"a":1,"pct":"50%","b":"x & y"}')], scenario)
        self.assertEqual(dict(got[0].headers)["x-tag"], 'W/"1-5E"')
        got, scenario = self.by_import(old, {})
        self.assertEqual([(one.method, one.target, one.body) for one in got],
                         [("POST", "/old?a=1&b=2", b'{"a":"b & c"}'), ("GET", "/z", b"")], scenario)


if __name__ == "__main__":
    unittest.main()
