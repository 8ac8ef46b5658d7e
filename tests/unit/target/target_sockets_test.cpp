#include "probes/target/target_sockets.hpp"

#include "probes/target/target_probe.hpp"
#include "signal/names.hpp"
#include "tests/support/readings.hpp"
#include "tests/unit/target/tcp_pair.hpp"

#include <csignal>
#include <functional>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using test::connect_to;
using test::Listener;
using test::read_bytes;
using test::send_bytes;
using ::testing::Optional;

/// A time at which every walk is due, and one at which none is.
const Clock::time_point kWalk = Clock::now() + 1h;
constexpr Clock::time_point kNoWalk{};

/// Both sources of the same figures: the parameter is TargetSocketsOptions::use_diag.
class TargetSocketsTest : public testing::TestWithParam<bool> {
protected:
    [[nodiscard]] TargetSockets watch(std::uint16_t port, pid_t pid = getpid(),
                                      std::set<std::uint16_t> databases = {}) const {
        return TargetSockets({pid, port, std::move(databases), "/proc", GetParam()});
    }
    static SocketFigures sample(TargetSockets& sockets, Clock::time_point now = kWalk) {
        auto figures = sockets.sample(now);
        EXPECT_TRUE(figures.ok()) << (figures ? "" : figures.error().to_string());
        return figures ? *figures : SocketFigures{};
    }
    static PeerFigures callers(const SocketFigures& figures) {
        return figures.peers.at({Peer::Caller, ""});
    }
    static std::string at(const Listener& listener) {
        return "127.0.0.1:" + std::to_string(listener.port());
    }
};

TEST_P(TargetSocketsTest, CountWhatNobodyHasAccepted) {
    const Listener listener(7);
    std::vector<Fd> calls;
    for (int i = 0; i < 3; ++i) {
        calls.push_back(connect_to(listener.port()));
        send_bytes(calls.back(), 10);
    }
    TargetSockets sockets = watch(listener.port());
    const SocketFigures figures = sample(sockets);
    EXPECT_EQ(sockets.source(), GetParam() ? "sock_diag" : "proc");
    EXPECT_EQ(figures.accept_queue, 3);
    EXPECT_EQ(figures.accept_limit, GetParam() ? std::optional(7.0) : std::nullopt);
    EXPECT_EQ(callers(figures).connections, 0);
    EXPECT_EQ(callers(figures).unread, 0);
}

TEST_P(TargetSocketsTest, TellUnreadRequestsFromThoseThatWereRead) {
    const Listener listener;
    const Fd unread = connect_to(listener.port());
    const Fd unread_accepted = listener.accept();
    const Fd read = connect_to(listener.port());
    const Fd read_accepted = listener.accept();
    send_bytes(unread, 100);
    send_bytes(read, 50);
    read_bytes(read_accepted, 50);
    TargetSockets sockets = watch(listener.port());
    const PeerFigures figures = callers(sample(sockets));
    EXPECT_EQ(figures.connections, 2);
    EXPECT_EQ(figures.unread, 1);
    EXPECT_EQ(figures.unread_bytes, 100);
    EXPECT_FALSE(figures.waiting);
}

TEST_P(TargetSocketsTest, DoNotTakeTheEndOfAConnectionForARequest) {
    const Listener listener;
    Fd gave_up = connect_to(listener.port());
    const Fd gave_up_accepted = listener.accept();
    Fd done = connect_to(listener.port());
    const Fd done_accepted = listener.accept();
    send_bytes(gave_up, 100);
    gave_up.reset();
    done.reset();
    TargetSockets sockets = watch(listener.port());
    const PeerFigures figures = callers(sample(sockets));
    EXPECT_EQ(figures.connections, 2);
    EXPECT_EQ(figures.unread, 1);
    EXPECT_EQ(figures.unread_bytes, 100);
}

TEST_P(TargetSocketsTest, CountCallersOfAListenerForBothFamilies) {
    const Listener listener(16, true);
    const Fd call = connect_to(listener.port());
    const Fd accepted = listener.accept();
    const Fd waiting = connect_to(listener.port());
    send_bytes(call, 5);
    TargetSockets sockets = watch(listener.port());
    const SocketFigures figures = sample(sockets);
    EXPECT_EQ(figures.accept_queue, 1);
    EXPECT_EQ(callers(figures).connections, 1);
    EXPECT_EQ(callers(figures).unread_bytes, 5);
}

