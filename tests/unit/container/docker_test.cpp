#include "probes/container/container_engine.hpp"
#include "probes/container/container_probe.hpp"
#include "signal/names.hpp"
#include "tests/support/readings.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/unit/container/fixtures.hpp"

#include <atomic>
#include <filesystem>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using test::Answer;
using test::ok_response;
using test::ScriptedServer;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Optional;
using ::testing::Pair;

constexpr const char* kNone = "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}";

/// An engine's description of a container, as far as it matters here.
std::string container(const std::string& id, const std::string& name,
                      const std::string& state = R"("Running":true,"Pid":0)", int restarts = 0,
                      const std::string& started = "2026-01-01T00:00:00Z") {
    return R"({"Id":")" + id + R"(","Name":"/)" + name + R"(","RestartCount":)" +
           std::to_string(restarts) + R"(,"State":{)" + state + R"(,"StartedAt":")" + started +
           R"("},"HostConfig":{"NanoCpus":250000000,"Memory":67108864}})";
}

/// Answers by the request's path; what is not there is a 404. Changeable while it serves.
class Engine {
public:
    void set(const std::string& path, const std::string& body) {
        const std::lock_guard lock(mutex_);
        bodies_[path] = body;
    }
    std::atomic<bool> hangs = false;
    std::atomic<int> hanging = 0;

    ScriptedServer server{[this](const std::string& request, int) {
        if (hangs) {
            ++hanging;
            return Answer{"", 60s};
        }
        const std::size_t from = request.find(' ') + 1;
        const std::string path = request.substr(from, request.find(' ', from) - from);
        const std::lock_guard lock(mutex_);
        const auto found = bodies_.find(path);
        return Answer{found == bodies_.end() ? kNone : ok_response(found->second)};
    }};
    [[nodiscard]] std::string host() const {
        return "tcp://127.0.0.1:" + std::to_string(server.port());
    }

private:
    std::mutex mutex_;
    std::map<std::string, std::string> bodies_;
};

ContainerProbeOptions options_for(const Engine& engine, const char* layout) {
    ContainerProbeOptions options;
    options.role = "app";
    options.docker_host = engine.host();
    options.cgroup_root = kFixtures / layout;
    options.proc_root = kFixtures / "proc";
    return options;
}

/// Reads until `done` says so.
template <typename Done>
std::optional<Reading> read_until(Probe& probe, Done done) {
    const auto limit = Clock::now() + 60s;
    while (Clock::now() < limit) {
        auto reading = probe.read(Clock::now() + 500ms);
        if (reading && done(*reading)) {
            return std::move(*reading);
        }
        std::this_thread::sleep_for(20ms);
    }
    return std::nullopt;
}

TEST(EngineAddresses, AreReadAsDockerReadsThem) {
    EXPECT_THAT(*engine_addresses("unix:///run/x.sock"), ElementsAre("unix:/run/x.sock"));
    EXPECT_THAT(*engine_addresses("tcp://10.0.0.1:2375"), ElementsAre("http://10.0.0.1:2375"));
    const auto ssh = engine_addresses("ssh://me@there");
    ASSERT_FALSE(ssh.ok());
    EXPECT_EQ(ssh.error().to_string(),
              "DOCKER_HOST: the container engine's address must begin with unix:// or tcp:// (e.g. "
              "unix:///var/run/docker.sock)");
}

TEST(EngineDocuments, GiveLimitsStateAndFigures) {
    const auto info = parse_inspect(
        container("3f2a", "web", R"("Running":false,"OOMKilled":true,"ExitCode":137)", 3));
    ASSERT_TRUE(info.ok());
    EXPECT_EQ(info->name, "web");
    EXPECT_TRUE(info->oom_killed);
    EXPECT_EQ(info->exit_code, 137);
    EXPECT_EQ(info->restarts, 3);
    EXPECT_THAT(info->limit_cores, Optional(0.25));
    EXPECT_THAT(parse_inspect(R"({"Id":"a","HostConfig":{"CpuQuota":150000}})")->limit_cores,
                Optional(1.5));  // the default period is 100 ms
    EXPECT_EQ(parse_inspect(R"({"Id":"a","HostConfig":{"Memory":0}})")->memory_limit_bytes,
              std::nullopt);
    const auto stats = parse_stats(R"({"cpu_stats":{"cpu_usage":{"total_usage":2500000000},
        "throttling_data":{"periods":50,"throttled_periods":45,"throttled_time":2250000000}},
        "memory_stats":{"usage":1000,"stats":{"inactive_file":1,"total_inactive_file":400}},
        "networks":{"eth0":{"rx_bytes":7,"tx_bytes":5},"eth1":{"rx_bytes":1,"tx_bytes":2}}})");
    ASSERT_TRUE(stats.ok());
    EXPECT_THAT(stats->cpu_s, Optional(2.5));
    EXPECT_THAT(stats->periods, Optional(50));
    EXPECT_THAT(stats->throttled_periods, Optional(45));
    EXPECT_THAT(stats->throttled_s, Optional(2.25));
    EXPECT_THAT(stats->working_set_bytes, Optional(600));
    EXPECT_THAT(stats->received_bytes, Optional(8));
    EXPECT_THAT(stats->sent_bytes, Optional(7));
    // All zero is what Podman says of a throttled container: no figure rather than a wrong one.
    const auto podman = parse_stats(R"({"cpu_stats":{"cpu_usage":{"total_usage":1},
        "throttling_data":{"periods":0,"throttled_periods":0,"throttled_time":0}}})");
    EXPECT_EQ(podman->throttled_periods, std::nullopt);
    EXPECT_FALSE(parse_inspect("[]").ok());
    EXPECT_FALSE(parse_stats("busy").ok());
}

