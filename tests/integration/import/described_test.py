#!/usr/bin/env python3
"""`plimsoll import openapi`: what is sent fits the description, by a validator that we did not write.

    PLIMSOLL=... described_test.py
"""

import json
import os
import resource
import subprocess
import tempfile
import unittest
from pathlib import Path

import yaml

from described import Description, misfits
from recorder import Recorder

PLIMSOLL = os.environ["PLIMSOLL"]

# A schema each; a member of this name is the body.
SCHEMAS: dict[str, object] = {
    "deep": {"$ref": "#/components/schemas/L0"},
    "mutual": {"$ref": "#/components/schemas/Person"},
    "tree": {"$ref": "#/components/schemas/Tree"},
    "list_of_lists": {"type": "array", "minItems": 2, "items": {"type": "array", "minItems": 1, "items": {"type": "integer"}}},
    "unique": {"type": "array", "minItems": 3, "uniqueItems": True, "items": {"type": "string", "enum": ["a", "b", "c"]}},
    "unique_numbers": {"type": "array", "minItems": 4, "uniqueItems": True, "items": {"type": "integer", "minimum": 7}},
    "none": {"type": "array", "maxItems": 0, "items": {"type": "string"}},
    "numbers": {"type": "object", "required": list("abcdefg"), "properties": {
        "a": {"type": "integer", "minimum": 5}, "b": {"type": "integer", "maximum": -3}, "c": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
        "d": {"type": "integer", "multipleOf": 7, "minimum": 15}, "e": {"type": "number", "minimum": 0.25, "maximum": 0.75},
        "f": {"type": "integer", "minimum": 0, "maximum": 10, "exclusiveMaximum": True}, "g": {"type": "number", "multipleOf": 0.5, "minimum": 2.2}}},
    "strings": {"type": "object", "required": list("abcdefgh"), "properties": {
        "a": {"type": "string", "minLength": 20}, "b": {"type": "string", "maxLength": 3}, "c": {"type": "string", "pattern": "^[A-Z]{3}-\\d{4}$"},
        "d": {"type": "string", "pattern": "^(red|green)+$", "minLength": 8}, "e": {"type": "string", "pattern": "[^a-z]", "maxLength": 5},
        "f": {"type": "string", "pattern": "^\\w+@\\w+\\.com$"}, "g": {"type": "string", "pattern": "^#[0-9a-f]{6}$"},
        "h": {"type": "string", "pattern": "^.{5,10}$"}}},
    "formats": {"type": "object", "required": list("abcdefghi"), "properties": {
        name: {"type": "string", "format": form} for name, form in zip("abcdefghi", (
            "uuid", "date", "date-time", "email", "uri", "ipv4", "ipv6", "hostname", "byte"))}},
    "choices": {"type": "object", "required": ["one", "any", "all"], "properties": {
        "one": {"oneOf": [{"type": "object", "required": ["cat"], "properties": {"cat": {"type": "string"}}, "additionalProperties": False},
                          {"type": "object", "required": ["dog"], "properties": {"dog": {"type": "string"}}, "additionalProperties": False}]},
        "any": {"anyOf": [{"type": "integer", "minimum": 3}, {"type": "string"}]},
        "all": {"allOf": [{"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}},
                          {"type": "object", "required": ["b"], "properties": {"b": {"$ref": "#/components/schemas/L8"}}}]}}},
    "overlapping": {"oneOf": [{"type": "number"}, {"type": "integer"}, {"type": "string"}]},
    "required_with_choice": {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}},
                             "oneOf": [{"required": ["a"], "not": {"required": ["b"]}}, {"required": ["a", "b"]}]},
    "wrong_example": {"type": "object", "required": ["n"], "example": {"n": "no number"}, "properties": {"n": {"type": "integer"}}},
    "null_example": {"type": "object", "required": ["n"], "properties": {"n": {"type": "string", "example": None}}},
    "default_out_of_range": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer", "default": 0, "minimum": 1}}},
    "nullable": {"type": "object", "required": ["n"], "properties": {"n": {"nullable": True, "allOf": [{"$ref": "#/components/schemas/L8"}]}}},
    "map": {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 2},
    "closed": {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False},
    "undescribed": {"type": "object", "required": ["what", "else"], "properties": {"what": {"type": "integer"}}},
    "read_only": {"type": "object", "required": ["id", "name"], "properties": {"id": {"type": "integer", "readOnly": True}, "name": {"type": "string"}}},
    "secret_words": {"type": "object", "required": ["secret_scanning", "token_type"], "properties": {
        "secret_scanning": {"type": "string", "enum": ["enabled", "disabled"]}, "token_type": {"type": "string", "enum": ["bearer"]}}},
    "bare": {},
    "text": {"type": "string", "minLength": 2},
}
CHAIN = {f"L{n}": {"type": "object", "required": ["key"], "properties": {
    "key": {"type": "string"}, **({"next": {"$ref": f"#/components/schemas/L{n + 1}"}} if n < 8 else {})}} for n in range(9)}
