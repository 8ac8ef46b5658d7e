// What is fixed before the first request.
#include "store/environment.hpp"
#include "store/schema.hpp"
#include "store/threshold_options.hpp"
#include "store/tick_writer.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace plimsoll {
namespace {

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
    return all([&] { return prepare(); }, [&] { return write_info(run); },
               [&] { return write_load(run); }, [&] { return write_probes(probes); });
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

Status TickWriter::write_load(const RunInfo& run) {
    Status status;
    const auto insert = [&](const char* sql, const auto&... values) {
        if (!status.ok()) {
            return;
        }
        auto statement = database_->prepare(sql);
        status = statement ? statement->bind_all(values...).run() : Status(statement.error());
    };
    std::int64_t id = 0;
    for (const EndpointInfo& endpoint : run.endpoints) {
        insert("INSERT INTO endpoint VALUES(?,?,?,?)", id++, endpoint.user, endpoint.name,
               endpoint.method);
    }
    id = 0;
    for (const ExecutorInfo& executor : run.executors) {
        insert("INSERT INTO executor VALUES(?,?,?,?,?,?)", id, executor.name, executor.kind,
               std::int64_t{executor.open}, executor.start_value, executor.max_users);
        if (status.ok()) {
            status = write_stages(static_cast<std::size_t>(id), executor.stages);
        }
        ++id;
    }
    id = 0;
    for (const std::string& user : run.user_classes) {
        insert("INSERT INTO user_class VALUES(?,?)", id++, user);
    }
    id = 0;
    for (const std::string& check : run.checks) {
        insert("INSERT INTO check_name VALUES(?,?)", id++, check);
    }
    id = 0;
    for (const std::string& group : run.groups) {
        insert("INSERT INTO step_group VALUES(?,?)", id++, group);
    }
    id = 0;
    for (const std::string& tag : run.tags) {
        insert("INSERT INTO tag VALUES(?,?)", id++, tag);
    }
    id = 0;
    for (const Threshold& t : run.thresholds) {
        insert("INSERT INTO threshold VALUES(?,?,?,?,?,?,?,?,?,?,?)", id++, t.key, t.expression,
               schema::name_of(schema::kThresholdMetrics, t.metric), t.endpoint,
               schema::name_of(schema::kStatistics, t.statistic), t.quantile,
               schema::name_of(schema::kComparisons, t.comparison), t.limit,
               std::int64_t{t.abort_on_fail}, std::int64_t{t.delay_abort.count()});
        for (const auto& [name, value] : options_of(t)) {
            insert("INSERT INTO threshold_option VALUES(?,?,?)", id - 1, name, value);
        }
    }
    return status;
}

Status TickWriter::write_stages(std::size_t executor, const std::vector<StageInfo>& stages) {
    const auto id = static_cast<std::int64_t>(executor);
    auto remove = database_->prepare("DELETE FROM stage WHERE executor=?");
    auto insert = database_->prepare("INSERT INTO stage VALUES(?,?,?,?,?)");
    if (!remove || !insert) {
        return !remove ? remove.error() : insert.error();
    }
    Status status = remove->bind_all(id).run();
    std::int64_t number = 0;
    for (const StageInfo& stage : stages) {
        if (status.ok()) {
            status = insert
                         ->bind_all(id, number++, std::int64_t{stage.from.count()},
                                    std::int64_t{stage.to.count()}, stage.target)
                         .run();
        }
    }
    return status;
}

Status TickWriter::write_probes(std::span<const ProbeInfo> probes) {
    Status status;
    const auto insert = [&](const char* sql, const auto&... values) {
        if (!status.ok()) {
            return;
        }
        auto statement = database_->prepare(sql);
        status = statement ? statement->bind_all(values...).run() : Status(statement.error());
    };
    std::int64_t metric = 1;
    for (std::size_t p = 0; p < probes.size(); ++p) {
        const auto probe = static_cast<std::int64_t>(p);
        insert("INSERT INTO probe VALUES(?,?,0,0,0,0)", probe, probes[p].name);
        std::int64_t position = 0;
        for (const auto& [key, value] : probes[p].facts) {
            insert("INSERT INTO probe_fact VALUES(?,?,?,?)", probe, position++, key, value);
        }
        first_metric_.push_back(metric);
        for (const MetricDescriptor& descriptor : probes[p].descriptors) {
            insert("INSERT INTO metric VALUES(?,?,?,?,?)", metric, probe, descriptor.name,
                   schema::name_of(schema::kMetricTypes, descriptor.type), descriptor.help);
            position = 0;
            for (const std::string& label : descriptor.labels) {
                insert("INSERT INTO metric_label VALUES(?,?,?)", metric, position++, label);
            }
            ++metric;
        }
    }
    return status;
}

}  // namespace plimsoll
