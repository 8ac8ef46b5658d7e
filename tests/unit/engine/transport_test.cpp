// Connections without requests: opened by real sockets on loopback.
#include "engine/transport/connector.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

/// A port on loopback: with `listens`, one that takes connections, else one that refuses them.
class Port {
public:
    explicit Port(bool listens) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in any{};
        any.sin_family = AF_INET;
        any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        std::memcpy(&address.storage, &any, sizeof any);
        address.length = sizeof any;
        EXPECT_EQ(::bind(socket_, address.get(), address.length), 0);
        if (listens) {
            EXPECT_EQ(::listen(socket_, 8), 0);
        }
        sockaddr_in bound{};
        socklen_t size = sizeof bound;
        EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&bound), &size), 0);
        std::memcpy(&address.storage, &bound, sizeof bound);
    }
    Port(const Port&) = delete;
    Port& operator=(const Port&) = delete;
    ~Port() { ::close(socket_); }
    [[nodiscard]] int accept() const { return ::accept(socket_, nullptr, nullptr); }

    SocketAddress address;

private:
    int socket_;
};

struct Opened {
    ConnectorPlan plan;
    TlsOptions tls;
    EventLoop loop;
    Recorder recorder{0, 1, Clock::now(), 1h,
                      [](std::unique_ptr<Interval> interval) { return interval; }};
    Connector connector{plan, tls, loop, recorder};
    Origin origin;
    Connection connection;

    explicit Opened(std::vector<SocketAddress> addresses) {
        origin.addresses = std::move(addresses);
        connection.origin = &origin;
        connection.connect_by = Clock::now() + 10s;
    }
    /// Until it stands or has failed.
    Opening open(std::uint32_t first = 0) {
        Opening opening = connector.try_next(connection, first, 0);
        while (opening.state == Opening::State::Begun || opening.state == Opening::State::Waiting) {
            const auto now = Clock::now();
            const auto events = loop.wait(now, connection.connect_by);
            if (events.empty()) {
                ADD_FAILURE() << "nothing came";
                return {Opening::State::Failed};
            }
            opening = connector.on_event(connection, first, events.front().events);
        }
        return opening;
    }
};

TEST(Connector, OpensAConnection) {
    const Port port(true);
    Opened one({port.address});
    EXPECT_EQ(one.open().state, Opening::State::Stands);
    EXPECT_EQ(one.recorder.counts().connects_ok, 1U);
    EXPECT_EQ(one.recorder.levels.connections_open, 1U);
    one.connector.close(one.connection);
    EXPECT_LT(one.connection.socket, 0);
    EXPECT_EQ(one.recorder.levels.connections_open, 0U);
}

TEST(Connector, GoesOnToTheNextAddressWhereOneRefuses) {
    const Port refuses(false);
    const Port takes(true);
    Opened one({refuses.address, refuses.address, takes.address});
    EXPECT_EQ(one.open().state, Opening::State::Stands);
    EXPECT_EQ(one.recorder.counts().connects_failed, 2U);
    EXPECT_EQ(one.recorder.counts().connects_ok, 1U);
    EXPECT_EQ(one.recorder.levels.connections_open, 1U);
}

TEST(Connector, BeginsWithTheUsersOwnAddress) {
    const Port refuses(false);
    const Port takes(true);
    Opened one({refuses.address, takes.address});
    EXPECT_EQ(one.open(1).state, Opening::State::Stands);
    EXPECT_EQ(one.recorder.counts().connects_failed, 0U);
}

TEST(Connector, FailsWhereAllRefuse) {
    const Port refuses(false);
    Opened one({refuses.address, refuses.address});
    const Opening opening = one.open();
    EXPECT_EQ(opening.state, Opening::State::Failed);
    EXPECT_EQ(opening.error, ECONNREFUSED);
    EXPECT_EQ(one.recorder.counts().connects_failed, 2U);
    EXPECT_EQ(one.recorder.levels.connections_open, 0U);
}

TEST(Connector, LeavesTheSocketsThatAreOthers) {
    const Port takes(true);
    Opened one({takes.address});
    one.plan.sockets_below = 0;
    const Opening opening = one.open();
    EXPECT_EQ(opening.state, Opening::State::Failed);
    EXPECT_EQ(opening.error, EMFILE);
}

TEST(Connection, PassesBytesBothWays) {
    const Port port(true);
    Opened one({port.address});
    ASSERT_EQ(one.open().state, Opening::State::Stands);
    const int other = port.accept();
    ASSERT_GE(other, 0);
    std::array<char, 64> buffer{};
    EXPECT_EQ(one.connection.receive(buffer), -1);
    EXPECT_EQ(errno, EAGAIN);
    EXPECT_EQ(one.connection.send("hello"), 5);
    EXPECT_EQ(::recv(other, buffer.data(), buffer.size(), 0), 5);
    EXPECT_EQ(::send(other, "abc", 3, 0), 3);
    ::close(other);
    pollfd readable{one.connection.socket, POLLIN, 0};
    ASSERT_EQ(::poll(&readable, 1, 10'000), 1);
    EXPECT_EQ(one.connection.receive(buffer), 3);
    EXPECT_EQ(std::string(buffer.data(), 3), "abc");
    EXPECT_EQ(one.connection.receive(buffer), 0);
    one.connector.close(one.connection);
}

}  // namespace
}  // namespace plimsoll
