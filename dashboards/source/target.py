"""The machine's, containers', processes', runtime's and database's side of a run."""

from source import shared
from source.board import board as make
from source.panels import NO_CONTAINER, NO_HOST, NO_PEER, NO_RUNTIME, NO_TARGET, Query, graph, named, states
from source.promql import CPU, from_half, most, per_second, ratio, value
from source.target_more import cadvisor, database

PER_SECOND = shared.PER_SECOND
ROLES = shared.ROLES
PEERS = ("caller", "database", "upstream")
SIDES = ("generator", "target")


def containers() -> list:
    limit = value("plimsoll_container_cpu_limit_cores", "role")
    share = graph("CPU of its limit",
                  "Processor time over what the quota allows; a role without a limit has no line.", "percentunit",
                  [Query(f"{CPU} / {limit}", "{{role}}")], names=ROLES, limit=1, empty="No role has a CPU limit")
    held = graph("Held back by the quota",
                 "Share of the quota's periods in which it ran out. A service can be held back in most periods while its "
                 "average stays below the limit: it works in bursts.", "percentunit",
                 [Query(ratio(per_second("plimsoll_container_cpu_throttled_periods_total", "role"),
                              per_second("plimsoll_container_cpu_periods_total", "role")),
                        "{{role}}")], names=ROLES, top=1, empty="No role has a CPU quota")
    bound = "plimsoll_container_memory_limit_bytes"
    used = "plimsoll_container_memory_working_set_bytes"
    memory = graph("Memory by role", "Memory that cannot be reclaimed at once, and the limit from half of it on.", "bytes",
                   [Query(value(used, "role"), "{{role}}"),
                    Query(from_half(value(bound, "role"), value(used, "role"), "on (role)"), "limit of {{role}}", "limit",
                          dashed=True)], names=ROLES, empty=NO_CONTAINER)
    return [share, held, memory]


def life() -> list:
    pressure = graph("Pressure on containers",
                     "Share of time in which some task stood still for want of a resource (cgroup v2).", "percentunit",
                     [Query(per_second('plimsoll_container_pressure_seconds_total{share="some"}', "role, resource"),
                            "{{role}}: {{resource}}")],
                     empty="No pressure figures: they need cgroup v2 or probes.containers of a container")
    network = graph("Network of containers", "Bytes per second through a container's own network.", "Bps",
                    [Query(per_second("plimsoll_container_network_bytes_total", "role, direction"), "{{role}}: {{direction}}")],
                    empty="No container with a network of its own is read")
    deaths = graph("Kills, restarts and ends",
                   "Processes killed for lack of memory and restarts by the engine, counted since the run's start; the exit "
                   "code of a container that does not run (137 is killed).", "none",
                   [Query(value("plimsoll_container_oom_kills_total", "role"), "killed for memory: {{role}}"),
                    Query(value("plimsoll_container_restarts_total", "role"), "restarts: {{role}}"),
                    Query(most("plimsoll_container_exit_code", "container"), "exit code: {{container}}")], empty=NO_CONTAINER)
    running = states("Containers that run",
                     "Of an engine's containers.", [Query(most("plimsoll_container_running", "container"), "{{container}}")],
                     named({1: ("runs", "ok"), 0: ("does not run", "failed")}), empty="No engine was asked for a container")
    return [(6, pressure), (6, network), (6, deaths), (6, running)]


def process() -> list:
    queue = graph("Accept queue",
                  "Connections that are established and not accepted by the target, and from half of it on the most that may "
                  "wait so. A full queue drops connections.", "short",
                  [Query(value("plimsoll_target_accept_queue_connections"), "waiting", "waiting"),
                   Query(from_half(value("plimsoll_target_accept_queue_limit"),
                                   value("plimsoll_target_accept_queue_connections")), "limit", "limit", dashed=True)],
                                   empty=NO_TARGET)
    peers = graph("The target's connections",
                  "Accepted from callers, and opened to databases and upstreams, as the kernel has them.", "short",
                  [Query(value("plimsoll_target_connections", "peer"), "{{peer}}")], names=PEERS, empty=NO_TARGET)
    unread = graph("Unread and unanswered",
                   "Connections with bytes that the target has received and not read, by peer: of callers, requests that it "
                   "has not got to. And databases' and upstreams' connections that owe it an answer.", "short",
                   [Query(value("plimsoll_target_unread_connections", "peer"), "unread: {{peer}}"),
                    Query(value("plimsoll_target_waiting_connections", "peer"), "owe an answer: {{peer}}")], empty=NO_TARGET)
    waits = graph("Longest wait for others",
                  "Since something was sent to a database or an upstream from which nothing has come back.", "s",
                  [Query(most("plimsoll_target_longest_wait_seconds", "peer, remote"), "{{peer}} {{remote}}")], empty=NO_PEER)
    size = graph("Processes and threads", "Of the target's tree; worker processes are those that serve the port.", "short",
                 [Query(value("plimsoll_target_worker_processes"), "worker processes", "app"),
                  Query(value("plimsoll_target_processes"), "processes", "target"),
                  Query(value("plimsoll_target_threads"), "threads", "backends"),
                  Query(value("plimsoll_target_threads_at_work"), "threads that share the work", "waiting")], empty=NO_TARGET)
    hot = graph("Hottest thread and waits for a CPU",
                "Share of a core that the busiest thread uses: near 100 % it is the limit, however many cores are free. "
                "Seconds per second that the target's threads were ready and waited for a CPU, of all threads together.",
                "percentunit",
                [Query(most("plimsoll_target_hottest_thread_cpu_ratio"), "hottest thread", "app"),
                 Query(per_second("plimsoll_target_run_delay_seconds_total"), "waiting for a CPU", "held back")],
                 empty=NO_TARGET)
    received = graph("Unread bytes", "That the target has received and not read, by peer.", "bytes",
                     [Query(value("plimsoll_target_unread_bytes", "peer"), "{{peer}}")], names=PEERS, empty=NO_TARGET)
    return [queue, peers, unread, waits, size, hot, received]


