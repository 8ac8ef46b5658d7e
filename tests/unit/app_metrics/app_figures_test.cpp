#include "probes/app_metrics/app_figures.hpp"

#include "probes/app_metrics/known_metrics.hpp"

#include <algorithm>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using ::testing::Optional;
using ::testing::SizeIs;

AppPage page_of(std::string_view text, std::span<const FigureMapping> mappings = {}) {
    AppCollector collector(mappings);
    ExpositionReader reader(text);
    for (auto sample = reader.next(); sample.ok() && *sample; sample = reader.next()) {
        collector.add(**sample);
    }
    return collector.page();
}

std::map<std::string, AppFigures> group_in(const AppPage& page, AppGroup group) {
    std::map<std::string, AppFigures> found;
    for (const auto& [key, figures] : page) {
        if (key.first == group) {
            found[key.second] = figures;
        }
    }
    return found;
}
std::map<std::string, AppFigures> pools_of(std::string_view text,
                                           std::span<const FigureMapping> mappings = {}) {
    return group_in(page_of(text, mappings), AppGroup::Pool);
}

/// The figures of a group, -1 where unknown. Pools: size, used, idle, pending, timeouts, waits.
/// Workers: size, busy, queued. Process: loop lag, loop busy, GC pause, GC CPU, CPU, scheduler
/// wait.
std::vector<double> figures(const AppFigures& all, AppGroup group = AppGroup::Pool) {
    std::vector<double> list;
    for (std::size_t i = 0; i < kAppFigures; ++i) {
        if (group_of(static_cast<AppFigure>(i)) == group) {
            list.push_back(all.values[i].value_or(-1));
        }
    }
    return list;
}

// What the libraries publish, one pool each: 5 connections, 4 in use, 1 idle, 7 waiting.
TEST(PoolMetrics, AreRecognisedAsOpenTelemetryWritesThem) {
    const auto stable = pools_of(
        "db_client_connection_count{db_client_connection_pool_name=\"main\",state=\"used\"} 4\n"
        "db_client_connection_count{db_client_connection_pool_name=\"main\",state=\"idle\"} 1\n"
        "db_client_connection_max{db_client_connection_pool_name=\"main\"} 5\n"
        "db_client_connection_pending_requests{db_client_connection_pool_name=\"main\"} 7\n"
        "db_client_connection_timeouts_total{db_client_connection_pool_name=\"main\"} 3\n");
    ASSERT_THAT(stable, SizeIs(1));
    EXPECT_EQ(figures(stable.at("main")), (std::vector<double>{5, 4, 1, 7, 3, -1}));
    const auto older = pools_of(
        "db_client_connections_usage{pool_name=\"main\",state=\"used\"} 4\n"
        "db_client_connections_usage{pool_name=\"main\",state=\"idle\"} 1\n"
        "db_client_connections_max{pool_name=\"main\"} 5\n"
        "db_client_connections_pending_requests{pool_name=\"main\"} 7\n"
        "db_client_connections_timeouts_total{pool_name=\"main\"} 3\n");
    EXPECT_EQ(figures(older.at("main")), (std::vector<double>{5, 4, 1, 7, 3, -1}));
    const auto dotted = pools_of(
        "{\"db.client.connection.max\",\"db.client.connection.pool.name\"=\"main\"} 5\n"
        "{\"db.client.connection.count\",\"db.client.connection.pool.name\"=\"main\","
        "\"db.client.connection.state\"=\"used\"} 4\n");
    EXPECT_EQ(figures(dotted.at("main")), (std::vector<double>{5, 4, -1, -1, -1, -1}));
}

