"""What the program must refuse, small: with exit status 104 and a word, at once, and in little memory.

Each row: name, kind, {file: content}, the command line, what the refusal says (a regular expression).
"""
import os
import resource

HEAD = "target: http://127.0.0.1:1\n"
LOAD = "load: [{executor: constant-vus, vus: 1, duration: 1s}]\n"
# What the rows' command lines may refer to. SECRET never appears in a refusal.
ENV = {"EDGE_CRLF": "SECRET\r\nX-Injected: 1", "EDGE_TAB": "SECRET\tx\x07"}
ONE_LINE = "must be one line without control characters"


def limited():
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    resource.setrlimit(resource.RLIMIT_CPU, (10, 10))


def scenario(flow="{get: /}", more="", load=LOAD):
    return HEAD + more + "users: {u: {flow: [" + flow + "]}}\n" + load


def validate(text, **files):
    return {"s.yaml": text, **files}, ["validate", "s.yaml"]


def special_files(folder):
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    said = {"/dev/zero": "is a device", "/dev/tty": "is a device|No such device|cannot", str(pipe): "is a pipe", "/proc/self/mem": "is made by the kernel",
            "/proc/self/environ": "is made by the kernel", str(folder): "is a folder|is a directory"}
    places = {
        "include": scenario(more="include: FILE\n"),
        "a secret": scenario('{get: /, headers: {X: "${secret.file:FILE}"}}'),
        "CSV data": scenario(more="data: {d: {csv: FILE}}\n"),
        "JSON data": scenario(more="data: {d: {json: FILE}}\n"),
        "a body": scenario("{post: /, body: {file: FILE}}"),
        "a part of a form": scenario("{post: /, multipart: {a: {file: FILE}}}"),
    }
    for path, words in said.items():
        for place, text in places.items():
            files, command = validate(text.replace("FILE", path))
            yield f"{place} is {path}", "special files", files, command, words
        url = ["run", "http://127.0.0.1:1/", "-i", "1"]
        words = words.replace("is a folder", "is a folder|is not a file").replace("is a device", "is a device|is not a file")
        flags = {"a file of headers": [*url, "-H", f"@{path}"], "a body's file": [*url, "--data-binary", f"@{path}"], "variables": [*url, "-e", f"@{path}"],
                 "a DSN": [*url, "--pg", f"@{path}"], "a certificate": ["run", "https://127.0.0.1:1/", "-i", "1", "--cacert", path]}
        for place, command in flags.items():
            # Most may be a pipe, as <(command) is; who never writes to it is waited for.
            if path != str(pipe) or "certificate" in place:
                yield f"{place} is {path}", "special files", {}, command, words
    for path in ("/dev/zero", "/proc/self/mem"):
        for command in (["validate", path], ["import", "har", path], ["import", "curl", path], ["import", "k6", path], ["import", "openapi", path],
                        ["import", "locust", path], ["import", "postman", path], ["report", path]):
            yield f"{' '.join(command)}", "special files", {}, command, said[path]


def hostile_scenarios():
    kind = "scenarios that are deep, long or unfold"
    bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
    rows = {
        "a sum of 100,000": (scenario('{get: "/${' + "1+" * 100_000 + '1}"}'), "longer than 65536 bytes"),
        "a sum of 5,000": (scenario('{get: "/${' + "1+" * 5_000 + '1}"}'), "more than 1000 values"),
        "parentheses": (scenario('{get: "/${' + "(" * 3_000 + "1" + ")" * 3_000 + '}"}'), "nested too deeply"),
        "functions in functions": (scenario('{get: "/${' + "trim(" * 3_000 + "'a'" + ")" * 3_000 + '}"}'), "nested too deeply"),
        "minus signs": (scenario('{get: "/${' + "-" * 5_000 + '1}"}'), "nested too deeply|more than 1000 values"),
        "lists in lists": (scenario("{post: /, json: " + "[" * 5_000 + "]" * 5_000 + "}"), "nested more than 200 levels"),
        "aliases that unfold": (bomb + scenario(), "unfolds to more than"),
        "an include of itself": (scenario(more="include: s.yaml\n"), "includes itself"),
        "a condition of 10,000 parts": (scenario("{if: '" + " and ".join(["${user} == 1"] * 10_000) + "', then: [{get: /}]}"), "."),
        "a pattern that repeats repeats": (scenario("{get: /, expect: {body: {matches: '((a{900}){900}){900}'}}}"), "must be a regular expression|too large|invalid"),
        "users beyond counting": (scenario(load="load: [{executor: constant-vus, vus: 99999999999999999999, duration: 1s}]\n"), "vus"),
        "a rate beyond counting": (scenario(load="load: [{executor: constant-arrival-rate, rate: 1e300/s, max_vus: 1, duration: 1s}]\n"), "rate"),
        "a rate that is no number": (scenario(load="load: [{executor: constant-arrival-rate, rate: nan/s, max_vus: 1, duration: 1s}]\n"), "rate"),
        "a time without end": (scenario(load="load: [{executor: constant-vus, vus: 1, duration: 1e300s}]\n"), "duration"),
        "a time that is below nothing": (scenario(load="load: [{executor: constant-vus, vus: 1, duration: -1s}]\n"), "duration"),
        "bytes that are no UTF-8": (scenario().encode() + b"# \xff\xfe\n", "UTF-8"),
        "a NUL in a scenario": (scenario().encode() + b"# \x00\n", "."),
        "nothing at all": (b"", "."),
        "a text of the year 1990": (b"\x7fELF" + bytes(range(256)) * 10, "."),
    }
    for name, (text, said) in rows.items():
        yield name, kind, *validate(text), said


