#include "probes/postgres/metrics.hpp"

#include "signal/names.hpp"

#include <string>
#include <utility>

namespace plimsoll::postgres {
namespace {

std::vector<MetricDescriptor> describe_activity() {
    using enum MetricType;
    return {
        {metric::kPgBackends,
         Gauge,
         "Client backends, Plimsoll's own left out.",
         {"datname", "usename", "application_name", "state", "wait_event_type"}},
        {metric::kPgConnectionsUsedRatio,
         Gauge,
         "Client backends over the connections that roles without privileges can have.",
         {}},
        {metric::kPgMaxConnections, Gauge, "The setting max_connections.", {}},
        {metric::kPgReservedConnections,
         Gauge,
         "Connections kept for superusers and privileged roles.",
         {}},
        {metric::kPgBlockedBackends, Gauge, "Client backends that wait for a lock.", {}},
        {metric::kPgLongestTransaction, Gauge, "Age of the oldest open transaction.", {}},
        {metric::kPgIdleInTransaction,
         Gauge,
         "Longest time a backend has been idle in its transaction.",
         {}},
        {metric::kPgWaiting,
         Gauge,
         "Active client backends that wait, by what for.",
         {"wait_event_type", "wait_event"}},
        {metric::kPgStale,
         Gauge,
         "Client backends that have done nothing for 5 s or longer.",
         {"datname", "usename", "application_name", "state"}},
        {"plimsoll_pg_new_backends",
         Gauge,
         "Client backends that connected within the last second.",
         {}},
        {metric::kPgConnectionRefused,
         Counter,
         "Connections that the server refused to Plimsoll.",
         {"sqlstate"}},
    };
}

}  // namespace

std::vector<MetricDescriptor> describe_metrics() {
    std::vector<MetricDescriptor> all = describe_activity();
    const auto counter = [&](const char* name, const char* help, std::vector<std::string> labels) {
        all.push_back({name, MetricType::Counter, help, std::move(labels)});
    };
    counter(metric::kPgTransactions, "Transactions ended in the probe's database.",
            {"datname", "result"});
    counter("plimsoll_pg_blocks_total", "Blocks read into shared buffers, or found there.",
            {"datname", "source"});
    counter("plimsoll_pg_block_seconds_total",
            "Time spent on data files; 0 while track_io_timing is off.", {"datname", "direction"});
    counter("plimsoll_pg_temp_bytes_total", "Bytes written to temporary files.", {"datname"});
    counter("plimsoll_pg_deadlocks_total", "Deadlocks found.", {"datname"});
    counter("plimsoll_pg_sessions_total", "Sessions established, and how they were lost.",
            {"datname", "result"});
    counter("plimsoll_pg_session_seconds_total",
            "Time of sessions by state, known only when a state ends.", {"datname", "state"});
    counter("plimsoll_pg_checkpoints_total", "Checkpoints by why they came.", {"reason"});
    counter("plimsoll_pg_checkpoint_seconds_total", "Time spent in checkpoints.", {"operation"});
    counter("plimsoll_pg_checkpoint_buffers_total", "Buffers written by checkpoints.", {});
    counter("plimsoll_pg_wal_bytes_total", "Write-ahead log made.", {});
    counter("plimsoll_pg_wal_operations_total", "Writes and syncs of the write-ahead log.",
            {"operation"});
    counter("plimsoll_pg_wal_seconds_total", "Time of these; 0 while track_wal_io_timing is off.",
            {"operation"});
    counter("plimsoll_pg_io_operations_total", "Operations on data files.",
            {"backend", "operation"});
    counter("plimsoll_pg_io_seconds_total", "Time of these; 0 while track_io_timing is off.",
            {"backend", "operation"});
    return all;
}

}  // namespace plimsoll::postgres