TEST_P(TargetSocketsTest, TellDatabasesFromOtherServices) {
    const Listener listener;
    Listener database;
    Listener upstream;
    const Fd to_database = connect_to(database.port());
    const Fd database_end = database.accept();
    const Fd to_upstream = connect_to(upstream.port());
    const Fd upstream_end = upstream.accept();
    database.close();  // what the target itself listens on is no other service
    upstream.close();
    send_bytes(database_end, 30);
    TargetSockets sockets = watch(listener.port(), getpid(), {database.port()});
    const SocketFigures figures = sample(sockets);
    const PeerFigures& one = figures.peers.at({Peer::Database, at(database)});
    EXPECT_EQ(one.connections, 1);
    EXPECT_EQ(one.unread, 1);
    EXPECT_EQ(one.unread_bytes, 30);
    const PeerFigures& other = figures.peers.at({Peer::Upstream, at(upstream)});
    EXPECT_EQ(other.connections, 1);
    EXPECT_EQ(other.unread, 0);
    EXPECT_EQ(other.waiting.has_value(), GetParam());
}

/// Forks `child`, which tells its port and lives until it is killed.
class ServerProcess {
public:
    explicit ServerProcess(const std::function<void(int)>& child) {
        int ends[2] = {-1, -1};
        EXPECT_EQ(pipe(ends), 0);
        pid_ = fork();
        if (pid_ == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            ::close(ends[0]);
            child(ends[1]);
            for (;;) {
                pause();
            }
        }
        ::close(ends[1]);
        told_.set(ends[0]);
    }
    ~ServerProcess() {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    ServerProcess(const ServerProcess&) = delete;
    ServerProcess& operator=(const ServerProcess&) = delete;
    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] std::uint16_t port() const {
        std::uint16_t port = 0;
        EXPECT_EQ(::read(told_.get(), &port, sizeof(port)), static_cast<ssize_t>(sizeof(port)));
        return port;
    }

private:
    pid_t pid_ = -1;
    Fd told_;
};

void tell(int pipe, std::uint16_t port) {
    if (::write(pipe, &port, sizeof(port)) != static_cast<ssize_t>(sizeof(port))) {
        _exit(1);
    }
}

/// A child that listens, tells where, and has a connection to `port`; what it inherited it closes.
void call_and_listen(int pipe, std::uint16_t port, Listener& inherited) {
    const Listener listener;
    const Fd call = connect_to(port);
    inherited.close();
    tell(pipe, listener.port());
    for (;;) {
        pause();
    }
}

TEST_P(TargetSocketsTest, CountOnlyTheTargetsOwn) {
    Listener upstream;
    const ServerProcess server([&](int pipe) { call_and_listen(pipe, upstream.port(), upstream); });
    const std::uint16_t port = server.port();
    const Fd not_the_targets = connect_to(upstream.port());  // after the fork, which would share it
    TargetSockets sockets = watch(port, server.pid());
    const SocketFigures figures = sample(sockets);
    EXPECT_EQ(figures.peers.at({Peer::Upstream, at(upstream)}).connections, 1);
    EXPECT_THAT(figures.workers, Optional(1));
}

// nginx before an application: what the application connects to is the target's, and the connection
// between the two is nobody's.
TEST_P(TargetSocketsTest, AreAlsoThoseOfTheApplicationBehindAProxy) {
    Listener upstream;
    const ServerProcess application(
        [&](int pipe) { call_and_listen(pipe, upstream.port(), upstream); });
    const std::uint16_t inner = application.port();
    const ServerProcess proxy([&](int pipe) { call_and_listen(pipe, inner, upstream); });
    const std::uint16_t port = proxy.port();
    TargetSockets proxy_alone = watch(port, proxy.pid());
    const SocketFigures alone = sample(proxy_alone);
    EXPECT_EQ(alone.peers.count({Peer::Upstream, at(upstream)}), 0U);
    EXPECT_EQ(alone.peers.count({Peer::Upstream, "127.0.0.1:" + std::to_string(inner)}), 1U);
    TargetSockets both({proxy.pid(), port, {}, "/proc", GetParam(), {}, {application.pid()}});
    const SocketFigures figures = sample(both);
    EXPECT_EQ(figures.peers.at({Peer::Upstream, at(upstream)}).connections, 1);
    EXPECT_EQ(figures.peers.count({Peer::Upstream, "127.0.0.1:" + std::to_string(inner)}), 0U);
    EXPECT_FALSE(figures.workers);
}

