"""Bodies that were made from an OpenAPI description, judged by jsonschema."""

import json
import re
from pathlib import Path
from urllib.parse import unquote

import jsonschema
import yaml

METHODS = ("get", "head", "options", "trace", "post", "put", "patch", "delete")
# libyaml where it is there: descriptions have megabytes.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class NoTimes(LOADER):
    """Dates stay text, as in JSON."""


NoTimes.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in LOADER.yaml_implicit_resolvers.items()}


def read(file: Path) -> object:
    text = file.read_text(encoding="utf-8-sig")
    return json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, NoTimes)


class Description:
    """A description whose references are looked up as OpenAPI says, in other files too."""

    def __init__(self, file: Path) -> None:
        self.file = file.resolve()
        self.files: dict[Path, object] = {}
        self.root = self.document(self.file)
        self.schemas: dict[tuple[Path, str], str] = {}
        self.waiting: list[tuple[str, object, Path]] = []

    def document(self, file: Path) -> object:
        if file not in self.files:
            self.files[file] = read(file)
        return self.files[file]

    def resolve(self, value: object, file: Path) -> tuple[object, Path]:
        while isinstance(value, dict) and isinstance(value.get("$ref"), str):
            value, file = self.at(value["$ref"], file)
        return value, file

    def at(self, reference: str, file: Path) -> tuple[object, Path]:
        name, _, pointer = reference.partition("#")
        file = (file.parent / name).resolve() if name else file
        value = self.document(file)
        for part in pointer.split("/")[1:]:
            part = unquote(part).replace("~1", "/").replace("~0", "~")
            value = value[int(part)] if isinstance(value, list) else value[part]
        return value, file

    # OpenAPI 3.0's dialect as JSON Schema: nullable, limits that are said to be exclusive, what is only read.
    def convert(self, schema: object, file: Path) -> object:
        if not isinstance(schema, dict):
            return schema if isinstance(schema, bool) else {}
        if isinstance(schema.get("$ref"), str):
            return {"$ref": "#/$defs/" + self.name(schema["$ref"], file)}
        out = {key: value for key, value in schema.items() if key in
               ("type", "enum", "const", "required", "multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
                "minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties")}
        for low, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            if isinstance(out.get(exclusive), bool):
                if out.pop(exclusive) and low in out:
                    out[exclusive] = out.pop(low)
        if isinstance(out.get("required"), bool):
            del out["required"]  # Swagger 2's parameters
        for key in ("items", "additionalProperties", "not"):
            if key in schema:
                out[key] = self.convert(schema[key], file)
        for key in ("allOf", "oneOf", "anyOf"):
            if isinstance(schema.get(key), list):
                out[key] = [self.convert(one, file) for one in schema[key]]
        if isinstance(schema.get("properties"), dict):
            out["properties"] = {name: self.convert(one, file) for name, one in schema["properties"].items()}
            read_only = [name for name, one in schema["properties"].items()
                         if isinstance(one, dict) and self.resolve(one, file)[0].get("readOnly")]
            if "required" in out:
                out["required"] = [name for name in out["required"] if name not in read_only]
        try:
            re.compile(out.get("pattern", ""))
        except re.error:
            del out["pattern"]
        return {"anyOf": [{"type": "null"}, out]} if schema.get("nullable") is True else out

    def name(self, reference: str, file: Path) -> str:
        target, _, pointer = reference.partition("#")
        key = ((file.parent / target).resolve() if target else file, pointer)
        if key not in self.schemas:
            self.schemas[key] = f"s{len(self.schemas)}"
            value, where = self.at(reference, file)
            self.waiting.append((self.schemas[key], value, where))
        return self.schemas[key]

    def validator(self, schema: object, file: Path) -> jsonschema.Validator:
        whole = self.convert(schema, file)
        definitions: dict[str, object] = getattr(self, "definitions", {})
        while self.waiting:
            name, value, where = self.waiting.pop()
            definitions[name] = self.convert(value, where)
        self.definitions = definitions
        return jsonschema.Draft202012Validator({"allOf": [whole], "$defs": definitions})

    def operations(self) -> dict[tuple[str, str], tuple[dict, Path]]:
        found = {}
        for path, item in self.root.get("paths", {}).items():
            of, file = self.resolve(item, self.file)
            for method in METHODS:
                if isinstance(of, dict) and isinstance(of.get(method), dict):
                    found[method, path] = self.resolve(of[method], file)
        return found

    def body_schema(self, operation: dict, file: Path, kind: str) -> tuple[object, Path] | None:
        """Of the body whose media type has `kind` in it, if there is one that is described."""
        body, body_file = self.resolve(operation.get("requestBody"), file)
        if isinstance(body, dict):
            for media_type, media in body.get("content", {}).items():
                if kind in media_type:
                    return (media["schema"], body_file) if "schema" in media else None
        for raw in operation.get("parameters", []):
            parameter, where = self.resolve(raw, file)
            if kind == "json" and isinstance(parameter, dict) and parameter.get("in") == "body":
                return parameter.get("schema", {}), where
        return None

    def fields(self, form: dict, schema: object, file: Path) -> dict:
        """A form's texts as the values that they stand for."""
        of, where = self.resolve(schema, file)
        values = {}
        for name, text in form.items():
            kind = self.resolve(of.get("properties", {}).get(name, {}), where)[0].get("type", "string")
            values[name] = text if kind == "string" or not isinstance(text, str) else json.loads(text)
        return values


def plain(value: object) -> object:
    """What a body is when it is sent: expressions as they come out."""
    if isinstance(value, dict):
        return {plain(key): plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if not isinstance(value, str):
        return value
    value = value.replace("${uuid()}", "9b2e7c1a-1111-4222-8333-444455556666")
    value = re.sub(r"(?<!\$)\$\{env\.\w+\}", "secret-value", value)
    return value.replace("$${", "${")


def bodies(scenario: dict) -> list[tuple[str, str, object]]:
    """(method, name, body) of each step with a body of JSON or a form."""
    found = []
    for user in scenario["users"].values():
        for step in user["flow"]:
            method = next(name for name in METHODS if name in step)
            name = step.get("name", step[method].split("?")[0]).replace("$${", "${")
            if "json" in step:
                found.append((method, name, plain(step["json"])))
            elif "form" in step:
                found.append((method, name, ("form", plain(step["form"]))))
            elif isinstance(step.get("body"), str) and step["body"].startswith(("{", "[")):
                found.append((method, name, plain(json.loads(step["body"]))))
    return found


def misfits(description: Description, scenario: dict) -> tuple[int, list[str]]:
    """How many bodies were judged, and what is wrong with those that do not fit."""
    operations = description.operations()
    judged, wrong = 0, []
    for method, name, body in bodies(scenario):
        if (method, name) not in operations:
            wrong.append(f"{method} {name}: no such operation")
            continue
        operation, file = operations[method, name]
        form = isinstance(body, tuple)
        schema = description.body_schema(operation, file, "form-urlencoded" if form else "json")
        if schema is None:
            continue
        if form:
            body = description.fields(body[1], *schema)
        judged += 1
        fault = jsonschema.exceptions.best_match(description.validator(*schema).iter_errors(body))
        if fault is not None:
            wrong.append(f"{method} {name}: {fault.json_path}: {fault.message[:160]}")
    return judged, wrong
