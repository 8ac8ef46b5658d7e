// Faults of the service's own process, seen from /proc, cgroup files and a plain client.
#include "fault_fixture.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>

namespace plimsoll::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// The folder of the control group that a planted fault tells about; empty when there is none.
std::string cgroup_of(const HttpAnswer& faults) {
    const auto at = faults.body.find("\"cgroup /");
    if (at == std::string::npos) {
        return {};
    }
    std::string path = faults.body.substr(at + 8, faults.body.find('"', at + 1) - at - 8);
    for (auto slash = path.find("\\/"); slash != std::string::npos; slash = path.find("\\/")) {
        path.erase(slash, 1);
    }
    return path;
}

/// Whether this machine lets us make control groups: as the kernel decides, not as we do.
bool may_limit() {
    const char* const folder = std::filesystem::exists("/sys/fs/cgroup/cgroup.controllers")
                                   ? "/sys/fs/cgroup"
                                   : "/sys/fs/cgroup/cpu";
    return ::access(folder, W_OK) == 0;
}

TEST_F(FaultProcessTest, AppCpuBurnsInTheService) {
    launch({});
    const auto spent = [&] {
        const double before = cpu();
        for (int i = 0; i < 40; ++i) {
            EXPECT_EQ(ask("GET", "/v1/deployments/5").status, 200);
        }
        return cpu() - before;
    };
    const double healthy = spent();
    plant("app-cpu:burn=20ms");
    const double burnt = spent();
    std::printf("app-cpu burn=20ms: %.1f ms per request, %.1f ms without\n", burnt / 40e-3,
                healthy / 40e-3);
    EXPECT_GE(burnt, 0.78);  // 40 * 20 ms, counted in ticks of 10 ms
    EXPECT_LT(burnt - healthy, 1.6);
}

TEST_F(FaultProcessTest, CpuQuotaThrottlesTheService) {
    launch({"--fault", "app-cpu:burn=50ms"});
    const auto answer = control("POST", "/lab/faults", "cpu-quota:cores=0.25");
    if (!may_limit()) {
        EXPECT_EQ(answer.status, 409);
        EXPECT_THAT(answer.body, HasSubstr("a control group could not be set up"));
        return;
    }
    ASSERT_EQ(answer.status, 200) << answer.body;
    const std::string group = cgroup_of(answer);
    ASSERT_FALSE(group.empty()) << answer.body;
    double cores = 0;
    {
        Clients clients(port_, {"GET", "/v1/deployments/5", {}, {}}, 4);
        const double before = cpu();
        const auto begin = Clock::now();
        ASSERT_TRUE(eventually([&] {
            return figure_in(group + "/cpu.stat", "nr_throttled") >= 10 &&
                   Clock::now() > begin + 2s;
        }));
        cores = (cpu() - before) / to_seconds(Clock::now() - begin);
    }
    const auto periods = figure_in(group + "/cpu.stat", "nr_periods");
    const auto throttled = figure_in(group + "/cpu.stat", "nr_throttled");
    std::printf("cpu-quota cores=0.25: %.3f cores used, throttled in %ld of %ld periods\n", cores,
                static_cast<long>(throttled), static_cast<long>(periods));
    EXPECT_LT(cores, 0.35);
    // In how many periods it asks for more than its quota is up to the machine's other load.
    EXPECT_LE(throttled, periods);
    remove("cpu-quota");
    EXPECT_FALSE(std::filesystem::exists(group));
}

TEST_F(FaultProcessTest, EventLoopStandsStillForEverybody) {
    launch({});
    plant("event-loop:block=300ms");
    const double before = cpu();
    const auto begin = Clock::now();
    std::vector<std::thread> clients;
    for (int i = 0; i < 4; ++i) {
        clients.emplace_back([this] { EXPECT_EQ(ask("GET", "/health").status, 200); });
    }
    for (auto& client : clients) {
        client.join();
    }
    // One after the other, though nothing is computed.
    EXPECT_GE(Clock::now() - begin, 1200ms);
    EXPECT_LT(cpu() - before, 0.6);
    plant("event-loop:block=300ms,spin=yes");
    const double spinning = cpu();
    EXPECT_EQ(ask("GET", "/health").status, 200);
    EXPECT_GE(cpu() - spinning, 0.28);
    // The switches have a thread of their own.
    remove("event-loop");
}