// A proxy and what it passes requests on to, in one process, as in the lab; or a process that hands
// work to another of its own.
TEST_P(TargetSocketsTest, DoNotTakeTheTargetItselfForAnotherService) {
    const ServerProcess server([&](int pipe) {
        const Listener listener;
        const Listener inner;
        const Fd call = connect_to(inner.port());
        const Fd end = inner.accept();
        tell(pipe, listener.port());
        for (;;) {
            pause();
        }
    });
    TargetSockets sockets = watch(server.port(), server.pid());
    for (const auto& [peer, figures] : sample(sockets).peers) {
        EXPECT_EQ(peer.peer, Peer::Caller) << peer.remote << " " << figures.connections;
    }
}

TEST_P(TargetSocketsTest, CountProcessesThatServeThePort) {
    const ServerProcess server([](int pipe) {
        Listener listener;
        for (int i = 0; i < 4; ++i) {
            if (fork() == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                if (i == 3) {
                    listener.close();  // a helper that serves nobody
                }
                tell(pipe, listener.port());
                for (;;) {
                    pause();
                }
            }
        }
        for (;;) {
            pause();
        }
    });
    std::uint16_t port = 0;
    for (int i = 0; i < 4; ++i) {
        port = server.port();
    }
    TargetSockets sockets = watch(port, server.pid());
    EXPECT_THAT(sample(sockets).workers, Optional(3));
}

TEST_P(TargetSocketsTest, SayWhenThereIsNoSuchProcess) {
    pid_t gone = fork();
    if (gone == 0) {
        _exit(0);
    }
    waitpid(gone, nullptr, 0);
    TargetSockets sockets({gone, 1, {}, "/proc/self/fd", false});
    const auto figures = sockets.sample(kWalk);
    ASSERT_FALSE(figures.ok());
    EXPECT_EQ(figures.error().what, "its network namespace cannot be looked into");
}

INSTANTIATE_TEST_SUITE_P(BothSources, TargetSocketsTest, testing::Values(true, false),
                         [](const auto& source) { return source.param ? "Diag" : "Text"; });

TEST(TargetSockets, TellRequestsUnderWayFromConnectionsAtRest) {
    const Listener listener;
    Listener upstream;
    const Fd call = connect_to(upstream.port());
    const Fd end = upstream.accept();
    upstream.close();  // what the target itself listens on is no other service
    TargetSockets sockets({getpid(), listener.port(), {}, "/proc", true});
    const PeerKey key{Peer::Upstream, "127.0.0.1:" + std::to_string(upstream.port())};
    const auto look = [&](Clock::time_point now) {
        const auto figures = sockets.sample(now);
        EXPECT_TRUE(figures.ok());
        return figures ? figures->peers.at(key) : PeerFigures{};
    };
    EXPECT_THAT(look(kWalk).waiting, Optional(0));
    const Clock::time_point sent = Clock::now();
    send_bytes(call, 20);
    read_bytes(end, 20);
    PeerFigures figures = look(kNoWalk);
    const auto limit = Clock::now() + 30s;
    while (figures.longest_wait_s.value_or(0) < 0.050 && Clock::now() < limit) {
        poll(nullptr, 0, 5);
        figures = look(kNoWalk);
    }
    EXPECT_THAT(figures.waiting, Optional(1));
    EXPECT_GE(figures.longest_wait_s.value_or(0), 0.050);
    EXPECT_LE(figures.longest_wait_s.value_or(9), to_seconds(Clock::now() - sent) + 0.010);
    send_bytes(end, 20);
    figures = look(kNoWalk);
    EXPECT_THAT(figures.waiting, Optional(0));
    EXPECT_EQ(figures.unread, 1);  // the answer is there, and nobody has read it
    EXPECT_EQ(figures.unread_bytes, 20);
    read_bytes(call, 20);
    EXPECT_EQ(look(kNoWalk).unread, 0);
}

