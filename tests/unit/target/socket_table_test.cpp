#include "probes/target/tcp_socket_table.hpp"
#include "tests/unit/target/tcp_pair.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using test::Listener;
using ::testing::Optional;
using ::testing::SizeIs;

// The example of the kernel's Documentation/networking/proc_net_tcp.rst, a listener, one in
// TIME_WAIT (06) and one whose peer has closed (08) with the closing unread.
constexpr const char* kTable =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode\n"
    "  46: 010310AC:9C4C 030310AC:1770 01 00000150:00000200 01:00000019 00000000  1000        0 "
    "54165785 4 cd1e6040 25 4 27 3 -1\n"
    "   0: 00000000:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 "
    "1651 1 000000009e106be7 100 0 0 10 0\n"
    "   1: 0100007F:1F90 0100007F:A2C4 06 00000000:00000000 03:00000F9C 00000000     0        0 0 "
    "3 0000000000000000\n"
    "   2: 0100007F:1F90 0100007F:A2C6 08 00000000:00000001 00:00000000 00000000     0        0 "
    "1700 1 0000000000000000 20 4 30 10 -1\n"
    "garbage\n";

TEST(TcpTable, IsReadAsTheKernelDocumentsIt) {
    const auto sockets = parse_tcp_table(kTable, false);
    ASSERT_THAT(sockets, SizeIs(3));
    EXPECT_EQ(sockets[0].local_port, 0x9C4C);
    EXPECT_EQ(sockets[0].remote_text(), "172.16.3.3:6000");
    EXPECT_EQ(sockets[0].waiting, 0x200U);
    EXPECT_EQ(sockets[0].inode, 54165785U);
    EXPECT_FALSE(sockets[0].listening);
    EXPECT_TRUE(sockets[1].listening);
    EXPECT_EQ(sockets[1].local_port, 8080);
    EXPECT_EQ(sockets[1].waiting, 3U);
    EXPECT_TRUE(sockets[2].peer_closed);
    EXPECT_TRUE(sockets[2].remote_is_loopback());
}

TEST(TcpTable, KnowsIpv6AndIpv4InItsClothes) {
    const auto sockets = parse_tcp_table(
        "0: 0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000500000A:C000 01 "
        "00000000:00000000 00:00000000 00000000 0 0 7 1\n"
        "1: 00000000000000000000000000000000:1F90 B80D0120000000000000000005000000:C000 01 "
        "00000000:00000000 00:00000000 00000000 0 0 8 1\n",
        true);
    ASSERT_THAT(sockets, SizeIs(2));
    EXPECT_EQ(sockets[0].remote_text(), "10.0.0.5:49152");
    EXPECT_EQ(sockets[1].remote_text(), "[2001:db8::5]:49152");
    EXPECT_FALSE(sockets[1].remote_is_loopback());
}

TEST(SocketDiag, ListsListenersWithTheirQueueAndItsLimit) {
    const Listener listener(7);
    const Fd first = test::connect_to(listener.port());
    const Fd second = test::connect_to(listener.port());
    auto diag = SocketDiag::open({});
    ASSERT_TRUE(diag.ok()) << diag.error().to_string();
    const auto listeners = diag->listeners();
    ASSERT_TRUE(listeners.ok());
    const auto found = std::find_if(listeners->begin(), listeners->end(), [&](const TcpSocket& s) {
        return s.local_port == listener.port();
    });
    ASSERT_NE(found, listeners->end());
    EXPECT_TRUE(found->listening);
    EXPECT_EQ(found->waiting, 2U);
    EXPECT_THAT(found->limit, Optional(7U));
}

TEST(SocketDiag, LeavesOutTheCallersEndsOnLoopback) {
    const Listener listener;
    const Fd caller = test::connect_to(listener.port());
    const Fd accepted = listener.accept();
    auto diag = SocketDiag::open({});
    ASSERT_TRUE(diag.ok());
    const auto all = diag->connections(listener.port());
    ASSERT_TRUE(all.ok());
    const auto count = [&](auto port_of) {
        return std::count_if(all->begin(), all->end(),
                             [&](const TcpSocket& s) { return port_of(s) == listener.port(); });
    };
    EXPECT_EQ(count([](const TcpSocket& s) { return s.local_port; }), 1);
    EXPECT_EQ(count([](const TcpSocket& s) { return s.remote_port; }), 0);
}

TEST(SocketDiag, LooksAgainAtSingleSocketsAndNoticesThoseThatAreGone) {
    const Listener listener;
    const Fd caller = test::connect_to(listener.port());
    Fd accepted = listener.accept();
    const Fd other_caller = test::connect_to(listener.port());
    const Fd other = listener.accept();
    auto diag = SocketDiag::open({});
    ASSERT_TRUE(diag.ok());
    const auto all = diag->connections(listener.port());
    ASSERT_TRUE(all.ok());
    std::vector<TcpSocket> ours;
    std::copy_if(all->begin(), all->end(), std::back_inserter(ours),
                 [&](const TcpSocket& s) { return s.local_port == listener.port(); });
    ASSERT_THAT(ours, SizeIs(2));
    test::send_bytes(other_caller, 40);
    accepted.reset();  // now FIN_WAIT2, which is not asked about by state but by name
    ASSERT_TRUE(diag->look_again(ours, true).ok());
    const auto read =
        std::count_if(ours.begin(), ours.end(), [](const TcpSocket& s) { return s.waiting == 40; });
    EXPECT_EQ(read, 1);
    for (const TcpSocket& socket : ours) {
        EXPECT_TRUE(socket.gone || socket.received_ms_ago.has_value());
    }
}

TEST(SocketDiag, SaysWhyANamespaceCannotBeEntered) {
    const auto diag = SocketDiag::open("/proc/self/ns/nothing");
    ASSERT_FALSE(diag.ok());
    EXPECT_EQ(diag.error().to_string(),
              "its network namespace cannot be entered: No such file or directory");
}

}  // namespace
}  // namespace plimsoll
