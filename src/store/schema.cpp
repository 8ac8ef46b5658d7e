#include "store/schema.hpp"

namespace plimsoll::schema {

// Tables that grow with time are plain rowid tables filled in time order: SQLite packs appended
// rows densely, and a reader walks them without an index.
const char* const kTables = R"sql(
CREATE TABLE run(key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE fact(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE endpoint(id INTEGER PRIMARY KEY, user TEXT, name TEXT, method TEXT);
CREATE TABLE executor(id INTEGER PRIMARY KEY, name TEXT, kind TEXT, open INTEGER,
    start_value REAL, max_users INTEGER);
CREATE TABLE stage(executor INTEGER, stage INTEGER, from_ns INTEGER, to_ns INTEGER, target REAL,
    PRIMARY KEY(executor, stage)) WITHOUT ROWID;
CREATE TABLE user_class(id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE check_name(id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE step_group(id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE tag(id INTEGER PRIMARY KEY, text TEXT);
CREATE TABLE threshold(id INTEGER PRIMARY KEY, key TEXT, expression TEXT, metric TEXT,
    endpoint TEXT, statistic TEXT, quantile REAL, comparison TEXT, "limit" REAL,
    abort_on_fail INTEGER, delay_abort_ns INTEGER);
CREATE TABLE threshold_option(threshold INTEGER, name TEXT, value TEXT);

CREATE TABLE tick(tick INTEGER PRIMARY KEY, from_ns INTEGER, to_ns INTEGER,
    arrivals_due INTEGER, iterations_started INTEGER, iterations_completed INTEGER,
    not_sent_user_cap INTEGER, not_sent_generator INTEGER,
    connects_ok INTEGER, connects_failed INTEGER, reconnects INTEGER,
    errors_unsampled INTEGER, spans_dropped INTEGER, interrupted INTEGER,
    in_flight INTEGER, users INTEGER, users_max INTEGER, connections_open INTEGER,
    in_flight_mean REAL, cpu_ratio REAL, loop_lag_ns INTEGER, late_sends INTEGER,
    sockets_left INTEGER);
CREATE TABLE phase_tick(tick INTEGER, phase INTEGER, times BLOB);
CREATE TABLE shard_tick(tick INTEGER, shard INTEGER,
    in_flight INTEGER, users INTEGER, users_max INTEGER, connections_open INTEGER,
    in_flight_mean REAL, cpu_ratio REAL, loop_lag_ns INTEGER, late_sends INTEGER);
CREATE TABLE executor_tick(tick INTEGER, executor INTEGER, stage INTEGER, offered REAL);
CREATE TABLE endpoint_tick(tick INTEGER, endpoint INTEGER, requests INTEGER, failed INTEGER,
    bytes_sent INTEGER, bytes_received INTEGER, statuses TEXT,
    response BLOB, service BLOB, send_lag BLOB);
CREATE TABLE censored_tick(tick INTEGER, endpoint INTEGER, response BLOB, service BLOB,
    cut_off BLOB);
CREATE TABLE answer_tick(tick INTEGER, last_ns INTEGER);
CREATE TABLE count_tick(tick INTEGER, name TEXT, value INTEGER);
CREATE TABLE group_tick(tick INTEGER, step_group INTEGER, count INTEGER, failed INTEGER,
    broken_off INTEGER, duration BLOB);
CREATE TABLE censored_group_tick(tick INTEGER, step_group INTEGER, duration BLOB);
CREATE TABLE check_tick(tick INTEGER, check_name INTEGER, passed INTEGER, failed INTEGER);
CREATE TABLE cut_check_tick(tick INTEGER, check_name INTEGER, cut_off INTEGER);

CREATE TABLE probe(id INTEGER PRIMARY KEY, name TEXT, readings INTEGER, expected INTEGER,
    gaps INTEGER, longest_took_ns INTEGER);
CREATE TABLE probe_fact(probe INTEGER, position INTEGER, key TEXT, value TEXT,
    PRIMARY KEY(probe, position)) WITHOUT ROWID;
CREATE TABLE metric(id INTEGER PRIMARY KEY, probe INTEGER, name TEXT, type TEXT, help TEXT);
CREATE TABLE metric_label(metric INTEGER, position INTEGER, name TEXT,
    PRIMARY KEY(metric, position)) WITHOUT ROWID;
CREATE TABLE series(id INTEGER PRIMARY KEY, metric INTEGER);
CREATE TABLE series_label(series INTEGER, position INTEGER, value TEXT,
    PRIMARY KEY(series, position)) WITHOUT ROWID;
CREATE TABLE reading(id INTEGER PRIMARY KEY, probe INTEGER, t_ns INTEGER, took_ns INTEGER);
CREATE TABLE point(reading INTEGER, series INTEGER, value REAL);
CREATE TABLE gap(probe INTEGER, from_ns INTEGER, to_ns INTEGER, open INTEGER, reason TEXT,
    PRIMARY KEY(probe, from_ns)) WITHOUT ROWID;

CREATE TABLE event(t_ns INTEGER, kind TEXT, text TEXT);
CREATE TABLE error(endpoint INTEGER, outcome TEXT, status INTEGER, fingerprint INTEGER, text TEXT,
    count INTEGER, first_ns INTEGER, last_ns INTEGER,
    PRIMARY KEY(endpoint, outcome, status, fingerprint)) WITHOUT ROWID;

CREATE VIEW probe_points AS
    SELECT probe.name AS probe, metric.name AS metric,
        (SELECT group_concat(metric_label.name || '=' || series_label.value, ',')
         FROM series_label JOIN metric_label ON metric_label.metric = series.metric
             AND metric_label.position = series_label.position
         WHERE series_label.series = series.id) AS labels,
        reading.t_ns / 1e9 AS t_s, point.value AS value
    FROM point JOIN reading ON reading.id = point.reading
        JOIN series ON series.id = point.series JOIN metric ON metric.id = series.metric
        JOIN probe ON probe.id = reading.probe;
)sql";

}  // namespace plimsoll::schema
