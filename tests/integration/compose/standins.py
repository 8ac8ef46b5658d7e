"""Images that stand in for those of docker-compose.yml where none can be pulled.

They hold Debian's own PostgreSQL and Prometheus, started as the official images start them; Tempo and Grafana are small
servers that answer what the compose file asks of them.
"""
from pathlib import Path

DOCKERFILE = r"""
FROM {base}
RUN apt-get update && apt-get install -y --no-install-recommends postgresql-common \
    && sed -i 's/^#*create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf \
    && apt-get install -y --no-install-recommends postgresql-15 prometheus python3 busybox \
    && ln -s /usr/bin/busybox /usr/local/bin/wget \
    && ln -s /usr/lib/postgresql/15/bin/pg_isready /usr/local/bin/pg_isready \
    && install -d -o nobody /prometheus
COPY postgres /usr/local/bin/docker-entrypoint.sh
COPY server.py /usr/local/bin/server.py
"""

# What the official image's entry point does with these settings: a cluster, its first scripts, then the server.
POSTGRES = r"""#!/bin/bash
set -euo pipefail
shift  # "postgres"
data=/var/lib/postgresql/data
bin=/usr/lib/postgresql/15/bin
as() { setpriv --reuid=postgres --regid=postgres --init-groups env HOME=/var/lib/postgresql "$@"; }
if [ ! -e $data/PG_VERSION ]; then
    install -d -o postgres -g postgres -m 700 $data
    printf %s "$POSTGRES_PASSWORD" >/tmp/password
    chmod 644 /tmp/password
    as $bin/initdb -D $data -U postgres --auth-local=trust --auth-host=scram-sha-256 --pwfile=/tmp/password \
        --encoding=UTF8 --no-locale
    rm /tmp/password
    echo "host all all all $POSTGRES_HOST_AUTH_METHOD" >>$data/pg_hba.conf
    as $bin/pg_ctl -D $data -w -o "-c listen_addresses=''" start
    for script in /docker-entrypoint-initdb.d/*.sql; do
        as psql -v ON_ERROR_STOP=1 -U postgres -f "$script"
    done
    as $bin/pg_ctl -D $data -w -m fast stop
fi
exec setpriv --reuid=postgres --regid=postgres --init-groups $bin/postgres -D $data -c 'listen_addresses=*' "$@"
"""

# tempo: takes traces on 4318, says on 3200 how many posts came. grafana: is healthy when it sees its boards and sources.
SERVER = r'''
import json, os, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
posts = 0
class Handler(BaseHTTPRequestHandler):
    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_HEAD(self):
        self.do_GET()
    def do_GET(self):
        if sys.argv[1] == "grafana":
            home = os.environ["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
            there = [home, "/etc/grafana/provisioning/datasources/plimsoll.yaml", "/etc/grafana/provisioning/dashboards/plimsoll.yaml"]
            self.answer(200 if all(map(os.path.isfile, there)) else 503, b"{}")
        else:
            self.answer(200, json.dumps(posts).encode())
    def do_POST(self):
        global posts
        self.rfile.read(int(self.headers["Content-Length"]))
        posts += self.path == "/v1/traces"
        self.answer(200, b"")
    def log_message(self, *_):
        pass
for port in {"tempo": (4318, 3200), "grafana": (3000,)}[sys.argv[1]]:
    threading.Thread(target=ThreadingHTTPServer(("", port), Handler).serve_forever).start()
'''

# What each image starts with, and as whom.
ENTRY = {
    "postgres": 'ENTRYPOINT ["/bin/bash", "/usr/local/bin/docker-entrypoint.sh"]\n',
    "prometheus": 'USER nobody\nWORKDIR /prometheus\nENTRYPOINT ["/usr/bin/prometheus"]\n',
    "tempo": 'USER 10001\nENTRYPOINT ["/usr/bin/python3", "/usr/local/bin/server.py", "tempo"]\nCMD []\n',
    "grafana": 'USER 472\nENTRYPOINT ["/usr/bin/python3", "/usr/local/bin/server.py", "grafana"]\n',
}


def write_context(folder: Path, base: str) -> None:
    (folder / "Dockerfile").write_text(DOCKERFILE.format(base=base))
    (folder / "postgres").write_text(POSTGRES)
    (folder / "server.py").write_text(SERVER)
