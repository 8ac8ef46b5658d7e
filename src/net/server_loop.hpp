// Private to net: one thread of the server, with the connections on it.
#pragma once

#include "net/host_check.hpp"
#include "net/http_server.hpp"
#include "net/inbox.hpp"
#include "net/response_text.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <memory>
#include <string_view>
#include <thread>
#include <unordered_map>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

namespace plimsoll::net {

class ServerConnection;

/// One thread and the connections on it.
class ServerLoop {
public:
    ServerLoop(const HttpServerOptions& options, const HttpHandler& handler);
    ~ServerLoop();
    ServerLoop(const ServerLoop&) = delete;
    ServerLoop& operator=(const ServerLoop&) = delete;

    void start();
    void stop();
    void adopt(boost::asio::ip::tcp::socket socket);
    void remove(std::uint64_t id);
    [[nodiscard]] std::string_view date() { return date_.at(std::time(nullptr)); }

    const HttpServerOptions& options;
    const HttpHandler& handler;
    const HostCheck hosts;
    boost::asio::io_context io{1};
    std::shared_ptr<Inbox> inbox;
    std::atomic<std::size_t> open{0};

private:
    void deliver(Answer answer);
    void tick();
    void make_room();
    boost::asio::steady_timer timer_{io};
    std::unordered_map<std::uint64_t, std::shared_ptr<ServerConnection>> connections_;
    std::uint64_t next_id_ = 0;
    DateText date_;
    std::thread thread_;
};

}  // namespace plimsoll::net
