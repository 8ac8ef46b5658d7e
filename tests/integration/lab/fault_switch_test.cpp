// Switching faults while the lab runs, and the ground truth it keeps of that.
#include "fault_fixture.hpp"
#include "tests/support/temp_folder.hpp"

#include <cstdio>
#include <sstream>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>

namespace plimsoll::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

boost::json::value parsed(const std::string& text) {
    boost::json::error_code problem;
    auto value = boost::json::parse(text, problem);
    EXPECT_FALSE(problem) << text;
    return value;
}

std::int64_t now_ns() {
    return std::chrono::duration_cast<Nanoseconds>(Clock::now().time_since_epoch()).count();
}

TEST_F(FaultTest, KeepsTheMomentsOfEachFaultOnBothClocks) {
    open();
    const auto before = now_ns();
    plant("app-cpu:burn=1ms");
    const auto between = now_ns();
    plant("slow-upstream:delay=1ms");
    remove("app-cpu");
    const auto after = now_ns();
    const auto all = parsed(control("GET", "/lab/faults").body).at("faults").as_array();
    ASSERT_EQ(all.size(), 2U);
    const auto& first = all[0].as_object();
    EXPECT_EQ(first.at("fault").as_string(), "app-cpu:burn=1ms");
    EXPECT_EQ(first.at("active").as_bool(), false);
    EXPECT_GE(first.at("planted_at_monotonic_ns").as_int64(), before);
    EXPECT_LE(first.at("planted_at_monotonic_ns").as_int64(), between);
    EXPECT_GE(first.at("removed_at_monotonic_ns").as_int64(), between);
    EXPECT_LE(first.at("removed_at_monotonic_ns").as_int64(), after);
    const double wall = static_cast<double>(::time(nullptr));
    EXPECT_NEAR(first.at("planted_at_unix").as_double(), wall, 60);
    EXPECT_EQ(first.at("planted_at").as_string().size(), 24U);
    EXPECT_DOUBLE_EQ(first.at("values").at("burn").as_double(), 0.001);
    EXPECT_EQ(all[1].at("active").as_bool(), true);
    EXPECT_FALSE(all[1].as_object().contains("removed_at"));
}

TEST_F(FaultTest, ReplacesAFaultOfTheSameName) {
    open();
    plant("app-pool:size=4");
    plant("app-pool:size=7");
    EXPECT_TRUE(eventually([&] { return backends("true") == 7; }));
    const auto all = parsed(control("GET", "/lab/faults").body).at("faults").as_array();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].at("active").as_bool(), false);
    EXPECT_EQ(control("DELETE", "/lab/faults").status, 200);
    EXPECT_TRUE(eventually([&] { return backends("true") == 64; }));
}

TEST_F(FaultTest, PlantsSeveralAtOnce) {
    open();
    const auto answer = control("POST", "/lab/faults",
                                R"({"faults":["app-pool:size=2","slow-upstream:delay=200ms"]})");
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_TRUE(eventually([&] { return backends("true") == 2; }));
    const auto begin = Clock::now();
    EXPECT_EQ(ask("GET", "/v1/deployments/5").status, 200);
    EXPECT_GE(Clock::now() - begin, 200ms);
}

TEST_F(FaultTest, LosesNoRequestWhenThePoolChanges) {
    open({}, 5ms);
    Clients clients(port_, {"GET", "/v1/deployments/5", {}, {}}, 8);
    for (const char* fault : {"app-pool:size=3", "app-pool:size=9", "app-pool:size=5,overflow=4"}) {
        plant(fault);
    }
    remove("app-pool");
    EXPECT_TRUE(eventually([&] { return clients.answered(200) > 100; }));
    clients.stop();
    EXPECT_EQ(clients.answered(503), 0) << clients.last_body(503);
    EXPECT_EQ(clients.answered(500), 0) << clients.last_body(500);
    EXPECT_EQ(clients.answered(0), 0);
}

