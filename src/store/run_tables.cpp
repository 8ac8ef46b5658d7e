#include "store/run_tables.hpp"

#include "record/executor_kind.hpp"
#include "record/outcome.hpp"

#include <chrono>

namespace plimsoll::run_tables {
namespace {

using std::chrono::hours;

using K = Kind;

constexpr Column kEndpoint[]{
    {"id", K::Index}, {"user", K::Text}, {"name", K::Text}, {"method", K::Text}};
constexpr Column kExecutor[]{
    {"id", K::Index},  {"name", K::Text},          {"kind", K::Word, nullptr, kExecutorKindNames},
    {"open", K::Flag}, {"start_value", K::Amount}, {"max_users", K::Small}};
constexpr Column kStage[]{{"executor", K::Refers, "executor"},
                          {"stage", K::Position},
                          {"from_ns", K::Duration},
                          {"to_ns", K::TimeAfter},
                          {"target", K::Amount}};
constexpr Column kName[]{{"id", K::Index}, {"name", K::Text}};
constexpr Column kTag[]{{"id", K::Index}, {"text", K::Text}};
constexpr Column kThreshold[]{{"id", K::Index},
                              {"key", K::Text},
                              {"expression", K::Text},
                              {"metric", K::Word, nullptr, schema::kThresholdMetrics},
                              {"endpoint", K::Text},
                              {"statistic", K::Word, nullptr, schema::kStatistics},
                              {"quantile", K::Amount},
                              {"comparison", K::Word, nullptr, schema::kComparisons},
                              {"\"limit\"", K::Amount},
                              {"abort_on_fail", K::Flag},
                              {"delay_abort_ns", K::Duration}};
constexpr Column kThresholdOption[]{
    {"threshold", K::Refers, "threshold"}, {"name", K::Text}, {"value", K::Text}};
constexpr Column kFact[]{{"key", K::Text}, {"value", K::Text}};

constexpr Column kTick[]{{"tick", K::Ascending},           {"from_ns", K::TimeInOrder},
                         {"to_ns", K::TimeAfter},          {"arrivals_due", K::Count},
                         {"iterations_started", K::Count}, {"iterations_completed", K::Count},
                         {"not_sent_user_cap", K::Count},  {"not_sent_generator", K::Count},
                         {"connects_ok", K::Count},        {"connects_failed", K::Count},
                         {"reconnects", K::Count},         {"errors_unsampled", K::Count},
                         {"spans_dropped", K::Count},      {"interrupted", K::Count},
                         {"in_flight", K::Small},          {"users", K::Small},
                         {"users_max", K::Small},          {"connections_open", K::Small},
                         {"in_flight_mean", K::Amount},    {"cpu_ratio", K::Amount},
                         {"loop_lag_ns", K::Duration},     {"late_sends", K::Count},
                         {"sockets_left", K::Bits}};
constexpr Column kPhaseTick[]{{"tick", K::Repeating}, {"phase", K::Small}, {"times", K::Bytes}};
constexpr Column kHttpTick[]{{"tick", K::Ascending}, {"redirects", K::Count}};
constexpr Column kShardTick[]{{"tick", K::Repeating},        {"shard", K::Small},
                              {"in_flight", K::Small},       {"users", K::Small},
                              {"users_max", K::Small},       {"connections_open", K::Small},
                              {"in_flight_mean", K::Amount}, {"cpu_ratio", K::Amount},
                              {"loop_lag_ns", K::Duration},  {"late_sends", K::Count}};
constexpr Column kExecutorTick[]{{"tick", K::Repeating},
                                 {"executor", K::Refers, "executor"},
                                 {"stage", K::Small},
                                 {"offered", K::Amount}};
constexpr Column kEndpointTick[]{{"tick", K::Repeating},   {"endpoint", K::Refers, "endpoint"},
                                 {"requests", K::Count},   {"failed", K::Count},
                                 {"bytes_sent", K::Count}, {"bytes_received", K::Count},
                                 {"statuses", K::Text},    {"response", K::Bytes},
                                 {"service", K::Bytes},    {"send_lag", K::Bytes}};
constexpr Column kFlowTick[]{{"tick", K::Ascending},         {"iterations_cut_short", K::Count},
                             {"steps_unrendered", K::Count}, {"starts_failed", K::Count},
                             {"users_stopped", K::Count},    {"out_of_data", K::Count}};
// Since schema 6.
constexpr Column kCountTick[]{{"tick", K::Repeating}, {"name", K::Text}, {"value", K::Count}};
constexpr Column kGroupTick[]{{"tick", K::Repeating},   {"step_group", K::Refers, "step_group"},
                              {"count", K::Count},      {"failed", K::Count},
                              {"broken_off", K::Count}, {"duration", K::Bytes}};
constexpr Column kCheckTick[]{{"tick", K::Repeating},
                              {"check_name", K::Refers, "check_name"},
                              {"passed", K::Count},
                              {"failed", K::Count}};

// Since schema 4.
constexpr Column kCensoredTick[]{{"tick", K::Repeating},
                                 {"endpoint", K::Refers, "endpoint"},
                                 {"response", K::Bytes},
                                 {"service", K::Bytes},
                                 {"cut_off", K::Bytes}};
constexpr Column kAnswerTick[]{{"tick", K::Ascending}, {"last_ns", K::Time}};
// Since schema 5.
constexpr Column kCutCheckTick[]{
    {"tick", K::Repeating}, {"check_name", K::Refers, "check_name"}, {"cut_off", K::Count}};
constexpr Column kCensoredGroupTick[]{
    {"tick", K::Repeating}, {"step_group", K::Refers, "step_group"}, {"duration", K::Bytes}};

constexpr Column kProbe[]{{"id", K::Index},       {"name", K::Text},
                          {"readings", K::Count}, {"expected", K::Count},
                          {"gaps", K::Count},     {"longest_took_ns", K::Duration}};
constexpr Column kProbeFact[]{
    {"probe", K::Refers, "probe"}, {"position", K::Position}, {"key", K::Text}, {"value", K::Text}};
constexpr Column kMetric[]{{"id", K::FromOne},
                           {"probe", K::Refers, "probe"},
                           {"name", K::Text},
                           {"type", K::Word, nullptr, schema::kMetricTypes},
                           {"help", K::Text}};
constexpr Column kMetricLabel[]{
    {"metric", K::Refers, "metric"}, {"position", K::Position}, {"name", K::Text}};
constexpr Column kSeries[]{{"id", K::Ascending}, {"metric", K::Refers, "metric"}};
constexpr Column kSeriesLabel[]{
    {"series", K::Repeating}, {"position", K::Position}, {"value", K::Text}};
constexpr Column kReading[]{{"id", K::Ascending},
                            {"probe", K::Refers, "probe"},
                            {"t_ns", K::Time},
                            {"took_ns", K::Duration}};
constexpr Column kPoint[]{{"reading", K::Repeating}, {"series", K::Count}, {"value", K::Value}};
constexpr Column kGap[]{{"probe", K::Refers, "probe"},
                        {"from_ns", K::Time},
                        {"to_ns", K::TimeAfter},
                        {"open", K::Flag},
                        {"reason", K::Text}};
constexpr Column kEvent[]{
    {"t_ns", K::Time}, {"kind", K::Word, nullptr, kEventKindNames}, {"text", K::Text}};
constexpr Column kError[]{{"endpoint", K::Refers, "endpoint"},
                          {"outcome", K::Word, nullptr, kOutcomeNames},
                          {"status", K::Status},
                          {"fingerprint", K::Bits},
                          {"text", K::Text},
                          {"count", K::Count},
                          {"first_ns", K::Time},
                          {"last_ns", K::TimeAfter}};

constexpr Table kChecked[]{{"endpoint", "id", kEndpoint},
                           {"executor", "id", kExecutor},
                           {"stage", "executor, stage", kStage},
                           {"user_class", "id", kName},
                           {"check_name", "id", kName},
                           {"step_group", "id", kName},
                           {"tag", "id", kTag},
                           {"threshold", "id", kThreshold},
                           {"threshold_option", "rowid", kThresholdOption},
                           {"fact", "key", kFact},
                           {"tick", "tick", kTick},
                           {"phase_tick", "rowid", kPhaseTick},
                           {"http_tick", "rowid", kHttpTick, 3, 5},
                           {"shard_tick", "rowid", kShardTick},
                           {"executor_tick", "rowid", kExecutorTick},
                           {"endpoint_tick", "rowid", kEndpointTick},
                           {"censored_tick", "rowid", kCensoredTick, 4},
                           {"answer_tick", "rowid", kAnswerTick, 4},
                           {"flow_tick", "rowid", kFlowTick, 3, 5},
                           {"count_tick", "rowid", kCountTick, 6},
                           {"group_tick", "rowid", kGroupTick},
                           {"censored_group_tick", "rowid", kCensoredGroupTick, 4},
                           {"check_tick", "rowid", kCheckTick},
                           {"cut_check_tick", "rowid", kCutCheckTick, 5},
                           {"probe", "id", kProbe},
                           {"probe_fact", "probe, position", kProbeFact},
                           {"metric", "id", kMetric},
                           {"metric_label", "metric, position", kMetricLabel},
                           {"series", "id", kSeries},
                           {"series_label", "series, position", kSeriesLabel},
                           {"reading", "id", kReading},
                           {"point", "rowid", kPoint},
                           {"gap", "probe, from_ns", kGap},
                           {"event", "rowid", kEvent},
                           {"error", "endpoint", kError}};

constexpr Setting kSettings[]{
    {"shards", 0, 1 << 16},
    {"segment", 1, 1 << 16},
    {"segments", 1, 1 << 16},
    {"start_wall_ns", 0, std::int64_t{1} << 62},  // until the year 2116
    {"tick_ns", 1'000'000, Nanoseconds(hours(1)).count()},
    {"planned_duration_ns", 0, kLongest_ns},
    {"request_timeout_ns", 0, kLongest_ns},
    {"finished", 0, 1},
};
constexpr const char* kTexts[]{"id", "scenario_name", "scenario_text", "version", "target"};

constexpr Relation kRelations[]{
    {"SELECT tick FROM tick WHERE tick > 1 + from_ns / (SELECT value FROM run WHERE key = "
     "'tick_ns') LIMIT 1",
     "tick: begins before its number, {}, says"},
    {"SELECT id FROM executor WHERE kind <> 'externally-controlled' AND "
     "open <> (kind LIKE '%-arrival-rate') LIMIT 1",
     "executor: row {}: its kind contradicts whether it is open"},
    {"SELECT shard FROM shard_tick WHERE shard >= (SELECT value FROM run WHERE key = 'shards') "
     "LIMIT 1",
     "shard_tick: is of shard {}, more than the run has"},
    {"SELECT value FROM run WHERE key = 'shards' AND value > 1024 AND "
     "value > 1 + (SELECT ifnull(max(shard), 0) FROM shard_tick)",
     "run: shards is {}, more than anything tells of"},
    {"SELECT point.rowid FROM point LEFT JOIN reading ON reading.id = point.reading "
     "LEFT JOIN series ON series.id = point.series LEFT JOIN metric ON metric.id = series.metric "
     "WHERE reading.id IS NULL OR metric.id IS NULL OR metric.probe <> reading.probe LIMIT 1",
     "point: row {}: is of no reading, or of no series of that reading's probe"},
    {"SELECT series_label.series FROM series_label LEFT JOIN series "
     "ON series.id = series_label.series WHERE series.id IS NULL LIMIT 1",
     "series_label: is of series {}, which is not there"},
    {"SELECT id FROM series WHERE (SELECT count(*) FROM series_label WHERE series = series.id) <> "
     "(SELECT count(*) FROM metric_label WHERE metric = series.metric) LIMIT 1",
     "series: row {}: has not as many labels as its metric"},
    {"SELECT b.id FROM metric AS a JOIN metric AS b ON b.id = a.id + 1 "
     "WHERE b.probe < a.probe LIMIT 1",
     "metric: row {}: the metrics of one probe do not stand together"},
};

}  // namespace

std::span<const Table> tables() {
    return kChecked;
}

std::span<const Setting> settings() {
    return kSettings;
}

std::span<const char* const> texts() {
    return kTexts;
}

std::span<const Relation> relations() {
    return kRelations;
}

}  // namespace plimsoll::run_tables
