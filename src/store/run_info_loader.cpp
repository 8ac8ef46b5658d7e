#include "store/run_info_loader.hpp"

#include "store/for_rows.hpp"
#include "store/schema.hpp"
#include "store/threshold_options.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

struct Loader {
    const sqlite::Database& database;
    RunInfo& info;
    bool& finished;
    Status status = {};

    template <typename Row>
    void rows(std::string_view sql, Row&& row) {
        if (status.ok()) {
            status = for_rows(database, sql, std::forward<Row>(row));
        }
    }
    void load_run();
    void load_load();
    void load_thresholds();
    void load_threshold_options();
};

void Loader::load_run() {
    std::map<std::string, std::string> texts;
    std::map<std::string, std::int64_t> numbers;
    rows("SELECT key, value FROM run", [&](const sqlite::Statement& row) {
        const std::string key = row.text(0);
        numbers[key] = row.integer(1);
        texts[key] = row.text(1);
    });
    info.id = texts["id"];
    info.scenario_name = texts["scenario_name"];
    info.scenario_text = texts["scenario_text"];
    info.version = texts["version"];
    info.target = texts["target"];
    info.seed = static_cast<std::uint64_t>(numbers["seed"]);
    info.shards = static_cast<std::uint32_t>(numbers["shards"]);
    info.segment = {static_cast<std::uint32_t>(numbers["segment"]),
                    static_cast<std::uint32_t>(numbers["segments"])};
    info.start.mono = Clock::time_point{};
    info.start.wall = WallClock::time_point(
        std::chrono::duration_cast<WallClock::duration>(Nanoseconds(numbers["start_wall_ns"])));
    info.tick = Nanoseconds(numbers["tick_ns"]);
    info.planned_duration = Nanoseconds(numbers["planned_duration_ns"]);
    info.request_timeout = Nanoseconds(numbers["request_timeout_ns"]);
    finished = numbers["finished"] != 0;
}

void Loader::load_load() {
    rows("SELECT user, name, method FROM endpoint ORDER BY id", [&](const sqlite::Statement& row) {
        info.endpoints.push_back({row.text(0), row.text(1), row.text(2)});
    });
    rows("SELECT name, kind, open, start_value, max_users FROM executor ORDER BY id",
         [&](const sqlite::Statement& row) {
             ExecutorInfo executor;
             executor.name = row.text(0);
             executor.open = row.integer(2) != 0;
             executor.kind = executor_kind_from(row.text(1), executor.open)  // as run_check found
                                 .value_or(executor.kind);
             executor.start_value = row.real(3);
             executor.max_users = row.small(4);
             info.executors.push_back(std::move(executor));
         });
    rows("SELECT executor, from_ns, to_ns, target FROM stage ORDER BY executor, stage",
         [&](const sqlite::Statement& row) {
             const auto executor = static_cast<std::size_t>(row.integer(0));
             info.executors[executor].stages.push_back(
                 {Nanoseconds(row.integer(1)), Nanoseconds(row.integer(2)), row.real(3)});
         });
    rows("SELECT name FROM user_class ORDER BY id",
         [&](const sqlite::Statement& row) { info.user_classes.push_back(row.text(0)); });
    rows("SELECT name FROM check_name ORDER BY id",
         [&](const sqlite::Statement& row) { info.checks.push_back(row.text(0)); });
    rows("SELECT name FROM step_group ORDER BY id",
         [&](const sqlite::Statement& row) { info.groups.push_back(row.text(0)); });
    rows("SELECT text FROM tag ORDER BY id",
         [&](const sqlite::Statement& row) { info.tags.push_back(row.text(0)); });
}

void Loader::load_thresholds() {
    rows(
        "SELECT key, expression, metric, endpoint, statistic, quantile, comparison, \"limit\", "
        "abort_on_fail, delay_abort_ns FROM threshold ORDER BY id",
        [&](const sqlite::Statement& row) {
            const auto metric =
                schema::value_of<ThresholdMetric>(schema::kThresholdMetrics, row.text(2));
            const auto statistic = schema::value_of<Statistic>(schema::kStatistics, row.text(4));
            const auto comparison = schema::value_of<Comparison>(schema::kComparisons, row.text(6));
            Threshold threshold;
            threshold.key = row.text(0);
            threshold.expression = row.text(1);
            threshold.metric = *metric;
            threshold.endpoint = row.text(3);
            threshold.statistic = *statistic;
            threshold.quantile = row.real(5);
            threshold.comparison = *comparison;
            threshold.limit = row.real(7);
            threshold.abort_on_fail = row.integer(8) != 0;
            threshold.delay_abort = Nanoseconds(row.integer(9));
            info.thresholds.push_back(std::move(threshold));
        });
    load_threshold_options();
}

void Loader::load_threshold_options() {
    rows("SELECT threshold, name, value FROM threshold_option ORDER BY rowid",
         [&](const sqlite::Statement& row) {
             Threshold& threshold = info.thresholds[static_cast<std::size_t>(row.integer(0))];
             if (!apply_option(threshold, row.text(1), row.text(2)) ||
                 std::any_of(threshold.endpoints.begin(), threshold.endpoints.end(),
                             [&](auto id) { return id >= info.endpoints.size(); })) {
                 status = Error{fmt::format("is damaged: threshold_option: row {}: {} is \"{}\"",
                                            row.integer(0) + 1, row.text(1), row.text(2)),
                                {},
                                "it was cut short, or changed since"};
             }
         });
}

}  // namespace

Status load_run_info(const sqlite::Database& database, RunInfo& info, bool& finished) {
    Loader loader{database, info, finished};
    loader.load_run();
    loader.load_load();
    loader.load_thresholds();
    return loader.status;
}

}  // namespace plimsoll