TEST_F(FaultProcessTest, PasswordHashingCostsOnlyLogins) {
    launch({});
    const std::string who = R"({"name":"ada","password":"secret"})";
    ASSERT_EQ(ask("POST", "/v1/register", who).status, 201);
    ASSERT_EQ(ask("POST", "/v1/register", who).status, 409);
    plant("password-hashing:iterations=500000");
    const double before = cpu();
    for (int i = 0; i < 5; ++i) {
        const auto answer = ask("POST", "/v1/login", who);
        ASSERT_EQ(answer.status, 200) << answer.body;
        EXPECT_THAT(answer.body, HasSubstr("token"));
    }
    const double logins = cpu() - before;
    for (int i = 0; i < 5; ++i) {
        ASSERT_EQ(ask("GET", "/v1/deployments/5").status, 200);
    }
    const double others = cpu() - before - logins;
    std::printf("password-hashing iterations=500000: %.0f ms per login\n", logins / 5e-3);
    EXPECT_GE(logins, 5 * 0.05);
    EXPECT_LT(others, logins / 3);
    EXPECT_EQ(ask("POST", "/v1/login", R"({"name":"ada","password":"wrong"})").status, 401);
}

TEST_F(FaultProcessTest, MemoryGrowthStaysResident) {
    launch({});
    ASSERT_EQ(ask("GET", "/v1/deployments/5").status, 200);
    const std::string status = "/proc/" + std::to_string(process_->pid()) + "/status";
    plant("memory-growth:per_request=1MiB");
    const auto before = figure_in(status, "VmRSS");
    for (int i = 0; i < 50; ++i) {
        ASSERT_EQ(ask("GET", "/v1/deployments/5").status, 200);
    }
    const auto grown = figure_in(status, "VmRSS") - before;  // KiB
    std::printf("memory-growth per_request=1MiB: %ld KiB after 50 requests\n",
                static_cast<long>(grown));
    EXPECT_GE(grown, 49 * 1024);
    EXPECT_LE(grown, 70 * 1024);
}

TEST_F(FaultProcessTest, MemoryGrowthEndsInTheKernelsKill) {
    launch({"--pool-size", "4"});
    const auto answer =
        control("POST", "/lab/faults", "memory-growth:per_request=4MiB,limit=96MiB");
    if (!may_limit()) {
        EXPECT_EQ(answer.status, 409);
        return;
    }
    ASSERT_EQ(answer.status, 200) << answer.body;
    const std::string group = cgroup_of(answer);
    const bool v1 = std::filesystem::exists(group + "/memory.oom_control");
    const std::string file = group + (v1 ? "/memory.oom_control" : "/memory.events");
    EXPECT_EQ(figure_in(file, "oom_kill"), 0);
    int served = 0;
    ASSERT_TRUE(eventually([&] {
        served += ask("GET", "/v1/deployments/5").status == 200 ? 1 : 0;
        return !process_->running();
    }));
    const auto ended = process_->wait(Clock::now() + kPatience);
    ASSERT_TRUE(ended.has_value());
    EXPECT_EQ(ended->signal, SIGKILL);
    EXPECT_EQ(figure_in(file, "oom_kill"), 1);
    EXPECT_LE(served, 24);  // of 4 MiB each in 96 MiB
    std::printf("memory-growth limit=96MiB: killed after %d requests of 4 MiB\n", served);
    ::rmdir(group.c_str());
}

