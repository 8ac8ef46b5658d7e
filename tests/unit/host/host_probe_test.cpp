#include "probes/host/host_probe.hpp"

#include "probes/host/network_figures.hpp"
#include "signal/names.hpp"
#include "tests/support/readings.hpp"
#include "tests/support/temp_folder.hpp"

#include <arpa/inet.h>
#include <fstream>
#include <netinet/in.h>
#include <sstream>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using test::single;
using test::values;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;
using ::testing::Pair;

constexpr const char* kNetstat =
    "TcpExt: SyncookiesSent ListenOverflows ListenDrops TCPTimeouts\n"
    "TcpExt: 1 42 43 7\n"
    "IpExt: InNoRoutes ListenOverflows\n"
    "IpExt: 9 9\n";
constexpr const char* kSnmp =
    "Ip: Forwarding OutSegs\nIp: 1 2\n"
    "Tcp: RtoAlgorithm ActiveOpens OutSegs RetransSegs\nTcp: 1 100 5000 60\n";

TEST(FindCounter, TakesTheNumberUnderTheNameOfItsProtocol) {
    EXPECT_THAT(find_counter(kNetstat, "TcpExt", "ListenOverflows"), Optional(42));
    EXPECT_THAT(find_counter(kSnmp, "Tcp", "OutSegs"), Optional(5000));
    EXPECT_EQ(find_counter(kNetstat, "TcpExt", "Nothing"), std::nullopt);
    EXPECT_EQ(find_counter(kNetstat, "Udp", "ListenDrops"), std::nullopt);
    EXPECT_EQ(find_counter("TcpExt: A B\nTcpExt: 1\n", "TcpExt", "B"), std::nullopt);
}

TEST(CountPorts, CountsBothEnds) {
    EXPECT_THAT(count_ports("32768\t60999\n"), Optional(28232));
    EXPECT_EQ(count_ports("60999 32768"), std::nullopt);
    EXPECT_EQ(count_ports(""), std::nullopt);
}

/// A /proc of our own making.
class ProcFolder {
public:
    void write(const std::string& path, const std::string& text) const {
        std::filesystem::create_directories((folder_.path() / path).parent_path());
        std::ofstream(folder_.path() / path) << text;
    }
    [[nodiscard]] std::string path() const { return folder_.path(); }

private:
    test::TempFolder folder_;
};

TEST(HostProbe, ReportsTheMachineAndTcpOfTheGenerator) {
    const ProcFolder proc;
    proc.write("self/net/netstat", kNetstat);
    proc.write("self/net/snmp", kSnmp);
    proc.write("self/net/sockstat", "sockets: used 90\nTCP: inuse 7 orphan 0 tw 3 alloc 9 mem 1\n");
    proc.write("sys/net/ipv4/ip_local_port_range", "32768\t60999\n");
    // In ticks of 10 ms: idle (4th) and iowait (5th) are not in use.
    proc.write("stat",
               "cpu  1 1 1 1 1 1 1 1 0 0\ncpu0 100 20 30 4000 500 6 4 40 7 7\n"
               "cpu1 1 0 0 9 0 0 0 0 0 0\nintr 5\n");
    proc.write("loadavg", "1.25 0.50 0.10 1/2 3\n");
    proc.write("meminfo", "MemTotal: 2048 kB\nMemFree: 1 kB\nMemAvailable: 1024 kB\n");
    proc.write("pressure/io", "some avg10=0 avg60=0 avg300=0 total=1500000\n");
    HostProbeOptions options;
    options.proc_root = proc.path();
    const ProbePtr probe = make_host_probe(options);
    EXPECT_EQ(probe->name(), "host:generator");
    ASSERT_TRUE(probe->start(Clock::now() + 1s).ok());
    const auto reading = probe->read(Clock::now() + 1s);
    ASSERT_TRUE(reading.ok());
    const auto one = [&](const char* name) { return single(*probe, *reading, name); };
    EXPECT_THAT(values(*probe, *reading, metric::kHostCpuSeconds),
                ElementsAre(Pair("generator|0", 2.0), Pair("generator|1", 0.01)));
    EXPECT_EQ(one(metric::kHostListenOverflows), 42);
    EXPECT_EQ(one(metric::kHostListenDrops), 43);
    EXPECT_EQ(one(metric::kHostSegmentsSent), 5000);
    EXPECT_EQ(one(metric::kHostSegmentsResent), 60);
    EXPECT_EQ(one(metric::kHostTimeWait), 3);
    EXPECT_EQ(one(metric::kHostTcpSockets), 7);
    EXPECT_EQ(one(metric::kHostLocalPorts), 28232);
    EXPECT_EQ(one(metric::kHostLoad), 1.25);
    EXPECT_EQ(one(metric::kHostMemory), 2097152);
    EXPECT_EQ(one(metric::kHostMemoryAvailable), 1048576);
    EXPECT_THAT(values(*probe, *reading, metric::kHostPressure),
                ElementsAre(Pair("generator|io|some", 1.5)));
}

