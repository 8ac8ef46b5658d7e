#!/usr/bin/env python3
"""The boards have the types that Grafana 11, 12 and 13 publish for them, as TypeScript's compiler sees it.

    types_test.py SOURCE_DIR

Each part of a panel is a literal of its type: the panel, its kind's options and field settings, its overrides. So a
misspelt key fails as a wrong value does.
"""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(sys.argv[1]).resolve()
HERE = Path(__file__).resolve().parent
MODULES = HERE / "node_modules"
VERSIONS = ("schema11", "schema12", "schema13")
# What an annotation says to its data source, which the core's types leave open.
OF_PROMETHEUS = {"expr", "step", "titleFormat", "tagKeys", "useValueForTime"}
# Enumerations are written as the texts and numbers that JSON has.
LOOSE = """
type Loose<T> = T extends string ? `${T}` : T extends number | boolean | null | undefined ? T
    : T extends Array<infer U> ? Array<Loose<U>>
    : unknown extends T ? any : { [K in keyof T]: Loose<T[K]> };
"""


def everything(panels: list) -> list:
    return [one for panel in panels for one in [panel, *everything(panel.get("panels", []))]]


class Types:
    """Compiles boards against one version."""

    def __init__(self, version: str, folder: Path):
        self.folder, self.root = folder, MODULES / version / "dist"
        index = [path for path in self.root.rglob("index.d.ts") if (path.parent / "veneer").is_dir()]
        assert index, f"{version} has no types"
        self.index = index[0]

    def of_panel(self, kind: str) -> Path:
        found = list(self.index.parent.glob(f"raw/composable/{kind.replace('-', '')}/panelcfg/x/*types.gen.d.ts"))
        assert len(found) == 1, (kind, found)
        return found[0]

    def code(self, board: dict) -> str:
        panels = everything(board["panels"])
        kinds = sorted({panel["type"] for panel in panels} - {"row"})
        lines = ["import type { Dashboard, FieldConfig, Panel, RowPanel } from '@grafana/schema';"]
        for i, kind in enumerate(kinds):
            where = self.of_panel(kind)
            own = where.read_text(encoding="utf-8")
            fields = f", FieldConfig as Field{i}" if " FieldConfig " in own else ""
            lines.append(f"import type {{ Options as Options{i}{fields} }} from '{str(where).removesuffix('.d.ts')}';")
            if not fields:
                lines.append(f"type Field{i} = Record<string, never>;")
        lines.append(LOOSE)
        for number, panel in enumerate(panels):
            if panel["type"] == "row":
                lines.append(f"export const row{number}: Loose<RowPanel> = {json.dumps({**panel, 'panels': []})};")
                continue
            kind = kinds.index(panel["type"])
            lines += [f"export const panel{number}: Loose<Panel> = {json.dumps(panel)};",
                      f"export const options{number}: Loose<Options{kind}> = {json.dumps(panel['options'])};"]
            config = panel["fieldConfig"]
            if "custom" in config["defaults"]:
                lines.append(f"export const custom{number}: Loose<Field{kind}> = {json.dumps(config['defaults']['custom'])};")
            for i, own in enumerate(own for override in config["overrides"] for own in override["properties"]):
                name = own["id"].removeprefix("custom.")
                owner = f"Loose<Field{kind}>" if own["id"].startswith("custom.") else "Loose<FieldConfig>"
                lines.append(f"export const override{number}_{i}: {owner}[{json.dumps(name)}] = {json.dumps(own['value'])};")
        core = [{key: value for key, value in one.items() if key not in OF_PROMETHEUS} for one in board["annotations"]["list"]]
        lines.append("export const board: Loose<Dashboard> = "
                     f"{json.dumps({**board, 'panels': [], 'annotations': {'list': core}})};")
        return "\n".join(lines) + "\n"

    def check(self, boards: dict[str, dict]) -> str:
        """What the compiler finds wrong; nothing where all is right."""
        for name, board in boards.items():
            (self.folder / f"{name}.ts").write_text(self.code(board), encoding="utf-8")
        (self.folder / "tsconfig.json").write_text(json.dumps({
            "compilerOptions": {"strict": True, "noEmit": True, "skipLibCheck": True, "module": "esnext", "target": "es2022",
                                "types": [],
                                "moduleResolution": "bundler", "paths": {"@grafana/schema": [str(self.index)]}},
            "files": [f"{name}.ts" for name in boards]}), encoding="utf-8")
        done = subprocess.run(["node", str(MODULES / "typescript/bin/tsc"), "-p", str(self.folder)], capture_output=True,
                              text=True, check=False)
        return done.stdout + done.stderr


class TypesTest(unittest.TestCase):
    maxDiff = None

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.boards = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (SOURCE / "dashboards/grafana").glob("*.json")}

    def test_all_versions_take_the_boards(self) -> None:
        self.assertEqual(len(self.boards), 6)
        for version in VERSIONS:
            with self.subTest(version=version):
                self.assertEqual(Types(version, self.folder).check(self.boards), "")

    def test_a_wrong_value_and_a_misspelt_key_are_found(self) -> None:
        board = self.boards["overview"]
        graph = next(panel for panel in board["panels"] if panel["type"] == "timeseries")
        graph["options"]["legend"]["placement"] = "left"
        graph["fieldConfig"]["defaults"]["custom"]["lineWitdh"] = 2
        board["graphToolTip"] = 1
        said = Types(VERSIONS[-1], self.folder).check({"overview": board})
        self.assertIn('"left"', said)
        self.assertIn("lineWitdh", said)
        self.assertIn("graphToolTip", said)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
