#include "tests/integration/prometheus/live_run.hpp"

#include "base/random.hpp"
#include "signal/names.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll::test {
namespace {

using namespace std::chrono_literals;

constexpr double kPoolSize = 5;
constexpr double kHoldSeconds = 0.020;
constexpr double kCapacity = kPoolSize / kHoldSeconds;  // 250/s, by Little's law

double offered_at(double seconds) {
    return 20 + 20 * seconds;
}

Threshold p95_below(double seconds) {
    Threshold threshold;
    threshold.key = "http_req_duration";
    threshold.expression = fmt::format("p(95)<{}ms", seconds * 1000);
    threshold.statistic = Statistic::Quantile;
    threshold.quantile = 0.95;
    threshold.limit = seconds;
    return threshold;
}

RunInfo make_run() {
    RunInfo run;
    run.id = "20260101T000000Z-0001";
    run.scenario_name = "live";
    run.version = "0.1.0";
    run.target = "http://127.0.0.1:8080";
    run.shards = 2;
    run.start = WallAnchor::now();
    run.endpoints = {{"reader", "/v1/deployments [LIST]", "GET"},
                     {"workflow", "[WORKFLOW] Create \"quoted\" \\ Zażółć", "POST"},
                     {"reader", "/health", "GET"}};
    ExecutorInfo ramp;
    ramp.name = "ramp";
    ramp.kind = ExecutorKind::RampingArrivalRate;
    ramp.stages = {{0s, 20s, 400}, {20s, 60s, 400}};
    ramp.max_users = 500;
    run.executors = {ramp};
    run.user_classes = {"reader", "workflow"};
    run.checks = {"the list is an array"};
    run.groups = {"checkout"};
    run.thresholds = {p95_below(0.25), p95_below(0.5)};
    return run;
}

ProbeInfo postgres_probe() {
    using MetricType::Counter;
    using MetricType::Gauge;
    return {
        "postgres",
        {{metric::kPgBackends,
          Gauge,
          "Client backends by what they do.",
          {"datname", "usename", "application_name", "state", "wait_event_type"}},
         {metric::kPgConnectionsUsedRatio, Gauge, "Used share of the connection slots.", {}},
         {metric::kPgMaxConnections, Gauge, "Setting max_connections.", {}},
         {metric::kPgReservedConnections, Gauge, "Slots that only superusers get.", {}},
         {metric::kPgBlockedBackends, Gauge, "Backends that wait for a lock.", {}},
         {metric::kPgLongestTransaction, Gauge, "Age of the oldest open transaction.", {}},
         {metric::kPgIdleInTransaction, Gauge, "Longest idle time in a transaction.", {}},
         {metric::kPgTransactions,
          Counter,
          "Transactions by how they ended.",
          {"datname", "result"}},
         {metric::kPgConnectionRefused,
          Counter,
          "Connections that the server refused to the probe.",
          {"sqlstate"}},
         {"plimsoll_pg_waiting_backends",
          Gauge,
          "As in docs/metrics.md.",
          {"wait_event_type", "wait_event"}},
         {"plimsoll_pg_stale_backends",
          Gauge,
          "As in docs/metrics.md.",
          {"datname", "usename", "application_name", "state"}},
         {"plimsoll_pg_new_backends", Gauge, "As in docs/metrics.md.", {}},
         {"plimsoll_pg_blocks_total", Counter, "As in docs/metrics.md.", {"datname", "source"}},
         {"plimsoll_pg_block_seconds_total",
          Counter,
          "As in docs/metrics.md.",
          {"datname", "direction"}},
         {"plimsoll_pg_temp_bytes_total", Counter, "As in docs/metrics.md.", {"datname"}},
         {"plimsoll_pg_deadlocks_total", Counter, "As in docs/metrics.md.", {"datname"}},
         {"plimsoll_pg_sessions_total", Counter, "As in docs/metrics.md.", {"datname", "result"}},
         {"plimsoll_pg_session_seconds_total",
          Counter,
          "As in docs/metrics.md.",
          {"datname", "state"}},
         {"plimsoll_pg_checkpoints_total", Counter, "As in docs/metrics.md.", {"reason"}},
         {"plimsoll_pg_checkpoint_seconds_total", Counter, "As in docs/metrics.md.", {"operation"}},
         {"plimsoll_pg_checkpoint_buffers_total", Counter, "As in docs/metrics.md.", {}},
         {"plimsoll_pg_wal_bytes_total", Counter, "As in docs/metrics.md.", {}},
         {"plimsoll_pg_wal_operations_total", Counter, "As in docs/metrics.md.", {"operation"}},
         {"plimsoll_pg_wal_seconds_total", Counter, "As in docs/metrics.md.", {"operation"}},
         {"plimsoll_pg_io_operations_total",
          Counter,
          "As in docs/metrics.md.",
          {"backend", "operation"}},
         {"plimsoll_pg_io_seconds_total",
          Counter,
          "As in docs/metrics.md.",
          {"backend", "operation"}}},
        {{"server_version", "15"}}};
}

ProbeInfo container_probe(const std::string& name) {
    using MetricType::Counter;
    using MetricType::Gauge;
    const std::vector<std::string> labels{"container", "role"};
    return {"process:" + name,
            {{metric::kContainerCpuSeconds, Counter, "CPU time used.", labels},
             {metric::kContainerCpuLimit, Gauge, "CPU limit in cores.", labels},
             {metric::kContainerThrottled, Counter, "Throttled scheduling periods.", labels},
             {metric::kContainerPeriods, Counter, "Scheduling periods with a quota.", labels},
             {metric::kContainerMemory, Gauge, "Memory that cannot be reclaimed.", labels},
             {metric::kContainerMemoryLimit, Gauge, "Memory limit.", labels},
             {metric::kContainerOomKills, Counter, "Processes killed for lack of memory.", labels}},
            {}};
}

ProbeInfo canary_probe() {
    return {"canary",
            {{metric::kCanarySeconds, MetricType::Gauge, "Round trip of a canary.", {"canary"}},
             {metric::kCanaryFailures, MetricType::Counter, "Canaries that failed.", {"canary"}},
             {metric::kCanaryTries, MetricType::Counter, "Canaries tried.", {"canary"}}},
            {}};
}

ProbeInfo pgbouncer_probe() {
    return {
        "pgbouncer",
        {{"plimsoll_pgbouncer_clients_waiting",
          MetricType::Gauge,
          "As in docs/metrics.md.",
          {"database", "user"}},
         {"plimsoll_pgbouncer_clients_active",
          MetricType::Gauge,
          "As in docs/metrics.md.",
          {"database", "user"}},
         {"plimsoll_pgbouncer_servers_active",
          MetricType::Gauge,
          "As in docs/metrics.md.",
          {"database", "user"}},
         {"plimsoll_pgbouncer_servers_idle",
          MetricType::Gauge,
          "As in docs/metrics.md.",
          {"database", "user"}},
         {"plimsoll_pgbouncer_max_wait_seconds",
          MetricType::Gauge,
          "As in docs/metrics.md.",
          {"database", "user"}},
         {"plimsoll_pgbouncer_pool_size",
          MetricType::Gauge,
          "As in docs/metrics.md.",
          {"database", "user"}},
         {"plimsoll_pgbouncer_transactions_total",
          MetricType::Counter,
          "As in docs/metrics.md.",
          {"database"}},
         {"plimsoll_pgbouncer_queries_total",
          MetricType::Counter,
          "As in docs/metrics.md.",
          {"database"}},
         {"plimsoll_pgbouncer_transaction_seconds_total",
          MetricType::Counter,
          "As in docs/metrics.md.",
          {"database"}},
         {"plimsoll_pgbouncer_query_seconds_total",
          MetricType::Counter,
          "As in docs/metrics.md.",
          {"database"}},
         {"plimsoll_pgbouncer_wait_seconds_total",
          MetricType::Counter,
          "As in docs/metrics.md.",
          {"database"}},
         {"plimsoll_pgbouncer_client_connections", MetricType::Gauge, "As in docs/metrics.md.", {}},
         {"plimsoll_pgbouncer_max_client_connections",
          MetricType::Gauge,
          "As in docs/metrics.md.",
          {}}},
        {}};
}

std::vector<Value> pgbouncer_values(double seconds) {
    return {{0, {"lab", "web"}, 2},
            {1, {"lab", "web"}, 2},
            {2, {"lab", "web"}, 2},
            {3, {"lab", "web"}, 2},
            {4, {"lab", "web"}, 2},
            {5, {"lab", "web"}, 2},
            {6, {"lab"}, seconds},
            {7, {"lab"}, seconds},
            {8, {"lab"}, seconds},
            {9, {"lab"}, seconds},
            {10, {"lab"}, seconds},
            {11, {}, 7},
            {12, {}, 7}};
}

std::vector<Value> postgres_values(double seconds) {
    const double busy = std::min(kPoolSize, offered_at(seconds) * kHoldSeconds);
    const auto backends = [](const char* state, const char* wait, double count) {
        return Value{0, {"lab", "lab", "lab", state, wait}, count};
    };
    return {backends("active", "", busy * 0.2),
            backends("active", "Lock", busy * 0.1),
            backends("idle in transaction", "Client", busy * 0.7),
            backends("idle", "Client", kPoolSize - busy),
            {1, {}, (kPoolSize + 1) / 97},
            {2, {}, 100},
            {3, {}, 3},
            {4, {}, busy > 4 ? 1.0 : 0.0},
            {5, {}, kHoldSeconds},
            {6, {}, kHoldSeconds / 2},
            {7, {"lab", "commit"}, seconds * 100},
            {7, {"lab", "rollback"}, 1},
            {8, {"53300"}, 0},
            {9, {"x", "x"}, 1},
            {10, {"x", "x", "x", "x"}, 1},
            {11, {}, 1},
            {12, {"x", "x"}, 1},
            {13, {"x", "x"}, 1},
            {14, {"x"}, 1},
            {15, {"x"}, 1},
            {16, {"x", "x"}, 1},
            {17, {"x", "x"}, 1},
            {18, {"x"}, 1},
            {19, {"x"}, 1},
            {20, {}, 1},
            {21, {}, 1},
            {22, {"x"}, 1},
            {23, {"x"}, 1},
            {24, {"x", "x"}, 1},
            {25, {"x", "x"}, 1}};
}

/// Only the application has limits.
std::vector<Value> container_values(const std::string& name, const std::string& role,
                                    double seconds) {
    const std::vector<std::string> labels{name, role};
    std::vector<Value> out{{0, labels, 0.3 * seconds}, {4, labels, 60e6}, {6, labels, 0}};
    if (role == "app") {
        out.insert(out.end(), {{1, labels, 2},
                               {2, labels, seconds / 10},
                               {3, labels, 10 * seconds},
                               {5, labels, 512e6}});
    }
    return out;
}

}  // namespace

