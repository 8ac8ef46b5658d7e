#include "tests/support/synthetic_run.hpp"

#include "base/random.hpp"
#include "signal/names.hpp"
#include "store/run_writer.hpp"
#include "tests/support/queue_model.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <unordered_map>

namespace plimsoll::synthetic {
namespace {

constexpr double kDatabaseCpu_s = 0.0005;  // per request, where the database is not the bottleneck
constexpr double kLargePool = 50;
constexpr double kAppCpu_s = 0.0003;
const Clock::time_point kStart{std::chrono::seconds(1000)};

Clock::time_point at(double t) {
    return kStart + from_seconds(t);
}

std::vector<ProbeInfo> probes_of(const Options& options) {
    using namespace metric;
    std::vector<ProbeInfo> probes;
    if (options.database_probe) {
        probes.push_back({"postgres",
                          {{kPgBackends,
                            MetricType::Gauge,
                            "Client backends",
                            {"datname", "usename", "application_name", "state", "wait_event_type"}},
                           {kPgConnectionsUsedRatio, MetricType::Gauge, "Used slots", {}},
                           {kPgMaxConnections, MetricType::Gauge, "max_connections", {}},
                           {kPgReservedConnections, MetricType::Gauge, "Reserved slots", {}},
                           {kPgConnectionRefused, MetricType::Counter, "Refused", {"sqlstate"}}},
                          {{"server_version", "15.4"},
                           {"max_connections", std::to_string(options.max_connections)}}});
    }
    if (options.canaries) {
        probes.push_back({"canary",
                          {{kCanarySeconds, MetricType::Gauge, "Round trip", {"canary"}},
                           {kCanaryFailures, MetricType::Counter, "Failures", {"canary"}}},
                          {}});
    }
    if (options.processes) {
        probes.push_back(
            {"process",
             {{kContainerCpuSeconds, MetricType::Counter, "CPU time", {"container", "role"}},
              {kContainerCpuLimit, MetricType::Gauge, "CPU limit", {"container", "role"}},
              {kContainerMemory, MetricType::Gauge, "Memory", {"container", "role"}}},
             {}});
    }
    return probes;
}

RunInfo info_of(const Options& options) {
    RunInfo info;
    info.id = "20260101T000000Z-0001";
    info.scenario_name = "synthetic";
    info.scenario_text = "target: " + options.target_url + "\n";
    info.version = "0.1.0";
    info.target = options.target_url;
    info.seed = options.seed;
    info.shards = 2;
    info.start = {kStart, WallClock::time_point(std::chrono::seconds(1767225600))};
    info.planned_duration = from_seconds(schedule_seconds(options));
    info.endpoints = {{"reader", "/v1/deployments [LIST]", "GET"},
                      {"reader", "/v1/deployments/{id} [READ]", "GET"},
                      {"writer", "/v1/deployments [CREATE]", "POST"}};
    info.user_classes = {"reader", "writer"};
    ExecutorInfo executor{
        "main",       options.open ? ExecutorKind::RampingArrivalRate : ExecutorKind::RampingVus,
        options.open, options.start,
        {},           options.max_users};
    double from = 0;
    for (const Stage& stage : options.stages) {
        executor.stages.push_back(
            {from_seconds(from), from_seconds(from + stage.seconds), stage.target});
        from += stage.seconds;
    }
    info.executors.push_back(executor);
    info.thresholds = options.thresholds;
    info.request_timeout = from_seconds(options.client_timeout_s);
    return info;
}

/// How many intervals cover a time, asked often.
class Cover {
public:
    void add(double from, double to) {
        if (to > from) {
            starts_.push_back(from);
            ends_.push_back(to);
        }
    }
    void seal() {
        std::sort(starts_.begin(), starts_.end());
        std::sort(ends_.begin(), ends_.end());
    }
    [[nodiscard]] double count(double t) const {
        const auto begun = std::upper_bound(starts_.begin(), starts_.end(), t) - starts_.begin();
        const auto ended = std::upper_bound(ends_.begin(), ends_.end(), t) - ends_.begin();
        return static_cast<double>(begun - ended);
    }
    [[nodiscard]] double ended(double t) const {
        return static_cast<double>(std::upper_bound(ends_.begin(), ends_.end(), t) - ends_.begin());
    }

private:
    std::vector<double> starts_, ends_;
};

/// The run second by second.
class Recording {
public:
    Recording(const Options& options, const RunInfo& info)
        : options_(options),
          requests_(simulate(options)),
          jitter_(options.seed, 3, 0),
          endpoints_(info.endpoints.size()) {
        double last = schedule_seconds(options);
        for (const Request& request : requests_) {
            if (request.sent_at_all) {
                last = std::max(last, request.completed);
                database_.add(request.database_from, request.database_to);
                in_flight_.add(request.sent, request.completed);
            }
        }
        database_.seal();
        in_flight_.seal();
        ticks_ = static_cast<std::size_t>(std::floor(last)) + 1;
        if (options.cut_off_s > 0) {
            ticks_ = std::min(ticks_, static_cast<std::size_t>(options.cut_off_s));
        }
        snapshots_.resize(ticks_);
        for (std::size_t k = 0; k < ticks_; ++k) {
            begin(snapshots_[k], k);
        }
        for (const Request& request : requests_) {
            place(request);
        }
    }