TEST(DockerContainer, IsReadFromItsCgroupInBothLayouts) {
    for (const auto& [layout, cpu_s, limit] :
         {std::tuple("v1", 2.5, 0.3), std::tuple("v2", 7.0, 0.5)}) {
        Engine engine;
        engine.set("/containers/web/json", container("3f2a", "web"));
        engine.set("/containers/3f2a/json", container("3f2a", "web"));
        ContainerProbeOptions options = options_for(engine, layout);
        options.docker = "web";
        options.period = 100ms;
        const ProbePtr probe = make_container_probe(options);
        EXPECT_EQ(probe->name(), "container:web");
        const Status started = probe->start(Clock::now() + 10s);
        ASSERT_TRUE(started.ok()) << started.error().to_string();
        EXPECT_EQ(probe->period(), 100ms);
        EXPECT_THAT(probe->facts(), Contains(Pair("container_id", "3f2a")));
        const auto reading = probe->read(Clock::now() + 1s);
        ASSERT_TRUE(reading.ok());
        using test::values;
        EXPECT_THAT(values(*probe, *reading, metric::kContainerCpuSeconds),
                    ElementsAre(Pair("web|app", cpu_s)));
        EXPECT_THAT(values(*probe, *reading, metric::kContainerCpuLimit),
                    ElementsAre(Pair("web|app", limit)));
        EXPECT_THAT(values(*probe, *reading, metric::kContainerRunning),
                    ElementsAre(Pair("web|app", 1)));
        EXPECT_THAT(values(*probe, *reading, metric::kContainerRestarts),
                    ElementsAre(Pair("web|app", 0)));
    }
}

TEST(DockerContainer, IsReadFromTheEngineWhereItsCgroupIsElsewhere) {
    Engine engine;
    engine.set("/containers/web/json", container("77aa", "web"));
    engine.set("/containers/77aa/json", container("77aa", "web"));
    engine.set("/containers/77aa/stats?stream=false&one-shot=true",
               R"({"cpu_stats":{"cpu_usage":{"total_usage":2500000000},"throttling_data":
                   {"periods":50,"throttled_periods":45}},"memory_stats":{"usage":1000}})");
    ContainerProbeOptions options = options_for(engine, "v2");
    options.docker = "web";
    const ProbePtr probe = make_container_probe(options);
    ASSERT_TRUE(probe->start(Clock::now() + 10s).ok());
    EXPECT_EQ(probe->period(), 1s);
    const auto reading = read_until(*probe, [&](const Reading& r) {
        return !test::values(*probe, r, metric::kContainerCpuSeconds).empty();
    });
    ASSERT_TRUE(reading);
    EXPECT_EQ(test::single(*probe, *reading, metric::kContainerCpuSeconds), 2.5);
    EXPECT_EQ(test::single(*probe, *reading, metric::kContainerThrottled), 45);
    EXPECT_EQ(test::single(*probe, *reading, metric::kContainerMemory), 1000);
    EXPECT_EQ(test::single(*probe, *reading, metric::kContainerCpuLimit), 0.25);
    EXPECT_EQ(test::single(*probe, *reading, metric::kContainerMemoryLimit), 67108864);
}

TEST(DockerContainer, IsChosenByLabelAndByComposeService) {
    Engine engine;
    // {"label":["com.docker.compose.service=web"]}
    const std::string by_service =
        "/containers/json?filters=%7B%22label%22%3A%5B%22com.docker.compose.service%3Dweb%22%5D%7D";
    engine.set(by_service, R"([{"Id":"3f2a"},{"Id":"77aa"}])");
    engine.set("/containers/3f2a/json", container("3f2a", "shop-web-1"));
    engine.set("/containers/77aa/json", container("77aa", "shop-web-2"));
    for (const bool label : {true, false}) {
        ContainerProbeOptions options = options_for(engine, "v2");
        (label ? options.label : options.docker) = label ? "com.docker.compose.service=web" : "web";
        const ProbePtr probe = make_container_probe(options);
        ASSERT_TRUE(probe->start(Clock::now() + 10s).ok());
        const auto reading = probe->read(Clock::now() + 1s);
        ASSERT_TRUE(reading.ok());
        EXPECT_THAT(test::values(*probe, *reading, metric::kContainerRunning),
                    ElementsAre(Pair("shop-web-1|app", 1), Pair("shop-web-2|app", 1)));
    }
}