def header_values():
    kind = "line breaks on their way into a header"
    for name, value in {"an environment variable": "${env.EDGE_CRLF}", "one with a bell": "${env.EDGE_TAB}", "a file": "${secret.file:secret}",
                        "the text itself": "SECRET\\r\\nX-Injected: 1", "a default": "${env.NO_SUCH:-SECRET\\nX: 1}", "a line feed alone": "SECRET\\nx",
                        "a carriage return alone": "SECRET\\rx", "a NUL": "SECRET\\0x"}.items():
        for place in ('headers: {X-A: "@"}', 'auth: {bearer: "@"}', 'auth: {basic: {user: "@", password: x}}', 'auth: {basic: {user: x, password: "@"}}',
                      'headers: {Cookie: "a=@"}', 'headers: {Host: "@"}'):
            files, command = validate(scenario("{get: /, " + place.replace("@", value) + "}"), secret=b"SECRET\r\nX-Injected: 1\r\nx\n")
            yield f"{name} in {place}", kind, files, command, ONE_LINE
    for name in ("X A", "X\\nA", "X:A", "", "X-\\u00e4", "X(", "Content-Length", "Transfer-Encoding", "Connection"):
        yield f"a header called {name!r}", kind, *validate(scenario('{get: /, headers: {"' + name + '": x}}')), "headers"


def flags():
    kind = "flags"
    url = ["run", "http://127.0.0.1:1/"]
    rows = {
        "no time": ["-d", "0s"], "a time below nothing": ["-d", "-1s"], "a time without a unit": ["-d", "5"], "half a user": ["-u", "1.5"], "no user": ["-u", "0"],
        "fewer users than none": ["-u", "-1"], "users in words": ["-u", "many"], "no rate": ["-r", "0/s"], "a rate without a unit": ["-r", "10"], "a rate below nothing": ["-r", "-5/s"],
        "a rate beyond all": ["-r", "1e999/s"], "no iterations": ["-i", "0"], "a stage without users": ["-s", "1s:"], "a stage without time": ["-s", ":5"],
        "a stage of half a user": ["-s", "1s:1.5"], "rate and iterations": ["-r", "1/s", "-i", "5"], "stages and a rate": ["-s", "1s:1", "-r", "1/s"],
        "stages and a time": ["-s", "1s:1", "-d", "5s"], "a variable without a name": ["-e", "=1"], "a variable that is not set": ["-e", "NO_SUCH_VARIABLE"], "a tag without a value": ["--tag", "x"],
        "a method with a blank": ["-X", "GE T"], "a method with a line break": ["-X", "GET / HTTP/1.1\r\nX: 1\r\n"], "a header without a colon": ["-H", "SECRET"],
        "a header with a line break": ["-H", "X: SECRET\r\nY: 2"], "a header that ends a line": ["-H", "X: SECRET\n"], "a header's name with a blank": ["-H", "X Y: SECRET"],
        "a body twice": ["--data", "a", "--data-binary", "b"], "a word too many": ["http://127.0.0.1:2/"], "a segment of none": ["--segment", "1/0"], "a segment beyond the last": ["--segment", "3/2"],
        "no threads": ["--shards", "0"], "a seed below nothing": ["--seed", "-1"], "a port beyond the last": ["--prometheus", "127.0.0.1:65536"], "a port that is a word": ["--control", "here"],
    }
    for name, words in rows.items():
        yield name, kind, {}, [*url, *words], "."
    for target in ("ftp://127.0.0.1/", "http://", "http:///x", "http://127.0.0.1:99999/", "http://127.0.0.1:x/", "http://[::1/", "http://a b/", "http://127.0.0.1/\r\nX: 1", "https//x", "",
                   "http://127.0.0.1:0/", "http://user:SECRET@/"):
        yield f"the URL {target!r}", kind, {}, ["run", target, "-i", "1"], "."
    rate = scenario(load="load: [{executor: constant-arrival-rate, rate: 5/s, max_vus: 5, duration: 2s}]\n")
    several = scenario(load="load: [{executor: constant-vus, vus: 1, duration: 1s}, {executor: constant-vus, vus: 2, duration: 1s}]\n")
    for name, text, words in (("users in place of a rate", rate, ["-u", "5"]), ("stages in place of a rate", rate, ["-s", "1s:5"]), ("a longer time", rate, ["-d", "3s"]),
                              ("a header for a file", rate, ["-H", "X: 1"]), ("users of which executor", several, ["-u", "5"]), ("a method for a file", rate, ["-X", "POST"])):
        yield f"{name} than the file says", kind, {"s.yaml": text}, ["run", "s.yaml", *words], "."