    [[nodiscard]] std::size_t ticks() const { return ticks_; }
    [[nodiscard]] const Truth& truth() const { return truth_; }

    SnapshotPtr snapshot(std::size_t k) {
        auto snapshot = std::make_shared<Snapshot>(std::move(snapshots_[k]));
        snapshot->total.resize(endpoints_);
        return snapshot;
    }

    Reading postgres(double t) {
        double busy = database_.count(t);
        const bool pooled = options_.target != Target::MaxConnections;
        const double size = options_.target == Target::Pool ? options_.pool : kLargePool;
        const bool working = options_.target == Target::DatabaseCpu;
        busy = working ? std::min(busy, size) : busy;
        Reading reading{at(t), std::chrono::microseconds(700), {}};
        const auto backends = [&](const char* user, const char* app, const char* state,
                                  const char* wait, double n) {
            if (n > 0) {
                reading.values.push_back({0, {"shop", user, app, state, wait}, n});
            }
        };
        if (working) {
            const double waiting = std::max(0.0, busy - options_.database_cores);
            // Runnable backends that wait for a core are active without a wait event as well.
            backends("shop", "shop-api", "active", "", busy - waiting + waiting);
        } else {
            backends("shop", "shop-api", "active", "Timeout", busy);
        }
        backends("shop", "shop-api", "idle", "Client", pooled ? size - busy : 0);
        backends("postgres", "exporter", "idle", "Client", 2);
        backends("postgres", "plimsoll", "idle", "Client", 1);
        const double used = (pooled ? size : busy) + 3;
        const double slots = options_.max_connections - 3.0;
        reading.values.push_back({1, {}, used / slots});
        reading.values.push_back({2, {}, static_cast<double>(options_.max_connections)});
        reading.values.push_back({3, {}, 3});
        return reading;
    }

    Reading canary(double t) {
        const double queue = options_.target == Target::DatabaseCpu
                                 ? std::max(1.0, database_.count(t) / options_.database_cores)
                                 : 1;
        const bool full = options_.target == Target::MaxConnections &&
                          database_.count(t) >= options_.max_connections - 6;
        connect_failures_ += full ? 1 : 0;
        const double noise = 0.9 + 0.2 * jitter_.uniform();
        Reading reading{at(t), std::chrono::milliseconds(8), {}};
        reading.values.push_back({0, {"select_1"}, 0.0004 * queue * noise});
        if (!full) {
            reading.values.push_back({0, {"pg_connect"}, 0.004 * queue * noise});
        }
        reading.values.push_back({0, {"no_database"}, 0.0015 * noise});
        reading.values.push_back({1, {"pg_connect"}, connect_failures_});
        return reading;
    }

    /// SQLSTATE 53300 seen until now; the database probe reports it from the canary's connects.
    [[nodiscard]] double connect_failures() const { return connect_failures_; }

