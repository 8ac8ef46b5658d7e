#include "store/tick_writer.hpp"

#include "store/environment.hpp"
#include "store/histogram_pack.hpp"
#include "store/load_writer.hpp"
#include "store/schema.hpp"
#include "store/status_list.hpp"

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::array<const char*, 22> kSql{
    "INSERT INTO tick VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    "INSERT INTO shard_tick VALUES(?,?,?,?,?,?,?,?,?,?)",
    "INSERT INTO executor_tick VALUES(?,?,?,?)",
    "INSERT INTO endpoint_tick VALUES(?,?,?,?,?,?,?,?,?,?)",
    "INSERT INTO reading VALUES(?,?,?,?)",
    "INSERT INTO point VALUES(?,?,?)",
    "INSERT INTO series VALUES(?,?)",
    "INSERT INTO series_label VALUES(?,?,?)",
    "UPDATE probe SET readings=?2, expected=?3, gaps=?4, longest_took_ns=?5 WHERE id=?1",
    "INSERT INTO gap VALUES(?,?,?,?,?) ON CONFLICT DO UPDATE SET to_ns=excluded.to_ns, "
    "open=excluded.open, reason=excluded.reason",
    "INSERT INTO event VALUES(?,?,?)",
    "INSERT INTO error VALUES(?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET "
    "count=count+excluded.count, first_ns=min(first_ns, excluded.first_ns), "
    "last_ns=max(last_ns, excluded.last_ns)",
    "INSERT OR REPLACE INTO fact VALUES(?,?)",
    "INSERT OR REPLACE INTO run VALUES(?,?)",
    "INSERT INTO count_tick VALUES(?,?,?)",
    "INSERT INTO group_tick VALUES(?,?,?,?,?,?)",
    "INSERT INTO check_tick VALUES(?,?,?,?)",
    "INSERT INTO phase_tick VALUES(?,?,?)",
    "INSERT INTO censored_tick VALUES(?,?,?,?,?)",
    "INSERT INTO censored_group_tick VALUES(?,?,?)",
    "INSERT INTO answer_tick VALUES(?,?)",
    "INSERT INTO cut_check_tick VALUES(?,?,?)",
};

/// Runs the given steps until one fails.
template <typename... Steps>
Status all(Steps&&... steps) {
    Status status;
    static_cast<void>(((status = steps(), status.ok()) && ...));
    return status;
}

}  // namespace

Status TickWriter::begin(const RunInfo& run, std::span<const ProbeInfo> probes) {
    start_ = run.start.mono;
    number_metrics(probes);
    return all([&] { return prepare(); }, [&] { return write_info(run); },
               [&] { return write_load(*database_, run); },
               [&] { return write_probes(*database_, probes); });
}

void TickWriter::number_metrics(std::span<const ProbeInfo> probes) {
    std::int64_t metric = 1;
    for (const ProbeInfo& probe : probes) {
        first_metric_.push_back(metric);
        metric += static_cast<std::int64_t>(probe.descriptors.size());
    }
}

Status TickWriter::prepare() {
    static_assert(kSql.size() == kKinds);
    for (std::size_t i = 0; i < kSql.size(); ++i) {
        auto statement = database_->prepare(kSql[i]);
        if (!statement) {
            return statement.error();
        }
        statements_[i] = std::move(statement).value();
    }
    return {};
}

Status TickWriter::write_info(const RunInfo& run) {
    const auto wall = std::chrono::duration_cast<Nanoseconds>(run.start.wall.time_since_epoch());
    const auto number = [this](const char* key, auto value) {
        return write_run(key, static_cast<std::int64_t>(value));
    };
    Status status =
        all([&] { return write_run("id", run.id); },
            [&] { return write_run("scenario_name", run.scenario_name); },
            [&] { return write_run("scenario_text", run.scenario_text); },
            [&] { return write_run("scenario_sha256", sha256_hex(run.scenario_text)); },
            [&] { return write_run("version", run.version); },
            [&] { return write_run("target", run.target); },
            [&] { return number("seed", run.seed); }, [&] { return number("shards", run.shards); },
            [&] { return number("segment", run.segment.number); },
            [&] { return number("segments", run.segment.count); },
            [&] { return number("start_wall_ns", wall.count()); },
            [&] { return number("tick_ns", run.tick.count()); },
            [&] { return number("planned_duration_ns", run.planned_duration.count()); },
            [&] { return number("request_timeout_ns", run.request_timeout.count()); },
            [&] { return number("finished", 0); });
    for (const auto& [key, value] : describe_environment()) {
        if (status.ok()) {
            status = write_fact(key, value);
        }
    }
    return status;
}

