"""Writes `promtool test rules` files and runs them."""

import json
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

RULES = Path(__file__).resolve().parents[2] / "dashboards" / "alerts"


def notation(values: Sequence[float | None]) -> str:
    """promtool's short form: a+bxn for n + 1 whole numbers in a straight line, `_xn` for n scrapes without the series.

    The first of these ends it by `stale`, as a Prometheus that scrapes does; else it would go on for 5 minutes.
    """
    out = []
    at = 0
    while at < len(values):
        end = straight(values, at)
        first = values[at]
        if first is None and at > 0:
            out.append("stale")
            end = at + 1
        elif first is None:
            out.append(f"_x{end - at}")
        elif end - at >= 3:
            out.append(f"{int(first)}{int(values[at + 1] - first):+d}x{end - at - 1}")  # type: ignore[operator]
        else:
            out.append(repr(float(first)))
            end = at + 1
        at = end
    return " ".join(out)


def straight(values: Sequence[float | None], start: int) -> int:
    """Up to where, exclusive, values are missing, or go on in steps of one size, as whole numbers, from `start`."""
    end = start + 1
    if values[start] is None:
        while end < len(values) and values[end] is None:
            end += 1
        return end
    step = None
    while end < len(values):
        last, value = values[end - 1], values[end]
        if value is None or not float(value).is_integer() or not float(last).is_integer():  # type: ignore[arg-type]
            break
        if step is not None and value - last != step:  # type: ignore[operator]
            break
        step = value - last  # type: ignore[operator]
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
