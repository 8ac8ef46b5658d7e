// A small run with a value in every field, for round trips.
#pragma once

#include "record/interval.hpp"
#include "record/run_info.hpp"
#include "signal/exporter.hpp"

#include <memory>

namespace plimsoll {

inline const Clock::time_point kRunStart{std::chrono::hours(5)};

inline RunInfo sample_info() {
    RunInfo info;
    info.id = "20260101T120000Z-beef";
    info.scenario_name = "checkout";
    info.scenario_text = "target: http://127.0.0.1:8080\n# Füße\n";
    info.version = "0.1.0";
    info.target = "http://127.0.0.1:8080";
    info.seed = 0xfedcba9876543210U;
    info.shards = 3;
    info.start = {kRunStart, WallClock::time_point(std::chrono::milliseconds(1767268800123))};
    info.tick = std::chrono::milliseconds(500);
    info.planned_duration = std::chrono::seconds(90);
    info.endpoints = {{"reader", "/v1/x [LIST]", "GET"}, {"writer", "/v1/x", "POST"}};
    info.executors = {{"ramp",
                       ExecutorKind::RampingArrivalRate,
                       true,
                       2.5,
                       {{Nanoseconds(0), std::chrono::seconds(30), 200},
                        {std::chrono::seconds(30), std::chrono::seconds(90), 12.25}},
                       2000},
                      {"base", ExecutorKind::ConstantVus, false, 7, {}, 7}};
    info.user_classes = {"reader", "writer"};
    info.thresholds = {
        {"http_req_duration{endpoint:/v1/x}", "p(95)<500ms", ThresholdMetric::ServiceTime, "/v1/x",
         Statistic::Quantile, 0.95, Comparison::Less, 0.5, true, std::chrono::seconds(10)},
        {"dropped_iterations", "count<=5", ThresholdMetric::Dropped, "", Statistic::Count, 0,
         Comparison::LessEqual, 5, false, Nanoseconds(0)}};
    info.request_timeout = std::chrono::seconds(30);
    info.checks = {"has items", "is fast"};
    info.groups = {"checkout"};
    info.tags = {"branch=main", "note=a b"};
    return info;
}

inline std::vector<ProbeInfo> sample_probes() {
    return {{"postgres",
             {{"plimsoll_pg_backends", MetricType::Gauge, "Backends", {"datname", "state"}},
              {"plimsoll_pg_connection_refused_total", MetricType::Counter, "", {"sqlstate"}}},
             {{"server_version", "15.4"}, {"max_connections", "20"}}},
            {"process:lab", {{"plimsoll_up", MetricType::Gauge, "Up", {}}}, {}}};
}

/// Tick `k` of half a second, with both endpoints busy on even ticks and idle ones on odd ticks.
inline std::shared_ptr<Snapshot> sample_tick(std::uint64_t k) {
    auto tick = std::make_shared<Snapshot>();
    tick->tick = k;
    tick->from = kRunStart + k * std::chrono::milliseconds(500);
    tick->to = tick->from + std::chrono::milliseconds(500);
    tick->delta.resize(2);
    tick->total.resize(2);
    for (std::uint32_t i = 0; i < 40 && k % 2 == 0; ++i) {
        Sample sample;
        sample.due = tick->from;
        sample.sent = sample.due + std::chrono::nanoseconds(1000 + 977 * i * (k + 1));
        sample.completed = sample.sent + std::chrono::nanoseconds(1'000'003 * (i + 1));
        sample.endpoint = i % 2;
        sample.outcome = i % 5 == 0 ? Outcome::Http5xx : Outcome::Ok;
        sample.status = i % 5 == 0 ? 503 : 200;
        sample.bytes_sent = 100 + i;
        sample.bytes_received = 5'000'000'000 + i;
        tick->delta[i % 2].record(sample);
    }
    tick->delta_counts = {40, 39, 38, 2, 1, 5, 4, 3, 6, 7, 8};
    tick->delta_counts.redirects = 9 * (k % 2);
    tick->delta_phases[RequestPhase::Connect].record(std::chrono::microseconds(100 + k));
    tick->delta_phases[RequestPhase::Wait].record_n(std::chrono::microseconds(700), k);
    if (k % 2 == 1) {
        tick->delta_counts.iterations_cut_short = 11;
        tick->delta_counts.steps_unrendered = 12;
        tick->delta_counts.starts_failed = 13;
        tick->delta_counts.users_stopped = 14;
        tick->delta_counts.out_of_data = 15;
        tick->delta_checks = {{0, 0}, {70 + k, 3, k}};
        tick->delta_groups.resize(1);
        tick->delta_groups[0].count = 1;
        tick->delta_groups[0].failed = 1;
        tick->delta_groups[0].broken_off = 2;
        tick->delta_groups[0].duration.record(std::chrono::milliseconds(k));
    }
    tick->state = {9, 8, 7, 6, 5.125, 0.75, std::chrono::microseconds(321)};
    tick->shards = {{4, 3, 2, 1, 2.5, 0.75, std::chrono::microseconds(321)},
                    {5, 5, 5, 5, 2.625, 0.5, std::chrono::microseconds(20)}};
    tick->executors = {{1, 123.456}, {0, 7}};
    return tick;
}

}  // namespace plimsoll
