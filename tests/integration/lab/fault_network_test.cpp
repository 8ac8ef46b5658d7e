// The fault proxy, before the lab and before other servers, seen by plain sockets.
#include "fault_fixture.hpp"
#include "lab/proxy.hpp"
#include "tests/support/scripted_server.hpp"

#include <cerrno>
#include <cstdio>
#include <sys/socket.h>
#include <unistd.h>

#include <gmock/gmock.h>

namespace plimsoll::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

ProxyFaults faults_of(const std::string& text) {
    return ProxyFaults::of(*LabFault::parse(text));
}

FaultProxy proxy_before(unsigned short port, const std::string& text = "network") {
    ProxyOptions options;
    options.upstream = "127.0.0.1:" + std::to_string(port);
    options.faults = faults_of(text);
    auto proxy = FaultProxy::start(options);
    EXPECT_TRUE(proxy.ok()) << proxy.error().to_string();
    return std::move(proxy).value();
}

/// How a connection through the proxy ends when one request is sent: the errno of the first
/// failure.
int error_of_exchange(unsigned short port) {
    const int fd = open_connection(port);
    timeval patience{20, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const std::string request = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    char byte = 0;
    int problem = 0;
    const bool done = eventually([&] {
        if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) > 0) {
            return true;
        }
        problem = errno == EAGAIN || errno == ENOTCONN ? 0 : errno;
        return problem != 0;
    });
    EXPECT_TRUE(done);
    ssize_t got = -1;
    while (problem == 0 && (got = ::recv(fd, &byte, 1, 0)) < 0) {
        problem = errno == EAGAIN || errno == EINTR ? 0 : errno;
    }
    ::close(fd);
    return problem;
}

TEST(FaultProxyTest, PassesEverythingUnchanged) {
    const std::string big(3'000'000, 'b');
    ScriptedServer server([&](const std::string&, int) {
        Answer answer;
        answer.bytes = ok_response(big + "end");
        answer.close = true;
        return answer;
    });
    auto proxy = proxy_before(server.port(), "network:latency=1ms,jitter=3ms");
    for (int i = 0; i < 3; ++i) {
        const auto answer = get(proxy.port(), "/");
        ASSERT_TRUE(answer.has_value());
        EXPECT_EQ(answer->body.size(), big.size() + 3);
        EXPECT_EQ(answer->body.substr(big.size()), "end");
    }
    EXPECT_TRUE(eventually([&] { return proxy.state().open == 0; }));
    EXPECT_GT(proxy.state().bytes, 9'000'000U);
}

TEST(FaultProxyTest, DelaysEachDirection) {
    ScriptedServer server([](const std::string&, int) {
        Answer answer;
        answer.bytes = ok_response();
        answer.close = true;
        return answer;
    });
    auto proxy = proxy_before(server.port(), "network:latency=150ms");
    auto begin = Clock::now();
    ASSERT_TRUE(get(proxy.port(), "/").has_value());
    EXPECT_GE(Clock::now() - begin, 300ms);
    proxy.set({});
    EXPECT_TRUE(eventually([&] {
        begin = Clock::now();
        return get(proxy.port(), "/").has_value() && Clock::now() - begin < 300ms;
    }));
}

TEST(FaultProxyTest, LimitsTheBandwidth) {
    ScriptedServer server([](const std::string&, int) {
        Answer answer;
        answer.bytes = ok_response(std::string(100 * 1024, 'x'));
        answer.close = true;
        return answer;
    });
    auto proxy = proxy_before(server.port(), "network:bandwidth=100KiB");
    const auto begin = Clock::now();
    const auto answer = get(proxy.port(), "/");
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->body.size(), 100U * 1024);
    const double seconds = to_seconds(Clock::now() - begin);
    std::printf("network bandwidth=100KiB: 100 KiB took %.2f s\n", seconds);
    EXPECT_GE(seconds, 0.99);
}

TEST(FaultProxyTest, ResetsConnections) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response()}; });
    auto proxy = proxy_before(server.port());
    EXPECT_EQ(error_of_exchange(proxy.port()), 0);
    proxy.set(faults_of("network:reset_rate=100%"));
    EXPECT_TRUE(eventually([&] { return error_of_exchange(proxy.port()) == ECONNRESET; }));
    EXPECT_GE(proxy.state().resets, 1U);
    proxy.set(faults_of("network:drop_new=100%"));
    EXPECT_TRUE(eventually([&] {
        const int problem = error_of_exchange(proxy.port());
        return (problem == ECONNRESET || problem == EPIPE) && proxy.state().dropped > 0;
    }));
    // A connection that the kernel has made counts at the server only once its thread accepts it,
    // so those let through before are waited for; the one after must add none.
    const auto let_through = [&] { return proxy.state().accepted - proxy.state().dropped; };
    const auto reached = let_through();
    EXPECT_TRUE(eventually([&] { return server.connections() == reached; }));
    EXPECT_NE(error_of_exchange(proxy.port()), 0);
    EXPECT_EQ(let_through(), reached);
    EXPECT_EQ(server.connections(), reached);
}