TEST(PoolMetrics, AreRecognisedAsHikariPgxAndGoWriteThem) {
    const auto micrometer = pools_of(
        "hikaricp_connections{pool=\"HikariPool-1\",} 5.0\n"
        "hikaricp_connections_active{pool=\"HikariPool-1\",} 4.0\n"
        "hikaricp_connections_idle{pool=\"HikariPool-1\",} 1.0\n"
        "hikaricp_connections_pending{pool=\"HikariPool-1\",} 7.0\n"
        "hikaricp_connections_max{pool=\"HikariPool-1\",} 5.0\n"
        "hikaricp_connections_min{pool=\"HikariPool-1\",} 5.0\n"
        "hikaricp_connections_timeout_total{pool=\"HikariPool-1\",} 3.0\n");
    EXPECT_EQ(figures(micrometer.at("HikariPool-1")), (std::vector<double>{5, 4, 1, 7, 3, -1}));
    const auto pgx = pools_of(
        "pgxpool_acquired_conns{db_name=\"shop\"} 4\npgxpool_idle_conns{db_name=\"shop\"} 1\n"
        "pgxpool_max_conns{db_name=\"shop\"} 5\npgxpool_total_conns{db_name=\"shop\"} 5\n"
        "pgxpool_empty_acquire_count{db_name=\"shop\"} 20\n"
        "pgxpool_canceled_acquire_count{db_name=\"shop\"} 2\n");
    EXPECT_EQ(figures(pgx.at("shop")), (std::vector<double>{5, 4, 1, -1, 2, 20}));
    const auto go = pools_of(
        "go_sql_max_open_connections{db_name=\"shop\"} 5\n"
        "go_sql_open_connections{db_name=\"shop\"} 5\n"
        "go_sql_in_use_connections{db_name=\"shop\"} 4\n"
        "go_sql_idle_connections{db_name=\"shop\"} 1\n"
        "go_sql_wait_count_total{db_name=\"shop\"} 20\n"
        "go_sql_wait_duration_seconds_total{db_name=\"shop\"} 1.5\n");
    EXPECT_EQ(figures(go.at("shop")), (std::vector<double>{5, 4, 1, -1, -1, 20}));
    const auto unlimited = pools_of("go_sql_max_open_connections 0\ngo_sql_in_use_connections 4\n");
    EXPECT_EQ(figures(unlimited.at("default")), (std::vector<double>{-1, 4, -1, -1, -1, -1}));
}

TEST(PoolMetrics, DropEverythingElse) {
    EXPECT_THAT(page_of("http_requests_total 5\ngo_goroutines 9\nhikaricp_connections 1\n"
                        "db_client_connection_count{state=\"other\"} 4\n"
                        "hikaricp_connections_active NaN\n"),
                SizeIs(0));
}

TEST(PoolMetrics, OfSeveralProcessesAddUpAndPoolsStayApart) {
    const auto pools = pools_of(
        "hikaricp_connections_active{pool=\"a\",instance=\"1\"} 4\n"
        "hikaricp_connections_active{pool=\"a\",instance=\"2\"} 3\n"
        "hikaricp_connections_active{pool=\"b\"} 2\n");
    ASSERT_THAT(pools, SizeIs(2));
    EXPECT_THAT(pools.at("a")[AppFigure::PoolUsed], Optional(7));
    EXPECT_THAT(pools.at("b")[AppFigure::PoolUsed], Optional(2));
}

/// The only workers of a page, as "name: size, busy, queued".
std::string workers_in(std::string_view text) {
    const auto workers = group_in(page_of(text), AppGroup::Workers);
    std::ostringstream out;
    for (const auto& [name, all] : workers) {
        out << name << ":";
        for (const double value : figures(all, AppGroup::Workers)) {
            out << " " << value;
        }
    }
    return out.str();
}

// Expositions as docs/app-metrics.md says where they come from: 8 threads, 7 of them busy, 5 wait.
TEST(Workers, AreRecognisedAsJavasServersWriteThem) {
    // Spring Boot 3, /actuator/prometheus
    EXPECT_EQ(workers_in("# TYPE tomcat_threads_busy_threads gauge\n"
                         "tomcat_threads_busy_threads{name=\"http-nio-8080\",} 7.0\n"
                         "tomcat_threads_config_max_threads{name=\"http-nio-8080\",} 8.0\n"
                         "tomcat_threads_current_threads{name=\"http-nio-8080\",} 8.0\n"),
              "tomcat http-nio-8080: 8 7 -1");
    EXPECT_EQ(workers_in("{\"tomcat.thread.limit\",\"tomcat.thread.pool.name\"=\"nio\"} 8\n"
                         "{\"tomcat.thread.busy.count\",\"tomcat.thread.pool.name\"=\"nio\"} 7\n"),
              "tomcat nio: 8 7 -1");
    EXPECT_EQ(workers_in("jetty_threads_busy{app=\"metrics-sample\"} 7.0\n"
                         "jetty_threads_config_max{app=\"metrics-sample\"} 8.0\n"
                         "jetty_threads_jobs{app=\"metrics-sample\"} 5.0\n"),
              "jetty: 8 7 5");
    EXPECT_EQ(workers_in("executor_active_threads{name=\"tasks\"} 7\n"
                         "executor_pool_max_threads{name=\"tasks\"} 8\n"
                         "executor_queued_tasks{name=\"tasks\"} 5\n"),
              "executor tasks: 8 7 5");
    EXPECT_EQ(workers_in("executor_active_threads{name=\"applicationTaskExecutor\",} 7\n"
                         "executor_pool_max_threads{name=\"applicationTaskExecutor\",} "
                         "2.147483647E9\n"),
              "executor applicationTaskExecutor: -1 7 -1");
    EXPECT_EQ(workers_in("wildfly_io_busy_task_thread_count{worker=\"default\"} 7.0\n"
                         "wildfly_io_max_pool_size{worker=\"default\"} 8.0\n"
                         "wildfly_io_queue_size{worker=\"default\"} 5.0\n"),
              "wildfly default: 8 7 5");
    EXPECT_EQ(
        workers_in("worker_pool_active{pool_name=\"vert.x-worker-thread\",pool_type=\"worker\"} 7\n"
                   "worker_pool_queue_size{pool_name=\"vert.x-worker-thread\","
                   "pool_type=\"worker\"} 5\n"),
        "vertx vert.x-worker-thread: -1 7 5");
}

