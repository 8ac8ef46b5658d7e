"""Pieces of PromQL that the boards share.

A run is told by `plimsoll_run_info` alone, so every series is joined with it: what a scrape said while the chosen run's
info was there too.
"""

INFO = 'plimsoll_run_info{job=~"$job", run="$run"}'
# On the board that shows several. Grafana escapes what a regular expression would misread only where a variable has several
# values, so the other boards take the run as it is written.
EACH_INFO = 'plimsoll_run_info{job=~"$job", run=~"$run"}'
ON_RUN = f"and on (job, instance) {INFO}"
# Evaluated at every step of the shown range: the last value of a counter is its count over the run.
EVERY_STEP = "[$__range:$__interval]"
# Findings are there for two scrapes only; few series, so that a second's step is cheap.
EVERY_SECOND = "[$__range:1s]"


def joined(selector: str) -> str:
    """For the inside of a parenthesis: `and` binds weaker than all else."""
    return f"{selector} {ON_RUN}"


def of_run(selector: str) -> str:
    return f"({joined(selector)})"


def rate_of(selector: str) -> str:
    return joined(f"rate({selector}[$__rate_interval])")


def total(inner: str, by: str = "") -> str:
    return f"sum by ({by}) ({inner})" if by else f"sum({inner})"


def value(selector: str, by: str = "") -> str:
    """The sum of a gauge of the run."""
    return total(joined(selector), by)


def most(selector: str, by: str = "") -> str:
    return f"max by ({by}) {of_run(selector)}" if by else f"max{of_run(selector)}"


def least(selector: str, by: str) -> str:
    return f"min by ({by}) {of_run(selector)}"


def from_half(limit: str, used: str, match: str = "on ()") -> str:
    """A limit where it belongs to the scale: from half of it on. Below, it would only squash what there is."""
    return f"{limit} and {match} {used} > 0.5 * {limit}"


def per_second(selector: str, by: str = "") -> str:
    """The sum of a counter's rates."""
    return total(rate_of(selector), by)


def or_zero(expression: str, while_there: str) -> str:
    """Nothing happened is 0, as long as `while_there` says that somebody looked."""
    return f"{expression} or 0 * {while_there}"


def known(expression: str) -> str:
    """Nothing, instead of a NaN, where there was nothing to judge: NaN in one series would break a stack of them."""
    return f"({expression} >= 0)"


def ratio(part: str, whole: str, match: str = "") -> str:
    """Nothing where there is nothing to be a part of."""
    return f"{part} / {match + ' ' if match else ''}({whole} > 0)"


def quantile(q: float, histogram: str, labels: str = "", by: str = "") -> str:
    group = f"le, {by}" if by else "le"
    return known(f"histogram_quantile({q:g}, {per_second(f'{histogram}_bucket{labels}', group)})")


def at_end(selector: str) -> str:
    """The last value of a counter while the run went on: its count over the run so far."""
    return f"max_over_time({of_run(selector)}{EVERY_STEP})"


def quantile_of_run(q: float, histogram: str, labels: str = "", by: str = "") -> str:
    group = f"le, {by}" if by else "le"
    return known(f"histogram_quantile({q:g}, {total(at_end(f'{histogram}_bucket{labels}'), group)})")


def peak(selector: str) -> str:
    """The largest that the sum of a gauge was in the run."""
    return f"max_over_time({value(selector)}{EVERY_STEP})"


def of_each_run(selector: str) -> str:
    """Carries the run as a label, for boards that show several."""
    return f"{selector} * on (job, instance) group_left (run) {EACH_INFO}"


def at_end_of_each_run(selector: str) -> str:
    return f"max_over_time(({of_each_run(selector)}){EVERY_STEP})"


def last_known(expression: str) -> str:
    """The last value in the shown time: of what the run's end leaves behind for two scrapes."""
    return f"last_over_time(({expression}){EVERY_SECOND})"


def started(info: str) -> str:
    """When a run started, by its own clock."""
    of_info = f"plimsoll_run_start_time_seconds and on (job, instance) {info}"
    return f"last_over_time(({of_info}){EVERY_SECOND} @ end())"


def start_of_each_run() -> str:
    return f"max by (run) (last_over_time(({of_each_run('plimsoll_run_start_time_seconds')}){EVERY_SECOND} @ end()))"


def load_end_of_each_run() -> str:
    """When Prometheus last saw each run's load (`plimsoll probe`: the run itself) going on."""
    running = of_each_run('(plimsoll_run_state{state="running"} == bool 1)')
    return f"max by (run) (max_over_time((time() * ({running})){EVERY_SECOND}))"


def since_start(expression: str) -> str:
    """`expression`, which carries the label run, with its time since the run's start as the label `since`.

    count_values makes a label of a value, and is 1 for each run and step. Grafana makes a number of the label again.
    """
    step = "($__interval_ms / 1000)"
    elapsed = f"floor((time() - {start_of_each_run()}) / {step}) * {step}"
    return f'{expression} * on (run) group_left (since) count_values by (run) ("since", {elapsed})'


NO_LOAD = f"unless on () count{of_run('plimsoll_vus_max')}"


def without_load(expression: str) -> str:
    """Only where no load of this run can show it: beside another tool, `plimsoll probe` has other signs of it."""
    return f"{expression} {NO_LOAD}"


# --- what several boards ask ---------------------------------------------------------------------

REQUESTS = per_second("plimsoll_requests_total")
FAILED = 'plimsoll_requests_total{outcome!~"ok|cut_off"}'
DONE = total(at_end("plimsoll_requests_total"))
FAILED_SHARE_OF_RUN = ratio(f"({or_zero(total(at_end(FAILED)), DONE)})", DONE)
USED_RATIO = most("plimsoll_pg_connections_used_ratio")
# Never on an axis of its own, where it might lie on a pool's plateau by chance.
SERVER_LIMIT = f"{most('plimsoll_pg_max_connections')} and on () {USED_RATIO} > 0.5"
CPU = per_second("plimsoll_container_cpu_seconds_total", "role")
JUDGED = 'plimsoll_run_state{state="judged"}'
VERDICT = (
    f'label_join(max by (cause, confidence) (max_over_time({of_run("plimsoll_finding")}{EVERY_SECOND})), '
    '"verdict", ", confidence ", "cause", "confidence") '
    f'or on () label_replace(0 * count(max_over_time(({of_run(JUDGED)} == 1){EVERY_SECOND})), "verdict", "no cause named", "", "") '
    f'or on () label_replace(0 * count(max_over_time({INFO}{EVERY_SECOND})), "verdict", "not judged (yet)", "", "")'
)


def verdict_is(verdict: str) -> str:
    return f"max({last_known(of_run(f'plimsoll_run_validity{{verdict={chr(34)}{verdict}{chr(34)}}}'))})"


# 0, 1, 2 for a measurement that is VALID, DEGRADED, INVALID; nothing before the run is judged.
VALIDITY = f"0 * {verdict_is('VALID')} + {verdict_is('DEGRADED')} + 2 * {verdict_is('INVALID')}"


def limits_of(metric: str, drawn: str) -> str:
    """What thresholds on all of `metric` allow, with the threshold as label; from half of a limit on, as with other limits.

    One on a part of it (`metric{endpoint:...}`) is no limit of what is drawn for all.
    """
    selector = 'plimsoll_threshold_limit{threshold=~"' + metric + ': .*"}'
    near = f"max by (threshold) {of_run(selector)} < on () group_left () 2 * {drawn}"
    return f'label_replace({near}, "limit", "$1", "threshold", "{metric}: (.*)")'
