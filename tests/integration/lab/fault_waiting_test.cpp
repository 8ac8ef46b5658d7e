// Faults in which requests wait inside the service, seen from a client's clock, /proc and
// PostgreSQL's view of the connections.
#include "fault_fixture.hpp"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

namespace plimsoll::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// How long one request takes for `asker`.
template <typename Ask>
Nanoseconds took(Ask asker) {
    const auto begin = Clock::now();
    asker();
    return Clock::now() - begin;
}

/// So many requests at once, each on a connection of its own; when the last is answered.
template <typename Ask>
Nanoseconds all_at_once(int count, Ask asker) {
    return took([&] {
        std::vector<std::thread> clients;
        for (int i = 0; i < count; ++i) {
            clients.emplace_back([&] { asker(); });
        }
        for (auto& client : clients) {
            client.join();
        }
    });
}

TEST_F(FaultTest, WorkerPoolTakesSoManyRequestsAtOnceAndHealthWaitsWithThem) {
    open();
    plant("slow-upstream:delay=500ms");
    const auto ask_api = [&] { EXPECT_EQ(ask("GET", "/v1/deployments/5").status, 200); };
    // Six requests of half a second: all at once without a limit, three rounds with two workers.
    EXPECT_LT(all_at_once(6, ask_api), 1400ms);
    plant("worker-pool:size=2");
    EXPECT_GE(all_at_once(6, ask_api), 1500ms);
    // Two at work: what needs nothing waits for the first of them to end.
    std::thread busy([&] { all_at_once(2, ask_api); });
    std::this_thread::sleep_for(100ms);
    EXPECT_GE(took([&] { EXPECT_EQ(ask("GET", "/health").status, 200); }), 200ms);
    busy.join();
    remove("worker-pool");
    EXPECT_LT(all_at_once(6, ask_api), 1400ms);
}

TEST_F(FaultTest, ThreadPoolHoldsUpTheApiAloneAndNoConnectionMeanwhile) {
    open();
    plant("thread-pool:size=1,hold=300ms");
    std::thread load([&] {
        EXPECT_GE(all_at_once(4, [&] { EXPECT_EQ(ask("GET", "/v1/deployments/5").status, 200); }),
                  1200ms);
    });
    int busy = 0;
    for (int i = 0; i < 20; ++i) {
        EXPECT_LT(took([&] { EXPECT_EQ(ask("GET", "/health").status, 200); }), 250ms);
        busy += backends("state <> 'idle'") > 0 ? 1 : 0;
        std::this_thread::sleep_for(20ms);
    }
    load.join();
    EXPECT_LT(busy, 10);
}

TEST_F(FaultTest, GcPauseStopsEverybodyAndBurnsInAThreadOfItsOwn) {
    open();
    plant("gc-pause:pause=400ms,every=1");
    EXPECT_EQ(ask("GET", "/v1/deployments/5").status, 200);  // brings a pause
    EXPECT_THAT(ask("GET", "/health").body, HasSubstr("ok"));
    std::thread api([&] { EXPECT_EQ(ask("GET", "/v1/deployments/5").status, 200); });
    std::this_thread::sleep_for(100ms);
    EXPECT_GE(took([&] { EXPECT_EQ(ask("GET", "/health").status, 200); }), 150ms);
    api.join();
    bool named = false;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        std::string name;
        std::ifstream comm(task.path() / "comm");
        std::getline(comm, name);
        named = named || name == "GC Thread#0";
    }
    EXPECT_TRUE(named);
    EXPECT_THAT(ask("GET", "/metrics").body, HasSubstr("jvm_gc_pause_seconds_count"));
}

TEST_F(FaultTest, EphemeralPortsRunOutInTheKernelItself) {
    open();
    plant("ephemeral-ports:ports=3");
    // A closed connection keeps its port for a second on loopback.
    std::string refused;
    for (int i = 0; i < 20 && refused.empty(); ++i) {
        const HttpAnswer answer = ask("GET", "/v1/deployments/5");
        refused = answer.status == 503 ? answer.body : std::string();
    }
    EXPECT_THAT(refused, HasSubstr("Cannot assign requested address"));
    EXPECT_EQ(ask("GET", "/health").status, 200);
    remove("ephemeral-ports");
    EXPECT_EQ(ask("GET", "/v1/deployments/5").status, 200);
}

TEST_F(FaultProcessTest, AppCpuOfASingleThreadUsesNoMoreThanACore) {
    launch({"--workers", "4"});
    const auto cores = [&] {
        Clients clients(port_, {"GET", "/v1/deployments/5", {}, {}}, 8);
        const double before = cpu();
        const auto begin = Clock::now();
        std::this_thread::sleep_for(2s);
        return (cpu() - before) / to_seconds(Clock::now() - begin);
    };
    plant("app-cpu:burn=20ms,single=yes");
    EXPECT_LT(cores(), 1.2);
}

}  // namespace
}  // namespace plimsoll::test