TEST(DockerContainer, IsNamedWithThoseThatRunWhenItIsNotThere) {
    Engine engine;
    engine.set(
        "/containers/json?filters=%7B%22label%22%3A%5B%22com.docker.compose.service%3Dwob%22%5D%7D",
        "[]");
    engine.set("/containers/json", R"([{"Names":["/web"]},{"Names":["/db"]}])");
    ContainerProbeOptions options = options_for(engine, "v2");
    options.docker = "wob";
    const Status started = make_container_probe(options)->start(Clock::now() + 10s);
    ASSERT_FALSE(started.ok());
    EXPECT_EQ(started.error().to_string(),
              "container:wob: " + engine.server.url() +
                  ": there is no container \"wob\" (these run: db, web)");
}

TEST(DockerContainer, CountsAnEndForLackOfMemoryAndTheRestart) {
    Engine engine;
    const auto set = [&](const std::string& body) {
        engine.set("/containers/web/json", body);
        engine.set("/containers/3f2a/json", body);
    };
    set(container("3f2a", "web"));
    ContainerProbeOptions options = options_for(engine, "v2");
    options.docker = "web";
    const ProbePtr probe = make_container_probe(options);
    ASSERT_TRUE(probe->start(Clock::now() + 10s).ok());
    const auto single = [&](const Reading& r, const char* name) {
        return test::single(*probe, r, name);
    };
    EXPECT_EQ(single(*probe->read(Clock::now() + 1s), metric::kContainerOomKills), 0);

    set(container("3f2a", "web", R"("Running":false,"OOMKilled":true,"ExitCode":137,"Pid":0)"));
    const auto ended = read_until(
        *probe, [&](const Reading& r) { return single(r, metric::kContainerRunning) == 0; });
    ASSERT_TRUE(ended);
    EXPECT_EQ(single(*ended, metric::kContainerOomKills), 1);
    EXPECT_EQ(single(*ended, metric::kContainerExitCode), 137);
    EXPECT_TRUE(test::values(*probe, *ended, metric::kContainerCpuSeconds).empty());

    set(container("3f2a", "web", R"("Running":true,"Pid":0)", 1, "2026-01-01T00:01:00Z"));
    const auto again = read_until(
        *probe, [&](const Reading& r) { return single(r, metric::kContainerRunning) == 1; });
    ASSERT_TRUE(again);
    EXPECT_EQ(single(*again, metric::kContainerOomKills), 1);
    EXPECT_EQ(single(*again, metric::kContainerRestarts), 1);
}

TEST(DockerContainer, IsReadOnWhileTheEngineHangs) {
    Engine engine;
    engine.set("/containers/web/json", container("3f2a", "web"));
    engine.set("/containers/3f2a/json", container("3f2a", "web"));
    ContainerProbeOptions options = options_for(engine, "v2");
    options.docker = "web";
    const ProbePtr probe = make_container_probe(options);
    ASSERT_TRUE(probe->start(Clock::now() + 10s).ok());
    engine.hangs = true;
    const auto limit = Clock::now() + 30s;
    while (engine.hanging == 0 && Clock::now() < limit) {
        std::this_thread::sleep_for(10ms);
    }
    ASSERT_EQ(engine.hanging, 1);
    for (int i = 0; i < 100; ++i) {
        const auto reading = probe->read(Clock::now() + 200ms);
        ASSERT_TRUE(reading.ok()) << reading.error().to_string();
        EXPECT_EQ(test::single(*probe, *reading, metric::kContainerCpuSeconds), 7.0);
    }
    EXPECT_EQ(engine.hanging, 1);  // the engine still owes its first answer
}

TEST(DockerContainer, IsFoundBehindAPublishedPort) {
    Engine engine;
    engine.set("/containers/json?filters=%7B%22publish%22%3A%5B%228080%22%5D%7D",
               R"([{"Id":"3f2a"}])");
    engine.set("/containers/3f2a/json", container("3f2a", "web"));
    ContainerProbeOptions options = options_for(engine, "v2");
    options.port =
        8080;  // in the fixtures' /proc nobody listens: the engine forwards in the kernel
    const ProbePtr probe = make_container_probe(options);
    const Status started = probe->start(Clock::now() + 10s);
    ASSERT_TRUE(started.ok()) << started.error().to_string();
    const auto reading = probe->read(Clock::now() + 1s);
    ASSERT_TRUE(reading.ok());
    EXPECT_THAT(test::values(*probe, *reading, metric::kContainerCpuLimit),
                ElementsAre(Pair("web|app", 0.5)));
}

}  // namespace
}  // namespace plimsoll
