"""The folded half of the board Target resources: PostgreSQL's inside, and cAdvisor's view."""

from source import shared
from source.panels import NO_POSTGRES, Query, graph
from source.promql import most, of_run, or_zero, per_second, ratio, value

PER_SECOND = shared.PER_SECOND
LOOKED = most("plimsoll_pg_max_connections")
HIT = 'plimsoll_pg_blocks_total{source="hit"}'


def database() -> list[list]:
    """Lines of panels; the first stands open beside what backends do, and has two."""
    work = graph("Transactions",
                 "Per second, in the probe's database: the load that reaches PostgreSQL, also beside another load tool.",
                 PER_SECOND,
                 [Query(per_second('plimsoll_pg_transactions_total{result="commit"}'), "committed", "ok"),
                  Query(per_second('plimsoll_pg_transactions_total{result="rollback"}'), "rolled back", "failed"),
                  Query(or_zero(per_second("plimsoll_pg_deadlocks_total"), LOOKED), "deadlocks", "blocked by a lock")],
                  empty=NO_POSTGRES)
    waits = graph("What backends wait for, in detail", "Active backends that wait, by event.", "short",
                  [Query(value("plimsoll_pg_waiting_backends", "wait_event_type, wait_event"),
                         "{{wait_event_type}} {{wait_event}}")],
                  stacked=True, empty="No backend waits, or no PostgreSQL is read")
    hits = graph("Blocks found in memory", "Share of blocks that were in shared buffers.", "percentunit",
                 [Query(ratio(per_second(HIT), per_second("plimsoll_pg_blocks_total")), "found", "ok")],
                 top=1, empty=NO_POSTGRES)
    blocks = graph("Data files", "Blocks read from files and found in memory, per second.", PER_SECOND,
                   [Query(per_second("plimsoll_pg_blocks_total", "source"), "{{source}}")], empty=NO_POSTGRES)
    io_time = graph("Time on data files",
                    "Seconds per second, of all backends together. 0 while track_io_timing is off.", "percentunit",
                    [Query(per_second("plimsoll_pg_block_seconds_total", "direction"), "blocks: {{direction}}"),
                     Query(per_second("plimsoll_pg_io_seconds_total", "operation"), "all: {{operation}}")], empty=NO_POSTGRES)
    operations = graph("Operations on data files",
                       "Per second, from PostgreSQL 16: of client backends and of the other processes.", PER_SECOND,
                       [Query(per_second("plimsoll_pg_io_operations_total", "backend, operation"),
                              "{{backend}}: {{operation}}")],
                       empty="Before PostgreSQL 16 there is no pg_stat_io, or no PostgreSQL is read")
    wal = graph("Write-ahead log",
                "Bytes per second that are written to it.", "Bps", [Query(per_second("plimsoll_pg_wal_bytes_total"), "written",
                                                                          "database")],
                empty="Before PostgreSQL 14 it is not counted, or no PostgreSQL is read")
    flushes = graph("Flushes of the write-ahead log",
                    "Writes and syncs per second: each commit waits for one, unless several share it.", PER_SECOND,
                    [Query(per_second("plimsoll_pg_wal_operations_total", "operation"), "{{operation}}")],
                    empty="Only PostgreSQL 14 to 17 counts it, or no PostgreSQL is read")
    flushing = graph("Time in the write-ahead log",
                     "Seconds per second, all together. 0 while track_wal_io_timing is off.", "percentunit",
                     [Query(per_second("plimsoll_pg_wal_seconds_total", "operation"), "{{operation}}")],
                     empty="Before PostgreSQL 14 it is not counted, or no PostgreSQL is read")
    checkpoints = graph("Checkpoints",
                        "Checkpoints per second by reason, and the share of time spent writing and syncing in them. Requested "
                        "ones mean that the write-ahead log grows too fast.", "short",
                        [Query(per_second("plimsoll_pg_checkpoints_total", "reason"), "{{reason}}"),
                         Query(per_second("plimsoll_pg_checkpoint_seconds_total", "operation"), "time: {{operation}}")],
                         empty=NO_POSTGRES)
    buffers = graph("Temporary files and checkpoints' writes",
                    "Bytes per second: sorts and hashes that did not fit into work_mem, and buffers of 8 KiB that "
                    "checkpoints wrote.", "Bps",
                    [Query(per_second("plimsoll_pg_temp_bytes_total"), "temporary files", "waiting"),
                     Query(f"8192 * {per_second('plimsoll_pg_checkpoint_buffers_total')}", "by checkpoints", "database")],
                     empty=NO_POSTGRES)
    sessions = graph("Sessions",
                     "Established per second, and ended by loss of the client, an error, or an operator.", PER_SECOND,
                     [Query(per_second("plimsoll_pg_sessions_total", "result"), "{{result}}")], empty="From PostgreSQL 14")
    times = graph("Time of sessions",
                  "Seconds per second, by what sessions did. It grows when a state ends, so it lags: no live signal.", "short",
                  [Query(per_second("plimsoll_pg_session_seconds_total", "state"), "{{state}}")], names=shared.STATES,
                  empty="From PostgreSQL 14")
    return [[(8, work), (8, waits)], [(8, hits), (8, blocks), (8, io_time)], [(8, operations), (8, wal), (8, flushes)],
            [(8, flushing), (8, checkpoints), (8, buffers)], [(12, sessions), (12, times)]]


def cadvisor() -> list:
    """Its series of the containers that Plimsoll reads by name, with Plimsoll's roles."""
    seen = f"max by (container, role) ({of_run('plimsoll_container_memory_working_set_bytes')})"
    role = f'* on (name) group_left (role) (0 * max by (name, role) (label_replace({seen}, "name", "$1", "container", "(.+)")) + 1)'
    none = "No cAdvisor that names a container of this run is scraped by this Prometheus"

    def theirs(metric: str, by_rate: bool) -> str:
        inner = f'{metric}{{name=~".+"}}'
        return f"sum by (role) (sum by (name) ({f'rate({inner}[$__rate_interval])' if by_rate else inner}) {role})"
    cpu = graph("cAdvisor: CPU in cores",
                "By role, as cAdvisor counts them, beside Plimsoll's own reading of the same containers. cAdvisor looks every "
                "few seconds, so its line is smoother.", "short",
                [Query(theirs("container_cpu_usage_seconds_total", True), "cAdvisor: {{role}}"),
                 Query(per_second("plimsoll_container_cpu_seconds_total", "role"), "Plimsoll: {{role}}", dashed=True)],
                 empty=none)
    memory = graph("cAdvisor: memory", "Working set by role.", "bytes",
                   [Query(theirs("container_memory_working_set_bytes", False), "cAdvisor: {{role}}"),
                    Query(value("plimsoll_container_memory_working_set_bytes", "role"), "Plimsoll: {{role}}", dashed=True)],
                    empty=none)
    periods = theirs("container_cpu_cfs_periods_total", True)
    held = graph("cAdvisor: held back by the quota", "Share of the quota's periods in which it ran out.", "percentunit",
                 [Query(ratio(theirs("container_cpu_cfs_throttled_periods_total", True), periods), "cAdvisor: {{role}}"),
                  Query(ratio(per_second("plimsoll_container_cpu_throttled_periods_total", "role"),
                              per_second("plimsoll_container_cpu_periods_total", "role")),
                        "Plimsoll: {{role}}", dashed=True)], top=1, empty=none)
    return [(8, cpu), (8, memory), (8, held)]
