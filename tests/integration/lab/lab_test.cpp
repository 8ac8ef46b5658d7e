#include "lab/lab.hpp"

#include "lab/database_connection.hpp"
#include "lab/fault.hpp"
#include "lab/throwaway_postgres.hpp"
#include "net/http_client.hpp"
#include "processes.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <thread>
#include <unistd.h>
#include <vector>

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using test::kPatience;
using ::testing::HasSubstr;

Clock::time_point soon() {
    return Clock::now() + kPatience;
}

HttpResponse call(const std::string& url, std::string method, std::string target,
                  std::string body = {}) {
    auto client = HttpClient::create(url);
    HttpRequest request{std::move(method), std::move(target), {}, std::move(body)};
    auto response = client->send(request, soon());
    if (!response) {
        return make_response(0, "text/plain", response.error().to_string());
    }
    return std::move(response).value();
}

boost::json::value json(const HttpResponse& response) {
    boost::json::error_code problem;
    auto value = boost::json::parse(response.body, problem);
    EXPECT_FALSE(problem) << response.body;
    return value;
}

std::int64_t pool_figure(const std::string& url, const char* name) {
    return json(call(url, "GET", "/lab/state")).at("pool").at(name).to_number<std::int64_t>();
}

/// A lab on a PostgreSQL of its own.
class LabTest : public ::testing::Test {
protected:
    void open(const std::string& fault, const std::function<void(LabOptions&)>& adjust = {}) {
        auto spec = parse_fault(fault);
        ASSERT_TRUE(spec.ok()) << spec.error().to_string();
        ThrowawayPostgresOptions server;
        server.max_connections = spec->max_connections();
        auto started = ThrowawayPostgres::start(server, soon());
        ASSERT_TRUE(started.ok()) << started.error().to_string();
        postgres.emplace(std::move(started).value());
        LabOptions options;
        options.dsn = postgres->app_dsn();
        options.faults = {*LabFault::parse(fault)};
        if (adjust) {
            adjust(options);
        }
        auto made = Lab::start(options);
        ASSERT_TRUE(made.ok()) << made.error().to_string();
        lab.emplace(std::move(made).value());
        url = lab->url();
    }
    /// One number, asked as superuser.
    int count(DatabaseConnection& connection, const std::string& condition) {
        const auto cell = connection.run(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lab' AND " + condition,
            {}, soon());
        EXPECT_TRUE(cell.ok()) << cell.error().to_string();
        return cell ? std::stoi(cell->value_or("-1")) : -1;
    }

    std::optional<ThrowawayPostgres> postgres;
    std::optional<Lab> lab;
    std::string url;
};

