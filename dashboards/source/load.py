"""What was sent, what came back, and where the time of requests went."""

from source import shared
from source.board import board as make
from source.panels import NO_LOAD, Query, graph, heatmap, shades, stat, table
from source.promql import at_end, from_half, most, or_zero, per_second, quantile, quantile_of_run, rate_of, ratio, total, value

ENDPOINT = '{endpoint=~"$endpoint"}'
PER_SECOND = shared.PER_SECOND
PHASES = ("blocked", "dns", "connect", "tls", "send", "wait", "receive")
DONE = per_second(f"plimsoll_requests_total{ENDPOINT}")
BAD = 'endpoint=~"$endpoint", outcome!~"ok|cut_off"'


def head() -> list:
    def one(title: str, text: str, unit: str, expr: str, steps: tuple = (), decimals: int | None = None) -> dict:
        return stat(title, text, unit, [Query(expr, title)], empty="no load", steps=steps, decimals=decimals)
    failed = ratio(f"({or_zero(per_second(f'plimsoll_requests_total{{{BAD}}}'), DONE)})", DONE)
    return [
        (4, one("Requests", "Finished requests per second of the chosen endpoints.", PER_SECOND, DONE, decimals=0)),
        (4, one("Response p50",
                "What half of the users wait at most.", "s", quantile(0.5, "plimsoll_response_seconds", ENDPOINT))),
        (4, one("Response p95",
                "What 95 of 100 users wait at most.", "s", quantile(0.95, "plimsoll_response_seconds", ENDPOINT))),
        (4, one("Response p99",
                "What 99 of 100 users wait at most.", "s", quantile(0.99, "plimsoll_response_seconds", ENDPOINT))),
        (4, one("Failed", "Share of requests that failed; what the run's end cut off is left out.", "percentunit", failed,
                ((0.01, "failed"),))),
        (4, one("In flight",
                "Requests that are sent and not finished, of all endpoints.", "short", value("plimsoll_in_flight_requests"))),
    ]


def spread() -> dict:
    return heatmap("Response times",
                   "How many responses per second took how long: stronger is more. Two bands are two kinds of requests, or a "
                   "queue that some meet. Buckets grow by a quarter at most between 1 ms and 10 s. Points, where there are "
                   "any, are exemplars, which lead to their trace.",
                   Query(total(rate_of(f"plimsoll_response_seconds_bucket{ENDPOINT}"), "le"), "{{le}}"), NO_LOAD)


def three_times() -> dict:
    return graph("Response, service and lateness",
                 "p95 from due to done (response), from sent to done (service), and from due to sent: the last is lateness of "
                 "the generator, or a cap on users that is reached.", "s",
                 [Query(quantile(0.95, "plimsoll_response_seconds", ENDPOINT), "p95", "p95"),
                  Query(quantile(0.95, "plimsoll_service_seconds", ENDPOINT), "service p95", "service"),
                  Query(quantile(0.95, "plimsoll_send_lag_seconds", ENDPOINT), "lateness p95", "send lag")], log=True,
                  empty=NO_LOAD)


def phases() -> list:
    mean = ratio(per_second("plimsoll_phase_seconds_sum", "phase"), per_second("plimsoll_response_seconds_count"),
                 "on () group_left ()")
    where = graph("Where a request's time goes, on average",
                  "Mean seconds a request by phase, stacked. blocked: due and not sent; send: until the kernel took all; wait: "
                  "until the first byte came, which is the service's own time; receive: until the last. dns, connect and tls "
                  "are of the few requests that went through them, spread over all.", "s", [Query(mean, "{{phase}}")],
                  names=PHASES, stacked=True, empty=NO_LOAD)
    slow = graph("Phases, p95", "Of the requests that went through a phase, what 95 of 100 spent in it at most.", "s",
                 [Query(quantile(0.95, "plimsoll_phase_seconds", "", "phase"), "{{phase}}")], names=PHASES, log=True,
                 empty=NO_LOAD)
    return [where, slow]


def outcomes() -> list:
    share = graph("Outcomes", "Finished requests per second by what they came to, stacked.", PER_SECOND,
                  [Query(per_second(f"plimsoll_requests_total{ENDPOINT}", "outcome"), "{{outcome}}")], names=shared.OUTCOMES,
                  stacked=True,
                  empty=NO_LOAD)
    codes = graph("Status codes", "Finished requests per second by HTTP status; without one where no header came.", PER_SECOND,
                  [Query(f'label_replace({per_second(f"plimsoll_requests_total{ENDPOINT}", "status")}, "status", "no answer", '
                         f'"status", "")',
                         "{{status}}")], stacked=True, empty=NO_LOAD)
    codes["fieldConfig"]["overrides"] = [shades("/^[123]../", "ok"), shades("/^4../", "http_4xx"), shades("/^5../", "http_5xx"),
                                         shades("/^no answer$/", "cut_off")]
    return [share, codes]