Status TickWriter::write(const Snapshot& snapshot) {
    Status status = write_state(snapshot);
    for (std::size_t i = 0; i < snapshot.delta.size() && status.ok(); ++i) {
        const EndpointStats& stats = snapshot.delta[i];
        if (stats.requests == 0 && stats.bytes_sent == 0 && stats.bytes_received == 0) {
            continue;  // an idle endpoint costs nothing
        }
        const auto response = pack_histogram(stats.response);
        const auto service = pack_histogram(stats.service);
        const auto send_lag = pack_histogram(stats.send_lag);
        const std::string statuses = encode_statuses(stats.statuses);
        status = statements_[kEndpoint]
                     .bind_all(snapshot.tick, std::uint64_t{i}, stats.requests, stats.failed,
                               stats.bytes_sent, stats.bytes_received, statuses, response, service,
                               send_lag)
                     .run();
    }
    if (status.ok()) {
        status = write_flow(snapshot);
    }
    if (status.ok()) {
        status = write_censored(snapshot);
    }
    if (status.ok()) {
        status = write_phases(snapshot);
    }
    for (const ErrorSample& error : snapshot.errors) {
        if (status.ok()) {
            status = write_error(error, snapshot.to);
        }
    }
    return status;
}

// What did not happen takes no row.
Status TickWriter::write_flow(const Snapshot& snapshot) {
    Status status;
    for (std::size_t i = schema::kCountsInTick; i < kLoadCounts.size() && status.ok(); ++i) {
        if (const auto count = snapshot.delta_counts.*kLoadCounts[i].value; count != 0) {
            status = statements_[kCount].bind_all(snapshot.tick, kLoadCounts[i].name, count).run();
        }
    }
    for (std::size_t i = 0; i < snapshot.delta_groups.size() && status.ok(); ++i) {
        const GroupStats& group = snapshot.delta_groups[i];
        if (group.count + group.broken_off != 0) {
            const auto duration = pack_histogram(group.duration);
            status = statements_[kGroup]
                         .bind_all(snapshot.tick, std::uint64_t{i}, group.count, group.failed,
                                   group.broken_off, duration)
                         .run();
        }
    }
    for (std::size_t i = 0; i < snapshot.delta_checks.size() && status.ok(); ++i) {
        const CheckCount& check = snapshot.delta_checks[i];
        if (check.passed + check.failed != 0) {
            status = statements_[kCheck]
                         .bind_all(snapshot.tick, std::uint64_t{i}, check.passed, check.failed)
                         .run();
        }
    }
    return status;
}

// Few ticks have any.
Status TickWriter::write_censored(const Snapshot& snapshot) {
    Status status;
    for (std::size_t i = 0; i < snapshot.delta.size() && status.ok(); ++i) {
        const EndpointStats& stats = snapshot.delta[i];
        if (!stats.censored.empty()) {
            const auto response = pack_histogram(stats.censored.get());
            const auto service = pack_histogram(stats.censored_service.get());
            const auto cut_off = pack_histogram(stats.cut_off.get());
            status = statements_[kCensored]
                         .bind_all(snapshot.tick, std::uint64_t{i}, response, service, cut_off)
                         .run();
        }
    }
    for (std::size_t i = 0; i < snapshot.delta_groups.size() && status.ok(); ++i) {
        if (const RareHistogram& censored = snapshot.delta_groups[i].censored; !censored.empty()) {
            const auto duration = pack_histogram(censored.get());
            status = statements_[kCensoredGroup]
                         .bind_all(snapshot.tick, std::uint64_t{i}, duration)
                         .run();
        }
    }
    for (std::size_t i = 0; i < snapshot.delta_checks.size() && status.ok(); ++i) {
        if (const std::uint64_t cut_off = snapshot.delta_checks[i].cut_off; cut_off != 0) {
            status =
                statements_[kCutCheck].bind_all(snapshot.tick, std::uint64_t{i}, cut_off).run();
        }
    }
    if (status.ok() && snapshot.last_answer != Clock::time_point()) {
        status = statements_[kAnswer].bind_all(snapshot.tick, offset(snapshot.last_answer)).run();
    }
    return status;
}