TEST_F(LabTest, ServesDeployments) {
    open("none:hold=0s");
    const auto created =
        call(url, "POST", "/v1/deployments", R"({"name":"d'1","owner":"team \"x\""})");
    ASSERT_EQ(created.status, 201) << created.body;
    EXPECT_EQ(json(created).at("id").as_int64(), 1001);  // after the 1,000 it was seeded with
    const auto row = json(call(url, "GET", "/v1/deployments/1001"));
    EXPECT_EQ(row.at("name").as_string(), "d'1");
    EXPECT_EQ(row.at("owner").as_string(), "team \"x\"");
    EXPECT_EQ(row.at("status").as_string(), "pending");
    const auto changed = call(url, "PUT", "/v1/deployments/1001", R"({"status":"running"})");
    EXPECT_EQ(changed.status, 200) << changed.body;
    EXPECT_EQ(json(changed).at("status").as_string(), "running");
    EXPECT_EQ(json(changed).at("name").as_string(), "d'1");

    const auto list = json(call(url, "GET", "/v1/deployments"));
    ASSERT_EQ(list.at("items").as_array().size(), 20U);
    EXPECT_EQ(list.at("items").at(0).at("id").as_int64(), 1001);
    const auto failed = json(call(url, "GET", "/v1/deployments?status=failed"));
    ASSERT_EQ(failed.at("items").as_array().size(), 20U);
    for (const auto& item : failed.at("items").as_array()) {
        EXPECT_EQ(item.at("status").as_string(), "failed");
    }

    EXPECT_EQ(call(url, "DELETE", "/v1/deployments/1001").status, 204);
    EXPECT_EQ(call(url, "DELETE", "/v1/deployments/1001").status, 404);
    EXPECT_EQ(call(url, "GET", "/v1/deployments/1001").status, 404);
    EXPECT_EQ(call(url, "PUT", "/v1/deployments/1001", "{}").status, 404);
    EXPECT_EQ(call(url, "GET", "/elsewhere").status, 404);
    EXPECT_EQ(call(url, "POST", "/health").status, 405);
    EXPECT_EQ(call(url, "GET", "/mem").body.size(), 93U);
}

TEST_F(LabTest, KeepsTheRowsOfAnEarlierStart) {
    open("app-pool:size=2,hold=0s");
    ASSERT_EQ(call(url, "DELETE", "/v1/deployments/7").status, 204);
    LabOptions options;
    options.dsn = postgres->app_dsn();
    options.faults = {*LabFault::parse("app-pool:size=1,hold=0s")};
    const auto second = Lab::start(options);
    ASSERT_TRUE(second.ok()) << second.error().to_string();
    EXPECT_EQ(call(second->url(), "GET", "/v1/deployments/7").status, 404);
    EXPECT_EQ(call(second->url(), "GET", "/v1/deployments/8").status, 200);
}

TEST_F(LabTest, HoldsTheConnectionWithinTheStatement) {
    open("app-pool:size=1,hold=1s");
    DatabaseConnection probe;
    ASSERT_TRUE(probe.connect(postgres->superuser_dsn(), soon()).ok());
    for (const auto& [method, target, body] :
         {std::array<std::string, 3>{"GET", "/v1/deployments", ""},
          std::array<std::string, 3>{"GET", "/v1/deployments?status=failed", ""},
          std::array<std::string, 3>{"GET", "/v1/deployments/999999", ""},
          std::array<std::string, 3>{"POST", "/v1/deployments", R"({"name":"a","owner":"b"})"},
          std::array<std::string, 3>{"PUT", "/v1/deployments/1", R"({"owner":"b"})"},
          std::array<std::string, 3>{"DELETE", "/v1/deployments/1", ""}}) {
        const auto begin = Clock::now();
        auto response =
            std::async(std::launch::async, [&, method = method, target = target, body = body] {
                return call(url, method, target, body);
            });
        EXPECT_TRUE(eventually([&] {
            return count(probe, "state = 'active' AND wait_event = 'PgSleep'") == 1;
        })) << method
            << target;
        response.get();
        EXPECT_GE(Clock::now() - begin, 1s) << method << target;
        EXPECT_EQ(count(probe, "state LIKE 'idle in transaction%'"), 0);
    }
}

TEST_F(LabTest, NeverUsesMoreConnectionsThanItsPool) {
    open("app-pool:size=5");
    std::atomic<bool> stop = false;
    std::atomic<int> answered = 0;
    const auto begin = Clock::now();
    std::vector<std::thread> clients;
    for (int i = 0; i < 30; ++i) {
        clients.emplace_back([&] {
            auto client = HttpClient::create(url);
            HttpRequest request;
            request.target = "/v1/deployments";
            while (!stop) {
                const auto response = client->send(request, soon());
                answered += response && response->status == 200 ? 1 : 0;
            }
        });
    }
    DatabaseConnection probe;
    ASSERT_TRUE(probe.connect(postgres->superuser_dsn(), soon()).ok());
    int most_active = 0;
    int samples = 0;
    // Long enough to see the plateau, and until it was reached once however slow the machine is.
    ASSERT_TRUE(eventually([&] {
        most_active = std::max(most_active, count(probe, "state = 'active'"));
        EXPECT_EQ(count(probe, "true"), 5);
        return ++samples >= 100 && most_active >= 5;
    }));
    stop = true;
    for (auto& client : clients) {
        client.join();
    }
    const double seconds = to_seconds(Clock::now() - begin);
    EXPECT_EQ(most_active, 5);
    EXPECT_GT(answered, 0);
    // pg_sleep never returns early: at most 5 connections / 20 ms.
    EXPECT_LE(answered, 5 / 0.020 * seconds + 5);
    RecordProperty("answered_per_second", std::to_string(answered / seconds));
    std::printf("pool of 5, hold 20 ms: %.1f answers per second\n", answered / seconds);
}

TEST_F(LabTest, AnswersAtTheTimeoutWhileThePoolIsExhausted) {
    open("app-pool:size=1,hold=20s", [](LabOptions& options) { options.pool_timeout = 300ms; });
    std::atomic<bool> first_done = false;
    auto first = std::async(std::launch::async, [&] {
        const auto response = call(url, "GET", "/v1/deployments");
        first_done = true;
        return response;
    });
    ASSERT_TRUE(eventually([&] { return pool_figure(url, "busy") == 1; }));
    const auto begin = Clock::now();
    auto second =
        std::async(std::launch::async, [&] { return call(url, "GET", "/v1/deployments/1"); });
    ASSERT_TRUE(eventually([&] { return pool_figure(url, "waiting") == 1 || first_done; }));
    EXPECT_EQ(call(url, "GET", "/health").body, R"({"status":"ok"})");
    const auto refused = second.get();
    EXPECT_GE(Clock::now() - begin, 300ms);
    EXPECT_FALSE(first_done);  // by a timer, not when the connection came free
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(refused.body, R"({"error":"QueuePool limit of size 1 overflow 0 reached, connection )"
                            R"(timed out, timeout 0.30"})");
    EXPECT_EQ(pool_figure(url, "timeouts"), 1);
    lab->stop();
    first.get();
}