TEST(TargetSockets, SeeARequestThatFollowsOnConnectingAtOnce) {
    const Listener listener;
    Listener upstream;
    std::vector<Fd> ends;
    std::vector<Fd> calls;
    for (int i = 0; i < 10; ++i) {  // most of them within one tick of the kernel's
        calls.push_back(connect_to(upstream.port()));
        send_bytes(calls.back(), 20);
        ends.push_back(upstream.accept());
        read_bytes(ends.back(), 20);
    }
    upstream.close();
    TargetSockets sockets({getpid(), listener.port(), {}, "/proc", true});
    const PeerKey key{Peer::Upstream, "127.0.0.1:" + std::to_string(upstream.port())};
    const auto waiting = [&](Clock::time_point now) {
        const auto figures = sockets.sample(now);
        EXPECT_TRUE(figures.ok());
        return figures ? figures->peers.at(key).waiting : std::nullopt;
    };
    EXPECT_THAT(waiting(kWalk), Optional(10));
    send_bytes(ends.front(), 20);
    EXPECT_THAT(waiting(kWalk + 1min), Optional(9));
}

TEST(TargetSockets, TakeSomeForAllBetweenWalks) {
    constexpr int kCount = 300;
    const Listener listener(kCount);
    std::vector<Fd> calls;
    std::vector<Fd> accepted;
    for (int i = 0; i < kCount; ++i) {
        calls.push_back(connect_to(listener.port()));
        accepted.push_back(listener.accept());
        if (i % 2 == 0) {
            send_bytes(calls.back(), 8);
        }
    }
    TargetSockets sockets({getpid(), listener.port(), {}, "/proc", true});
    const auto unread = [&](Clock::time_point now) {
        const auto figures = sockets.sample(now);
        EXPECT_TRUE(figures.ok());
        const PeerFigures callers = figures ? figures->peers.at({Peer::Caller, ""}) : PeerFigures{};
        EXPECT_NEAR(callers.connections, kCount, 1e-6);
        return callers.unread;
    };
    EXPECT_NEAR(unread(kWalk), 150, 1e-6);
    // No time passes, so that a look takes the fewest: 16, but for the first, whose cost is not
    // known before. 64 + 15 × 16 is all of them; 19 × 16 is all, and 4 twice.
    for (int i = 0; i < 16; ++i) {
        (void)unread(kNoWalk);
    }
    double sum = 0;
    for (int i = 0; i < 19; ++i) {
        sum += unread(kNoWalk);
    }
    EXPECT_NEAR(sum / 19, 150, 2 + 1e-6);
    for (int i = 0; i < kCount; i += 2) {
        read_bytes(accepted[static_cast<std::size_t>(i)], 8);
    }
    EXPECT_EQ(unread(kNoWalk), 0);
}

TEST(SocketProbe, ReportsTheListenerOfAPort) {
    const ServerProcess server([](int pipe) {
        const Listener listener(5);
        tell(pipe, listener.port());
        for (;;) {
            pause();
        }
    });
    TargetProbeOptions options;
    options.port = server.port();
    options.docker_host = "unix:///nowhere";
    const Fd call = connect_to(options.port);
    const ProbePtr probe = make_socket_probe(options);
    EXPECT_EQ(probe->name(), "target:sockets");
    const Status started = probe->start(Clock::now() + 5s);
    ASSERT_TRUE(started.ok()) << started.error().to_string();
    const auto reading = probe->read(Clock::now() + 1s);
    ASSERT_TRUE(reading.ok());
    EXPECT_EQ(test::single(*probe, *reading, metric::kTargetAcceptQueue), 1);
    EXPECT_EQ(test::single(*probe, *reading, metric::kTargetAcceptLimit), 5);
    EXPECT_THAT(test::values(*probe, *reading, metric::kTargetConnections),
                testing::ElementsAre(testing::Pair("caller|", 0)));
    EXPECT_EQ(test::single(*probe, *reading, metric::kTargetWorkers), 1);
}

TEST(SocketProbe, SaysWhenNobodyListens) {
    Listener listener;
    TargetProbeOptions options;
    options.port = listener.port();
    options.docker_host = "unix:///nowhere";
    listener.close();
    const Status started = make_socket_probe(options)->start(Clock::now() + 5s);
    ASSERT_FALSE(started.ok());
    EXPECT_EQ(started.error().to_string(), "target:sockets: nobody listens on port " +
                                               std::to_string(options.port) + " of this machine");
}

}  // namespace
}  // namespace plimsoll
