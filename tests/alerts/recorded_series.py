"""A recorded run as Prometheus would have scraped it: every series, read at a fixed interval."""

import lzma
import sqlite3
import tempfile
from bisect import bisect_right
from pathlib import Path

RECORDINGS = Path(__file__).resolve().parents[1] / "recordings"
IDENTITY = {"job": "plimsoll", "instance": "127.0.0.1:9464"}
Values = list[float | None]  # one a scrape; None where the scrape did not have the series


def series_name(metric: str, labels: dict[str, str]) -> str:
    """In the notation of promtool's input_series. An empty label is none, as in Prometheus."""
    quoted = ",".join(
        '{}="{}"'.format(name, value.replace("\\", "\\\\").replace('"', '\\"'))
        for name, value in (IDENTITY | labels).items()
        if value != ""
    )
    return f"{metric}{{{quoted}}}"


class RecordedRun:
    """The run file of a recording below tests/recordings; docs/run-file.md has its tables."""

    def __init__(self, name: str) -> None:
        with tempfile.NamedTemporaryFile(suffix=".db") as file:
            file.write(lzma.decompress((RECORDINGS / f"{name}.db.xz").read_bytes()))
            file.flush()
            source = sqlite3.connect(file.name)
            self.db = sqlite3.connect(":memory:")
            source.backup(self.db)
            source.close()
        self.end_s: float = self.db.execute("SELECT max(to_ns) / 1e9 FROM tick").fetchone()[0]

    def scraped(self, every_s: int) -> dict[str, Values]:
        """Every series the rules may ask for, at 0, every_s, 2 every_s ... while the run lasted."""
        times = [float(i * every_s) for i in range(int(self.end_s) // every_s + 1)]
        return self._probe_series(times) | self._load_series(times)

    def _probe_series(self, times: list[float]) -> dict[str, Values]:
        out: dict[str, Values] = {}
        for probe, name in self.db.execute("SELECT id, name FROM probe").fetchall():
            gaps = self.db.execute("SELECT from_ns / 1e9, to_ns / 1e9 FROM gap WHERE probe = ?", (probe,)).fetchall()
            in_gap = [any(start <= t < end for start, end in gaps) for t in times]
            out[series_name("plimsoll_probe_up", {"probe": name})] = [0.0 if gap else 1.0 for gap in in_gap]
            out[series_name("plimsoll_probe_gaps_total", {"probe": name})] = [
                float(sum(start <= t for start, _ in gaps)) for t in times
            ]
            readings = self.db.execute("SELECT id, t_ns / 1e9 FROM reading WHERE probe = ? ORDER BY t_ns", (probe,)).fetchall()
            latest = [bisect_right([t for _, t in readings], at) - 1 for at in times]
            for series, metric, kind in self.db.execute(
                "SELECT series.id, metric.name, metric.type FROM series JOIN metric ON metric.id = metric WHERE probe = ?",
                (probe,),
            ).fetchall():
                values = self._at(series, [readings[i][0] if i >= 0 else None for i in latest])
                is_counter = kind == "counter"
                out[series_name(metric, self._labels(series))] = [
                    None if gap and not is_counter else value for gap, value in zip(in_gap, values)
                ]
        return out

    def _at(self, series: int, readings: list[int | None]) -> Values:
        points = dict(self.db.execute("SELECT reading, value FROM point WHERE series = ?", (series,)).fetchall())
        return [points.get(reading) for reading in readings]

    def _labels(self, series: int) -> dict[str, str]:
        return dict(
            self.db.execute(
                "SELECT metric_label.name, series_label.value FROM series_label JOIN series ON series.id = series"
                " JOIN metric_label ON metric_label.metric = series.metric AND metric_label.position = series_label.position"
                " WHERE series.id = ?",
                (series,),
            ).fetchall()
        )

    def _load_series(self, times: list[float]) -> dict[str, Values]:
        """Counters of the load: what the ticks that had ended by then add up to."""
        ends = self.db.execute("SELECT tick, to_ns / 1e9, users FROM tick ORDER BY tick").fetchall()
        users: Values = [next((u for _, end, u in reversed(ends) if end <= t), 0) for t in times]
        out: dict[str, Values] = {series_name("plimsoll_vus", {}): users}
        end_of = {tick: end for tick, end, _ in ends}
        for number, user, endpoint, method in self.db.execute("SELECT id, user, name, method FROM endpoint").fetchall():
            labels = {"user": user, "endpoint": endpoint, "method": method}
            added: list[tuple[float, str, float]] = []
            for tick, statuses, response in self.db.execute(
                "SELECT tick, statuses, response FROM endpoint_tick WHERE endpoint = ? ORDER BY tick", (number,)
            ).fetchall():
                count, total_ns = count_and_sum(response)
                added.append((end_of[tick], series_name("plimsoll_response_seconds_count", labels), count))
                added.append((end_of[tick], series_name("plimsoll_response_seconds_sum", labels), total_ns / 1e9))
                for status, outcome, n in parse_statuses(statuses):
                    each = labels | {"outcome": outcome, "status": status}
                    added.append((end_of[tick], series_name("plimsoll_requests_total", each), n))
            for name in {name for _, name, _ in added}:
                mine = [(end, value) for end, other, value in added if other == name]
                sums: Values = [sum(value for end, value in mine if end <= t) for t in times]
                # A histogram is there from the start; an outcome once it has occurred.
                out[name] = [None if value == 0 and "requests_total" in name else value for value in sums]
        return out


def parse_statuses(text: str) -> list[tuple[str, str, int]]:
    """"200 ok 18,dns 2" -> [("200", "ok", 18), ("", "dns", 2)]."""
    out = []
    for entry in filter(None, text.split(",")):
        *status, outcome, count = entry.split(" ")
        out.append((status[0] if status else "", outcome, int(count)))
    return out


def count_and_sum(blob: bytes) -> tuple[int, int]:
    """Of a packed histogram: its first two numbers (docs/run-file.md, Histograms)."""
    assert blob[0] == 1, "only the packed form is written"
    count, at = varint(blob, 1)
    return (count, varint(blob, at)[0]) if count else (0, 0)


def varint(blob: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = blob[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at
