#include "lab/cgroup.hpp"
#include "lab/password_hash.hpp"
#include "lab/pool_metrics.hpp"
#include "lab/rate_limiter.hpp"
#include "lab/route_table.hpp"
#include "lab/worker_pool.hpp"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

Route route_of(std::string method, std::string path) {
    return {std::move(method), std::move(path), [](const RouteCall&) { return RoutePlan{}; }};
}

RouteTable table() {
    RouteTable made;
    for (const auto& [method, path] : std::initializer_list<std::pair<const char*, const char*>>{
             {"GET", "/things/{id}"},
             {"PUT", "/things/{id}"},
             {"GET", "/things/newest"},
             {"GET", "/things/{id}/parts/{part}"},
             {"GET", "/{any}/newest"},
             {"POST", "/things"}}) {
        EXPECT_TRUE(made.add(route_of(method, path)).ok());
    }
    return made;
}

std::string matched(const RouteTable& routes, const char* method, const char* path) {
    const auto match = routes.find(method, path);
    if (match.route == nullptr) {
        return match.allowed.empty() ? "none" : "allowed " + match.allowed;
    }
    std::string text = match.route->path;
    for (const auto& [name, value] : match.parameters) {
        text += " " + name + "=" + value;
    }
    return text;
}

TEST(RouteTable, FindsTheMostSpecificRoute) {
    const auto routes = table();
    EXPECT_EQ(matched(routes, "GET", "/things/7"), "/things/{id} id=7");
    EXPECT_EQ(matched(routes, "HEAD", "/things/7"), "/things/{id} id=7");
    EXPECT_EQ(matched(routes, "GET", "/things/newest"), "/things/newest");
    EXPECT_EQ(matched(routes, "GET", "/others/newest"), "/{any}/newest any=others");
    EXPECT_EQ(matched(routes, "GET", "/things/a%2Fb/parts/c+d"),
              "/things/{id}/parts/{part} id=a/b part=c+d");
    EXPECT_EQ(matched(routes, "DELETE", "/things/7"), "allowed GET, PUT");
    EXPECT_EQ(matched(routes, "GET", "/things/"), "none");
    EXPECT_EQ(matched(routes, "GET", "/things/7/parts"), "none");
    EXPECT_EQ(matched(routes, "GET", "/"), "none");
}

TEST(RouteTable, RefusesWhatItCouldNotServe) {
    auto routes = table();
    EXPECT_EQ(routes.add(route_of("GET", "/things/{id}")).error().to_string(),
              "/things/{id}: there are two routes for GET");
    EXPECT_FALSE(routes.add(route_of("GET", "things")).ok());
    EXPECT_FALSE(routes.add(route_of("GET", "/things/v{id}")).ok());
}

TEST(QueryValue, DecodesTheFirstOfThatName) {
    HttpRequest request;
    request.target = "/x?a=1&b=x%20y+z&b=2&c";
    EXPECT_EQ(query_value(request, "a"), "1");
    EXPECT_EQ(query_value(request, "b"), "x y z");
    EXPECT_EQ(query_value(request, "c"), "");
    EXPECT_EQ(query_value(request, "d"), std::nullopt);
    EXPECT_EQ(percent_decode("100%"), "100%");
    EXPECT_EQ(percent_decode("%zz%41"), "%zzA");
}

TEST(RateLimiter, AdmitsTheBurstAndThenTheRate) {
    RateLimiter limiter(10, 3);
    const Clock::time_point start{100s};
    EXPECT_EQ(limiter.ask(start), 0);
    EXPECT_EQ(limiter.ask(start), 0);
    EXPECT_EQ(limiter.ask(start), 0);
    EXPECT_NEAR(limiter.ask(start), 0.1, 1e-9);
    EXPECT_NEAR(limiter.ask(start + 50ms), 0.05, 1e-9);
    EXPECT_EQ(limiter.ask(start + 101ms), 0);
    int admitted = 0;
    for (int ms = 200; ms < 10200; ++ms) {
        admitted += limiter.ask(start + std::chrono::milliseconds(ms)) == 0 ? 1 : 0;
    }
    EXPECT_NEAR(admitted, 100, 2);  // 10 s at 10/s
}

TEST(WorkerPool, RunsTasksInOrderOfTheirTime) {
    WorkerPool pool(1);
    std::vector<int> order;
    std::promise<void> done;
    const auto now = Clock::now();
    std::promise<void> go;
    pool.post([&] { go.get_future().wait(); });
    pool.post(
        [&] {
            order.push_back(3);
            done.set_value();
        },
        now + 60ms);
    pool.post([&] { order.push_back(2); }, now + 30ms);
    pool.post([&] { order.push_back(0); });
    pool.post([&] { order.push_back(1); });
    go.set_value();
    ASSERT_EQ(done.get_future().wait_for(60s), std::future_status::ready);
    EXPECT_THAT(order, ::testing::ElementsAre(0, 1, 2, 3));
    EXPECT_GE(Clock::now(), now + 60ms);
}

TEST(WorkerPool, DropsWhatWaitsWhenStopped) {
    WorkerPool pool(2);
    std::atomic<bool> ran = false;
    pool.post([&] { ran = true; }, Clock::now() + 1h);
    pool.stop();
    pool.post([&] { ran = true; });
    EXPECT_FALSE(ran);
}