def endpoints() -> dict:
    by = "user, method, endpoint"
    count = total(at_end(f"plimsoll_requests_total{ENDPOINT}"), by)
    bad = total(at_end(f"plimsoll_requests_total{{{BAD}}}"), by)
    columns = [("method", "Method", ""), ("endpoint", "Endpoint", ""), ("user", "User", ""), ("Value #A", "Requests", "short"),
               ("Value #B", "Failed", "percentunit")]
    columns += [(f"Value #{ref}", name, "s") for ref, name in (("C", "p50"), ("D", "p95"), ("E", "p99"))]
    quantiles = [Query(quantile_of_run(q, "plimsoll_response_seconds", ENDPOINT, by), "") for q in (0.5, 0.95, 0.99)]
    return table("Endpoints",
                 "Of the run up to the end of the shown time: finished requests, the share that failed, response times. They "
                 "are the figures of summary.json, quantiles but for the width of a bucket; what the run's end cut off has not "
                 "failed here.",
                 [Query(count, ""), Query(ratio(f"({or_zero(bad, count)})", count), ""), *quantiles], columns, empty=NO_LOAD,
                 sort="Requests")


def by_endpoint() -> list:
    rate = graph("Requests by endpoint", "Finished requests per second.", PER_SECOND,
                 [Query(per_second(f"plimsoll_requests_total{ENDPOINT}", "method, endpoint"), "{{method}} {{endpoint}}")],
                 empty=NO_LOAD)
    slow = graph("Response p95 by endpoint", "What 95 of 100 users of an endpoint wait at most.", "s",
                 [Query(quantile(0.95, "plimsoll_response_seconds", ENDPOINT, "method, endpoint"), "{{method}} {{endpoint}}")],
                 log=True,
                 empty=NO_LOAD, target={"exemplar": True})
    bad = graph("Failed by endpoint", "Requests per second that failed.", PER_SECOND,
                [Query(or_zero(per_second(f"plimsoll_requests_total{{{BAD}}}", "method, endpoint"),
                               per_second(f"plimsoll_requests_total{ENDPOINT}", "method, endpoint")),
                               "{{method}} {{endpoint}}")], empty=NO_LOAD)
    return [(8, rate), (8, slow), (8, bad)]


def users() -> list:
    alive = graph("Users and connections",
                  "Users alive (with a schedule: those that are busy), requests under way, connections to the target.", "short",
                  [Query(value("plimsoll_vus"), "users", "users"), Query(value("plimsoll_in_flight_requests"), "in flight",
                                                                         "requests"),
                   Query(value("plimsoll_connections_open"), "connections", "connections"),
                   Query(from_half(most("plimsoll_vus_max"), value("plimsoll_vus")), "most users allowed", "limit",
                         dashed=True)], empty=NO_LOAD)
    checks = graph("Checks", "Checks of responses per second, by check, that pass and that fail.", PER_SECOND,
                   [Query(per_second("plimsoll_checks_total", "check, result"), "{{check}}: {{result}}")],
                   empty="The scenario checks nothing")
    groups = graph("Groups of steps, p95", "From a group's first step being due to its last one's end.", "s",
                   [Query(quantile(0.95, "plimsoll_group_seconds", "", "group"), "{{group}}")], log=True,
                   empty="The scenario groups no steps")
    return [alive, checks, groups]


def lost() -> dict:
    names = [("plimsoll_iterations_cut_short_total", "flows cut short"),
             ("plimsoll_steps_unrendered_total", "steps without their values"),
             ("plimsoll_user_starts_failed_total", "users that could not start"),
             ("plimsoll_users_stopped_total", "users that stopped"),
             ("plimsoll_out_of_data_total", "out of unique data")]
    dropped = Query(per_second("plimsoll_dropped_iterations_total", "reason"), "not started: {{reason}}")
    return graph("What did not happen",
                 "Flows, steps and users per second that the load could not have as written: iterations not started for want "
                 "of users (user_cap) or of the generator's time, and the others as named.", PER_SECOND,
                 [dropped, *(Query(per_second(name), text) for name, text in names)], empty=NO_LOAD)


def wire() -> list:
    data = graph("Bytes",
                 "Of finished requests, per second.", "Bps", [Query(per_second("plimsoll_bytes_total", "direction"),
                                                                    "{{direction}}")],
                 names=("sent", "received"), empty=NO_LOAD)
    connects = graph("Connects and redirects",
                     "Connections tried per second, by result, and redirects followed. Many connects mean that the service, or "
                     "the scenario, keeps none alive.", PER_SECOND,
                     [Query(per_second('plimsoll_connects_total{result="ok"}'), "connected", "ok"),
                      Query(per_second('plimsoll_connects_total{result="failed"}'), "failed", "failed"),
                      Query(per_second("plimsoll_redirects_total"), "redirects", "requests")], empty=NO_LOAD)
    return [data, connects]


def board() -> dict:
    average, slow = phases()
    share, codes = outcomes()
    alive, checks, groups = users()
    data, connects = wire()
    rows = [
        (3, head()),
        (8, [(8, shared.offered_and_achieved()), (16, spread())]),
        (7, [(8, shared.response_time(ENDPOINT)), (8, three_times()), (8, share)]),
        (7, [(8, average), (8, slow), (8, codes)]),
        (7, [(24, endpoints())]),
        (7, by_endpoint()),
        (7, [(8, alive), (8, lost()), (8, connects)]),
        (7, [(8, checks), (8, groups), (8, data)]),
    ]
    return make("load", "The load, its answers, and where the time of requests went.", rows, more=["endpoint"])