TEST_F(LabTest, AnswersHealthWhileManyRequestsWait) {
    open("app-pool:size=1,hold=20s", [](LabOptions& options) { options.pool_timeout = 60s; });
    std::vector<std::thread> clients;
    for (int i = 0; i < 50; ++i) {
        clients.emplace_back([&] { call(url, "GET", "/v1/deployments"); });
    }
    ASSERT_TRUE(eventually([&] { return pool_figure(url, "waiting") == 49; }));
    auto client = HttpClient::create(url);
    HttpRequest request;
    request.target = "/health";
    for (int i = 0; i < 100; ++i) {
        const auto response = client->send(request, soon());
        ASSERT_TRUE(response.ok());
        ASSERT_EQ(response->status, 200);
    }
    EXPECT_EQ(pool_figure(url, "waiting"), 49);  // none of them was let through meanwhile
    lab->stop();
    for (auto& waiting : clients) {
        waiting.join();
    }
}

TEST_F(LabTest, ReportsRefusedConnectionsInPostgresWords) {
    open("max-connections:limit=10,hold=1s");
    DatabaseConnection probe;
    ASSERT_TRUE(probe.connect(postgres->superuser_dsn(), soon()).ok());
    std::mutex mutex;
    std::vector<HttpResponse> responses;
    std::vector<std::thread> clients;
    for (int i = 0; i < 40; ++i) {
        clients.emplace_back([&] {
            auto response = call(url, "GET", "/v1/deployments/5");
            const std::lock_guard lock(mutex);
            responses.push_back(std::move(response));
        });
    }
    for (auto& client : clients) {
        client.join();
    }
    int refused = 0;
    int served = 0;
    for (const auto& response : responses) {
        served += response.status == 200 ? 1 : 0;
        if (response.status == 503) {
            const bool known =
                response.body.find("FATAL: remaining connection slots are reserved") !=
                    std::string::npos ||
                response.body.find("FATAL: sorry, too many clients already") != std::string::npos;
            EXPECT_TRUE(known) << response.body;
            EXPECT_EQ(response.body.find("PGSQL"), std::string::npos) << response.body;
            ++refused;
        }
    }
    EXPECT_EQ(served + refused, 40);
    EXPECT_GT(refused, 0);
    EXPECT_GT(served, 0);
    EXPECT_EQ(pool_figure(url, "failures"), refused);
    EXPECT_TRUE(probe.usable());  // connected before the storm, it stays
    const auto faults = json(call(url, "GET", "/lab/state")).at("faults").as_array();
    ASSERT_EQ(faults.size(), 1U);
    EXPECT_EQ(faults[0].at("fault").as_string(), "max-connections:limit=10,hold=1s");
    EXPECT_EQ(faults[0].at("planted_at").as_string().size(), 24U);
    EXPECT_GT(faults[0].at("planted_at_unix").as_double(), 1.6e9);
}

TEST_F(LabTest, ClosesEveryConnectionItOpensPerRequest) {
    open("max-connections:limit=20,hold=0s");
    auto client = HttpClient::create(url);
    HttpRequest request;
    request.target = "/v1/deployments/5";
    int served = 0;
    for (int i = 0; i < 60; ++i) {
        served += client->send(request, soon())->status == 200 ? 1 : 0;
    }
    EXPECT_GT(served, 17);  // more than would fit if they stayed open
    DatabaseConnection probe;
    ASSERT_TRUE(probe.connect(postgres->superuser_dsn(), soon()).ok());
    EXPECT_TRUE(eventually([&] { return count(probe, "true") == 0; }));
}