TEST(FaultProxyTest, StallsAndGoesOn) {
    ScriptedServer server([](const std::string&, int) {
        Answer answer;
        answer.bytes = ok_response();
        answer.close = true;
        return answer;
    });
    auto proxy = proxy_before(server.port(), "network:stall=yes");
    std::optional<HttpAnswer> answer;
    std::atomic<bool> done = false;
    std::thread client([&] {
        answer = get(proxy.port(), "/");
        done = true;
    });
    EXPECT_TRUE(eventually([&] { return proxy.state().open == 1; }));
    std::this_thread::sleep_for(300ms);
    EXPECT_FALSE(done);
    EXPECT_EQ(server.requests(), 0U);
    proxy.set({});
    client.join();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->status, 200);
}

TEST(FaultProxyTest, ResetsClientsOfADeadUpstream) {
    auto proxy = proxy_before(1);
    EXPECT_NE(error_of_exchange(proxy.port()), 0);
    EXPECT_GE(proxy.state().failed, 1U);
    ProxyOptions options;
    options.upstream = "nowhere";
    EXPECT_EQ(FaultProxy::start(options).error().to_string(),
              "nowhere: not an address with a port (write host:port or unix:/path)");
}

TEST(FaultProxyTest, WorksInFrontOfPostgres) {
    auto postgres = ThrowawayPostgres::start({}, Clock::now() + kPatience);
    ASSERT_TRUE(postgres.ok());
    ProxyOptions options;
    options.upstream =
        "unix:" + postgres->folder() + "/.s.PGSQL." + std::to_string(postgres->port());
    options.faults = faults_of("network:latency=50ms");
    auto proxy = FaultProxy::start(options);
    ASSERT_TRUE(proxy.ok()) << proxy.error().to_string();
    PgClient client("host=127.0.0.1 user=app dbname=lab port=" + std::to_string(proxy->port()));
    ASSERT_TRUE(client.ok()) << client.error();
    const auto begin = Clock::now();
    EXPECT_EQ(client.run("SELECT 41 + 1"), "42");
    EXPECT_GE(Clock::now() - begin, 100ms);
}

TEST_F(FaultTest, NetworkDelaysTheServiceOnly) {
    open({"network:latency=100ms"});
    const auto begin = Clock::now();
    EXPECT_EQ(ask("GET", "/v1/deployments/5").status, 200);
    EXPECT_GE(Clock::now() - begin, 200ms);
    plant("network:reset_rate=100%");
    EXPECT_TRUE(eventually([&] { return error_of_exchange(port_) == ECONNRESET; }));
    EXPECT_EQ(control("GET", "/lab/state").status, 200);  // reached past the proxy
    remove("network");
    EXPECT_TRUE(eventually([&] { return ask("GET", "/v1/deployments/5").status == 200; }));
}

TEST(LabProxyCommand, IsSwitchedWhileItRuns) {
    ScriptedServer server([](const std::string&, int) {
        Answer answer;
        answer.bytes = ok_response();
        answer.close = true;
        return answer;
    });
    ChildOptions options;
    options.argv = {PLIMSOLL_BINARY,
                    "lab",
                    "proxy",
                    "--upstream",
                    "127.0.0.1:" + std::to_string(server.port()),
                    "--latency",
                    "100ms"};
    options.out = ChildOutput::pipe();
    auto child = ChildProcess::spawn(options);
    ASSERT_TRUE(child.ok());
    const auto ready = child->read_line(Clock::now() + kPatience);
    const auto control = child->read_line(Clock::now() + kPatience);
    ASSERT_TRUE(ready.ok() && control.ok());
    EXPECT_THAT(*ready, HasSubstr("ready 127.0.0.1:"));
    const auto begin = Clock::now();
    EXPECT_EQ(get(port_of(*ready), "/")->status, 200);
    EXPECT_GE(Clock::now() - begin, 200ms);
    const auto switches = port_of(*control);
    const auto planted = exchange(switches, {"POST", "/lab/faults", {}, "network:drop_new=100%"});
    ASSERT_TRUE(planted.has_value());
    EXPECT_THAT(planted->body, HasSubstr("planted_at"));
    EXPECT_TRUE(eventually([&] { return !get(port_of(*ready), "/").has_value(); }));
    EXPECT_EQ(exchange(switches, {"POST", "/lab/faults", {}, "network:latency=1"})->status, 400);
    EXPECT_EQ(exchange(switches, {"DELETE", "/lab/faults", {}, {}})->status, 200);
    EXPECT_TRUE(eventually([&] { return get(port_of(*ready), "/").has_value(); }));
    EXPECT_EQ(child->terminate(SIGINT, kPatience).code, 0);
}

TEST(LabProxyCommand, RefusesBadFlags) {
    const auto status_of = [](std::vector<std::string> arguments) {
        ChildOptions options;
        options.argv = {PLIMSOLL_BINARY, "lab", "proxy"};
        options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
        options.err = ChildOutput::null();
        auto child = ChildProcess::spawn(options);
        return child->wait(Clock::now() + kPatience)->code;
    };
    EXPECT_EQ(status_of({"--upstream", "127.0.0.1:1", "--latency", "20"}), 104);
    EXPECT_EQ(status_of({"--upstream", "nowhere"}), 104);
    EXPECT_EQ(status_of({"--upstream", "127.0.0.1:1", "--control", "0.0.0.0:0"}), 104);
}

}  // namespace
}  // namespace plimsoll::test