def runtime() -> list:
    loop = graph("Event loop",
                 "How long a due callback waits. A loop that blocks delays all requests, also those that need nothing.", "s",
                 [Query(most("plimsoll_app_loop_lag_seconds"), "loop lag", "waiting")], empty=NO_RUNTIME)
    busy = graph("Busy share of the runtime",
                 "Of time: the event loop not idle, garbage collection that stops everything, its processor time, goroutines "
                 "that wait for a thread.",
                 "percentunit",
                 [Query(most("plimsoll_app_loop_busy_ratio"), "loop busy", "app"),
                  Query(per_second("plimsoll_app_gc_pause_seconds_total"), "stopped for garbage collection", "failed"),
                  Query(per_second("plimsoll_app_gc_cpu_seconds_total"), "CPU of garbage collection", "check_failed"),
                  Query(per_second("plimsoll_target_gc_thread_cpu_seconds_total"), "CPU of collector threads", "rate_limited"),
                  Query(per_second("plimsoll_app_scheduler_wait_seconds_total"), "goroutines waiting", "held back")],
                  empty=NO_RUNTIME)
    own = graph("CPU as the application says, in cores",
                "Of all cores together, from its own metrics, beside what the kernel says of the role app.", "short",
                [Query(per_second("plimsoll_app_cpu_seconds_total"), "application", "target"),
                 Query(per_second('plimsoll_container_cpu_seconds_total{role="app"}'), "app", "app")], empty=NO_RUNTIME)
    return [(8, loop), (8, busy), (8, own)]


def host() -> list:
    cores = graph("Cores of the machine", "Share of each core in use, stolen time included.", "percentunit",
                  [Query(per_second("plimsoll_host_cpu_seconds_total", "cpu"), "cpu {{cpu}}")], top=1, empty=NO_HOST)
    load = graph("Load average", "Tasks that run or wait for a CPU or a disk, of the last minute.", "short",
                 [Query(most("plimsoll_host_load_average", "side"), "{{side}}")], names=SIDES, empty=NO_HOST)
    taken = f"{value('plimsoll_host_memory_bytes', 'side')} - {value('plimsoll_host_memory_available_bytes', 'side')}"
    memory = graph("Memory of the machine",
                   "In use, that is without what could be had at once, and all of it from half of it on.", "bytes",
                   [Query(taken, "{{side}}"), Query(from_half(value("plimsoll_host_memory_bytes", "side"), f"({taken})",
                                                              "on (side)"), "all memory", "limit", dashed=True)],
                   names=SIDES, empty=NO_HOST)
    pressure = graph("Pressure on the machine",
                     "Share of time in which some task stood still for want of a resource.", "percentunit",
                     [Query(per_second('plimsoll_host_pressure_seconds_total{share="some"}', "resource"), "{{resource}}")],
                     empty="No pressure figures: the kernel has none, or probes.host is missing")
    dropped = graph("Dropped connections",
                    "Per second: because an accept queue was full, and for any reason. By the side of the network namespace.",
                    PER_SECOND,
                    [Query(per_second("plimsoll_host_tcp_listen_overflows_total", "side"), "queue full: {{side}}"),
                     Query(per_second("plimsoll_host_tcp_listen_drops_total", "side"), "dropped: {{side}}")], empty=NO_HOST)
    again = graph("Segments sent again",
                  "Share of TCP segments. On one machine nearly none; above 1 % a network loses packets.", "percentunit",
                  [Query(ratio(per_second("plimsoll_host_tcp_segments_resent_total", "side"),
                               per_second("plimsoll_host_tcp_segments_sent_total", "side")), "{{side}}")],
                  names=SIDES, empty=NO_HOST)
    sockets = graph("Sockets and ports",
                    "Sockets in use and in TIME_WAIT; the ports that outgoing connections may use, from half of them on.",
                    "short",
                    [Query(most("plimsoll_host_tcp_sockets", "side"), "in use: {{side}}"),
                     Query(most("plimsoll_host_tcp_time_wait_sockets", "side"), "TIME_WAIT: {{side}}"),
                     Query(from_half(most("plimsoll_host_tcp_local_ports", "side"),
                                     most("plimsoll_host_tcp_time_wait_sockets", "side"), "on (side)"), "ports: {{side}}",
                           "limit", dashed=True)], empty=NO_HOST)
    return [cores, load, memory, pressure, dropped, again, sockets]


def board() -> dict:
    share, held, memory = containers()
    queue, peers, unread, waits, size, hot, received = process()
    cores, load, memory_of_all, pressure, dropped, again, sockets = host()
    rows = [
        (7, [(8, shared.cpu_by_role()), (8, share), (8, held)]),
        (7, [(8, memory), (8, queue), (8, hot)]),
        (7, [(8, peers), (8, unread), (8, waits)]),
        (7, [(8, shared.backend_waits()), *database()[0]]),
        (7, [(8, cores), (8, dropped), (8, sockets)]),
        ("The application's runtime", [(7, runtime())]),
        ("More of the machine and the process", [(7, [(8, load), (8, memory_of_all), (8, pressure)]),
                                                 (7, [(8, again), (8, size), (8, received)])]),
        ("More of PostgreSQL", [(7, cells) for cells in database()[1:]]),
        ("Containers", [(7, life())]),
        ("Beside cAdvisor", [(7, cadvisor())]),
    ]
    return make("target", "Processor, memory, sockets, runtime and database of the service under load.", rows)