LiveRun::LiveRun(std::uint64_t seed)
    : seed_(seed),
      run_(make_run()),
      probes_{postgres_probe(), container_probe("lab"), container_probe("postgres"), canary_probe(),
              pgbouncer_probe()},
      total_(run_.endpoints.size()) {}

void LiveRun::add_endpoint(std::vector<EndpointStats>& delta, EndpointId endpoint,
                           std::uint64_t count, double pool_wait_seconds) {
    Random random(seed_, endpoint, tick_);
    for (std::uint64_t i = 0; i < count; ++i) {
        Sample sample;
        sample.endpoint = endpoint;
        sample.due = run_.start.mono + std::chrono::seconds(tick_);
        sample.sent = sample.due + from_seconds(0.0001 + 0.0004 * random.uniform());
        const double service =
            kHoldSeconds * (0.5 + random.uniform()) + pool_wait_seconds * random.uniform();
        sample.completed = sample.sent + from_seconds(service);
        sample.bytes_sent = 120;
        sample.bytes_received = 300 + random.between(0, 50);
        sample.status = 200;
        if (service > 0.9) {
            sample.status = 503;
            sample.outcome = Outcome::Http5xx;
        } else if (tick_ % 5 == 4 && i == 0) {
            sample.status = 0;
            sample.outcome = Outcome::ConnectReset;
        }
        delta[endpoint].record(sample);
    }
}

