"""FastAPI with SQLAlchemy's asyncio engine in one uvicorn process. FAULT plants a cause:

pool     the engine gives 2 connections and 1 of overflow
blocked  a time.sleep() in a coroutine: nothing else happens in the process meanwhile
cpu      each request computes for 12 ms
"""
import os
import time

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

FAULT = os.environ.get("FAULT", "none")
CONNECTIONS = int(os.environ.get("SIZE", "3" if FAULT == "pool" else "20"))

engine = create_async_engine(os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:", 1),
                             pool_size=CONNECTIONS - 1, max_overflow=1, pool_timeout=3)
Gauge("sqlalchemy_pool_limit", "Connections that the pool may open").set(CONNECTIONS)
Gauge("sqlalchemy_pool_checked_out", "Connections in use").set_function(lambda: engine.pool.checkedout())
app = FastAPI()


@app.get("/health")
async def health():
    return {"ok": True}


@app.get("/metrics")
async def metrics():
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def compute(seconds):
    end = time.thread_time() + seconds
    value = 0
    while time.thread_time() < end:
        value = (value * 31 + 7) % 1_000_003
    return value


@app.get("/items/{item}")
async def read(item: int):
    if FAULT == "blocked":
        time.sleep(0.012)
    if FAULT == "cpu":
        compute(0.012)
    async with engine.connect() as connection:
        name = await connection.scalar(text("SELECT name FROM items WHERE id = :id"), {"id": item})
        await connection.execute(text("SELECT pg_sleep(:wait)"), {"wait": 0.1 if FAULT in ("none", "pool") else 0.005})
    return {"id": item, "name": name}