TEST(Workers, AreRecognisedAsOtherServersWriteThem) {
    EXPECT_EQ(workers_in("phpfpm_active_processes{pool=\"www\",scrape_uri=\"tcp://x\"} 7\n"
                         "phpfpm_total_processes{pool=\"www\",scrape_uri=\"tcp://x\"} 8\n"
                         "phpfpm_listen_queue{pool=\"www\",scrape_uri=\"tcp://x\"} 5\n"),
              "php-fpm www: 8 7 5");
    EXPECT_EQ(workers_in("puma_backlog{index=\"0\"} 2\npuma_backlog{index=\"1\"} 3\n"
                         "puma_max_threads{index=\"0\"} 4\npuma_max_threads{index=\"1\"} 4\n"
                         "puma_busy_threads{index=\"0\"} 4\npuma_busy_threads{index=\"1\"} 3\n"
                         "puma_pool_capacity{index=\"0\"} 0\n"),
              "puma: 8 7 5");
    EXPECT_EQ(workers_in("uwsgi_worker_busy{stats_uri=\"http://x\",worker_id=\"1\"} 1\n"
                         "uwsgi_worker_busy{stats_uri=\"http://x\",worker_id=\"2\"} 0\n"
                         "uwsgi_worker_busy{stats_uri=\"http://x\",worker_id=\"3\"} 1\n"),
              "uwsgi: 3 2 -1");
    EXPECT_EQ(workers_in("apache_workers{state=\"busy\"} 7\napache_workers{state=\"idle\"} 1\n"),
              "apache: -1 7 -1");
    EXPECT_EQ(workers_in("gunicorn_workers 8\n"), "gunicorn: 8 -1 -1");
    EXPECT_EQ(workers_in("dotnet_thread_pool_thread_count 8\ndotnet_thread_pool_queue_length 5\n"),
              ".NET: 8 -1 5");
    EXPECT_EQ(workers_in("kestrel_queued_requests{network_transport=\"tcp\"} 5\n"),
              "kestrel: -1 -1 5");
}

std::vector<double> process_in(std::string_view text) {
    const auto process = group_in(page_of(text), AppGroup::Process);
    return process.contains("") ? figures(process.at(""), AppGroup::Process)
                                : std::vector<double>();
}

TEST(Runtime, IsRecognisedAsItIsWritten) {
    const auto near = [](std::vector<double> expected) {
        return testing::Pointwise(testing::DoubleNear(1e-9), expected);
    };
    // prom-client 15, collectDefaultMetrics()
    EXPECT_THAT(process_in("process_cpu_user_seconds_total 0.5\nprocess_cpu_seconds_total 0.75\n"
                           "nodejs_eventloop_lag_seconds 0.25\n"
                           "nodejs_eventloop_lag_mean_seconds 0.0105\n"
                           "nodejs_gc_duration_seconds_sum{kind=\"major\"} 0.5\n"
                           "nodejs_gc_duration_seconds_sum{kind=\"minor\"} 0.25\n"),
                near({0.25, -1, 0.75, -1, 0.75, -1}));
    EXPECT_THAT(process_in("nodejs_eventloop_delay_p50_seconds 0.25\n"
                           "nodejs_eventloop_utilization_ratio 0.9\n"
                           "v8js_gc_duration_seconds_sum{v8js_gc_type=\"major\"} 2\n"),
                near({0.25, 0.9, 2, -1, -1, -1}));
    EXPECT_THAT(process_in("jvm_gc_pause_seconds_count{action=\"end of minor GC\",} 7.0\n"
                           "jvm_gc_pause_seconds_sum{action=\"end of minor GC\",} 0.25\n"
                           "jvm_gc_pause_seconds_sum{action=\"end of major GC\",} 0.5\n"
                           "process_cpu_time_ns_total 3.5E9\n"),
                near({-1, -1, 0.75, -1, 3.5, -1}));
    EXPECT_THAT(process_in("go_gc_duration_seconds{quantile=\"1\"} 0.001\n"
                           "go_gc_duration_seconds_sum 0.5\n"
                           "go_cpu_classes_gc_total_cpu_seconds_total 17.75\n"
                           "go_sched_latencies_seconds_sum 38.5\n"
                           "process_cpu_seconds_total 120\n"),
                near({-1, -1, 0.5, 17.75, 120, 38.5}));
    EXPECT_THAT(process_in("go_sched_latencies_seconds_sum NaN\ngo_gc_duration_seconds_sum 1\n"),
                near({-1, -1, 1, -1, -1, -1}));
    EXPECT_THAT(process_in("dotnet_gc_pause_time_seconds_total 2\n"
                           "dotnet_process_cpu_time_seconds_total{cpu_mode=\"user\"} 3\n"
                           "dotnet_process_cpu_time_seconds_total{cpu_mode=\"system\"} 1\n"),
                near({-1, -1, 2, -1, 4, -1}));
    // Two processes on one page: the worse loop counts, times add up.
    EXPECT_THAT(process_in("nodejs_eventloop_lag_seconds{pid=\"1\"} 0.25\n"
                           "nodejs_eventloop_lag_seconds{pid=\"2\"} 0.125\n"
                           "process_cpu_seconds_total{pid=\"1\"} 1\n"
                           "process_cpu_seconds_total{pid=\"2\"} 2\n"),
                near({0.25, -1, -1, -1, 3, -1}));
}