TEST_F(FaultTest, ExplainsWhatCannotBePlanted) {
    open();
    const auto error = [&](const std::string& fault) {
        const auto answer = control("POST", "/lab/faults", fault);
        return std::to_string(answer.status) + " " +
               std::string(parsed(answer.body).at("error").as_string());
    };
    EXPECT_EQ(error("app-pol:size=5"),
              "400 fault: unknown fault \"app-pol\" (did you mean `app-pool`?)");
    EXPECT_EQ(error("app-cpu:burn=5"),
              "400 fault: burn must be a time with its unit, as 20ms or 2s, from 0s to 1m, got "
              "\"5\"");
    EXPECT_EQ(error(""), "400 the body must name a fault (for example app-pool:size=5)");
    EXPECT_EQ(error("pgbouncer-pool:size=3"),
              "409 pgbouncer-pool: there is no PgBouncer in front of the database (start the lab "
              "with --pgbouncer)");
    EXPECT_EQ(error("network:latency=1ms"),
              "409 network: there is no proxy in front of the service (start the lab with "
              "--proxy)");
    plant("app-pool:size=5");
    EXPECT_EQ(error("max-connections"),
              "409 fault: max-connections and app-pool exclude one another (remove app-pool "
              "first)");
    EXPECT_EQ(control("DELETE", "/lab/faults/app-cpu").status, 404);
    // A web page in a browser of this machine.
    const auto page = exchange(
        control_port_, {"POST", "/lab/faults", {{"Origin", "http://example.org"}}, "app-cpu"});
    EXPECT_EQ(page->status, 403);
}

TEST(LabFaults, AreNotSwitchedFromOtherMachines) {
    auto postgres = ThrowawayPostgres::start({}, Clock::now() + kPatience);
    ASSERT_TRUE(postgres.ok());
    LabOptions options;
    options.dsn = postgres->app_dsn();
    options.address = "0.0.0.0";
    const auto lab = Lab::start(options);
    ASSERT_TRUE(lab.ok()) << lab.error().to_string();
    const auto refused = exchange(lab->port(), {"POST", "/lab/faults", {}, "app-cpu"});
    EXPECT_EQ(refused->status, 403);
    EXPECT_THAT(refused->body, HasSubstr(lab->control_url().substr(7)));
    EXPECT_THAT(lab->control_url(), HasSubstr("http://127.0.0.1:"));
    EXPECT_EQ(get(lab->port(), "/lab/state")->status, 200);
    EXPECT_EQ(exchange(port_of(lab->control_url()), {"POST", "/lab/faults", {}, "app-cpu"})->status,
              200);
}

TEST_F(FaultProcessTest, WritesTheGroundTruthToAFile) {
    const TempFolder folder;
    const std::string log = folder.path() / "faults.jsonl";
    launch(
        {"--fault", "app-pool:size=3", "--fault", "slow-upstream:delay=1ms", "--fault-log", log});
    plant("app-cpu:burn=1ms");
    remove("app-cpu");
    std::istringstream lines(read_file(log));
    std::vector<std::string> seen;
    std::string line;
    while (std::getline(lines, line)) {
        const auto entry = parsed(line);
        seen.push_back(std::string(entry.at("event").as_string()) + " " +
                       std::string(entry.at("fault").as_string()));
    }
    EXPECT_THAT(seen,
                ::testing::ElementsAre("planted app-pool:size=3", "planted slow-upstream:delay=1ms",
                                       "planted app-cpu:burn=1ms", "removed app-cpu:burn=1ms"));
}

TEST_F(FaultProcessTest, ShowsThePoolOnItsMetricsPage) {
    launch({"--pool-metrics", "pgx", "--pool-size", "7"});
    EXPECT_THAT(get(port_, "/metrics")->body, HasSubstr("\npgxpool_max_conns 7\n"));
    EXPECT_EQ(backends("true"), 7);
}

TEST(LabCommand, RefusesBadFaultsWithASuggestion) {
    const TempFolder folder;
    for (const auto& [fault, message] : {std::pair{"event-lop", "did you mean `event-loop`?"},
                                         std::pair{"app-pool:sise=3", "did you mean `size`?"},
                                         std::pair{"app-pool", "app-pool needs a size"}}) {
        ChildOptions options;
        options.argv = {PLIMSOLL_BINARY, "lab", "--fault", fault};
        const std::string file = folder.path() / (std::string("err-") + fault);
        options.err = ChildOutput::file(file);
        auto child = ChildProcess::spawn(options);
        ASSERT_TRUE(child.ok());
        EXPECT_EQ(child->wait(Clock::now() + kPatience)->code, 104);
        EXPECT_THAT(read_file(file), HasSubstr(message));
    }
}

}  // namespace
}  // namespace plimsoll::test
