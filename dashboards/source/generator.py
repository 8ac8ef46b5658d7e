"""Whether the figures can be believed: the generator's, the probes' and the exporters' own health."""

from source import shared
from source.board import board as make
from source.panels import NO_CANARY, NO_LOAD, Query, graph, instant, named, stat, states
from source.promql import (DONE, EVERY_STEP, INFO, at_end, least, most, of_run, or_zero, per_second, quantile, quantile_of_run,
                           ratio, total,
                           value)

PER_SECOND = shared.PER_SECOND
NO_EXPORTER = "No exporter sends records (export.otlp, -o json ...)"


def head() -> list:
    """Of the run so far, as a whole."""
    there = f"count(max_over_time({INFO}{EVERY_STEP}))"
    gaps = or_zero(total(at_end("plimsoll_probe_gaps_total")), there)
    lost = or_zero(f"({total(at_end('plimsoll_exporter_dropped_total'))} + "
                   f"{total(at_end('plimsoll_exporter_rejected_total'))})", there)
    late = ratio(total(at_end("plimsoll_generator_late_sends_total")), DONE)
    busiest = f"max(max_over_time({of_run('plimsoll_generator_cpu_ratio')}{EVERY_STEP}))"
    left = f"min(min_over_time({of_run('plimsoll_generator_sockets_left')}{EVERY_STEP}))"

    def one(title: str, text: str, unit: str, expr: str, limit: float | None, empty: str = "no load") -> dict:
        return instant(stat(title, text, unit, [Query(expr, title)], steps=((limit, "failed"),) if limit else (), empty=empty))
    return [
        (4, one("Send lag p99",
                "How late requests were sent. Beyond a few ms the generator, or a cap on users, shapes the load.", "s",
                quantile_of_run(0.99, "plimsoll_send_lag_seconds"), 0.01)),
        (4, one("Busiest load thread",
                "Share of a core, at most. Above 80 % the measurement is in doubt.", "percentunit", busiest, 0.8)),
        (4, one("Late sends",
                "Share of requests that were sent more than 1 ms after they were due.", "percentunit", late, 0.01)),
        (4, one("Fewest sockets left", "How many more connections the generator could open, at least.", "short", left, None)),
        (4, one("Gaps of probes", "Times in which a probe had no readings.", "none", gaps, 1, "")),
        (4, one("Records lost", "By exporters: dropped on this side, or refused for good by the other.", "short", lost, 1, "")),
    ]


def lateness() -> list:
    threads = graph("Load threads",
                    "Share of a core that each load thread used in the last second, without what it was awake for "
                    "ahead of arrivals.", "percentunit",
                    [Query(most("plimsoll_generator_cpu_ratio", "shard"), "shard {{shard}}")], top=1, limit=0.8, empty=NO_LOAD)
    lag = graph("Lateness",
                "From due to sent: p50, p95, p99 of requests; and the latest that a due timer ran, which is the generator's "
                "alone. Send lag without loop lag is a cap on users.", "s",
                [*(Query(quantile(q, "plimsoll_send_lag_seconds"), f"send lag {name}", name) for q,
                   name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))),
                 Query(most("plimsoll_generator_loop_lag_seconds"), "latest timer", "send lag", dashed=True)], log=True,
                 empty=NO_LOAD)
    late = graph("Late sends over time",
                 "Requests per second that were sent more than 1 ms after they were due, beside all.", PER_SECOND,
                 [Query(per_second("plimsoll_requests_total"), "requests", "requests"),
                  Query(per_second("plimsoll_generator_late_sends_total"), "late", "failed")], empty=NO_LOAD)
    return [(8, threads), (8, lag), (8, late)]


def probes() -> list:
    up = states("Probes", "Whether each probe gets its readings. After the load probes read no more.",
                [Query(least("plimsoll_probe_up", "probe"), "{{probe}}")],
                named({1: ("reads", "ok"), 0: ("no readings", "idle")}), empty="No probe")
    took = graph("Round trips of probes",
                 "How long a reading takes. One that nears the interval (200 ms unless set) reads less often.", "s",
                 [Query(most("plimsoll_probe_duration_seconds", "probe"), "{{probe}}")], log=True, empty="No probe")
    gaps = graph("Gaps of each probe", "Times without readings, counted since the run's start.", "none",
                 [Query(value("plimsoll_probe_gaps_total", "probe"), "{{probe}}")], empty="No probe")
    return [(8, up), (8, took), (8, gaps)]


def canaries() -> list:
    trips = graph("Canaries",
                  "Round trips of tiny requests that isolate a layer each. What is slow for users and fast for a canary lies "
                  "in the layers that the canary leaves out.", "s", [Query(most("plimsoll_canary_seconds", "canary"),
                                                                           "{{canary}}")], log=True, empty=NO_CANARY)
    tried = per_second("plimsoll_canary_tries_total", "canary")
    failed = graph("Failed canaries", "Share of a canary's tries that failed. One that costs much CPU tries less often while it succeeds.",
                   "percentunit", [Query(f'{per_second("plimsoll_canary_failures_total", "canary")} / ({tried} > 0)', "{{canary}}")],
                   top=1, empty=NO_CANARY)
    ports = graph("Sockets left",
                  "How many more connections the generator could open: the lower of file descriptors and local ports.", "short",
                  [Query(f"min{of_run('plimsoll_generator_sockets_left')}", "left", "free")], empty=NO_LOAD)
    return [(8, trips), (8, failed), (8, ports)]


def exporters() -> list:
    sent = graph("Exporters: sent",
                 "Records per second that were delivered: spans of otlp, lines of json, records of the others.", PER_SECOND,
                 [Query(per_second("plimsoll_exporter_sent_total", "exporter"), "{{exporter}}")], empty=NO_EXPORTER)
    lost = graph("Exporters: lost",
                 "Since the run's start: dropped on this side (no room, no answer, no time at the end), refused for good by "
                 "the other, and requests that were sent again, which loses nothing.", "short",
                 [Query(value("plimsoll_exporter_dropped_total", "exporter"), "dropped: {{exporter}}"),
                  Query(value("plimsoll_exporter_rejected_total", "exporter") + " > 0", "refused: {{exporter}}"),
                  Query(value("plimsoll_exporter_retried_total", "exporter") + " > 0", "sent again: {{exporter}}")],
                  empty=NO_EXPORTER)
    scrapes = graph("Scrapes",
                    "How long Prometheus takes to read Plimsoll's metrics. It grows with the number of endpoints.", "s",
                    [Query(f"max by (job, instance) (scrape_duration_seconds{{job=~\"$job\"}} and on (job, instance) {INFO})",
                           "{{instance}}")],
                    empty="Nothing scrapes: the run was written here by other means")
    return [(8, sent), (8, lost), (8, scrapes)]


def board() -> dict:
    rows = [(3, head()), (7, lateness()), (7, probes()), (7, canaries()), (7, exporters())]
    return make("generator", "May these figures be believed? The health of the load generator, the probes and the "
                             "exporters themselves.", rows)
