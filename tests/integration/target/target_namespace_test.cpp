// A target in another network namespace, as in a container. Takes root, as the engines' tests do.
#include "probes/target/target_sockets.hpp"
#include "tests/unit/target/tcp_pair.hpp"

#include <csignal>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
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
using ::testing::Optional;

bool bring_loopback_up() {
    const Fd fd(::socket(AF_INET, SOCK_DGRAM, 0));
    ifreq request{};
    request.ifr_name[0] = 'l';
    request.ifr_name[1] = 'o';
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    return ::ioctl(fd.get(), SIOCSIFFLAGS, &request) == 0;
}

/// In a namespace of its own: a listener with two calls that nobody has accepted and one accepted
/// with 40 unread bytes. Tells its port, then lives on.
[[noreturn]] void serve(int pipe) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::unshare(CLONE_NEWNET) != 0 || !bring_loopback_up()) {
        _exit(1);
    }
    const Listener listener(9);
    const Fd call = connect_to(listener.port());
    const Fd accepted = listener.accept();
    test::send_bytes(call, 40);
    const Fd second = connect_to(listener.port());
    const Fd third = connect_to(listener.port());
    const std::uint16_t port = listener.port();
    if (::write(pipe, &port, sizeof(port)) != static_cast<ssize_t>(sizeof(port))) {
        _exit(1);
    }
    for (;;) {
        pause();
    }
}

TEST(TargetNamespace, IsLookedIntoFromOutside) {
    int ends[2] = {-1, -1};
    ASSERT_EQ(pipe(ends), 0);
    const pid_t target = fork();
    if (target == 0) {
        serve(ends[1]);
    }
    ::close(ends[1]);
    const Fd told(ends[0]);
    std::uint16_t port = 0;
    ASSERT_EQ(::read(told.get(), &port, sizeof(port)), static_cast<ssize_t>(sizeof(port)))
        << "a namespace cannot be made: run as root";
    for (const bool diag : {true, false}) {
        // Published under another port, as engines do.
        for (const int seen_as : {static_cast<int>(port), port == 80 ? 81 : 80}) {
            TargetSockets sockets({target, static_cast<std::uint16_t>(seen_as), {}, "/proc", diag});
            const auto figures = sockets.sample(Clock::now() + 1h);
            ASSERT_TRUE(figures.ok()) << figures.error().to_string();
            EXPECT_EQ(sockets.source(), diag ? "sock_diag" : "proc");
            EXPECT_EQ(figures->accept_queue, 2);
            EXPECT_EQ(figures->peers.at({Peer::Caller, ""}).connections, 1);
            EXPECT_EQ(figures->peers.at({Peer::Caller, ""}).unread_bytes, 40);
            EXPECT_THAT(figures->workers, Optional(1));
        }
    }
    kill(target, SIGKILL);
    waitpid(target, nullptr, 0);
}

}  // namespace
}  // namespace plimsoll
