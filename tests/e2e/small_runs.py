"""Short runs against targets of every kind, and what must come of them.

Each row: name, kind, what makes the target, the scenario (`@URL@` is the target's), flags, exit statuses, a check of (summary, all that was printed,
target, run folder). Where 111 stands beside a status a machine too busy to measure may say so; the figures stand all the same.
"""
import json
import re
import sqlite3

from harness import Target
from recorder import Recorder, parsed
from test_gates import Broken, Refusing, frozen, half, silent, whole

OPEN = "{executor: constant-arrival-rate, rate: 20/s, max_vus: 100, duration: 1s, graceful_stop: 300ms}"
CLOSED = "{executor: constant-vus, vus: 3, duration: 1s, graceful_stop: 300ms}"
ONCE = "{executor: per-vu-iterations, vus: 1, iterations: 1, max_duration: 5s}"
NOT_PASSED = (99, 111, 112)


def text(load=OPEN, flow="{get: /}", more=""):
    return f"target: @URL@\n{more}users: {{u: {{flow: [{flow}]}}}}\nload: [{load}]\n"


def answers(*parts, close=False):
    """Every request gets these bytes."""
    def answer(connection, *_):
        connection.sendall(b"".join(parts))
        if close:
            connection.close()
        return True
    return lambda: Broken(answer)


def threshold_of(result, expression):
    return next(t for t in result["thresholds"] if t["expression"] == expression)


