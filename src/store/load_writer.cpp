#include "store/load_writer.hpp"

#include "store/schema.hpp"
#include "store/threshold_options.hpp"

#include <string>

namespace plimsoll {
namespace {

template <typename... Values>
Status insert_row(sqlite::Database& database, const char* sql, const Values&... values) {
    auto statement = database.prepare(sql);
    return statement ? statement->bind_all(values...).run() : Status(statement.error());
}

}  // namespace

Status write_stages(sqlite::Database& database, std::size_t executor,
                    std::span<const StageInfo> stages) {
    const auto id = static_cast<std::int64_t>(executor);
    auto remove = database.prepare("DELETE FROM stage WHERE executor=?");
    auto insert = database.prepare("INSERT INTO stage VALUES(?,?,?,?,?)");
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

Status write_load(sqlite::Database& database, const RunInfo& run) {
    Status status;
    const auto insert = [&](const char* sql, const auto&... values) {
        status = status.ok() ? insert_row(database, sql, values...) : status;
    };
    std::int64_t id = 0;
    for (const EndpointInfo& endpoint : run.endpoints) {
        insert("INSERT INTO endpoint VALUES(?,?,?,?)", id++, endpoint.user, endpoint.name,
               endpoint.method);
    }
    id = 0;
    for (const ExecutorInfo& executor : run.executors) {
        insert("INSERT INTO executor VALUES(?,?,?,?,?,?)", id, executor.name,
               to_string(executor.kind), std::int64_t{executor.open}, executor.start_value,
               executor.max_users);
        if (status.ok()) {
            status = write_stages(database, static_cast<std::size_t>(id), executor.stages);
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

Status write_probes(sqlite::Database& database, std::span<const ProbeInfo> probes) {
    Status status;
    const auto insert = [&](const char* sql, const auto&... values) {
        status = status.ok() ? insert_row(database, sql, values...) : status;
    };
    std::int64_t metric = 1;
    for (std::size_t p = 0; p < probes.size(); ++p) {
        const auto probe = static_cast<std::int64_t>(p);
        insert("INSERT INTO probe VALUES(?,?,0,0,0,0)", probe, probes[p].name);
        std::int64_t position = 0;
        for (const auto& [key, value] : probes[p].facts) {
            insert("INSERT INTO probe_fact VALUES(?,?,?,?)", probe, position++, key, value);
        }
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
