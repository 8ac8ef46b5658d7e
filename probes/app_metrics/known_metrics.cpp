#include "probes/app_metrics/known_metrics.hpp"

namespace plimsoll {
namespace {

constexpr double kNano = 1e-9;

// OpenTelemetry's names by way of its Prometheus exporters, of the current convention and the one
// before it.
const std::vector<KnownMetric> kPools{
    {"db_client_connection_count", AppFigure::PoolUsed, "used"},
    {"db_client_connection_count", AppFigure::PoolIdle, "idle"},
    {"db_client_connection_max", AppFigure::PoolSize},
    {"db_client_connection_pending_requests", AppFigure::PoolPending},
    {"db_client_connection_timeouts_total", AppFigure::PoolTimeouts},
    {"db_client_connections_usage", AppFigure::PoolUsed, "used"},
    {"db_client_connections_usage", AppFigure::PoolIdle, "idle"},
    {"db_client_connections_max", AppFigure::PoolSize},
    {"db_client_connections_pending_requests", AppFigure::PoolPending},
    {"db_client_connections_timeouts_total", AppFigure::PoolTimeouts},
    // HikariCP by Micrometer
    {"hikaricp_connections_max", AppFigure::PoolSize},
    {"hikaricp_connections_active", AppFigure::PoolUsed},
    {"hikaricp_connections_idle", AppFigure::PoolIdle},
    {"hikaricp_connections_pending", AppFigure::PoolPending},
    {"hikaricp_connections_timeout_total", AppFigure::PoolTimeouts},
    // HikariCP by its own collector
    {"hikaricp_max_connections", AppFigure::PoolSize},
    {"hikaricp_active_connections", AppFigure::PoolUsed},
    {"hikaricp_idle_connections", AppFigure::PoolIdle},
    {"hikaricp_pending_threads", AppFigure::PoolPending},
    {"hikaricp_connection_timeout_total", AppFigure::PoolTimeouts},
    // pgxpool
    {"pgxpool_max_conns", AppFigure::PoolSize},
    {"pgxpool_acquired_conns", AppFigure::PoolUsed},
    {"pgxpool_idle_conns", AppFigure::PoolIdle},
    {"pgxpool_empty_acquire_count", AppFigure::PoolWaits},
    {"pgxpool_empty_acquire_count_total", AppFigure::PoolWaits},
    {"pgxpool_empty_acquire", AppFigure::PoolWaits},
    {"pgxpool_empty_acquire_total", AppFigure::PoolWaits},
    {"pgxpool_canceled_acquire_count", AppFigure::PoolTimeouts},
    {"pgxpool_canceled_acquire_count_total", AppFigure::PoolTimeouts},
    // Go's database/sql: by the client library's collector, and by sqlstats
    {"go_sql_max_open_connections", AppFigure::PoolSize},
    {"go_sql_in_use_connections", AppFigure::PoolUsed},
    {"go_sql_idle_connections", AppFigure::PoolIdle},
    {"go_sql_wait_count_total", AppFigure::PoolWaits},
    {"go_sql_stats_connections_max_open", AppFigure::PoolSize},
    {"go_sql_stats_connections_in_use", AppFigure::PoolUsed},
    {"go_sql_stats_connections_idle", AppFigure::PoolIdle},
    {"go_sql_stats_connections_waited_for", AppFigure::PoolWaits},
    {"go_sql_stats_connections_waited_for_total", AppFigure::PoolWaits},
};

const std::vector<KnownMetric> kWorkers{
    // Tomcat by Micrometer (before 1.1 without the unit), and by OpenTelemetry
    {"tomcat_threads_config_max_threads", AppFigure::WorkersSize, {}, "tomcat", "name"},
    {"tomcat_threads_busy_threads", AppFigure::WorkersBusy, {}, "tomcat", "name"},
    {"tomcat_threads_config_max", AppFigure::WorkersSize, {}, "tomcat", "name"},
    {"tomcat_threads_busy", AppFigure::WorkersBusy, {}, "tomcat", "name"},
    {"tomcat_thread_limit", AppFigure::WorkersSize, {}, "tomcat", "tomcat_thread_pool_name"},
    {"tomcat_thread_busy_count", AppFigure::WorkersBusy, {}, "tomcat", "tomcat_thread_pool_name"},
    // Jetty by Micrometer
    {"jetty_threads_config_max", AppFigure::WorkersSize, {}, "jetty"},
    {"jetty_threads_busy", AppFigure::WorkersBusy, {}, "jetty"},
    {"jetty_threads_jobs", AppFigure::WorkersQueued, {}, "jetty"},
    // Java's executors by Micrometer
    {"executor_pool_max_threads", AppFigure::WorkersSize, {}, "executor", "name"},
    {"executor_active_threads", AppFigure::WorkersBusy, {}, "executor", "name"},
    {"executor_queued_tasks", AppFigure::WorkersQueued, {}, "executor", "name"},
    // Undertow in WildFly
    {"wildfly_io_max_pool_size", AppFigure::WorkersSize, {}, "wildfly", "worker"},
    {"wildfly_io_busy_task_thread_count", AppFigure::WorkersBusy, {}, "wildfly", "worker"},
    {"wildfly_io_queue_size", AppFigure::WorkersQueued, {}, "wildfly", "worker"},
    // Vert.x and Quarkus by Micrometer
    {"worker_pool_active", AppFigure::WorkersBusy, {}, "vertx", "pool_name"},
    {"worker_pool_queue_size", AppFigure::WorkersQueued, {}, "vertx", "pool_name"},
    // php-fpm's exporters
    {"phpfpm_total_processes", AppFigure::WorkersSize, {}, "php-fpm", "pool"},
    {"phpfpm_active_processes", AppFigure::WorkersBusy, {}, "php-fpm", "pool"},
    {"phpfpm_listen_queue", AppFigure::WorkersQueued, {}, "php-fpm", "pool"},
    // Puma: yabeda and puma-metrics
    {"puma_max_threads", AppFigure::WorkersSize, {}, "puma"},
    {"puma_busy_threads", AppFigure::WorkersBusy, {}, "puma"},
    {"puma_backlog", AppFigure::WorkersQueued, {}, "puma"},
    // uWSGI's exporter: a series for each worker
    {"uwsgi_worker_busy", AppFigure::WorkersSize, {}, "uwsgi", {}, 1, true},
    {"uwsgi_worker_busy", AppFigure::WorkersBusy, {}, "uwsgi"},
    {"uwsgi_listen_queue_length", AppFigure::WorkersQueued, {}, "uwsgi"},
    // Apache's exporter
    {"apache_workers", AppFigure::WorkersBusy, "busy", "apache"},
    // gunicorn's statsD figures by statsd_exporter
    {"gunicorn_workers", AppFigure::WorkersSize, {}, "gunicorn"},
    // .NET and Kestrel by OpenTelemetry and the runtime's own meters, and prometheus-net
    {"dotnet_thread_pool_thread_count", AppFigure::WorkersSize, {}, ".NET"},
    {"dotnet_thread_pool_thread_count_total", AppFigure::WorkersSize, {}, ".NET"},
    {"dotnet_thread_pool_queue_length", AppFigure::WorkersQueued, {}, ".NET"},
    {"dotnet_thread_pool_queue_length_total", AppFigure::WorkersQueued, {}, ".NET"},
    {"process_runtime_dotnet_thread_pool_threads_count", AppFigure::WorkersSize, {}, ".NET"},
    {"process_runtime_dotnet_thread_pool_queue_length", AppFigure::WorkersQueued, {}, ".NET"},
    {"dotnet_threadpool_queue_length", AppFigure::WorkersQueued, {}, ".NET"},
    {"kestrel_queued_requests", AppFigure::WorkersQueued, {}, "kestrel"},
};

const std::vector<KnownMetric> kProcess{
    // Node.js: prom-client, and OpenTelemetry's runtime metrics
    {"nodejs_eventloop_lag_seconds", AppFigure::LoopLag},
    {"nodejs_eventloop_delay_p50_seconds", AppFigure::LoopLag},
    {"nodejs_eventloop_delay_p50", AppFigure::LoopLag},
    {"nodejs_eventloop_utilization", AppFigure::LoopBusy},
    {"nodejs_eventloop_utilization_ratio", AppFigure::LoopBusy},
    {"nodejs_gc_duration_seconds_sum", AppFigure::GcPause},
    {"v8js_gc_duration_seconds_sum", AppFigure::GcPause},
    // The JVM: Micrometer, OpenTelemetry, the client library's collectors
    {"jvm_gc_pause_seconds_sum", AppFigure::GcPause},
    {"jvm_gc_duration_seconds_sum", AppFigure::GcPause},
    {"jvm_gc_collection_seconds_sum", AppFigure::GcPause},
    // .NET
    {"dotnet_gc_pause_time_seconds_total", AppFigure::GcPause},
    {"dotnet_gc_pause_time_total", AppFigure::GcPause},
    {"process_runtime_dotnet_gc_duration_nanoseconds_total", AppFigure::GcPause, {}, {}, {}, kNano},
    // Go's client library
    {"go_gc_duration_seconds_sum", AppFigure::GcPause},
    {"go_cpu_classes_gc_total_cpu_seconds_total", AppFigure::GcCpu},
    {"go_sched_latencies_seconds_sum", AppFigure::SchedulerWait},
    // CPU: every client library, Micrometer, OpenTelemetry
    {"process_cpu_seconds_total", AppFigure::Cpu},
    {"process_cpu_time_ns_total", AppFigure::Cpu, {}, {}, {}, kNano},
    {"process_cpu_time_seconds_total", AppFigure::Cpu},
    {"jvm_cpu_time_seconds_total", AppFigure::Cpu},
    {"dotnet_process_cpu_time_seconds_total", AppFigure::Cpu},
};

}  // namespace

const std::vector<KnownMetric>& known_metrics() {
    static const std::vector<KnownMetric> kAll = [] {
        std::vector<KnownMetric> all = kPools;
        all.insert(all.end(), kWorkers.begin(), kWorkers.end());
        all.insert(all.end(), kProcess.begin(), kProcess.end());
        return all;
    }();
    return kAll;
}

}  // namespace plimsoll