    Reading process(double t) {
        const double done = database_.ended(t);
        const double database =
            options_.target == Target::DatabaseCpu ? done * options_.hold_s : done * kDatabaseCpu_s;
        Reading reading{at(t), std::chrono::microseconds(200), {}};
        reading.values.push_back({0, {"shop-api", "app"}, in_flight_.ended(t) * kAppCpu_s});
        reading.values.push_back({0, {"postgres", "database"}, database});
        reading.values.push_back({1, {"shop-api", "app"}, 2});
        reading.values.push_back({1, {"postgres", "database"}, options_.database_cores});
        reading.values.push_back({2, {"shop-api", "app"}, 40e6});
        return reading;
    }

private:
    void begin(Snapshot& snapshot, std::size_t k) {
        const auto from = static_cast<double>(k);
        snapshot.tick = k;
        snapshot.from = at(from);
        snapshot.to = at(from + 1);
        snapshot.last = k + 1 == ticks_;
        snapshot.delta.resize(endpoints_);
        const bool over = from + 1 >= schedule_seconds(options_);
        std::uint32_t stage = 0;
        double begun = 0;
        for (const Stage& s : options_.stages) {
            begun += s.seconds;
            stage += from + 1 >= begun ? 1U : 0U;
        }
        snapshot.executors = {{stage, over ? 0 : level_at(options_, from + 1)}};
        ShardState& state = snapshot.state;
        state.in_flight = static_cast<std::uint32_t>(in_flight_.count(from + 1));
        state.users = options_.open
                          ? state.in_flight
                          : static_cast<std::uint32_t>(level_at(options_, from + 0.999) + 1e-9);
        state.users_max = options_.max_users;
        state.connections_open = state.users;
        state.cpu_ratio = options_.generator_cpu;
        state.loop_lag_max = from_seconds(options_.send_lag_s * 3);
        ShardState half = state;
        half.in_flight /= 2;
        half.users /= 2;
        snapshot.shards = {half, half};
    }

    Snapshot* tick_of(double t) {
        const auto k = static_cast<std::size_t>(t);
        return t >= 0 && k < ticks_ ? &snapshots_[k] : nullptr;
    }

    void place(const Request& request) {
        if (Snapshot* const snapshot = tick_of(request.due)) {
            ++truth_.arrivals_due;
            snapshot->delta_counts.arrivals_due += options_.open ? 1U : 0U;
            if (!request.sent_at_all) {
                ++snapshot->delta_counts.not_sent(request.reason);
                ++(request.reason == NotSentReason::UserCap ? truth_.not_sent_user_cap
                                                            : truth_.not_sent_generator);
                return;
            }
            ++snapshot->delta_counts.iterations_started;
        }
        if (!request.sent_at_all) {
            return;
        }
        spread_in_flight(request);
        Snapshot* const snapshot = tick_of(request.completed);
        if (snapshot == nullptr) {
            return;
        }
        ++snapshot->delta_counts.iterations_completed;
        ++truth_.requests;
        truth_.failed += is_failure(request.outcome) ? 1U : 0U;
        truth_.refused_53300 += request.refused ? 1U : 0U;
        truth_.last_completed_s = std::max(truth_.last_completed_s, request.completed);
        Sample sample;
        sample.due = at(request.due);
        sample.sent = at(request.sent);
        sample.completed = at(request.completed);
        sample.endpoint = request.endpoint;
        sample.status = request.status;
        sample.outcome = request.outcome;
        sample.bytes_sent = 180;
        sample.bytes_received = 640;
        snapshot->delta[request.endpoint].record(sample);
        if (is_failure(request.outcome)) {
            keep_error(*snapshot, request);
        }
    }

    void spread_in_flight(const Request& request) {
        for (double t = request.sent; t < request.completed;) {
            const double end = std::min(std::floor(t) + 1, request.completed);
            if (Snapshot* const snapshot = tick_of(t)) {
                const double amount = end - t;
                snapshot->state.in_flight_mean += amount;
                for (ShardState& shard : snapshot->shards) {
                    shard.in_flight_mean += amount / 2;
                }
            }
            t = end;
        }
    }

    void keep_error(Snapshot& snapshot, const Request& request) {
        const char* const limit =
            "{\"error\":\"FATAL:  remaining connection slots are reserved for non-replication "
            "superuser connections\"}";
        const std::string text = request.refused         ? limit
                                 : request.status == 503 ? options_.pool_timeout_body
                                 : request.status == 0   ? "no answer within the timeout"
                                                         : "{\"error\":\"internal\"}";
        const std::uint64_t fingerprint = std::hash<std::string>{}(text);
        for (ErrorSample& error : snapshot.errors) {
            if (error.fingerprint == fingerprint && error.endpoint == request.endpoint) {
                ++error.count;
                return;
            }
        }
        snapshot.errors.push_back({at(request.completed), request.endpoint, request.status,
                                   request.outcome, fingerprint, text, 1});
    }