TEST(PasswordHash, AgreesWithPublishedVectors) {
    // PBKDF2-HMAC-SHA256 of "passwd", "salt", 1 iteration: RFC 7914, section 11, first 32 bytes.
    EXPECT_EQ(password_hash("passwd", "salt", 1),
              "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc");
    // "Password", "NaCl", 80000: the same section.
    EXPECT_EQ(password_hash("Password", "NaCl", 80000),
              "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56");
    EXPECT_EQ(random_token().size(), 32U);
    EXPECT_NE(random_token(), random_token());
}

TEST(PoolMetrics, UseTheNamesOfTheChosenLibrary) {
    DatabasePoolState pool;
    pool.size = 5;
    pool.overflow = 3;
    pool.connected = 6;
    pool.busy = 4;
    pool.waiting = 9;
    pool.timeouts = 2;
    pool.acquires = 100;
    pool.empty_acquires = 30;
    pool.wait_seconds = 1.5;
    const auto lines = [&](PoolMetrics naming) { return "\n" + metrics_text(naming, pool, 7); };
    using ::testing::HasSubstr;
    const std::string otel = lines(PoolMetrics::Otel);
    const std::string in_pool = "{db_client_connection_pool_name=\"lab\"";
    for (const std::string& line :
         {"db_client_connection_count" + in_pool + ",db_client_connection_state=\"idle\"} 2",
          "db_client_connection_count" + in_pool + ",db_client_connection_state=\"used\"} 4",
          "db_client_connection_max" + in_pool + "} 8",
          "db_client_connection_pending_requests" + in_pool + "} 9",
          "db_client_connection_timeouts_total" + in_pool + "} 2",
          "db_client_connection_wait_time_seconds_sum" + in_pool + "} 1.5"}) {
        EXPECT_THAT(otel, HasSubstr("\n" + line + "\n"));
    }
    for (const char* line :
         {"hikaricp_connections{pool=\"lab\"} 6", "hikaricp_connections_active{pool=\"lab\"} 4",
          "hikaricp_connections_idle{pool=\"lab\"} 2", "hikaricp_connections_max{pool=\"lab\"} 8",
          "hikaricp_connections_pending{pool=\"lab\"} 9",
          "hikaricp_connections_acquire_seconds_count{pool=\"lab\"} 100"}) {
        EXPECT_THAT(lines(PoolMetrics::Hikari), HasSubstr("\n" + std::string(line) + "\n"));
    }
    for (const char* line :
         {"pgxpool_acquired_conns 4", "pgxpool_idle_conns 2", "pgxpool_total_conns 6",
          "pgxpool_max_conns 8", "pgxpool_empty_acquire_count 30", "lab_requests_total 7"}) {
        EXPECT_THAT(lines(PoolMetrics::Pgx), HasSubstr("\n" + std::string(line) + "\n"));
    }
    EXPECT_EQ(lines(PoolMetrics::None),
              "\n# TYPE lab_requests_total counter\nlab_requests_total 7\n");
    EXPECT_EQ(parse_pool_metrics("hicari").error().what,
              "must be otel, hikari, pgx or none, got \"hicari\"");
}

TEST(CgroupCage, SaysWhatIsMissing) {
    const auto cage = CgroupCage::limit_cpu(0.5, 100ms, "/no/such/folder");
    ASSERT_FALSE(cage.ok());
    EXPECT_EQ(cage.error().to_string(),
              "/no/such/folder: there is no cgroup hierarchy for cpu (mount one, or give the "
              "container the limit instead)");
    // A folder without the files of a control group.
    const auto root =
        std::filesystem::temp_directory_path() / ("cgroup-test-" + std::to_string(::getpid()));
    std::filesystem::create_directories(root / "memory");
    std::ofstream(root / "memory/cgroup.procs") << "";
    const auto refused = CgroupCage::limit_memory(1 << 20, root);
    ASSERT_FALSE(refused.ok());
    EXPECT_THAT(refused.error().to_string(),
                ::testing::HasSubstr("a control group could not be set up: "));
    EXPECT_TRUE(
        std::filesystem::is_empty(root / "memory") ||
        !std::filesystem::exists(root / "memory/plimsoll-lab-" / std::to_string(::getpid())));
    std::filesystem::remove_all(root);
}

TEST(CgroupCage, WritesVersionTwoLimits) {
    // The files a kernel would show; the process is written down, not moved.
    const auto root =
        std::filesystem::temp_directory_path() / ("cgroup2-test-" + std::to_string(::getpid()));
    const auto group = root / ("plimsoll-lab-" + std::to_string(::getpid()) + "-cpu");
    std::filesystem::create_directories(group);
    for (const auto& file :
         {root / "cgroup.controllers", root / "cgroup.procs", root / "cgroup.subtree_control",
          group / "cpu.max", group / "cgroup.procs"}) {
        std::ofstream(file) << "";
    }
    {
        const auto cage = CgroupCage::limit_cpu(0.25, 100ms, root);
        ASSERT_TRUE(cage.ok()) << cage.error().to_string();
        EXPECT_EQ(cage->path(), group.string());
        std::string text;
        std::getline(std::ifstream(group / "cpu.max") >> std::ws, text);
        EXPECT_EQ(text, "25000 100000");
        std::getline(std::ifstream(group / "cgroup.procs") >> std::ws, text);
        EXPECT_EQ(text, std::to_string(::getpid()));
        std::getline(std::ifstream(root / "cgroup.subtree_control") >> std::ws, text);
        EXPECT_EQ(text, "+cpu");
    }
    std::string home;
    std::getline(std::ifstream(root / "cgroup.procs") >> std::ws, home);
    EXPECT_EQ(home, std::to_string(::getpid()));  // moved back
    std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace plimsoll
