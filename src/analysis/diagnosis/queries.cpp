#include "analysis/diagnosis/queries.hpp"

#include "signal/names.hpp"

#include <fmt/format.h>

namespace plimsoll::query {
namespace {

std::string sql_text(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        out += c;
        if (c == '\'') {
            out += c;
        }
    }
    return out + "'";
}

long long nanoseconds(double s) {
    return static_cast<long long>(s * 1e9);
}

/// "before" or "after" by a column of times; rows outside both are left out by `within`.
std::string part_of(const Case& c, std::string_view column) {
    return c.broke() ? fmt::format("CASE WHEN {} < {} THEN 'before' ELSE 'after' END", column,
                                   nanoseconds(c.after().from_s))
                     : std::string("'load'");
}

std::string within(const Case& c, std::string_view column) {
    return fmt::format("{0} >= {1} AND {0} < {2}", column, nanoseconds(c.load().from_s),
                       nanoseconds(c.after().to_s));
}

std::string having(Labels labels) {
    std::string text;
    for (const auto& [name, value] : labels) {
        text += fmt::format(
            " AND EXISTS (SELECT 1 FROM series_label sl JOIN metric_label ml ON ml.metric = "
            "s.metric AND ml.position = sl.position WHERE sl.series = s.id AND ml.name = {} AND "
            "coalesce(sl.value, '') = {})",
            sql_text(name), sql_text(value));
    }
    return text;
}

constexpr std::string_view kShownLabels =
    "(SELECT group_concat(ml.name || '=' || coalesce(sl.value, ''), ', ') FROM series_label sl "
    "JOIN metric_label "
    "ml ON ml.metric = s.metric AND ml.position = sl.position WHERE sl.series = s.id)";

constexpr std::string_view kPoints =
    "FROM point p JOIN reading r ON r.id = p.reading JOIN series s ON s.id = p.series JOIN metric "
    "m ON m.id = s.metric";

/// Kept errors, the most frequent first.
std::string errors_where(const std::string& where) {
    return fmt::format(
        "SELECT e.method || ' ' || e.name AS endpoint, outcome, status, sum(count) AS count, "
        "round(min(first_ns) / 1e9, 3) AS first_s, round(max(last_ns) / 1e9, 3) AS last_s, "
        "replace(replace(substr(text, 1, 120), char(10), ' '), char(13), ' ') AS text FROM error "
        "JOIN endpoint e ON e.id = error.endpoint{} GROUP "
        "BY e.id, outcome, status, fingerprint ORDER BY count DESC, endpoint LIMIT 10;",
        where);
}

}  // namespace

std::string gauge(const Case& c, std::string_view metric, Labels labels) {
    const std::string other = part_of(c, "o.t_ns");
    return fmt::format(
        "SELECT {0} AS part, {1} AS labels, (SELECT count(*) FROM reading o WHERE o.probe = "
        "m.probe AND {2} AND {3} = {0}) AS readings, count(*) AS with_value, min(p.value) AS "
        "least, round(sum(p.value) / (SELECT count(*) FROM reading o WHERE o.probe = m.probe AND "
        "{2} AND {3} = {0}), 6) AS mean, max(p.value) AS greatest {4} WHERE m.name = {5}{6} AND "
        "{7} GROUP BY s.id, part ORDER BY part DESC, labels;",
        part_of(c, "r.t_ns"), kShownLabels, within(c, "o.t_ns"), other, kPoints, sql_text(metric),
        having(labels), within(c, "r.t_ns"));
}

std::string counter(const Case& c, std::string_view metric, Labels labels) {
    return fmt::format(
        "SELECT {0} AS part, {1} AS labels, count(*) AS readings, min(p.value) AS first, "
        "max(p.value) AS last, round((max(p.value) - min(p.value)) * 1e9 / max(1, max(r.t_ns) - "
        "min(r.t_ns)), 6) AS per_second {2} WHERE m.name = {3}{4} AND {5} GROUP BY s.id, part "
        "ORDER BY part DESC, labels;",
        part_of(c, "r.t_ns"), kShownLabels, kPoints, sql_text(metric), having(labels),
        within(c, "r.t_ns"));
}