MUTUAL = {
    "Person": {"type": "object", "required": ["name", "home"], "properties": {
        "name": {"type": "string"}, "home": {"$ref": "#/components/schemas/Home"}, "friends": {"type": "array", "items": {"$ref": "#/components/schemas/Person"}}}},
    "Home": {"type": "object", "required": ["owners"], "properties": {
        "owners": {"type": "array", "items": {"$ref": "#/components/schemas/Person"}}}},
    "Tree": {"type": "object", "required": ["left", "right"], "properties": {
        "left": {"nullable": True, "allOf": [{"$ref": "#/components/schemas/Tree"}]},
        "right": {"nullable": True, "allOf": [{"$ref": "#/components/schemas/Tree"}]}}},
}


def described(schemas: dict[str, object], components: dict[str, object]) -> dict:
    return {"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "servers": [{"url": "http://127.0.0.1:1"}],
            "paths": {f"/{name}": {"post": {"requestBody": {"content": {"application/json": {"schema": schema}}},
                                            "responses": {"200": {"description": "ok"}}}} for name, schema in schemas.items()},
            "components": {"schemas": components}}


class Described(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def imported(self, file: Path, limits: bool = False) -> tuple[dict, str, str]:
        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_AS, (1_000_000_000, 1_000_000_000))
        done = subprocess.run([PLIMSOLL, "import", "openapi", file], capture_output=True, text=True, timeout=60, check=False,
                              preexec_fn=limit if limits else None)
        self.assertEqual(done.returncode, 0, done.stderr)
        out = self.folder / "out.yaml"
        out.write_text(done.stdout, encoding="utf-8")
        env = {line.split()[1]: "secret" for line in done.stderr.splitlines() if line.startswith("  set ")}
        valid = subprocess.run([PLIMSOLL, "validate", "-q", out], capture_output=True, text=True, check=False, env={**os.environ, **env})
        self.assertEqual(valid.returncode, 0, valid.stderr + done.stdout)
        return yaml.safe_load(done.stdout), done.stderr, done.stdout

    def write(self, name: str, content: object) -> Path:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return file

    def test_every_body_fits_its_schema(self) -> None:
        file = self.write("api.json", described(SCHEMAS, {**CHAIN, **MUTUAL}))
        scenario, said, text = self.imported(file)
        judged, wrong = misfits(Description(file), scenario)
        self.assertEqual(wrong, [], text)
        self.assertEqual(judged, len(SCHEMAS), said)
        self.assertNotIn("left out", said)
        self.assertLess(len(text), 100_000)
        self.assertNotIn("SECRET_SCANNING", text)
        self.assertNotIn("id:", text[text.index("/read_only"):].split("- post")[0])

    def test_what_never_ends_is_left_out_with_a_word(self) -> None:
        endless = {"E": {"type": "object", "required": ["e"], "properties": {"e": {"$ref": "#/components/schemas/E"}}}}
        doubling = {f"D{n}": {"type": "object", "required": ["a", "b"], "properties": {
            "a": {"$ref": f"#/components/schemas/D{n + 1}"}, "b": {"$ref": f"#/components/schemas/D{n + 1}"}}} for n in range(40)}
        doubling["D40"] = {"type": "integer"}
        file = self.write("api.json", described({"e": {"$ref": "#/components/schemas/E"}, "d": {"$ref": "#/components/schemas/D0"},
                                                 "gone": {"$ref": "#/components/schemas/None"}}, {**endless, **doubling}))
        scenario, said, _ = self.imported(file, limits=True)
        self.assertEqual([step for step in scenario["users"]["writer"]["flow"] if "json" in step], [])
        self.assertIn("left out: 3 bodies behind a $ref that leads nowhere", said)

    def test_a_schema_that_nothing_fits_is_said(self) -> None:
        base = {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}
        file = self.write("api.json", described({"both": {"oneOf": [base, {"allOf": [base]}]}}, {}))
        _, said, _ = self.imported(file)
        self.assertIn("1 body that does not fit its own schema", said)

    def test_schemas_that_refer_to_each_other_stay_small(self) -> None:
        names = [f"E{n}" for n in range(18)]
        schemas = {name: {"type": "object", "properties": {"name": {"type": "string"}, **{
            f"r{n}": {"$ref": f"#/components/schemas/{other}"} for n, other in enumerate(names)}}} for name in names}
        file = self.write("api.json", described({"e": {"$ref": "#/components/schemas/E0"}}, schemas))
        scenario, _, text = self.imported(file, limits=True)
        self.assertLess(len(text), 50_000)
        self.assertEqual(misfits(Description(file), scenario)[1], [])

    def test_other_files_are_read_and_what_is_not_there_is_said(self) -> None:
        self.write("schemas/pet.yaml", "type: object\nrequired: [name, kind]\nproperties:\n  name: {type: string}\n"
                                       "  kind: {$ref: 'kinds.yaml#/Kind'}\n  self: {$ref: '#'}\n")
        self.write("schemas/kinds.yaml", "Kind: {type: string, enum: [cat, dog]}\n")
        self.write("paths/list.yaml", "get:\n  responses: {'200': {description: ok}}\n")
        file = self.write("api.yaml", """
openapi: 3.1.0
info: {title: t, version: "1"}
paths:
  /pets:
    post:
      requestBody: {content: {application/json: {schema: {$ref: "./schemas/pet.yaml"}}}}
      responses: {"200": {description: ok}}
  /list: {$ref: "paths/list.yaml"}
  /gone:
    put:
      requestBody: {content: {application/json: {schema: {$ref: "gone.yaml#/X"}}}}
      responses: {"200": {description: ok}}
  /far: {$ref: "https://example.com/paths.yaml"}
""")
        scenario, said, text = self.imported(file)
        self.assertEqual(scenario["users"]["writer"]["flow"][0]["json"], {"name": "example", "kind": "cat"}, text)
        self.assertEqual(scenario["users"]["reader"]["flow"][0]["get"], "/list")
        self.assertNotIn("json", scenario["users"]["writer"]["flow"][1])
        self.assertIn("left out: 1 body behind a $ref that leads nowhere", said)
        self.assertIn("left out: 1 path behind a $ref that leads nowhere", said)
        self.assertIn("not read: 2 $refs to another file or host", said)

    def test_servers_of_paths_and_operations_and_all_methods(self) -> None:
        recorder = Recorder()
        self.addCleanup(recorder.end)
        origin = f"http://127.0.0.1:{recorder.port}"
        file = self.write("api.yaml", f"""
openapi: 3.0.3
info: {{title: t, version: "1"}}
servers: [{{url: "{{scheme}}://127.0.0.1:{recorder.port}/v1/", variables: {{scheme: {{default: http}}}}}}]
paths:
  /plain/{{undescribed}}: {{get: {{responses: {{}}}}, options: {{responses: {{}}}}, trace: {{responses: {{}}}}, head: {{responses: {{}}}}}}
  /a: {{servers: [{{url: "{origin}/path"}}], get: {{responses: {{}}}}}}
  /b: {{post: {{servers: [{{url: /relative}}], responses: {{}}}}}}
  /c: {{get: {{servers: [{{url: "http://localhost:{recorder.port}/other"}}], responses: {{}}}}}}
  /d:
    get:
      parameters:
        - {{name: q, in: query, required: true, schema: {{type: string, enum: ["a b&c"]}}}}
        - {{name: sid, in: cookie, required: true, schema: {{type: string, enum: [x]}}}}
        - {{name: X-N, in: header, required: true, schema: {{type: integer, minimum: 9}}}}
        - {{name: Content-Length, in: header, required: true, schema: {{type: integer}}}}
      responses: {{}}
""")
        _, said, _ = self.imported(file)
        subprocess.run([PLIMSOLL, "validate", self.folder / "out.yaml", "--check-target"], capture_output=True, check=False, timeout=60,
                       env={**os.environ, "COOKIE": "sid=x"})
        seen = {(one.method, one.target): dict(one.headers) for one in recorder.take()}
        self.assertEqual(set(seen), {("GET", "/v1/plain/example"), ("OPTIONS", "/v1/plain/example"), ("TRACE", "/v1/plain/example"),
                                     ("HEAD", "/v1/plain/example"), ("GET", "/path/a"), ("POST", "/relative/b"), ("GET", "/other/c"),
                                     ("GET", "/v1/d?q=a%20b%26c")})
        last = seen["GET", "/v1/d?q=a%20b%26c"]
        self.assertEqual((last["x-n"], last["cookie"]), ("9", "sid=x"))
        self.assertIn("4 parameters of a path that are not described; they are sent as example", said)

    def test_version_2_fits_too(self) -> None:
        file = self.write("api.json", {
            "swagger": "2.0", "info": {"title": "t", "version": "1"}, "host": "127.0.0.1:1", "basePath": "/v2", "schemes": ["http"],
            "paths": {"/p": {"post": {"parameters": [{"in": "body", "name": "b", "schema": {"$ref": "#/definitions/P"}}], "responses": {}}},
                      "/f": {"post": {"parameters": [{"in": "formData", "name": "a", "type": "string", "required": True},
                                                     {"in": "formData", "name": "f", "type": "file"}], "responses": {}}}},
            "definitions": {"P": {"type": "object", "required": ["n", "p"], "properties": {
                "n": {"type": "integer", "minimum": 3, "exclusiveMinimum": True}, "p": {"$ref": "#/definitions/P2"}}},
                "P2": {"type": "object", "required": ["x"], "properties": {"x": {"type": "string", "maxLength": 2}}}}})
        scenario, _, text = self.imported(file)
        self.assertEqual(misfits(Description(file), scenario), (1, []), text)
        self.assertEqual(set(scenario["users"]["writer"]["flow"][1]["multipart"]), {"a", "f"})


if __name__ == "__main__":
    unittest.main()
