"""Prometheus pages as other programs publish them, for boards that show them beside Plimsoll's own series."""
import http.server
import os
import socketserver
import threading
import time
from pathlib import Path

STARTED = time.monotonic()
TICK = os.sysconf("SC_CLK_TCK")


class Page:
    """Serves what `text()` returns, on a port of its own, until the block ends."""

    def __init__(self, text, port=0):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = text().encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                """Of a collector that is busy for every other request, and takes none of the rest."""
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.server.asked += 1
                self.send_response(503 if self.server.asked % 2 else 400)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True
            asked = 0

        self.server = Server(("127.0.0.1", port), Handler)
        self.refusing = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.url = f"{self.refusing}/metrics"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def page_of(families):
    """{(name, type): {labels: value}} in the text format."""
    lines = []
    for (name, kind), series in families.items():
        lines.append(f"# TYPE {name} {kind}")
        lines += [f"{name}{labels} {value:.6f}" for labels, value in series.items()]
    return "\n".join(lines) + "\n"


def runtime():
    """What runtimes and servers publish, in the names of docs/app-metrics.md: Node.js, Go, Tomcat, and a pool that counts its waits."""
    at = time.monotonic() - STARTED
    return page_of({
        ("nodejs_eventloop_lag_seconds", "gauge"): {"": 0.004},
        ("nodejs_eventloop_utilization", "gauge"): {"": 0.35},
        ("nodejs_gc_duration_seconds_sum", "counter"): {'{kind="minor"}': 0.01 * at},
        ("go_cpu_classes_gc_total_cpu_seconds_total", "counter"): {"": 0.02 * at},
        ("go_sched_latencies_seconds_sum", "counter"): {"": 0.03 * at},
        ("process_cpu_seconds_total", "counter"): {"": 0.4 * at},
        ("executor_pool_max_threads", "gauge"): {'{name="requests"}': 8},
        ("executor_active_threads", "gauge"): {'{name="requests"}': 3},
        ("executor_queued_tasks", "gauge"): {'{name="requests"}': 2},
        ("go_sql_max_open_connections", "gauge"): {'{db_name="orders"}': 10},
        ("go_sql_in_use_connections", "gauge"): {'{db_name="orders"}': 4},
        ("go_sql_idle_connections", "gauge"): {'{db_name="orders"}': 2},
        ("go_sql_wait_count_total", "counter"): {'{db_name="orders"}': 5 * at},
    })


def cadvisor(pids):
    """cAdvisor's names and labels (docs/storage/prometheus.md there) with the kernel's figures of processes {name: pid}."""
    cpu, memory, periods, throttled = {}, {}, {}, {}
    for name, pid in pids.items():
        labels = f'{{id="/docker/{name}",image="{name}:1",name="{name}"}}'
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        cpu[labels.replace("}", ',cpu="total"}')] = (int(fields[11]) + int(fields[12])) / TICK
        memory[labels] = int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
        periods[labels] = 10 * (time.monotonic() - STARTED)
        throttled[labels] = 0
    return page_of({("container_cpu_usage_seconds_total", "counter"): cpu,
                    ("container_memory_working_set_bytes", "gauge"): memory,
                    ("container_cpu_cfs_periods_total", "counter"): periods,
                    ("container_cpu_cfs_throttled_periods_total", "counter"): throttled})