def gates():
    kind = "gates over what is not answered"

    def no_threshold_passes(result, shown, *_):
        assert result["thresholds"] and not any(t["ok"] for t in result["thresholds"]), result["thresholds"]
        assert re.search("[Nn]ever answered|cannot be reached|no connection", shown), shown
    times = [f"{statistic}<{limit}" for statistic in ("p(50)", "p(95)", "p(99.9)", "avg", "min", "med", "max") for limit in ("1h",)]
    group = "{group: g, steps: [{get: /, expect: {body: {contains: ok}}}]}"
    for name, load in (("open", OPEN), ("closed", CLOSED)):
        for timeout in ("", "defaults: {timeout: 100ms}\n", "defaults: {timeout: 60s}\n"):
            for metric in ("http_req_duration", "http_req_service", "group_duration"):
                yield (f"every statistic of {metric}, {name}, {timeout.strip() or 'no timeout'}", kind, lambda: Broken(silent),
                       text(load, group, timeout + f"thresholds: {{{metric}: {json.dumps(times)}}}\n"), [], NOT_PASSED, no_threshold_passes)
            yield (f"shares, {name}, {timeout.strip() or 'no timeout'}", kind, lambda: Broken(silent),
                   text(load, group, timeout + "thresholds: {http_req_failed: ['rate<100%', 'rate<=0.5'], checks: 'rate>0.01', "
                        "'http_reqs{status:200}': 'count>0', 'http_reqs{outcome:ok}': 'rate>0.1/s', iterations: 'count>1000000', data_received: 'count>0B'}\n"),
                   [], NOT_PASSED, no_threshold_passes)

    def checks_widen(result, shown, *_):
        found = threshold_of(result, "rate>0.9")
        assert not found["ok"] and found["state"] in ("failed", "not_known"), found
        low, high = found["bounds"]
        cut = result["totals"]["cut_off"]
        assert cut > 0
        whole_checks = result["totals"]["requests"]
        ok = result["endpoints"][0]["outcomes"]["ok"]
        assert abs(low - ok / whole_checks) < 1e-9 and high >= low, (found, ok, whole_checks)
    yield ("checks of requests that were cut off", kind, lambda: Broken(frozen(1)),
           text("{executor: constant-arrival-rate, rate: 30/s, max_vus: 100, duration: 2s, graceful_stop: 200ms}", "{get: /, expect: {body: {contains: ok}}}",
                "thresholds: {checks: rate>0.9}\n"), [], (99, 111), checks_widen)

    def half_is_failed(result, shown, *_):
        assert not threshold_of(result, "rate<10%")["ok"]
        assert result["totals"]["failed"] + result["totals"]["failed_unknown"] >= result["totals"]["requests"] / 3
    for name, load in (("open", OPEN), ("closed", "{executor: constant-vus, vus: 12, duration: 1s, graceful_stop: 300ms}")):
        yield (f"every other answer is half an answer, {name}", kind, lambda: Broken(lambda c, n, s: whole(c) if n % 2 else half(c)),
               text(load, more="http: {no_connection_reuse: true}\nthresholds: {http_req_failed: 'rate<10%'}\n"), [], NOT_PASSED, half_is_failed)
    yield ("nobody listens, and nothing is asked of it", kind, Refusing, text(), [], (112,), lambda result, shown, *_: None)

    def empty(result, shown, *_):
        states = {t["metric"] + " " + t["expression"]: (t["ok"], t["state"]) for t in result["thresholds"]}
        assert states == {"http_req_duration{endpoint:/never} p(95)<1h": (False, "no_sample"), "http_req_failed{endpoint:/never} rate<1": (False, "no_sample"),
                          "http_req_service{method:POST} max<1h": (False, "no_sample"), "checks{check:/never: body contains there} rate>=0": (False, "no_sample"),
                          "group_duration{group:g} avg<1h": (False, "no_sample"), "http_reqs{endpoint:/never} count<=0": (True, "passed"),
                          "http_req_duration{endpoint:/never} p(99)<1h": (True, "no_sample")}, states
    yield ("what was never reached", kind, Target,
           text(ONCE, "{get: /}, {if: '${user} == 99', then: [{group: g, steps: [{post: /never, expect: {body: {contains: there}}}]}]}",
                "thresholds:\n  'http_req_duration{endpoint:/never}': ['p(95)<1h', {threshold: 'p(99)<1h', allow_empty: true}]\n  'http_req_failed{endpoint:/never}': rate<1\n"
                "  'http_req_service{method:POST}': max<1h\n  'checks{check:/never: body contains there}': rate>=0\n  'group_duration{group:g}': avg<1h\n  'http_reqs{endpoint:/never}': count<=0\n"),
           [], (99, 111), empty)

    def answered(result, shown, *_):
        assert result["answers"]["ok"] and all(t["ok"] for t in result["thresholds"]), (result["answers"], result["thresholds"])
    for name, load in (("open", OPEN), ("closed", CLOSED)):
        yield (f"a target that answers, {name}", kind, Target, text(load, "{get: /, think: 10ms}", "thresholds: {http_req_failed: 'rate<1%', http_req_duration: 'p(95)<5s'}\n"),
               [], (0, 111), answered)


def load_flags():
    kind = "flags on a file's load"
    rate = "{executor: constant-arrival-rate, rate: 10/s, max_vus: 20, duration: 8s}"
    users = "{executor: constant-vus, vus: 4, duration: 8s}"

    def requests(most, said):
        def check(result, shown, *_):
            assert result["totals"]["requests"] <= most, result["totals"]["requests"]
            assert re.search(said, shown), shown
        return check
    flow = "{get: /, think: 50ms}"
    for name, load, flags, most, said in (
            ("a rate cut short", rate, ["-d", "1s"], 10, "cut short after 1s of its 8s"), ("users cut short", users, ["-d", "1s"], 4 * 21, "cut short after 1s of its 8s"),
            ("fewer users", users, ["-u", "1", "-d", "1s"], 21, "users are 1 in place of 4"), ("iterations in place of a rate", rate, ["-i", "3"], 3, "replace"),
            ("a ramp cut in the middle", "{executor: ramping-arrival-rate, start_rate: 0/s, stages: [{duration: 4s, target: 40/s}], max_vus: 50}", ["-d", "1s"], 5, "cut short"),
            ("an executor that begins later", "{executor: constant-vus, vus: 1, duration: 500ms}, {executor: constant-vus, vus: 50, duration: 5s, start_time: 1s}", ["-d", "1s"], 11, "cut short"),
            ("another rate", rate, ["-r", "5/s", "-d", "1s"], 5, "replace"), ("iterations per user cut short", "{executor: per-vu-iterations, vus: 1, iterations: 1000, max_duration: 60s}", ["-d", "1s"], 21, "cut short|max_duration"),
            ("shared iterations by fewer users", "{executor: shared-iterations, vus: 4, iterations: 8, max_duration: 60s}", ["-u", "2"], 8, "users are 2 in place of 4")):
        yield name, kind, Target, text(load, flow), flags, (0, 99, 111), requests(most, said)