TEST_F(LabTest, RecoversWhenTheDatabaseComesBack) {
    open("app-pool:size=3,hold=0s");
    ASSERT_EQ(call(url, "GET", "/v1/deployments/5").status, 200);
    postgres->kill();
    ASSERT_TRUE(eventually([&] {
        const auto response = call(url, "GET", "/v1/deployments/5");
        EXPECT_EQ(response.status, 503);
        EXPECT_THAT(response.body, HasSubstr(R"({"error":"database )"));
        return pool_figure(url, "connected") == 0;
    }));
    EXPECT_THAT(call(url, "GET", "/v1/deployments/5").body, HasSubstr("database unavailable: "));
    EXPECT_EQ(call(url, "GET", "/health").status, 200);
    const auto status = postgres->restart(soon());
    ASSERT_TRUE(status.ok()) << status.error().to_string();
    EXPECT_TRUE(eventually([&] { return pool_figure(url, "connected") == 3; }));
    EXPECT_EQ(call(url, "GET", "/v1/deployments/5").status, 200);
}

TEST_F(LabTest, LosesNoRequestWhenTheDatabaseRestartsWhileIdle) {
    open("app-pool:size=3,hold=0s");
    postgres->kill();
    ASSERT_TRUE(postgres->restart(soon()).ok());
    for (int i = 0; i < 10; ++i) {
        const auto response = call(url, "GET", "/v1/deployments/5");
        EXPECT_EQ(response.status, 200) << response.body;
    }
}

TEST_F(LabTest, AnswersARequestWhoseBackendDies) {
    open("app-pool:size=1,hold=20s");
    auto response =
        std::async(std::launch::async, [&] { return call(url, "GET", "/v1/deployments"); });
    DatabaseConnection probe;
    ASSERT_TRUE(probe.connect(postgres->superuser_dsn(), soon()).ok());
    ASSERT_TRUE(eventually([&] { return count(probe, "wait_event = 'PgSleep'") == 1; }));
    ASSERT_TRUE(probe
                    .run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                         "WHERE application_name = 'lab'",
                         {}, soon())
                    .ok());
    const auto answer = response.get();
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.body,
              R"({"error":"database connection lost: FATAL: terminating connection due )"
              R"(to administrator command"})");
    EXPECT_TRUE(eventually([&] { return count(probe, "true") == 1; }));
}

TEST_F(LabTest, RunsAsAProgramUntilToldToStop) {
    open("none");
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    std::FILE* out = ::fdopen(ends[1], "w");
    std::FILE* in = ::fdopen(ends[0], "r");
    LabOptions options;
    options.dsn = postgres->app_dsn();
    options.faults = {*LabFault::parse("app-pool:size=2")};
    std::stop_source stop;
    auto result =
        std::async(std::launch::async, [&] { return run_lab(options, stop.get_token(), out); });
    std::array<char, 200> line{};
    ASSERT_NE(std::fgets(line.data(), line.size(), in), nullptr);
    std::string text(line.data());
    ASSERT_THAT(text, ::testing::MatchesRegex("ready http://127.0.0.1:[0-9]+\n"));
    EXPECT_EQ(call(text.substr(6, text.size() - 7), "GET", "/health").status, 200);
    stop.request_stop();
    EXPECT_TRUE(result.get().ok());
    std::fclose(out);
    std::fclose(in);
}

TEST_F(LabTest, SaysWhyItCannotStart) {
    open("app-pool:size=1");
    LabOptions options;
    options.database_wait = 300ms;
    options.dsn = "host=" + postgres->folder() + " port=1 user=app dbname=lab";
    EXPECT_THAT(Lab::start(options).error().to_string(),
                HasSubstr("the lab's database: No such file or directory"));
    options.database_wait = kPatience;
    options.dsn = postgres->app_dsn() + " dbname=missing";
    EXPECT_EQ(Lab::start(options).error().to_string(),
              "the lab's database: FATAL: database \"missing\" does not exist");
    options.dsn = postgres->app_dsn();
    options.faults = {*LabFault::parse("app-pool:size=400")};
    EXPECT_THAT(Lab::start(options).error().to_string(),
                HasSubstr("of 400 could not be opened: FATAL: "));
    options.faults = {*LabFault::parse("app-pool:size=1")};
    options.port = lab->port();
    EXPECT_THAT(Lab::start(options).error().what, HasSubstr("cannot listen"));
}

}  // namespace
}  // namespace plimsoll
