"""The bundled alerting rules: promtool's checks, the names in them, and what they take for no trouble."""

import re
import subprocess
import unittest

from bundled import FILES, ROOT, alerts, groups, rules
from cases import HERE, Counter, Gauge, backends, requests
from promtool import RULES, firing, never, notation, run, series


class Form(unittest.TestCase):
    def test_promtool_finds_nothing(self) -> None:
        done = subprocess.run(
            ["promtool", "check", "rules", "--lint=all", "--lint-fatal", *(str(RULES / file) for file in FILES)],
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_each_alert_says_how_bad_it_is_and_where_to_read_on(self) -> None:
        for file in FILES:
            for rule in alerts(file):
                with self.subTest(rule["alert"]):
                    self.assertIn(rule["labels"]["severity"], ("critical", "warning", "info"))
                    self.assertEqual(sorted(rule["annotations"]), ["description", "runbook_url", "summary"])
                    page, anchor = rule["annotations"]["runbook_url"].split("#")
                    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
                    self.assertIn(anchor, [re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in headings])

    def test_each_alert_says_its_shortest_delay_above_it(self) -> None:
        for file in FILES:
            text = (RULES / file).read_text(encoding="utf-8")
            for rule in alerts(file):
                before = text[: text.index(f"- alert: {rule['alert']}\n")]
                comment = before[before.rindex("\n\n") :] if "\n\n" in before else before
                self.assertIn("# Shortest", comment, rule["alert"])

    def test_every_name_is_one_of_plimsolls(self) -> None:
        page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
        rows = re.findall(r"^\| `(plimsoll_\w+)` \| (\w+) \|([^|]*)\|", page, re.MULTILINE)
        kind = {name: kind for name, kind, _ in rows}
        labels = {name: set(re.findall(r"`(\w+)`", listed)) for name, _, listed in rows}
        seen = set()
        for rule in rules("plimsoll.rules.yml"):
            for name, selector in re.findall(r"\b(plimsoll_\w+)(\{[^}]*\})?", rule["expr"]):
                base = re.sub(r"_(bucket|sum|count)$", "", name)
                base = base if kind.get(base) == "histogram" else name
                self.assertIn(base, kind, f"{name} of {rule}")
                self.assertLessEqual(set(re.findall(r"(\w+)\s*[=!]", selector)), labels[base], rule)
                if kind[base] != "gauge":
                    self.assertRegex(rule["expr"], rf"(rate|increase)\({name}\b", "a counter is no level")
                seen.add(base)
        self.assertGreater(len(seen), 15)

    def test_every_record_that_is_asked_for_is_made_before_it_in_its_group(self) -> None:
        # Groups are evaluated side by side, in no order: a record of another group may be one evaluation old.
        for file in FILES:
            for group in groups(file):
                made: set[str] = set()
                for rule in group["rules"]:
                    self.assertLessEqual(set(re.findall(r"\b\w+:\w+:\w+\b", rule["expr"])), made, f"{file}: {group['name']}")
                    made |= {rule["record"]} if "record" in rule else set()


class Notation(unittest.TestCase):
    def test_promtool_reads_what_was_meant(self) -> None:
        values = [None, None, None, 1.0, 1.0, 1.0, 1.0, 4.0, 7.0, 10.0, 13.5, 0.25, None, 3e6, 3e6 - 2, 3e6 - 4, 3e6 - 6, 1e-7]
        tests = {
            "input_series": [{"series": "x", "values": notation(values)}],
            "promql_expr_test": [
                {
                    "expr": "x",
                    "eval_time": f"{2 * i}s",
                    "exp_samples": [] if value is None else [{"labels": "x", "value": value}],
                }
                for i, value in enumerate(values)
            ],
        }
        self.assertEqual(run([], 2, [tests]), "")


class Blindness(unittest.TestCase):
    """What PlimsollProbeLost takes for a loss."""

    def lost(self, probes: dict[str, int], users: float | None) -> int:
        """How many alerts fire when these probes are down (1: up) for a minute, with so many users (None: `plimsoll probe`)."""
        for count in range(len(probes) + 1):
            values = {f'plimsoll_probe_up{{job="p",instance="a",probe="{name}"}}': [1.0] * 4 + [float(up)] * 12 for name, up in probes.items()}
            if users is not None:
                values['plimsoll_vus{job="p",instance="a"}'] = [5.0] * 4 + [users] * 12
            test = {"input_series": series(values), "promql_expr_test": [firing("PlimsollProbeLost", 75, count)]}
            if run(["plimsoll.rules.yml"], 5, [test]) == "":
                return count
        raise AssertionError("promtool agrees with no number")

    def test_all_are_down_after_the_load_and_nothing_is_lost(self) -> None:
        self.assertEqual(self.lost({"postgres": 0, "host": 0}, 0), 0)

    def test_all_are_down_while_the_load_goes_on(self) -> None:
        self.assertEqual(self.lost({"postgres": 0, "host": 0}, 5), 2)

    def test_one_is_down_and_nobody_is_under_way(self) -> None:
        self.assertEqual(self.lost({"postgres": 0, "host": 1}, 0), 1)

    def test_all_are_down_beside_another_load_tool(self) -> None:
        self.assertEqual(self.lost({"postgres": 0, "host": 0}, None), 2)


class NoTrouble(unittest.TestCase):
    """What looks a little like a fault and is none: nothing fires within five minutes."""

    def silent(self, values: dict[str, Gauge | Counter], file: str = "plimsoll.rules.yml") -> None:
        onset, scrapes = 4, 60
        test = {
            "input_series": series({name: kind.values(5, onset, scrapes, scrapes) for name, kind in values.items()}),
            "promql_expr_test": [never('{alertstate="firing"}', (scrapes - 1) * 5)],
        }
        self.assertEqual(run([file], 5, [test]), "")

    def test_a_full_pool_whose_callers_wait_no_longer(self) -> None:
        self.silent(backends("idle", 5, 0) | backends("active", 0, 5, "") | requests(Counter(0, 0)))

    def test_slower_responses_with_free_connections(self) -> None:
        self.silent(backends("idle", 5, 3) | backends("active", 0, 2, "") | requests(Counter(0, 0), Counter(2, 40)))

    def test_slower_responses_while_the_pool_grows(self) -> None:
        growing = Gauge(2, lambda age_s: 2 + age_s // 5)
        name = next(iter(backends("active", 0, 0, "")))
        self.silent({name: growing} | requests(Counter(0, 0), Counter(2, 40)))

    def test_a_driver_that_is_idle_between_the_statements_of_a_transaction(self) -> None:
        longest = {f"plimsoll_pg_idle_in_transaction_seconds{{{HERE}}}": Gauge(0.002, 0.02)}
        self.silent(backends("active", 1, 1, "") | backends("idle in transaction", 4, 4) | longest)

    def test_two_of_twenty_active_backends_wait_for_a_lock(self) -> None:
        blocked = {f"plimsoll_pg_blocked_backends{{{HERE}}}": Gauge(0, 2)}
        self.silent(backends("active", 18, 18, "") | backends("active", 0, 2, "Lock") | blocked)

    def test_a_quota_that_is_touched_now_and_then(self) -> None:
        of = f'{HERE},container="web",role="app"'
        self.silent(
            {
                f"plimsoll_container_cpu_periods_total{{{of}}}": Counter(10, 10),
                f"plimsoll_container_cpu_throttled_periods_total{{{of}}}": Counter(0, 0.8),
            }
        )

    def test_no_quota_at_all(self) -> None:
        of = f'{HERE},container="web",role="app"'
        names = ("plimsoll_container_cpu_periods_total", "plimsoll_container_cpu_throttled_periods_total")
        self.silent({f"{name}{{{of}}}": Counter(0, 0) for name in names})

    def test_overflows_on_the_side_of_the_generator(self) -> None:
        self.silent({f'plimsoll_host_tcp_listen_overflows_total{{{HERE},side="generator"}}': Counter(0, 5, burst=5)})

    def test_a_failure_in_two_thousand(self) -> None:
        self.silent(requests(Counter(0, 0.05)))

    def test_three_failures_of_a_handful_of_requests(self) -> None:
        of = f'{HERE},user="u",endpoint="/",method="GET"'
        failed = f'plimsoll_requests_total{{{of},outcome="http_5xx",status="500"}}'
        self.silent({f"plimsoll_response_seconds_count{{{of}}}": Counter(0.2, 0.2), failed: Counter(0, 0, burst=3)})


if __name__ == "__main__":
    unittest.main()