def encodings():
    kind = "data files in other encodings"
    text = scenario('{post: /, json: {n: "${d.name}"}}', more="data: {d: {csv: n.csv@}}\n")
    for name, content, encoding, said in (
            ("Latin-1 without a word", b"name\nj\xfcrgen\n", "", r"n\.csv:2:2: is not UTF-8"), ("Latin-1 in the header", b"n\xfcme,name\na,b\n", "", r"n\.csv:1:2: is not UTF-8"),
            ("UTF-16 without a mark", "näme\nx\n".encode("utf-16-le"), "", "UTF-8"), ("half a character at the end", b"name\nx\xc3", "", r"n\.csv:2:2: is not UTF-8"),
            ("a surrogate", b"name\n\xed\xa0\x80\n", "", r"n\.csv:2:1: is not UTF-8"), ("more bytes than needed", b"name\n\xc0\xaf\n", "", r"n\.csv:2:1: is not UTF-8"),
            ("an encoding that is none", b"name\nx\n", ", encoding: klingon", "encoding"), ("a byte that the encoding has not", b"name\n\x81\n", ", encoding: windows-1252", "n.csv:2:1"),
            ("a quote that does not close", b'name\n"x\n', "", "n.csv:2"), ("a row too long", b"name\nx,y\n", "", "n.csv:2"), ("no rows", b"name\n", "", "n.csv"), ("no file at all", None, "", "n.csv"),
            ("a column twice", b"name,name\nx,y\n", "", "name"), ("a NUL in data", b"name\na\x00b\n", "", ".")):
        files, command = validate(text.replace("@", encoding))
        yield name, kind, {**files, **({"n.csv": content} if content is not None else {})}, command, said
    # JSON data
    text = scenario('{post: /, json: {n: "${d.name}"}}', more="data: {d: {json: n.json}}\n")
    for name, content in (("JSON in Latin-1", b'[{"name": "\xfc"}]'), ("JSON that breaks off", b'[{"name": "x"}'), ("JSON that is no list", b'{"name": "x"}'),
                          ("JSON with NaN", b'[{"name": NaN}]'), ("JSON nested too deeply", b"[" * 100_000)):
        files, command = validate(text)
        yield name, kind, {**files, "n.json": content}, command, r"n\.json"


# What is done to a run file; what must come of `plimsoll report` and `merge` then.
DAMAGE = [
    "DELETE FROM probe", "DELETE FROM metric", "DELETE FROM series", "DELETE FROM reading", "DELETE FROM endpoint", "DELETE FROM executor", "DELETE FROM stage", "DELETE FROM run", "DELETE FROM tick",
    "DELETE FROM check_name", "DELETE FROM step_group", "DELETE FROM user_class", "UPDATE reading SET probe = -1", "UPDATE reading SET probe = 77", "UPDATE metric SET probe = 1000000",
    "UPDATE metric SET probe = -9000000000", "UPDATE point SET series = -1", "UPDATE endpoint_tick SET endpoint = 9999", "UPDATE endpoint_tick SET response = x'ff'", "UPDATE endpoint_tick SET statuses = 'x'",
    "UPDATE endpoint_tick SET requests = -1", "UPDATE check_tick SET check_name = 5", "UPDATE cut_check_tick SET check_name = 5", "UPDATE group_tick SET step_group = -5", "UPDATE tick SET to_ns = -1",
    "UPDATE tick SET tick = tick + 1000000000000", "UPDATE shard_tick SET shard = 70000", "UPDATE executor_tick SET executor = 1000000000", "UPDATE run SET value = 99999999999 WHERE key = 'shards'",
    "UPDATE run SET value = 0 WHERE key = 'tick_ns'", "UPDATE stage SET to_ns = from_ns - 1", "UPDATE executor SET kind = 'no such'", "UPDATE threshold SET \"limit\" = 9e999", "UPDATE threshold SET statistic = 'mode'",
    "UPDATE error SET endpoint = 12", "UPDATE gap SET probe = 12", "UPDATE event SET kind = 'x'", "DROP TABLE tick", "DROP TABLE point", "ALTER TABLE tick DROP COLUMN users", "PRAGMA user_version = 2",
    "PRAGMA user_version = 7", "PRAGMA application_id = 0", "UPDATE fact SET value = zeroblob(1000000)", "UPDATE run SET value = zeroblob(5000000) WHERE key = 'scenario_text'",
]


def rows(folder):
    return [*special_files(folder), *hostile_scenarios(), *header_values(), *flags(), *encodings()]
