"""When each bundled alert fires, heals and is silent, with promtool as the judge of the table in docs/alerts.md."""

import re
import unittest
from collections.abc import Sequence

from bundled import FILES, alerts, documented_delays
from cases import PLIMSOLL, PRODUCTION, Case
from promtool import firing, never, run, series


def labels_of(text: str) -> dict[str, str]:
    return dict(re.findall(r'(\w+)="([^"]*)"', text))


class Delays(unittest.TestCase):
    maxDiff = None

    def test_plimsolls_rules(self) -> None:
        self.judge(PLIMSOLL, (1, 5, 15))

    def test_the_rules_for_production(self) -> None:
        self.judge(PRODUCTION, (15, 30, 60))

    def test_the_page_has_all_and_no_others(self) -> None:
        cases = PLIMSOLL + PRODUCTION
        self.assertEqual(sorted(documented_delays()), sorted((case.alert, case.fault) for case in cases))
        self.assertEqual({case.alert for case in cases}, {rule["alert"] for file in FILES for rule in alerts(file)})

    def test_the_slow_burns_heal(self) -> None:
        for file in FILES:
            slow = [case for case in PLIMSOLL + PRODUCTION if case.is_slow() and case.alert in {rule["alert"] for rule in alerts(file)}]
            tests = [self.story(case, file, 60, 60, to_its_end=True) for case in slow]
            self.assertEqual(run([file], 60, tests) if tests else "", "", file)

    def judge(self, cases: Sequence[Case], intervals: Sequence[int]) -> None:
        delays = documented_delays()
        for column, every in enumerate(intervals):
            for file in FILES:
                mine = [case for case in cases if case.alert in {rule["alert"] for rule in alerts(file)}]
                tests = [
                    self.story(case, file, every, delays[case.alert, case.fault][column], every == intervals[-1] and not case.is_slow())
                    for case in mine
                ]
                self.assertEqual(run([file], every, tests) if tests else "", "", f"{file} every {every} s")

    def story(self, case: Case, file: str, every: int, delay_s: int, to_its_end: bool) -> dict:
        onset = case.health_s // every
        until = onset + case.lasts_s // every
        last = until + case.heals_within_s // every if to_its_end else onset + delay_s // every + 1
        values = {name: kind.values(every, onset, until, last + 1) for name, kind in case.series.items()}
        fires_s = onset * every + delay_s
        of_it = f'{{alertname="{case.alert}",alertstate="firing"}}'
        checks = [
            never("", (onset - 1) * every),
            *([never(of_it, fires_s - every)] if fires_s > onset * every else []),
            firing(case.alert, fires_s, 1),
        ]
        if not to_its_end:
            return {"name": f"{case.alert}: {case.fault}", "input_series": series(values), "promql_expr_test": checks}
        checks += [firing(case.alert, (until - 1) * every, 1), firing(case.alert, last * every, 0)]
        return {
            "name": f"{case.alert}: {case.fault}",
            "input_series": series(values),
            "promql_expr_test": checks,
            "alert_rule_test": [self.text(case, file, (until - 1) * every)],
        }

    def text(self, case: Case, file: str, at_s: int) -> dict:
        rule = next(rule for rule in alerts(file) if rule["alert"] == case.alert)
        return {
            "alertname": case.alert,
            "eval_time": f"{at_s}s",
            "exp_alerts": [
                {"exp_labels": labels_of(case.labels) | rule["labels"], "exp_annotations": rule["annotations"] | case.says}
            ],
        }


if __name__ == "__main__":
    unittest.main()
