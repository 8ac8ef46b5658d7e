// Private to net: takes the server's new connections.
#pragma once

#include "base/clock.hpp"
#include "net/server_loop.hpp"

#include <cstddef>
#include <memory>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

namespace plimsoll::net {

/// Accepts on the first loop's thread and deals the connections out to all loops in turn.
class ServerListener {
public:
    explicit ServerListener(std::vector<std::unique_ptr<ServerLoop>>& loops)
        : loops_(loops), acceptor_(loops.front()->io), retry_(loops.front()->io) {}

    boost::system::error_code open(const boost::asio::ip::tcp::endpoint& endpoint, int backlog);
    [[nodiscard]] boost::asio::ip::tcp::endpoint endpoint() const;
    void accept();
    /// See HttpServer::throttle_accepts.
    void throttle(int backlog, Nanoseconds pause);

private:
    void pause();
    void accept_after(Nanoseconds length);

    std::vector<std::unique_ptr<ServerLoop>>& loops_;
    boost::asio::ip::tcp::acceptor acceptor_;
    boost::asio::steady_timer retry_;
    std::size_t next_ = 0;
    Nanoseconds between_{0};
};

}  // namespace plimsoll::net