SnapshotPtr LiveRun::next(bool last) {
    auto snapshot = std::make_shared<Snapshot>();
    const auto seconds = static_cast<double>(tick_);
    const double offered = offered_at(seconds);
    const double wait = std::max(0.0, offered - kCapacity) / kCapacity * 4;
    snapshot->tick = tick_;
    snapshot->from = run_.start.mono + std::chrono::seconds(tick_);
    snapshot->to = snapshot->from + 1s;
    snapshot->last = last;
    snapshot->delta.resize(run_.endpoints.size());
    const auto arrivals = static_cast<std::uint64_t>(offered);
    add_endpoint(snapshot->delta, 0, arrivals / 2, wait);
    add_endpoint(snapshot->delta, 1, arrivals / 2, wait);
    for (std::size_t i = 0; i < total_.size(); ++i) {
        total_[i].merge(snapshot->delta[i]);
    }
    snapshot->total = total_;

    snapshot->delta_checks = {{arrivals / 2, tick_ % 5 == 4 ? 1U : 0U}};
    snapshot->delta_groups.resize(1);
    snapshot->delta_groups[0].count = 1;
    snapshot->delta_groups[0].duration.record(from_seconds(kHoldSeconds + wait));
    total_checks_.resize(1);
    total_checks_[0].passed += snapshot->delta_checks[0].passed;
    total_checks_[0].failed += snapshot->delta_checks[0].failed;
    total_groups_.resize(1);
    total_groups_[0].merge(snapshot->delta_groups[0]);
    snapshot->total_checks = total_checks_;
    snapshot->total_groups = total_groups_;

    LoadCounts& counts = snapshot->delta_counts;
    counts.arrivals_due = arrivals;
    counts.iterations_started = arrivals;
    counts.iterations_completed = arrivals / 2 * 2;
    counts.not_sent_user_cap = tick_ > 10 ? tick_ : 0;
    counts.connects_ok = tick_ == 0 ? 20 : 1;
    counts.connects_failed = tick_ % 5 == 4 ? 1 : 0;
    total_counts_.merge(counts);
    snapshot->total_counts = total_counts_;

    const auto in_flight = static_cast<std::uint32_t>(offered * (kHoldSeconds + wait / 2));
    snapshot->state = {in_flight, in_flight + 1, 500, in_flight + 2, 0, 0.25, 3ms};
    snapshot->shards.assign(2, snapshot->state);
    snapshot->shards[1].cpu_ratio = 0.125;
    snapshot->state.sockets_left = 12345;
    snapshot->executors = {{tick_ < 20 ? 0U : 1U, offered}};
    ++tick_;
    return snapshot;
}

Reading LiveRun::reading(std::size_t probe, double seconds) const {
    Reading reading;
    reading.at = run_.start.mono + from_seconds(seconds);
    reading.took = 2ms;
    switch (probe) {
        case 0:
            reading.values = postgres_values(seconds);
            break;
        case 1:
            reading.values = container_values("lab", "app", seconds);
            break;
        case 2:
            reading.values = container_values("postgres", "database", seconds / 2);
            break;
        case 3:
            reading.values = {{0, {"no_database"}, 0.001},
                              {0, {"select_1"}, 0.0005},
                              {1, {"no_database"}, 0},
                              {1, {"select_1"}, 0},
                              {2, {"no_database"}, 10 * seconds},
                              {2, {"select_1"}, 10 * seconds}};
            break;
        default:
            reading.values = pgbouncer_values(seconds);
    }
    return reading;
}

ProbeHealth LiveRun::healthy(std::uint64_t readings) {
    return {true, readings, readings, 0, 2ms};
}

}  // namespace plimsoll::test
