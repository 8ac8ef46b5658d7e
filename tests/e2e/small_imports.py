"""What people import, small, and the requests that must come of it. `@PORT@` is the recording server's.

Each row: name, kind of import, its text, [(method, target, body)], words that the notes must hold.
"""
import json

O = "http://127.0.0.1:@PORT@"
OTHER = "http://localhost:@PORT@"  # the same server, as another host


def har(*entries, **more):
    return json.dumps({"log": {"version": "1.2", "entries": list(entries), **more}})


def entry(path, method="GET", status=200, at=0, to="", kind="application/json", post=None, headers=(), answer="{}", host=O, **more):
    request = {"method": method, "url": host + path, "httpVersion": "HTTP/2", "cookies": [], "queryString": [],
               "headers": [{"name": name, "value": value} for name, value in headers], **more}
    if post is not None:
        request["postData"] = post
    return {"startedDateTime": f"2024-05-01T12:00:{at:02}.000Z", "time": 5, "request": request,
            "response": {"status": status, "redirectURL": to, "headers": [], "cookies": [],
                         "content": {"mimeType": kind, "text": answer}}}


def postman(*requests, schema="v2.1.0", **more):
    items = [r if "item" in r or "request" in r else {"name": f"r{n}", "request": r} for n, r in enumerate(requests)]
    return json.dumps({"info": {"name": "n", "schema": f"https://schema.getpostman.com/json/collection/{schema}/collection.json"},
                       "item": items, **more})


def get(url, **more):
    return {"method": "GET", "url": url, **more}


def post(body, **more):
    return {"method": "POST", "url": O + "/p", "body": body, **more}


def openapi(paths, version="3.0.3", **more):
    return json.dumps({"openapi": version, "info": {"title": "t", "version": "1"}, "servers": [{"url": O}], "paths": paths, **more})


def operation(*parameters, body=None, **more):
    out = {"responses": {"200": {"description": "ok"}}, **more}
    if parameters:
        out["parameters"] = list(parameters)
    if body is not None:
        out["requestBody"] = {"content": body}
    return out


def parameter(place, name, schema, **more):
    return {"name": name, "in": place, "required": True, "schema": schema, **more}


JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

K6 = "import http from 'k6/http';\nconst O = '" + O + "';\n"
LOCUST = "from locust import HttpUser, task\n\n\nclass U(HttpUser):\n    host = \"" + O + "\"\n"

