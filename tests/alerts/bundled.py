"""The bundled rule files as data, and the delays that docs/alerts.md states."""

import re
from functools import cache
from pathlib import Path

import yaml
from promtool import RULES

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(path.name for path in RULES.glob("*.rules.yml"))
DELAY_ROW = re.compile(r"^\| `(\w+)` \| ([^|]+) \| (\d+) s \| (\d+) s \| (\d+) s \|$", re.MULTILINE)


@cache
def groups(file: str) -> list[dict]:
    return yaml.safe_load((RULES / file).read_text(encoding="utf-8"))["groups"]


@cache
def rules(file: str) -> list[dict]:
    return [rule for group in groups(file) for rule in group["rules"]]


@cache
def alerts(file: str) -> list[dict]:
    return [rule for rule in rules(file) if "alert" in rule]


@cache
def documented_delays() -> dict[tuple[str, str], tuple[int, int, int]]:
    text = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
    return {(row[0], row[1]): (int(row[2]), int(row[3]), int(row[4])) for row in DELAY_ROW.findall(text)}
