#!/usr/bin/env python3
"""Writes the boards of source/ as the JSON that Grafana loads.

    generate.py            writes grafana/*.json
    generate.py --check    exits 1 and names each file that differs from what the source makes

Needs nothing but Python 3.10.
"""

import json
import sys
from pathlib import Path

WIDTH = 120
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from source import compare, generator, load, overview, pool, target  # noqa: E402

BOARDS = {"overview": overview, "pool": pool, "load": load, "target": target, "generator": generator, "compare": compare}


def text_of(value: object, depth: int = 0) -> str:
    """JSON in which what is short stands on one line, so that a changed panel is a short difference."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or depth + len(flat) <= WIDTH:
        return flat
    pairs = ([f"{json.dumps(key)}: {text_of(one, depth + 2)}" for key, one in value.items()] if isinstance(value, dict)
             else [text_of(one, depth + 2) for one in value])
    first, last = "{}" if isinstance(value, dict) else "[]"
    inner = ",\n".join(" " * (depth + 2) + pair for pair in pairs)
    return f"{first}\n{inner}\n{' ' * depth}{last}"


def files() -> dict[str, str]:
    return {f"{name}.json": text_of(module.board()) + "\n" for name, module in BOARDS.items()}


def main() -> int:
    folder, wanted = HERE / "grafana", files()
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    if "--check" in sys.argv[1:]:
        differing = sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))
        for name in differing:
            print(f"dashboards/grafana/{name}: not what dashboards/generate.py makes; run it")
        return 1 if differing else 0
    for name in there.keys() - wanted.keys():
        (folder / name).unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
