// What gave way, by rules over the evidence in a run file.
#pragma once

#include "analysis/breaking_point.hpp"
#include "analysis/diagnosis/case.hpp"
#include "analysis/result.hpp"
#include "analysis/run_data.hpp"

#include <optional>
#include <vector>

namespace plimsoll {

/// Applies every rule. The first finding gave way first. Where the generator was the limit
/// (`verdict` is Invalid), that is the one finding: nothing is said against the target. Where
/// something broke and no rule explains it, the finding is "unknown", with what was not measured.
/// Where nothing broke the list is empty, but for limits that were hit in plain sight.
[[nodiscard]] std::vector<Finding> diagnose(const RunData& data, const Break& found,
                                            Verdict verdict,
                                            const std::vector<ValidityCheck>& checks);

/// One file per cause or group of causes. nullopt: the evidence is not there.
[[nodiscard]] std::optional<Finding> find_app_pool_exhausted(const Case& c);
/// Where nothing broke: errors of a pool that was too small for moments.
[[nodiscard]] std::optional<Finding> find_rare_pool_errors(const Case& c);
[[nodiscard]] std::optional<Finding> find_password_hashing(const Case& c);
[[nodiscard]] std::optional<Finding> find_max_connections(const Case& c);
[[nodiscard]] std::optional<Finding> find_pgbouncer_pool(const Case& c);
[[nodiscard]] std::optional<Finding> find_connection_leak(const Case& c);
[[nodiscard]] std::optional<Finding> find_database_io(const Case& c);
[[nodiscard]] std::optional<Finding> find_slow_sql(const Case& c);
[[nodiscard]] std::optional<Finding> find_database_cpu(const Case& c);
[[nodiscard]] std::optional<Finding> find_lock_contention(const Case& c);
[[nodiscard]] std::optional<Finding> find_idle_in_transaction(const Case& c);
[[nodiscard]] std::optional<Finding> find_app_cpu_throttled(const Case& c);
[[nodiscard]] std::optional<Finding> find_app_cpu(const Case& c);
/// A worker pool, a blocked event loop, or another service that requests wait for.
[[nodiscard]] std::optional<Finding> find_waiting(const Case& c);
/// Workers that are all busy, where only the server's name tells that they are workers.
[[nodiscard]] std::optional<Finding> find_workers_by_name(const Case& c);
/// Workers that are all busy by their server's own figures.
[[nodiscard]] std::optional<Finding> find_full_workers(const Case& c);
/// Another service, by the application's sockets.
[[nodiscard]] std::optional<Finding> find_slow_upstream(const Case& c);
[[nodiscard]] std::optional<Finding> find_gc_pause(const Case& c);
[[nodiscard]] std::optional<Finding> find_network(const Case& c);
/// Connections that somebody on the way, or the target, cut before any answer. Many causes end that
/// way: it is asked only where none of them was found.
[[nodiscard]] std::optional<Finding> find_cut_connections(const Case& c);
[[nodiscard]] std::optional<Finding> find_ephemeral_ports(const Case& c);
[[nodiscard]] std::optional<Finding> find_accept_queue(const Case& c);
[[nodiscard]] std::optional<Finding> find_memory(const Case& c);
[[nodiscard]] std::optional<Finding> find_rate_limited(const Case& c);
[[nodiscard]] Finding blame_generator(const std::vector<ValidityCheck>& checks);
[[nodiscard]] Finding admit_unknown(const Case& c);

}  // namespace plimsoll