    const Options& options_;
    std::vector<Request> requests_;
    Random jitter_;
    std::size_t endpoints_;
    std::size_t ticks_ = 0;
    Cover database_, in_flight_;
    std::vector<Snapshot> snapshots_;
    Truth truth_;
    double connect_failures_ = 0;
};

/// Feeds the readings of one second to the writer, as the probe thread would.
class Probing {
public:
    Probing(const Options& options, RunFileWriter& writer)
        : options_(options), writer_(writer), postgres_(options.database_probe ? 0 : kNone) {
        std::size_t next = options.database_probe ? 1 : 0;
        canary_ = options.canaries ? next++ : kNone;
        process_ = options.processes ? next++ : kNone;
    }

    void second(Recording& recording, double from) {
        const auto per_second = static_cast<int>(options_.probe_hz);
        for (int i = 0; i < per_second; ++i) {
            const double t = from + (i + 0.5) / per_second;
            if (canary_ != kNone && i == 0) {
                send(canary_, recording.canary(t));
            }
            if (postgres_ != kNone) {
                postgres(recording, t);
            }
            if (process_ != kNone) {
                send(process_, recording.process(t));
            }
        }
    }

private:
    static constexpr std::size_t kNone = SIZE_MAX;

    void postgres(Recording& recording, double t) {
        if (t >= options_.probe_gap_from_s && t < options_.probe_gap_to_s) {
            ProbeHealth& health = health_[postgres_];
            ++health.expected;
            health.up = false;
            health.gaps = 1;
            writer_.on_gap(postgres_,
                           {"postgres", at(options_.probe_gap_from_s), at(t), "connection lost",
                            t + 1.5 / options_.probe_hz < options_.probe_gap_to_s},
                           health);
            return;
        }
        Reading reading = recording.postgres(t);
        if (recording.connect_failures() > 0) {
            reading.values.push_back({4, {"53300"}, recording.connect_failures()});
        }
        send(postgres_, reading);
    }

    void send(std::size_t probe, const Reading& reading) {
        ProbeHealth& health = health_[probe];
        health.up = true;
        ++health.readings;
        ++health.expected;
        health.last_took = reading.took;
        writer_.on_reading(probe, reading, health);
    }

    const Options& options_;
    RunFileWriter& writer_;
    std::size_t postgres_, canary_, process_;
    std::unordered_map<std::size_t, ProbeHealth> health_;
};

}  // namespace

Result<Truth> write_run(const std::filesystem::path& file, const Options& options) {
    const RunInfo info = info_of(options);
    const std::vector<ProbeInfo> probes = probes_of(options);
    RunFileWriter writer(file);
    if (Status started = writer.start(info, probes); !started.ok()) {
        return started.error();
    }
    Recording recording(options, info);
    Probing probing(options, writer);
    for (std::size_t k = 0; k < recording.ticks(); ++k) {
        const auto from = static_cast<double>(k);
        probing.second(recording, from);
        double begun = 0;
        for (std::size_t s = 0; s < options.stages.size(); ++s) {
            if (begun >= from && begun < from + 1) {
                writer.on_event(
                    {at(begun), EventKind::StageChanged, "main: stage " + std::to_string(s)});
            }
            begun += options.stages[s].seconds;
        }
        writer.on_snapshot(recording.snapshot(k));
    }
    if (options.finish) {
        writer.write_facts({{"postgres.statements.total_s", options.database_probe ? "100" : "0"},
                            {"postgres.statement.1.sql", "SELECT pg_sleep(?)"},
                            {"postgres.statement.1.total_s", "99"},
                            {"postgres.statement.1.mean_s", std::to_string(options.hold_s)},
                            {"generator.cpu_seconds", "4.2"},
                            {"generator.polled_seconds", "1.2"},
                            {"generator.max_rss_bytes", "50331648"},
                            {"exporter.dropped.otlp", "0"}});
        writer.finish(Clock::now());
    }
    if (const auto error = writer.last_error()) {
        return *error;
    }
    return recording.truth();
}

}  // namespace plimsoll::synthetic