std::string canary(const Case& c, std::string_view name) {
    return fmt::format(
        "SELECT {0} AS part, m.name AS metric, {1} AS labels, count(*) AS readings, min(p.value) "
        "AS least, round(avg(p.value), 6) AS mean, max(p.value) AS greatest {2} WHERE m.name IN "
        "({3}, {4}){5} AND {6} GROUP BY s.id, part ORDER BY part DESC, metric DESC, labels;",
        part_of(c, "r.t_ns"), kShownLabels, kPoints, sql_text(metric::kCanarySeconds),
        sql_text(metric::kCanaryFailures),
        name.empty() ? std::string() : having({{"canary", std::string(name)}}),
        within(c, "r.t_ns"));
}

std::string drain(const Case& c, std::string_view metric) {
    return fmt::format(
        "SELECT 'after the load' AS part, {0} AS labels, count(*) AS with_value, min(p.value) AS "
        "least, max(p.value) AS greatest {1} WHERE m.name = {2} AND r.t_ns >= {3} GROUP BY s.id "
        "ORDER BY labels;",
        kShownLabels, kPoints, sql_text(metric), nanoseconds(c.load().to_s));
}

std::string errors(const std::vector<std::string>& words, const std::vector<std::string>& others) {
    std::string where;
    for (const auto* list : {&words, &others}) {
        std::string any;
        for (const std::string& word : *list) {
            any += fmt::format("{}instr(lower(text), {}) > 0", any.empty() ? "" : " OR ",
                               sql_text(word));
        }
        if (!any.empty()) {
            where += fmt::format(" {} ({})", where.empty() ? "WHERE" : "AND", any);
        }
    }
    return errors_where(where);
}

std::string errors_of(std::string_view outcome) {
    return errors_where(fmt::format("WHERE outcome = {}", sql_text(outcome)));
}

std::string facts(std::string_view key) {
    return fmt::format(
        "SELECT key, replace(replace(value, char(10), ' '), char(13), ' ') AS value FROM fact "
        "WHERE instr(key, {}) > 0 ORDER BY key;",
        sql_text("." + std::string(key)));
}

std::string load(const Case& c) {
    return fmt::format(
        "SELECT {0} AS part, round(min(t.from_ns) / 1e9, 3) AS from_s, round(max(t.to_ns) / 1e9, "
        "3) AS to_s, sum(t.arrivals_due) AS arrivals_due, (SELECT sum(e.requests) FROM "
        "endpoint_tick e JOIN tick u ON u.tick = e.tick WHERE {1} AND {2} = {0}) AS requests, "
        "(SELECT sum(e.failed) FROM endpoint_tick e JOIN tick u ON u.tick = e.tick WHERE {1} AND "
        "{2} = {0}) AS failed, round(avg(t.in_flight_mean), 3) AS in_flight FROM tick t WHERE {3} "
        "GROUP BY part ORDER BY part DESC;",
        part_of(c, "t.from_ns"), within(c, "u.from_ns"), part_of(c, "u.from_ns"),
        within(c, "t.from_ns"));
}

std::string statuses(const Case& c) {
    return fmt::format(
        "SELECT {0} AS part, e.method || ' ' || e.name AS endpoint, k.statuses, count(*) AS ticks "
        "FROM endpoint_tick k JOIN tick t ON t.tick = k.tick JOIN endpoint e ON e.id = k.endpoint "
        "WHERE {1} GROUP BY part, e.id, k.statuses ORDER BY part DESC, ticks DESC, endpoint, "
        "k.statuses LIMIT 20;",
        part_of(c, "t.from_ns"), within(c, "t.from_ns"));
}

std::string endpoints(const Case& c) {
    return fmt::format(
        "SELECT {0} AS part, e.method || ' ' || e.name AS endpoint, sum(k.requests) AS requests, "
        "sum(k.failed) AS failed FROM endpoint_tick k JOIN tick t ON t.tick = k.tick JOIN endpoint "
        "e ON e.id = k.endpoint WHERE {1} GROUP BY part, e.id ORDER BY part DESC, endpoint;",
        part_of(c, "t.from_ns"), within(c, "t.from_ns"));
}

}  // namespace plimsoll::query