TEST(HostProbe, SaysWhenTheKernelShowsNothing) {
    const ProcFolder proc;
    HostProbeOptions options;
    options.proc_root = proc.path();
    const Status started = make_host_probe(options)->start(Clock::now() + 1s);
    ASSERT_FALSE(started.ok());
    EXPECT_EQ(started.error().to_string(),
              "host:generator: the kernel's figures cannot be read (is /proc mounted?)");
}

/// A listener of this process with the shortest accept queue, which nobody serves.
class DeafListener {
public:
    DeafListener() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        address_.sin_family = AF_INET;
        address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address_);
        EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address_), size), 0);
        EXPECT_EQ(listen(fd_, 0), 0);
        getsockname(fd_, reinterpret_cast<sockaddr*>(&address_), &size);
    }
    ~DeafListener() {
        for (const int caller : callers_) {
            close(caller);
        }
        stop();
    }
    DeafListener(const DeafListener&) = delete;
    DeafListener& operator=(const DeafListener&) = delete;

    [[nodiscard]] std::uint16_t port() const { return ntohs(address_.sin_port); }
    void call() {
        callers_.push_back(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        connect(callers_.back(), reinterpret_cast<sockaddr*>(&address_), sizeof(address_));
    }
    void stop() {
        if (fd_ >= 0) {
            close(fd_);
            fd_ = -1;
        }
    }

private:
    int fd_;
    sockaddr_in address_{};
    std::vector<int> callers_;
};

double kernels_overflows() {
    std::stringstream text;
    text << std::ifstream("/proc/self/net/netstat").rdbuf();
    std::istringstream lines(text.str());
    std::string names;
    std::string numbers;
    std::getline(lines, names);
    std::getline(lines, numbers);
    std::istringstream name_words(names);
    std::istringstream number_words(numbers);
    std::string name;
    std::string number;
    while (name_words >> name && number_words >> number) {
        if (name == "ListenOverflows") {
            return std::stod(number);
        }
    }
    return -1;
}

TEST(HostProbe, SeesTheTargetsAcceptQueueOverflow) {
    DeafListener listener;
    HostProbeOptions options;
    options.side = HostSide::Target;
    options.port = listener.port();
    options.docker_host = "unix:///nowhere";
    const ProbePtr probe = make_host_probe(options);
    EXPECT_EQ(probe->name(), "host:target");
    const Status started = probe->start(Clock::now() + 5s);
    ASSERT_TRUE(started.ok()) << started.error().to_string();
    const auto before = probe->read(Clock::now() + 1s);
    ASSERT_TRUE(before.ok());
    const double low = kernels_overflows();
    for (int i = 0; i < 8; ++i) {
        listener
            .call();  // a queue of 0 holds one; a loopback handshake is done when connect returns
    }
    const auto after = probe->read(Clock::now() + 1s);
    ASSERT_TRUE(after.ok());
    // Other programs' listeners count too: the kernel counts by namespace.
    EXPECT_GE(single(*probe, *after, metric::kHostListenOverflows), low + 6);
    EXPECT_LE(single(*probe, *after, metric::kHostListenOverflows), kernels_overflows());
    EXPECT_TRUE(values(*probe, *after, metric::kHostCpuSeconds).empty());
}

TEST(HostProbe, SaysWhenNobodyListensOnTheTargetsPort) {
    HostProbeOptions options;
    options.side = HostSide::Target;
    {
        const DeafListener listener;
        options.port = listener.port();
    }
    options.docker_host = "unix:///nowhere";
    const ProbePtr probe = make_host_probe(options);
    const std::string error =
        "host:target: nobody listens on port " + std::to_string(options.port) + " of this machine";
    const Status started = probe->start(Clock::now() + 1s);
    ASSERT_FALSE(started.ok());
    EXPECT_EQ(started.error().to_string(), error);
    const auto reading = probe->read(Clock::now() + 1s);
    ASSERT_FALSE(reading.ok());
    EXPECT_EQ(reading.error().to_string(), error);
}

TEST(ThisMachine, IsLoopbackAndItsOwnNameAndNobodyElse) {
    for (const char* own : {"localhost", "127.0.0.1", "127.9.9.9", "::1"}) {
        EXPECT_TRUE(is_this_machine(own)) << own;
    }
    // Addresses kept for documentation (RFC 5737, RFC 3849), and a name that nobody can have.
    for (const char* other : {"192.0.2.1", "2001:db8::1", "shop.invalid", ""}) {
        EXPECT_FALSE(is_this_machine(other)) << other;
    }
}

}  // namespace
}  // namespace plimsoll