def responses():
    kind = "responses, byte by byte"
    ok = b"Content-Length: 2\r\n\r\nok"

    def outcome(*names):
        def check(result, shown, *_):
            got = set(result["endpoints"][0]["outcomes"])
            assert got == set(names), (got, names)
        return check
    chunk = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
    for name, parts, close, names in (
            ("no reason, and no blank before it", [b"HTTP/1.1 200\r\n", ok], False, ["ok"]), ("no reason after a blank", [b"HTTP/1.1 200 \r\n", ok], False, ["ok"]),
            ("HTTP/1.0 without a length", [b"HTTP/1.0 200\r\n\r\nbody"], True, ["ok"]), ("a reason in another encoding", [b"HTTP/1.1 200 \xfc\xff\r\n", ok], False, ["ok"]),
            ("a status without a name", [b"HTTP/1.1 299 \r\n", ok], False, ["ok"]), ("a status of 999", [b"HTTP/1.1 999\r\n", ok], False, ["http_5xx"]),
            ("a status of two digits", [b"HTTP/1.1 20 OK\r\n", ok], False, ["protocol"]), ("HTTP/2 in the clear", [b"\0\0\0\x04\0\0\0\0\0"], False, ["protocol"]),
            ("another protocol", [b"SSH-2.0-x\r\n"], False, ["protocol"]), ("a header in one letter", [b"HTTP/1.1 200 OK\r\na:\r\n", ok], False, ["ok"]),
            ("a length with blanks", [b"HTTP/1.1 200 OK\r\nContent-Length:  2 \r\n\r\nok"], False, ["ok"]), ("a length with a sign", [b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok"], False, ["protocol"]),
            ("a length in hexadecimal", [b"HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\nok"], False, ["protocol"]), ("a length twice, the same", [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", ok], False, ["ok"]),
            ("two lengths", [b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n", ok], False, ["protocol"]), ("a length in a list", [b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok"], False, ["ok"]),
            ("a length of nothing", [b"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n"], False, ["protocol"]), ("a length beyond 64 bits", [b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"], False, ["protocol"]),
            ("fewer bytes than the length", [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok"], True, ["closed_early"]),
            ("chunks", [chunk, b"\r\n1\r\no\r\n1;x=y\r\nk\r\n0\r\nTrailer: x\r\n\r\n"], False, ["ok"]), ("chunks in capitals", [b"HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n"], False, ["ok"]),
            ("a chunk's size with leading noughts", [chunk, b"\r\n0002\r\nok\r\n000\r\n\r\n"], False, ["ok"]), ("a chunk's size with blanks behind it", [chunk, b"\r\n2  \r\nok\r\n0\r\n\r\n"], False, ["ok"]),
            ("a chunk that is no number", [chunk, b"\r\nxyz\r\n"], False, ["protocol"]), ("chunks that end too early", [chunk, b"\r\n5\r\nok"], True, ["closed_early"]),
            ("chunks with bare line feeds", [b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nok\n0\n\n"], False, ["ok"]),
            ("nothing at all", [b""], True, ["connect_reset"]), ("half a status line", [b"HTTP/1.1 2"], True, ["closed_early"]),
            ("an interim answer first", [b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n", ok], False, ["ok"]),
            ("no content", [b"HTTP/1.1 204 No Content\r\n\r\n"], False, ["ok"]), ("not modified, with a length", [b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"], False, ["ok"]),
            ("a redirect to nowhere", [b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"], False, ["ok"]), ("a redirect in a circle", [b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"], False, ["protocol"]),
            ("a redirect to another scheme", [b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n"], False, ["protocol"]),
            ("a body that is no gzip", [b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n", ok], False, ["ok"])):
        yield name, kind, answers(*parts, close=close), text(ONCE, "{get: /, timeout: 3s}"), [], (0, 99, 111, 112), outcome(*names)


def requests():
    kind = "requests, byte by byte"

    def seen(*wanted):
        def check(result, shown, target, *_):
            got = [parsed(request) for request in target.requests]
            assert len(got) == len(wanted), got
            for (method, path, headers, body), one in zip(got, wanted):
                assert (method, path, body) == one[:3], (method, path, body)
                for name, value in one[3].items():
                    assert headers.get(name) == value, (name, headers.get(name), value)
        return check
    yield ("no body where the method means one", kind, lambda: Recorder(lambda head, body: (200, b"", "")), text(ONCE, "{post: /a}, {put: /b}, {patch: /c}, {delete: /d}, {get: /e}, {head: /f}, {options: /g}"), [], (0, 111),
           seen(("POST", "/a", b"", {"content-length": "0"}), ("PUT", "/b", b"", {"content-length": "0"}), ("PATCH", "/c", b"", {"content-length": "0"}),
                ("DELETE", "/d", b"", {"content-length": None}), ("GET", "/e", b"", {"content-length": None}), ("HEAD", "/f", b"", {"content-length": None}), ("OPTIONS", "/g", b"", {"content-length": None})))
    big = '{"id": 123456789012345678901234567890, "n": 1.10, "e": 1e400, "s": "\\ud83d\\ude00", "z": -0.0, "u": 18446744073709551616}'
    yield ("numbers pass through a capture as they came", kind, lambda: Recorder(lambda head, body: (200, b"\xef\xbb\xbf" + big.encode(), "")),
           "target: @URL@\nusers:\n  u:\n    flow:\n      - {get: /a, capture: {i: /id, n: /n, e: /e, s: /s, z: /z, u: /u}}\n      - post: /b/${i}?n=${n}\n        json:\n" +
           "".join(f"          {name}: ${{{name}}}\n" for name in "ineszu") + f"load: [{ONCE}]\n", [], (0, 111),
           seen(("GET", "/a", b"", {}), ("POST", "/b/123456789012345678901234567890?n=1.10",
                                         b'{"i":123456789012345678901234567890,"n":1.10,"e":1e400,"s":"\xf0\x9f\x98\x80","z":-0.0,"u":18446744073709551616}', {})))
    yield ("numbers of the scenario's JSON", kind, Recorder, text(ONCE, "{post: /a, json: {a: 12345678901234567890123, b: 2.0, c: 1.10, d: '2', e: 0x10, f: 1e3}}"), [], (0, 111),
           seen(("POST", "/a", b'{"a":12345678901234567890123,"b":2.0,"c":1.10,"d":"2","e":"0x10","f":1e3}', {})))
    yield ("expressions are encoded for where they stand", kind, Recorder,
           text(ONCE, "{set: {v: 'a b&c=\"d\"/é#'}}, {post: '/p/${v}', query: {q: '${v}'}, headers: {X-V: '${urlencode(v)}'}, json: {v: '${v}'}}, {post: /f, form: {v: '${v}'}}"), [], (0, 111),
           seen(("POST", "/p/a%20b&c=%22d%22/%C3%A9%23?q=a%20b%26c%3D%22d%22%2F%C3%A9%23", '{"v":"a b&c=\\"d\\"/é#"}'.encode(), {"x-v": "a%20b%26c%3D%22d%22%2F%C3%A9%23"}),
                ("POST", "/f", b"v=a%20b%26c%3D%22d%22%2F%C3%A9%23", {})))

    def one_host(result, shown, target, *_):
        got = [parsed(request) for request in target.requests]
        assert [g[1] for g in got] == ["/r", "/stolen"], got
        leaked = [(name, value) for name, value in got[1][2].items() if value.startswith("K-")]
        assert leaked == [], leaked
    names = ("Authorization", "Proxy-Authorization", "Cookie", "X-Api-Key", "Api-Key", "X-Auth-Token", "X-Access-Token", "X-Amz-Security-Token", "X-CSRF-Token", "X-Session-Id", "Private-Token", "X-Vault-Token",
             "X-Client-Secret", "X-Secret-Key", "X-Password")
    yield ("a redirect to another host gets no credential", kind,
           lambda: Recorder(lambda head, body: (302, b"", f"Location: http://localhost:{re.search(rb'Host: [^:]*:([0-9]+)', head)[1].decode()}/stolen\r\n") if b"/r " in head else (200, b"", "")),
           text(ONCE, "{get: /r, headers: {" + ", ".join(f"{name}: K-{n}" for n, name in enumerate(names)) + "}}"), [], (0, 111), one_host)


def secrets():
    kind = "secrets in what is kept"
    places = {
        "a member of JSON": "{post: /, json: {user: {name: a, password: SECRETx}}}", "a member in a list": "{post: /, json: [{api_key: SECRETx}]}", "a field of a form": "{post: /, form: {client_secret: SECRETx}}",
        "a part of a form": "{post: /, multipart: {passwd: SECRETx}}", "a query in the path": "{get: '/?access_token=SECRETx&a=1'}", "a query": "{get: /, query: {apiKey: SECRETx}}",
        "JSON as text": "{post: /, body: '{\"refresh_token\": \"SECRETx\"}'}", "XML as text": "{post: /, body: '<login><password>SECRETx</password></login>'}", "a form as text": "{post: /, body: 'user=a&pin=SECRETx'}",
        "a header": "{get: /, headers: {X-Api-Key: SECRETx}}", "a bearer": "{get: /, auth: {bearer: SECRETx}}", "a basic password": "{get: /, auth: {basic: {user: a, password: SECRETx}}}",
        "a cookie": "{get: /, headers: {Cookie: 'session=SECRETx'}}", "a variable": "{set: {password: SECRETx}}, {post: /, json: {a: '${password}'}}", "a variable of GraphQL": "{post: /, graphql: {query: '{ me }', variables: {password: SECRETx}}}",
        "a default of the environment": "{post: /, json: {password: '${env.NO_SUCH:-SECRETx}'}}", "a JSON Web Token": "{get: '/x/eyJhbGciOiJIUzI1NiJ9.eyJTRUNSRVR4Ijoia2V5In0.SECRETxSECRETxSECRETx'}",
    }

    def nothing_kept(result, shown, target, out):
        kept = {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}
        assert "run.db" in kept and "report.html" in kept
        leaks = [name for name, content in kept.items() if b"SECRETx" in content]
        assert leaks == [] and "SECRETx" not in shown, (leaks, shown)
    for name, flow in places.items():
        yield name, kind, Recorder, text(ONCE, flow), [], (0, 99, 111, 112), nothing_kept

    def word_kept(result, shown, target, out):
        kept = sqlite3.connect(out / "run.db").execute("SELECT value FROM run WHERE key = 'scenario_text'").fetchone()[0]
        for word in ("secret_scanning: enabled", "token_type: bearer", "max_tokens: 7", "password_policy: strict"):
            assert word in kept, kept
    yield ("words that merely hold such a word stay", kind, Recorder, text(ONCE, "{post: /, json: {secret_scanning: enabled, token_type: bearer, max_tokens: 7, password_policy: strict}}"), [], (0, 111), word_kept)


ROWS = [*gates(), *load_flags(), *responses(), *requests(), *secrets()]
