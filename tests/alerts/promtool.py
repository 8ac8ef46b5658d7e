"""Writes `promtool test rules` files and runs them."""

import json
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

RULES = Path(__file__).resolve().parents[2] / "dashboards" / "alerts"


def notation(values: Sequence[float | None]) -> str:
    """promtool's short form: straight stretches of whole numbers as a+bxn, `_` for what a scrape did not have."""
    out = []
    i = 0
    while i < len(values):
        end = straight(values, i)
        first = values[i]
        if first is None:
            out.append(f"_x{end - i}" if end > i else "_")
        elif end - i >= 2:
            step = values[i + 1] - first  # type: ignore[operator]
            out.append(f"{first:g}{step:+g}x{end - i}" if first == int(first) < 1e6 else f"{int(first)}{int(step):+d}x{end - i}")
        else:
            out.append(repr(first))
            end = i
        i = end + 1
    return " ".join(out)


def straight(values: Sequence[float | None], start: int) -> int:
    """The last index up to which values go on with the step they start with."""
    end = start + 1
    if end >= len(values):
        return start
    if values[start] is None:
        while end < len(values) and values[end] is None:
            end += 1
        return end - 1
    if values[end] is None or not (float(values[start]).is_integer() and float(values[end]).is_integer()):  # type: ignore[arg-type]
        return start
    step = values[end] - values[start]  # type: ignore[operator]
    while end + 1 < len(values) and values[end + 1] is not None and values[end + 1] - values[end] == step:  # type: ignore[operator]
        end += 1
    return end


def firing(alert: str, at_s: int, count: int) -> dict:
    """That so many alerts of this name fire at that time; 0 is none."""
    return {
        "expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})',
        "eval_time": f"{at_s}s",
        "exp_samples": [{"labels": "{}", "value": count}] if count else [],
    }


def never(selector: str, until_s: int) -> dict:
    """That no alert like this was pending or firing at any evaluation up to that time."""
    return {
        "expr": f"count(max_over_time(ALERTS{selector}[{until_s}s]))" if until_s else f"count(ALERTS{selector})",
        "eval_time": f"{until_s}s",
        "exp_samples": [],
    }


def run(rules: Iterable[str], every_s: int, tests: list[dict]) -> str:
    """Runs the tests with a scrape and an evaluation every so many seconds; empty when all hold, else what promtool says."""
    for test in tests:
        test["interval"] = f"{every_s}s"
    document = {
        "rule_files": [str(RULES / name) for name in rules],
        "evaluation_interval": f"{every_s}s",
        "tests": tests,
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rules.test.yml"
        file.write_text(json.dumps(document), encoding="utf-8")  # JSON is YAML
        done = subprocess.run(["promtool", "test", "rules", str(file)], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else (done.stdout + done.stderr).replace(folder, "")


def series(values: dict[str, Sequence[float | None]]) -> list[dict]:
    return [{"series": name, "values": notation(each)} for name, each in values.items()]
