"""A run file of any length, made of a recorded run that is played over and over."""

import lzma
import sqlite3
from pathlib import Path

from recorded_series import RECORDINGS

# Tables whose rows belong to a tick, by its number.
OF_A_TICK = ("phase_tick", "shard_tick", "executor_tick", "endpoint_tick", "censored_tick", "count_tick", "group_tick", "censored_group_tick",
             "check_tick", "cut_check_tick")


def columns(db: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in db.execute(f"PRAGMA table_info({table})")]


def copy_rows(db: sqlite3.Connection, table: str, shifts: dict[str, int], where: str) -> None:
    names = columns(db, table)
    picked = ", ".join(f'"{name}" + {shifts[name]}' if name in shifts else f'"{name}"' for name in names)
    db.execute(f"INSERT INTO {table} SELECT {picked} FROM {table} WHERE {where}")


def make(recording: str, length_s: float, path: Path) -> float:
    """Writes `path`; its true length. Counters of probes begin anew in each copy, as after a restart."""
    path.write_bytes(lzma.decompress((RECORDINGS / f"{recording}.db.xz").read_bytes()))
    db = sqlite3.connect(path)
    tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    # Whole ticks of a second each: a tick's number says when it begins.
    ticks = db.execute("SELECT max(to_ns) / 1000000000 FROM tick").fetchone()[0]
    end_ns = ticks * 1_000_000_000
    for table in ("tick", *OF_A_TICK, "answer_tick"):
        if table in tables:
            db.execute(f"DELETE FROM {table} WHERE tick >= {ticks}")
    db.execute(f"DELETE FROM reading WHERE t_ns >= {end_ns}")
    db.execute("DELETE FROM point WHERE reading NOT IN (SELECT id FROM reading)")
    db.execute(f"DELETE FROM event WHERE t_ns >= {end_ns}")
    readings = db.execute("SELECT max(id) + 1 FROM reading").fetchone()[0]
    copies = int(-(-length_s * 1e9 // end_ns))
    for copy in range(1, copies):
        at = copy * end_ns
        copy_rows(db, "tick", {"tick": copy * ticks, "from_ns": at, "to_ns": at}, f"tick < {ticks}")
        for table in OF_A_TICK:
            if table in tables:
                copy_rows(db, table, {"tick": copy * ticks}, f"tick < {ticks}")
        copy_rows(db, "reading", {"id": copy * readings, "t_ns": at}, f"id < {readings}")
        copy_rows(db, "point", {"reading": copy * readings}, f"reading < {readings}")
    db.execute("UPDATE stage SET to_ns = ? WHERE to_ns >= ?", (copies * end_ns, end_ns))
    db.commit()
    db.close()
    return copies * end_ns / 1e9