TEST_F(FaultProcessTest, LimitsAreLiftedWhenTheLabEnds) {
    launch({});
    const auto answer = control("POST", "/lab/faults", "cpu-quota:cores=0.5");
    const std::string group = cgroup_of(answer);
    EXPECT_EQ(group.empty(), !may_limit()) << answer.body;
    EXPECT_EQ(process_->terminate(SIGINT, kPatience).code, 0);
    EXPECT_TRUE(group.empty() || !std::filesystem::exists(group));
}

TEST_F(FaultTest, RateLimitAdmitsAFlatRate) {
    open();
    plant("rate-limit:rate=1/s,burst=5");
    const auto begin = Clock::now();
    int admitted = 0;
    int refused = 0;
    for (int i = 0; i < 40; ++i) {
        const auto answer = ask("GET", "/v1/deployments/5");
        admitted += answer.status == 200 ? 1 : 0;
        if (answer.status == 429) {
            ++refused;
            EXPECT_EQ(answer.header("retry-after"), "1");
        }
        EXPECT_EQ(ask("GET", "/health").status, 200);
    }
    EXPECT_EQ(admitted + refused, 40);
    EXPECT_GE(admitted, 5);
    EXPECT_LE(admitted, 5 + to_seconds(Clock::now() - begin) + 1);
    std::printf("rate-limit rate=1/s burst=5: %d of 40 admitted\n", admitted);
}

TEST_F(FaultTest, SlowUpstreamOccupiesNothingOfOurs) {
    open();
    plant("slow-upstream:delay=1s");
    Clients clients(port_, {"GET", "/v1/deployments/5", {}, {}}, 8);
    const auto begin = Clock::now();
    EXPECT_EQ(ask("GET", "/v1/deployments/5").status, 200);
    EXPECT_GE(Clock::now() - begin, 1s);
    // While requests wait, no backend works for them: sampled, most moments are idle.
    int busy = 0;
    for (int i = 0; i < 40; ++i) {
        busy += backends("state <> 'idle'") > 0 ? 1 : 0;
        std::this_thread::sleep_for(10ms);
    }
    EXPECT_LT(busy, 30);
}

TEST_F(FaultTest, AcceptQueueOverflows) {
    open();
    plant("accept-queue:backlog=1,pause=20s");
    const auto overflows = [] {
        // Two lines: the names, then the figures.
        std::ifstream file("/proc/net/netstat");
        std::string names;
        std::string figures;
        std::getline(file, names);
        std::getline(file, figures);
        std::istringstream name(names);
        std::istringstream figure(figures);
        std::string word;
        std::string value;
        while (name >> word && figure >> value) {
            if (word == "ListenOverflows") {
                return std::stol(value);
            }
        }
        return -1L;
    };
    /// The kernel's own length of our accept queue (column rx_queue of a listening socket).
    const auto queued = [&] {
        char wanted[32];
        std::snprintf(wanted, sizeof wanted, "0100007F:%04X 00000000:0000 0A", port_);
        std::ifstream file("/proc/net/tcp");
        std::string line;
        while (std::getline(file, line)) {
            const auto at = line.find(wanted);
            if (at != std::string::npos) {
                const auto colon = line.find(':', at + std::char_traits<char>::length(wanted));
                return std::stol(line.substr(colon + 1, 8), nullptr, 16);
            }
        }
        return -1L;
    };
    const long before = overflows();
    ASSERT_GE(before, 0);
    EXPECT_EQ(ask("GET", "/health").status, 200);  // the one accept before the pause
    std::vector<int> sockets;
    for (int i = 0; i < 8; ++i) {
        sockets.push_back(open_connection(port_));
    }
    EXPECT_TRUE(eventually([&] { return queued() == 2; }));  // backlog + 1: the kernel's count
    EXPECT_TRUE(eventually([&] { return overflows() > before; }));
    std::printf("accept-queue backlog=1: %ld in the queue, ListenOverflows +%ld\n", queued(),
                overflows() - before);
    for (const int socket : sockets) {
        ::close(socket);
    }
    remove("accept-queue");
}

}  // namespace
}  // namespace plimsoll::test