Status TickWriter::write_state(const Snapshot& snapshot) {
    const LoadCounts& c = snapshot.delta_counts;
    const ShardState& s = snapshot.state;
    Status status =
        statements_[kTick]
            .bind_all(snapshot.tick, offset(snapshot.from), offset(snapshot.to), c.arrivals_due,
                      c.iterations_started, c.iterations_completed, c.not_sent_user_cap,
                      c.not_sent_generator, c.connects_ok, c.connects_failed, c.reconnects,
                      c.errors_unsampled, c.spans_dropped, c.interrupted, s.in_flight, s.users,
                      s.users_max, s.connections_open, s.in_flight_mean, s.cpu_ratio,
                      std::int64_t{s.loop_lag_max.count()}, s.late_sends, s.sockets_left)
            .run();
    for (std::size_t i = 0; i < snapshot.shards.size() && status.ok(); ++i) {
        const ShardState& shard = snapshot.shards[i];
        status = statements_[kShard]
                     .bind_all(snapshot.tick, std::uint64_t{i}, shard.in_flight, shard.users,
                               shard.users_max, shard.connections_open, shard.in_flight_mean,
                               shard.cpu_ratio, std::int64_t{shard.loop_lag_max.count()},
                               shard.late_sends)
                     .run();
    }
    for (std::size_t i = 0; i < snapshot.executors.size() && status.ok(); ++i) {
        const ExecutorState& executor = snapshot.executors[i];
        status = statements_[kExecutor]
                     .bind_all(snapshot.tick, std::uint64_t{i}, executor.stage, executor.offered)
                     .run();
    }
    return status;
}

Status TickWriter::write_phases(const Snapshot& snapshot) {
    Status status;
    for (std::size_t i = 0; i < kRequestPhaseCount && status.ok(); ++i) {
        const Histogram& times = snapshot.delta_phases.times[i];
        if (!times.empty()) {
            const auto packed = pack_histogram(times);
            status = statements_[kPhase].bind_all(snapshot.tick, std::uint64_t{i}, packed).run();
        }
    }
    return status;
}

Status TickWriter::write_error(const ErrorSample& error, Clock::time_point until) {
    const std::int64_t at = offset(error.at == Clock::time_point{} ? until : error.at);
    return statements_[kError]
        .bind_all(error.endpoint, to_string(error.outcome), std::int64_t{error.status},
                  error.fingerprint, error.text, error.count, at, at)
        .run();
}

Status TickWriter::write(std::size_t probe, const Reading& reading) {
    const std::int64_t id = next_reading_++;
    Status status = statements_[kReading]
                        .bind_all(id, std::uint64_t{probe}, offset(reading.at),
                                  std::int64_t{reading.took.count()})
                        .run();
    for (const Value& value : reading.values) {
        if (!status.ok()) {
            break;
        }
        const auto series = series_id(probe, value);
        status = series ? statements_[kPoint].bind_all(id, series.value(), value.value).run()
                        : Status(series.error());
    }
    return status;
}

Result<std::int64_t> TickWriter::series_id(std::size_t probe, const Value& value) {
    const std::int64_t metric = first_metric_.at(probe) + value.metric;
    std::string key = std::to_string(metric);
    for (const std::string& label : value.labels) {
        key += '\x1f';
        key += label;
    }
    if (const auto known = series_.find(key); known != series_.end()) {
        return known->second;
    }
    const std::int64_t id = next_series_++;
    Status status = statements_[kSeries].bind_all(id, metric).run();
    std::int64_t position = 0;
    for (const std::string& label : value.labels) {
        if (status.ok()) {
            status = statements_[kSeriesLabel].bind_all(id, position++, label).run();
        }
    }
    if (!status.ok()) {
        return status.error();
    }
    series_.emplace(key, id);
    fresh_series_.push_back(std::move(key));
    return id;
}

void TickWriter::rolled_back() {
    for (const std::string& key : fresh_series_) {
        series_.erase(key);
    }
    fresh_series_.clear();
}

Status TickWriter::write(std::size_t probe, const ProbeHealth& health, Nanoseconds longest) {
    return statements_[kHealth]
        .bind_all(std::uint64_t{probe}, health.readings, health.expected, health.gaps,
                  std::int64_t{longest.count()})
        .run();
}

Status TickWriter::write(std::size_t probe, const Gap& gap) {
    return statements_[kGap]
        .bind_all(std::uint64_t{probe}, offset(gap.from), offset(gap.to), std::int64_t{gap.open},
                  gap.reason)
        .run();
}

Status TickWriter::write(const Event& event) {
    return statements_[kEvent].bind_all(offset(event.at), name_of(event.kind), event.text).run();
}

Status TickWriter::write_fact(std::string_view key, std::string_view value) {
    return statements_[kFact].bind_all(key, value).run();
}
Status TickWriter::write_run(std::string_view key, std::string_view value) {
    return statements_[kRun].bind_all(key, value).run();
}
Status TickWriter::write_run(std::string_view key, std::int64_t value) {
    return statements_[kRun].bind_all(key, value).run();
}

}  // namespace plimsoll