# None: nothing can come of it, which is said.
ROWS = [
    # HAR
    ("a redirect to another host comes first", "har",
     har(entry("/", status=301, to=O + "/", host="http://start.example", kind="text/html"), entry("/", at=1, kind="text/html"),
         entry("/api/items", at=2), entry("/api/cart", "POST", at=3, post={"mimeType": JSON, "text": '{"id":1}'})),
     [("GET", "/", ""), ("GET", "/api/items", ""), ("POST", "/api/cart", '{"id":1}')], ["1 redirect from another host"]),
    ("two redirects over two hosts come first", "har",
     har(entry("/", status=302, to="http://b.example/x", host="http://a.example", kind=""),
         entry("/x", status=307, to=O + "/home", host="http://b.example", kind="", at=1), entry("/home", at=2, kind="text/html"), entry("/next", at=3)),
     [("GET", "/home", ""), ("GET", "/next", "")], []),
    ("a redirect in the middle is one step", "har",
     har(entry("/a"), entry("/old", status=302, to="/new?x=1", at=1), entry("/new?x=1", at=2), entry("/end", at=3)),
     [("GET", "/a", ""), ("GET", "/old", ""), ("GET", "/end", "")], []),
    ("a page that is asked for again after a redirect to it stays", "har",
     har(entry("/a", status=302, to="/b"), entry("/b", at=1), entry("/b", at=9)), [("GET", "/a", ""), ("GET", "/b", "")], []),
    ("a 304 is no redirect", "har", har(entry("/a", status=304), entry("/b", at=1)), [("GET", "/a", ""), ("GET", "/b", "")], []),
    ("pseudo headers of HTTP/2, and what a client writes by itself", "har",
     har(entry("/h", headers=[(":method", "GET"), (":authority", "x"), (":path", "/h"), ("content-length", "0"), ("Connection", "close"),
                              ("Transfer-Encoding", "chunked"), ("X-Mine", "1")])), [("GET", "/h", "")], []),
    ("entries that are not in the order of time", "har", har(entry("/2", at=2), entry("/1", at=1), entry("/3", at=3)),
     [("GET", "/1", ""), ("GET", "/2", ""), ("GET", "/3", "")], []),
    ("a byte order mark", "har", "\ufeff" + har(entry("/bom")), [("GET", "/bom", "")], []),
    ("a fragment", "har", har(entry("/a#part"), entry("/b?x=1#y", at=1)), [("GET", "/a", ""), ("GET", "/b?x=1", "")], []),
    ("escapes and blanks in URLs stay", "har", har(entry("/a%2Fb/%7Ec?x=1+2&y=%20&z=a%26b"), entry("/e?&&a&b==c", at=1)),
     [("GET", "/a%2Fb/%7Ec?x=1+2&y=%20&z=a%26b", ""), ("GET", "/e?&&a&b==c", "")], []),
    ("a host in capitals, and a default port", "har", har(entry("/a", host="HTTP://127.0.0.1:@PORT@"), entry("/b", at=1)),
     [("GET", "/a", ""), ("GET", "/b", "")], []),
    ("an empty body is no missing body", "har",
     har(entry("/e", "POST", post={"mimeType": "", "text": ""}), entry("/n", "PUT", at=1)), [("POST", "/e", ""), ("PUT", "/n", "")], []),
    ("params without text, of a form", "har",
     har(entry("/f", "POST", post={"mimeType": FORM, "params": [{"name": "a b", "value": "1&2"}, {"name": "c", "value": ""}, {"name": "a b", "value": "é"}]})),
     [("POST", "/f", "a%20b=1%262&c=&a%20b=%C3%A9")], []),
    ("text that is no JSON under a type that says so", "har", har(entry("/j", "POST", post={"mimeType": JSON, "text": "{'a': 1}"})),
     [("POST", "/j", "{'a': 1}")], []),
    ("numbers keep their digits", "har",
     har(entry("/n", "POST", post={"mimeType": JSON, "text": '{"id":12345678901234567890123,"count":2.0,"e":1e5,"z":-0}'})),
     [("POST", "/n", '{"id":12345678901234567890123,"count":2.0,"e":1e5,"z":-0}')], []),
    ("members that stand twice, and their order", "har", har(entry("/o", "POST", post={"mimeType": JSON, "text": '{"b":1,"a":2,"b":3}'})),
     [("POST", "/o", '{"b":1,"a":2,"b":3}')], []),
    ("requests without an answer are left out", "har", har(entry("/a"), entry("/b", status=0, at=1), entry("/c", at=2)),
     [("GET", "/a", ""), ("GET", "/c", "")], ["left out: 1 request"]),
    ("a preflight request is the browser's own", "har",
     har(entry("/a", "OPTIONS", headers=[("Access-Control-Request-Method", "PUT"), ("Origin", "http://x")]), entry("/a", "PUT", at=1)),
     [("PUT", "/a", "")], ["left out: 1 preflight request"]),
    ("an OPTIONS request of its own stays", "har", har(entry("/a", "OPTIONS")), [("OPTIONS", "/a", "")], []),
    ("a word in a path is no id", "har", har(entry("/gen_204"), entry("/v2/feature_flags", at=1)), [("GET", "/gen_204", ""), ("GET", "/v2/feature_flags", "")], []),
    ("times with a zone", "har",
     har({**entry("/2"), "startedDateTime": "2024-05-01T14:00:01+02:00"}, {**entry("/1"), "startedDateTime": "2024-05-01T12:00:00.5Z"}),
     [("GET", "/1", ""), ("GET", "/2", "")], []),
    # Postman
    ("variables in scheme, host, port and path", "postman",
     postman(get("{{base}}/{{v}}/cours"), get({"raw": "{{protocol}}://{{host}}:{{port}}/parts"}), get("http://{{host}}:@PORT@/hostvar"),
             variable=[{"key": k, "value": v} for k, v in (("base", "{{protocol}}://{{host}}:{{port}}/api"), ("protocol", "http"),
                                                            ("host", "127.0.0.1"), ("port", "@PORT@"), ("v", "v1"))]),
     [("GET", "/api/v1/cours", ""), ("GET", "/parts", ""), ("GET", "/hostvar", "")], []),
    ("path variables are whole segments", "postman",
     postman(get({"raw": O + "/u/:userId/p/:user", "variable": [{"key": "user", "value": "bob"}, {"key": "userId", "value": "42"}]}),
             get({"raw": O + "/a/:id/b/:id", "variable": [{"key": "id", "value": "9"}]})),
     [("GET", "/u/42/p/bob", ""), ("GET", "/a/9/b/9", "")], []),
    ("a field that stands twice", "postman",
     postman(post({"mode": "urlencoded", "urlencoded": [{"key": "ids[]", "value": "1"}, {"key": "ids[]", "value": "2"}, {"key": "x", "value": "y"}]})),
     [("POST", "/p", "ids%5B%5D=1&ids%5B%5D=2&x=y")], []),
    ("version 2.0: authentication as an object, headers as text", "postman",
     postman({"method": "GET", "url": O + "/v2", "header": "X-A: 1\nX-B: 2\n", "auth": {"type": "basic", "basic": {"username": "ann", "password": "{{pw}}"}}},
             schema="v2.0.0"), [("GET", "/v2", "")], []),
    ("a collection as Postman's API wraps it", "postman", json.dumps({"collection": json.loads(postman(get(O + "/w")))}), [("GET", "/w", "")], []),
    ("a request that is a URL alone", "postman", postman({"name": "a", "request": O + "/alone?x={{n}}"}, variable=[{"key": "n", "value": 5}]),
     [("GET", "/alone?x=5", "")], []),
    ("variables of a folder and an item go before the collection's", "postman",
     postman({"name": "f", "variable": [{"key": "a", "value": "folder"}], "item": [
         {"name": "r", "request": get(O + "/{{a}}")}, {"name": "s", "variable": [{"key": "a", "value": "own"}], "request": get(O + "/{{a}}")}]},
         {"name": "t", "request": get(O + "/{{a}}")}, variable=[{"key": "a", "value": "root"}]),
     [("GET", "/folder", ""), ("GET", "/own", ""), ("GET", "/root", "")], []),
    ("a URL without a scheme", "postman", postman(get("127.0.0.1:@PORT@/bare"), get({"host": ["127", "0", "0", "1"], "port": "@PORT@", "path": ["parts"]})),
     [("GET", "/bare", ""), ("GET", "/parts", "")], []),
    ("queries without a value, without a name, switched off", "postman",
     postman(get({"host": O, "path": "q", "query": [{"key": "a", "value": None}, {"key": "b", "value": ""}, {"key": "c", "value": "1", "disabled": True},
                                                    {"key": "d", "value": "x y"}, {"key": "d", "value": "2"}]})),
     [("GET", "/q?a&b=&d=x%20y&d=2", "")], []),
    ("a variable that is switched off has no value", "postman",
     postman(get(O + "/{{a}}"), variable=[{"key": "a", "value": "no", "disabled": True}, {"key": "a", "value": "yes"}]), [("GET", "/yes", "")], []),
    ("numbers of a raw body keep their digits", "postman", postman(post({"mode": "raw", "raw": '{"n": 2.0, "id": 12345678901234567890}'})),
     [("POST", "/p", '{"n": 2.0, "id": 12345678901234567890}')], []),
    ("a variable inside a raw body", "postman",
     postman(post({"mode": "raw", "raw": '{"n": {{n}}, "s": "{{s}}"}', "options": {"raw": {"language": "json"}}}),
             variable=[{"key": "n", "value": 2}, {"key": "s", "value": "x"}]), [("POST", "/p", '{"n": 2, "s": "x"}')], []),
    ("an empty raw body", "postman", postman(post({"mode": "raw", "raw": ""})), [("POST", "/p", "")], []),
    ("a key in the query", "postman",
     postman({"method": "GET", "url": O + "/k", "auth": {"type": "apikey", "apikey": [{"key": "in", "value": "query"}, {"key": "key", "value": "page_key"}, {"key": "value", "value": "7"}]}}),
     [("GET", "/k?page_key=env-PAGE_KEY", "")], []),
    ("a byte order mark before a collection", "postman", "\ufeff" + postman(get(O + "/b")), [("GET", "/b", "")], []),
    ("colons that are no variables", "postman", postman(get(O + "/time/12:30/a:b")), [("GET", "/time/12:30/a:b", "")], []),
    # OpenAPI
    ("servers of paths and operations", "openapi",
     openapi({"/plain": {"get": operation()}, "/a": {"servers": [{"url": O + "/path"}], "get": operation()},
              "/b": {"servers": [{"url": O + "/no"}], "post": operation(servers=[{"url": O + "/op"}])}}, servers=[{"url": O + "/v1"}]),
     [("GET", "/v1/plain", ""), ("GET", "/path/a", ""), ("POST", "/op/b", "")], []),
    ("a server's variables", "openapi",
     openapi({"/x": {"get": operation()}}, servers=[{"url": "http://{host}:{port}/{base}", "variables": {
         "host": {"default": "127.0.0.1"}, "port": {"default": "@PORT@", "enum": ["1", "@PORT@"]}, "base": {"default": "v2"}}}]),
     [("GET", "/v2/x", "")], []),
    ("parameters of the path, taken over by the operation's", "openapi",
     openapi({"/p/{id}": {"parameters": [parameter("path", "id", {"type": "string", "enum": ["no"]}), parameter("query", "q", {"type": "string", "enum": ["path"]})],
                          "get": operation(parameter("path", "id", {"type": "string", "enum": ["yes"]}))}}),
     [("GET", "/p/yes?q=path", "")], []),
    ("arrays in a query", "openapi",
     openapi({"/q": {"get": operation(parameter("query", "a", {"type": "array", "items": {"type": "string"}}, example=["x", "y z"]),
                                      parameter("query", "b", {"type": "array", "items": {"type": "integer"}}, example=[1, 2], explode=False))}}),
     [("GET", "/q?a=x&a=y%20z&b=1,2", "")], []),
    ("an object in a query", "openapi",
     openapi({"/q": {"get": operation(parameter("query", "f", {"type": "object"}, example={"a": 1, "b": "x"}, style="deepObject"),
                                      parameter("query", "g", {"type": "object"}, example={"c": 2, "d": 3}))}}),
     [("GET", "/q?f%5Ba%5D=1&f%5Bb%5D=x&c=2&d=3", "")], []),
    ("two parameters in one segment", "openapi",
     openapi({"/f/{a}.{b}": {"get": operation(*[parameter("path", n, {"type": "string", "enum": [n * 2]}) for n in "ab"])},
              "/g/{a}:cancel": {"post": operation(parameter("path", "a", {"type": "string", "enum": ["7x"]}))}}),
     [("GET", "/f/aa.bb", ""), ("POST", "/g/7x:cancel", "")], []),
    ("references to parameters and bodies", "openapi",
     openapi({"/r": {"post": {"parameters": [{"$ref": "#/components/parameters/N"}], "requestBody": {"$ref": "#/components/requestBodies/B"}, "responses": {}}}},
             components={"parameters": {"N": parameter("query", "n", {"type": "integer", "enum": [5]})},
                         "requestBodies": {"B": {"content": {JSON: {"schema": {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer", "enum": [1]}}}}}}}}),
     [("POST", "/r?n=5", '{"a":1}')], []),
    ("JSON under another name", "openapi",
     openapi({"/m": {"patch": operation(body={"application/merge-patch+json": {"example": {"a": 1.50}}})}}), [("PATCH", "/m", '{"a":1.5}')], []),
    ("JSON goes before what else is offered", "openapi",
     openapi({"/m": {"put": operation(body={"application/xml": {"schema": {"type": "string"}}, FORM: {"example": {"x": "1"}}, JSON: {"example": [1, None, True]}})}}),
     [("PUT", "/m", "[1,null,true]")], []),
    ("an example by name", "openapi",
     openapi({"/m": {"post": operation(body={JSON: {"schema": {"type": "object"}, "examples": {"one": {"summary": "s", "value": {"k": "v"}}}}})}}),
     [("POST", "/m", '{"k":"v"}')], []),
    ("an example by reference", "openapi",
     openapi({"/m": {"post": operation(body={JSON: {"examples": {"one": {"$ref": "#/components/examples/E"}}}})}}, components={"examples": {"E": {"value": {"k": 2}}}}),
     [("POST", "/m", '{"k":2}')], []),
    ("a plain text", "openapi", openapi({"/t": {"post": operation(body={"text/plain": {"example": "two words"}})}}), [("POST", "/t", "two words")], []),
    ("words of 3.1", "openapi",
     openapi({"/t": {"post": operation(body={JSON: {"schema": {"type": ["object", "null"], "required": ["c", "n", "p"], "properties": {
         "c": {"const": "fixed"}, "n": {"type": "integer", "exclusiveMinimum": 4, "maximum": 5}, "p": {"type": "array", "prefixItems": [{"const": 1}, {"const": 2}], "items": False, "minItems": 2}}}}})}},
             version="3.1.0"), [("POST", "/t", '{"c":"fixed","n":5,"p":[1,2]}')], []),
    ("paths without any, but with webhooks", "openapi", openapi({"/only": {"get": operation()}}, version="3.1.0", webhooks={"w": {"post": operation(body={JSON: {}})}}),
     [("GET", "/only", "")], []),
    ("a body that is read-only", "openapi",
     openapi({"/r": {"post": operation(body={JSON: {"schema": {"type": "object", "required": ["id", "n"], "properties": {"id": {"type": "integer", "readOnly": True}, "n": {"enum": [1]}}}}})}}),
     [("POST", "/r", '{"n":1}')], []),
    ("version 2: base path, a form, arrays", "openapi",
     json.dumps({"swagger": "2.0", "info": {"title": "t", "version": "1"}, "host": "127.0.0.1:@PORT@", "basePath": "/v2/", "schemes": ["http"], "consumes": [FORM],
                 "paths": {"/f": {"post": {"parameters": [{"in": "formData", "name": "a", "type": "string", "required": True, "enum": ["x y"]},
                                                          {"in": "query", "name": "l", "type": "array", "items": {"type": "string", "enum": ["1"]}, "collectionFormat": "multi",
                                                           "minItems": 1, "required": True}], "responses": {}}}}}),
     [("POST", "/v2/f?l=1", "a=x%20y")], []),
    ("a reference to a file that is not there", "openapi",
     openapi({"/r": {"post": operation(body={JSON: {"schema": {"$ref": "gone.yaml"}}})}}), [("POST", "/r", "")], ["$ref"]),
    # k6
    ("k6: requests of all kinds", "k6", K6 + """
export default function () {
  http.get(`${O}/g?x=${1 + 1}`);
  http.post(O + '/p', JSON.stringify({a: [1, 'x', null, true], b: {c: 1.5}}), {headers: {'Content-Type': 'application/json'}});
  http.post(O + '/f', {user: 'a b', n: 2});
  http.put(O + '/t', 'text');
  http.del(O + '/d/1');
  http.patch(O + '/e', null);
  http.request('OPTIONS', O + '/o');
}""", [("GET", "/g?x=2", ""), ("POST", "/p", '{"a":[1,"x",null,true],"b":{"c":1.5}}'), ("POST", "/f", "user=a%20b&n=2"), ("PUT", "/t", "text"),
       ("DELETE", "/d/1", ""), ("PATCH", "/e", ""), ("OPTIONS", "/o", "")], []),
    ("k6: functions, loops and constants are followed", "k6", K6 + """
const PAGES = ['a', 'b'];
function visit(page, n) { http.get(`${O}/${page}/${n}`); }
export default () => {
  for (const page of PAGES) { visit(page, 1); }
  for (let i = 0; i < 2; i++) { visit('loop', i); }
  PAGES.forEach((p, i) => visit(p.toUpperCase(), i + 10));
}""", [("GET", "/a/1", ""), ("GET", "/b/1", ""), ("GET", "/loop/0", ""), ("GET", "/loop/1", ""), ("GET", "/A/10", ""), ("GET", "/B/11", "")], []),
    ("k6: a branch that is known is taken, one that is not is left out", "k6", K6 + """
const WRITE = false;
export default function () {
  if (WRITE) { http.del(O + '/no'); } else { http.get(O + '/yes'); }
  if (something.unknown) { http.del(O + '/never'); }
  WRITE && http.del(O + '/never2');
  http.get(WRITE ? O + '/never3' : O + '/other');
  return;
  http.get(O + '/after');
}""", [("GET", "/yes", ""), ("GET", "/other", "")], ["left out: if"]),
    ("k6: nothing that is commented out, in a string or a regular expression is sent", "k6", K6 + """
export default function () {
  // http.del(O + '/a');
  /* http.del(O + '/b'); */
  const s = "http.del(O + '/c')", r = /http\\.del('\\/d')/g;
  http.get(O + '/only');
}""", [("GET", "/only", "")], []),
    ("k6: a batch", "k6", K6 + """
export default function () {
  http.batch([['GET', O + '/one']]);
  http.batch({two: {method: 'POST', url: O + '/two', body: 'x'}});
}""", [("GET", "/one", ""), ("POST", "/two", "x")], []),
    ("k6: a file that is no script", "k6", "export const options = {vus: 1};", None, []),
    # Locust
    ("Locust: requests of all kinds", "locust", LOCUST + """
    @task
    def all(self):
        self.client.get("/g", params={"a": "1 2", "b": [1, 2]})
        self.client.post("/j", json={"a": [1, "x", None, True], "b": 1.5})
        self.client.post("/f", data={"user": "a b", "n": 2})
        self.client.put("/t", data="text")
        self.client.delete("/d/1")
        self.client.request("PATCH", "/e")
        with self.client.get("/w", catch_response=True) as response:
            if response.status_code != 200:
                response.failure("no")
""", [("GET", "/g?a=1%202&b=1&b=2", ""), ("POST", "/j", '{"a":[1,"x",null,true],"b":1.5}'), ("POST", "/f", "user=a%20b&n=2"), ("PUT", "/t", "text"),
      ("DELETE", "/d/1", ""), ("PATCH", "/e", ""), ("GET", "/w", "")], []),
    ("Locust: loops, methods and f-strings are followed", "locust", LOCUST + """
    def visit(self, page, n=3):
        self.client.get(f"/{page}/{n:02d}", name="/visit")

    @task
    def all(self):
        for page in ("a", "b"):
            self.visit(page)
        for n in range(2):
            self.visit("loop", n)
""", [("GET", "/a/03", ""), ("GET", "/b/03", ""), ("GET", "/loop/00", ""), ("GET", "/loop/01", "")], []),
    ("Locust: what is not certain is left out", "locust", LOCUST + """
    @task
    def all(self):
        if unknown():
            self.client.delete("/never")
        if False:
            self.client.delete("/never2")
        \'\'\'self.client.delete("/text")\'\'\'
        self.client.get("/only")
        return
        self.client.delete("/after")
""", [("GET", "/only", "")], ["left out: if"]),
    ("Locust: what is no Python", "locust", "class U(HttpUser:\n  pass\n", None, []),
]