TEST(KnownMetrics, AreAllInTheDocumentAndNothingElseIs) {
    std::ifstream file(PLIMSOLL_SOURCE_DIR "/docs/app-metrics.md");
    std::stringstream text;
    text << file.rdbuf();
    std::set<std::string> documented;
    static const std::regex name("`([a-z][a-z0-9_]*_[a-z0-9_]*)`");
    std::string line;
    while (std::getline(text, line)) {
        const std::size_t cell = line.find('|', 1);
        if (!line.starts_with("| ") || cell == std::string::npos) {
            continue;
        }
        const std::string metrics = line.substr(cell + 1, line.find('|', cell + 1) - cell - 1);
        for (std::sregex_iterator it(metrics.begin(), metrics.end(), name), end; it != end; ++it) {
            documented.insert((*it)[1]);
        }
    }
    std::set<std::string> known;
    for (const KnownMetric& metric : known_metrics()) {
        known.insert(std::string(metric.name));
    }
    EXPECT_EQ(documented, known);
}

// "Every key of this version", which the scenario's own tests parse.
TEST(FigureMapping, HasTheKeysThatAScenarioTakes) {
    std::ifstream file(PLIMSOLL_SOURCE_DIR "/tests/golden/scenario/valid-everything.yaml");
    static const std::regex key("        ([a-z_]+): .*");
    std::vector<std::string> keys;
    bool inside = false;
    for (std::string line; std::getline(file, line);) {
        std::smatch match;
        if (line == "      map:") {
            inside = true;
        } else if (inside && std::regex_match(line, match, key)) {
            keys.push_back(match[1]);
        } else {
            inside = false;
        }
    }
    EXPECT_EQ(keys, std::vector<std::string>(kAppFigureNames.begin(), kAppFigureNames.end()));
}

TEST(PoolMapping, TakesAnyNameAndOverridesWhatWasRecognised) {
    const auto mappings = parse_mappings({{"pool_size", "sqla_pool{kind=\"limit\"}"},
                                          {"pool_used", "sqla_checked_out"},
                                          {"pool_pending", "waiters"}});
    ASSERT_TRUE(mappings.ok());
    const auto pools = pools_of(
        "sqla_pool{kind=\"limit\",pool=\"main\"} 15\nsqla_pool{kind=\"overflow\",pool=\"main\"} "
        "10\n"
        "sqla_checked_out{pool=\"main\"} 12\nwaiters{pool=\"main\"} 2\n"
        "hikaricp_connections_max{pool=\"main\"} 99\nhikaricp_connections_idle{pool=\"main\"} 3\n",
        *mappings);
    ASSERT_THAT(pools, SizeIs(1));
    EXPECT_EQ(figures(pools.at("main")), (std::vector<double>{15, 12, 3, 2, -1, -1}));
}

TEST(PoolMapping, NamesWhatIsWrong) {
    const auto figure = parse_mappings({{"pool_max", "x"}});
    ASSERT_FALSE(figure.ok());
    EXPECT_EQ(
        figure.error().to_string(),
        "pool_max: is no figure of an application; there are pool_size, pool_used, pool_idle, "
        "pool_pending, pool_timeouts, pool_waits, workers_size, workers_busy, workers_queued, "
        "loop_lag, loop_busy, gc_pause, gc_cpu, cpu, scheduler_wait");
    const auto selector = parse_mappings({{"pool_size", "sum(x)"}});
    ASSERT_FALSE(selector.ok());
    EXPECT_EQ(selector.error().where, "pool_size");
}

}  // namespace
}  // namespace plimsoll
