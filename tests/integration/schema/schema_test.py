#!/usr/bin/env python3
"""`plimsoll schema` by a validator that is not ours (python3-jsonschema).

    schema_test.py SOURCE_DIR PLIMSOLL

Every scenario that is right must pass, every broken golden file must be refused, but for those that
CANNOT lists: a schema sees values, not their places, meaning or spelling.
"""

import json
import subprocess
import sys
import unittest
from pathlib import Path

import jsonschema
import yaml

SOURCE = Path(sys.argv[1])
PLIMSOLL = sys.argv[2]
MODELINE = "# yaml-language-server: $schema="

# What a schema cannot refuse, and why.
CANNOT = json.loads((Path(__file__).parent / "cannot.json").read_text(encoding="utf-8"))


class Loader(yaml.SafeLoader):
    """YAML as JSON has it: no dates."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, expression) for tag, expression in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def goldens() -> list[Path]:
    return sorted((SOURCE / "tests/golden/scenario").glob("*.yaml"))


def good_files() -> list[Path]:
    parts = {"compose.yaml"}
    examples = [path for path in (SOURCE / "examples").rglob("*.yaml") if path.name not in parts and path.parent.name != "experiments"]
    return [*examples, SOURCE / "src/app/starter.yaml",
            *(path for path in goldens() if path.name.startswith("valid-"))]


class ExperimentSchema(unittest.TestCase):
    def test_accepts_the_examples(self) -> None:
        done = subprocess.run([PLIMSOLL, "schema", "experiment"], capture_output=True, text=True, check=True, timeout=30)
        jsonschema.Draft7Validator.check_schema(json.loads(done.stdout))
        validator = jsonschema.Draft7Validator(json.loads(done.stdout))
        paths = sorted((SOURCE / "examples/experiments").glob("*.yaml"))
        self.assertGreaterEqual(len(paths), 2)
        for path in paths:
            with self.subTest(path.name):
                text = path.read_text(encoding="utf-8")
                self.assertEqual([error.message for error in validator.iter_errors(yaml.load(text, Loader))], [])
                first = text.splitlines()[0]
                self.assertTrue((path.parent / first.removeprefix(MODELINE)).resolve().is_file(), first)


class Schema(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        done = subprocess.run([PLIMSOLL, "schema"], capture_output=True, text=True, check=True, timeout=30)
        cls.schema = json.loads(done.stdout)
        cls.validator = jsonschema.Draft7Validator(cls.schema)

    def faults(self, text: str) -> list[str]:
        try:
            document = yaml.load(text, Loader)  # a subclass of the safe one
        except yaml.YAMLError as error:
            return [f"not YAML: {error}"]
        return [f"{list(error.absolute_path)}: {error.message[:200]}" for error in self.validator.iter_errors(document)]

    def test_is_a_schema(self) -> None:
        jsonschema.Draft7Validator.check_schema(self.schema)

    def test_accepts_what_is_right(self) -> None:
        self.assertGreater(len(good_files()), 5)
        for path in good_files():
            with self.subTest(path.name):
                self.assertEqual(self.faults(path.read_text(encoding="utf-8")), [])

    def test_refuses_what_is_broken(self) -> None:
        broken = [path for path in goldens() if not path.name.startswith("valid-")]
        refused = 0
        for path in broken:
            with self.subTest(path.name):
                faults = self.faults(path.read_text(encoding="utf-8"))
                if path.stem in CANNOT:
                    self.assertEqual(faults, [], f"it can: take {path.stem} out of cannot.json")
                else:
                    self.assertNotEqual(faults, [], "add it to cannot.json with the reason, if a schema cannot")
                    refused += 1
        self.assertGreater(refused, 30)
        self.assertEqual(sorted(set(CANNOT) - {path.stem for path in broken}), [], "no such golden file")

    def test_every_example_names_the_schema(self) -> None:
        for path in good_files():
            if path.name.startswith("valid-"):
                continue
            with self.subTest(path.name):
                first = path.read_text(encoding="utf-8").splitlines()[0]
                self.assertTrue(first.startswith(MODELINE), first)
                if path.parts[-2] != "app":  # the starter's stands beside the file it becomes
                    self.assertTrue((path.parent / first.removeprefix(MODELINE)).resolve().is_file(), first)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
