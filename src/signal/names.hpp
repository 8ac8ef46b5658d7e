// Metric names that more than one module must agree on: a probe reports them, an exporter and
// analysis look for them. The full list is a public contract (docs/metrics.md).
#pragma once

namespace plimsoll::metric {

// probes/postgres
inline constexpr const char* kPgBackends =
    "plimsoll_pg_backends";  // {datname,usename,application_name,state,wait_event_type}
inline constexpr const char* kPgConnectionsUsedRatio = "plimsoll_pg_connections_used_ratio";
inline constexpr const char* kPgMaxConnections = "plimsoll_pg_max_connections";
inline constexpr const char* kPgReservedConnections = "plimsoll_pg_reserved_connections";
inline constexpr const char* kPgBlockedBackends = "plimsoll_pg_blocked_backends";
inline constexpr const char* kPgLongestTransaction = "plimsoll_pg_longest_transaction_seconds";
inline constexpr const char* kPgIdleInTransaction = "plimsoll_pg_idle_in_transaction_seconds";
inline constexpr const char* kPgTransactions =
    "plimsoll_pg_transactions_total";  // {datname,result}: commit | rollback
inline constexpr const char* kPgConnectionRefused =
    "plimsoll_pg_connection_refused_total";  // {sqlstate}
inline constexpr const char* kPgWaiting =
    "plimsoll_pg_waiting_backends";  // {wait_event_type,wait_event}
inline constexpr const char* kPgStale =
    "plimsoll_pg_stale_backends";  // {datname,usename,application_name,state}

// probes/pgbouncer: all {database,user} but where noted
inline constexpr const char* kPgbouncerWaiting = "plimsoll_pgbouncer_clients_waiting";
inline constexpr const char* kPgbouncerClients = "plimsoll_pgbouncer_clients_active";
inline constexpr const char* kPgbouncerActive = "plimsoll_pgbouncer_servers_active";
inline constexpr const char* kPgbouncerIdle = "plimsoll_pgbouncer_servers_idle";
inline constexpr const char* kPgbouncerMaxWait = "plimsoll_pgbouncer_max_wait_seconds";
inline constexpr const char* kPgbouncerPoolSize = "plimsoll_pgbouncer_pool_size";
inline constexpr const char* kPgbouncerTransactionSeconds =
    "plimsoll_pgbouncer_transaction_seconds_total";  // {database}
inline constexpr const char* kPgbouncerWaitSeconds =
    "plimsoll_pgbouncer_wait_seconds_total";  // {database}
inline constexpr const char* kPgbouncerTransactions =
    "plimsoll_pgbouncer_transactions_total";  // {database}
inline constexpr const char* kPgbouncerConnections = "plimsoll_pgbouncer_client_connections";  // {}
inline constexpr const char* kPgbouncerMaxConnections =
    "plimsoll_pgbouncer_max_client_connections";  // {}

// probes/container (a process or its cgroup): all {container,role}
inline constexpr const char* kContainerCpuSeconds = "plimsoll_container_cpu_seconds_total";
inline constexpr const char* kContainerCpuLimit = "plimsoll_container_cpu_limit_cores";
inline constexpr const char* kContainerThrottled = "plimsoll_container_cpu_throttled_periods_total";
inline constexpr const char* kContainerPeriods = "plimsoll_container_cpu_periods_total";
inline constexpr const char* kContainerMemory = "plimsoll_container_memory_working_set_bytes";
inline constexpr const char* kContainerMemoryLimit = "plimsoll_container_memory_limit_bytes";
inline constexpr const char* kContainerOomKills = "plimsoll_container_oom_kills_total";
inline constexpr const char* kContainerThrottledSeconds =
    "plimsoll_container_cpu_throttled_seconds_total";
inline constexpr const char* kContainerRunning = "plimsoll_container_running";
inline constexpr const char* kContainerExitCode = "plimsoll_container_exit_code";
inline constexpr const char* kContainerRestarts = "plimsoll_container_restarts_total";
inline constexpr const char* kContainerPressure =
    "plimsoll_container_pressure_seconds_total";  // {container,role,resource,share}
inline constexpr const char* kContainerNetwork =
    "plimsoll_container_network_bytes_total";  // {container,role,direction}

// probes/host: all {side}: generator | target
inline constexpr const char* kHostCpuSeconds = "plimsoll_host_cpu_seconds_total";  // {side,cpu}
inline constexpr const char* kHostLoad = "plimsoll_host_load_average";
inline constexpr const char* kHostMemory = "plimsoll_host_memory_bytes";
inline constexpr const char* kHostMemoryAvailable = "plimsoll_host_memory_available_bytes";
inline constexpr const char* kHostPressure =
    "plimsoll_host_pressure_seconds_total";  // {side,resource,share}
inline constexpr const char* kHostListenOverflows = "plimsoll_host_tcp_listen_overflows_total";
inline constexpr const char* kHostListenDrops = "plimsoll_host_tcp_listen_drops_total";
inline constexpr const char* kHostSegmentsSent = "plimsoll_host_tcp_segments_sent_total";
inline constexpr const char* kHostSegmentsResent = "plimsoll_host_tcp_segments_resent_total";
inline constexpr const char* kHostTimeWait = "plimsoll_host_tcp_time_wait_sockets";
inline constexpr const char* kHostTcpSockets = "plimsoll_host_tcp_sockets";
inline constexpr const char* kHostLocalPorts = "plimsoll_host_tcp_local_ports";

// probes/target: the sockets by {peer,remote}: caller | database | upstream
inline constexpr const char* kTargetAcceptQueue = "plimsoll_target_accept_queue_connections";  // {}
inline constexpr const char* kTargetAcceptLimit = "plimsoll_target_accept_queue_limit";        // {}
inline constexpr const char* kTargetConnections = "plimsoll_target_connections";
inline constexpr const char* kTargetUnread = "plimsoll_target_unread_connections";
inline constexpr const char* kTargetUnreadBytes = "plimsoll_target_unread_bytes";
inline constexpr const char* kTargetWaiting = "plimsoll_target_waiting_connections";
inline constexpr const char* kTargetLongestWait = "plimsoll_target_longest_wait_seconds";
// and its processes and threads: {}
inline constexpr const char* kTargetProcesses = "plimsoll_target_processes";
inline constexpr const char* kTargetWorkers = "plimsoll_target_worker_processes";
inline constexpr const char* kTargetThreads = "plimsoll_target_threads";
inline constexpr const char* kTargetThreadsAtWork = "plimsoll_target_threads_at_work";
inline constexpr const char* kTargetHottest = "plimsoll_target_hottest_thread_cpu_ratio";
inline constexpr const char* kTargetRunDelay = "plimsoll_target_run_delay_seconds_total";
inline constexpr const char* kTargetGcCpu = "plimsoll_target_gc_thread_cpu_seconds_total";

// probes/app_metrics: of workers {workers}
inline constexpr const char* kAppWorkersSize = "plimsoll_app_workers_size";
inline constexpr const char* kAppWorkersBusy = "plimsoll_app_workers_busy";
inline constexpr const char* kAppWorkersQueued = "plimsoll_app_workers_queued";
// of the process {}
inline constexpr const char* kAppLoopLag = "plimsoll_app_loop_lag_seconds";
inline constexpr const char* kAppLoopBusy = "plimsoll_app_loop_busy_ratio";
inline constexpr const char* kAppGcPause = "plimsoll_app_gc_pause_seconds_total";
inline constexpr const char* kAppGcCpu = "plimsoll_app_gc_cpu_seconds_total";
inline constexpr const char* kAppCpu = "plimsoll_app_cpu_seconds_total";
inline constexpr const char* kAppSchedulerWait = "plimsoll_app_scheduler_wait_seconds_total";
// of pools {pool}
inline constexpr const char* kAppPoolSize = "plimsoll_app_pool_size";
inline constexpr const char* kAppPoolUsed = "plimsoll_app_pool_used";
inline constexpr const char* kAppPoolIdle = "plimsoll_app_pool_idle";
inline constexpr const char* kAppPoolPending = "plimsoll_app_pool_pending";
inline constexpr const char* kAppPoolTimeouts = "plimsoll_app_pool_timeouts_total";
inline constexpr const char* kAppPoolWaits = "plimsoll_app_pool_waits_total";

// probes/canary
inline constexpr const char* kCanarySeconds = "plimsoll_canary_seconds";          // {canary}
inline constexpr const char* kCanaryTries = "plimsoll_canary_tries_total";        // {canary}
inline constexpr const char* kCanaryFailures = "plimsoll_canary_failures_total";  // {canary}

}  // namespace plimsoll::metric
