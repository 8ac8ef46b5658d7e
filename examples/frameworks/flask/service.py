"""Flask with psycopg_pool, on waitress or on gunicorn's threads (gthread), in one process. FAULT plants a cause:

waitress       4 threads of waitress, and a pool that has a connection for each
waitress-pool  16 threads of waitress share 4 connections
gthread        4 threads of gunicorn, and a pool that has a connection for each
gthread-pool   4 threads of gunicorn share 2 connections
cpu            16 threads of waitress; each request computes for 12 ms, one at a time under the interpreter's lock
lock           16 threads of waitress that all change the same row, and hold its lock for 20 ms
upstream       16 threads of waitress that ask another service, which takes one at a time for 25 ms
idle           a pool of 8; 100 ms of waiting for something else inside each transaction
leak           a pool of 20; one request in 25 takes a connection and never puts it back
"""
import itertools
import os
import time
import urllib.request

from flask import Flask
from psycopg_pool import ConnectionPool, PoolTimeout

FAULT = os.environ.get("FAULT", "none")
CONNECTIONS = int(os.environ.get("SIZE", {"waitress-pool": 4, "gthread-pool": 2, "idle": 8}.get(FAULT, 20)))

pool = ConnectionPool(os.environ["DATABASE_URL"], min_size=min(4, CONNECTIONS), max_size=CONNECTIONS, timeout=3, open=True)
held = []
requests = itertools.count(1)
app = Flask(__name__)


@app.get("/health")
def health():
    return {"ok": True}


@app.errorhandler(PoolTimeout)
def no_connection(error):
    return {"error": str(error)}, 503


def compute(seconds):
    end = time.thread_time() + seconds
    value = 0
    while time.thread_time() < end:
        value = (value * 31 + 7) % 1_000_003


@app.get("/items/<int:item>")
def read(item):
    if FAULT == "cpu":
        compute(0.012)
    if FAULT == "upstream":
        with urllib.request.urlopen(os.environ["UPSTREAM_URL"], timeout=5) as answer:
            answer.read()
    if FAULT == "leak" and next(requests) % 25 == 0:
        connection = pool.getconn()
        held.append(connection)
        return {"id": item, "name": connection.execute("SELECT name FROM items WHERE id = %s", [item]).fetchone()[0]}
    with pool.connection() as connection:
        if FAULT == "lock":
            connection.execute("UPDATE items SET seen = seen + 1 WHERE id = 1")
            connection.execute("SELECT pg_sleep(0.02)")
        name = connection.execute("SELECT name FROM items WHERE id = %s", [item]).fetchone()[0]
        if FAULT == "idle":
            time.sleep(0.1)
        elif FAULT != "lock":
            connection.execute("SELECT pg_sleep(%s)", [0.005 if FAULT in ("cpu", "upstream") else 0.04])
    return {"id": item, "name": name}
