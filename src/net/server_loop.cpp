#include "net/server_loop.hpp"

#include "net/server_connection.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <sys/resource.h>
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

namespace plimsoll::net {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

ServerLoop::ServerLoop(const HttpServerOptions& the_options, const HttpHandler& the_handler)
    : options(the_options),
      handler(the_handler),
      hosts(the_options.check_host,
            the_options.reached_at.empty() ? the_options.address : the_options.reached_at),
      inbox(std::make_shared<Inbox>([this](Answer answer) { deliver(std::move(answer)); },
                                    [this] {
                                        asio::post(io, [this] {
                                            for (auto& answer : inbox->take()) {
                                                deliver(std::move(answer));
                                            }
                                        });
                                    })) {}

ServerLoop::~ServerLoop() {
    stop();
}

void ServerLoop::start() {
    tick();
    thread_ = std::thread([this] {
        if (options.niceness != 0) {
            // Of this thread alone, as Linux has it. Where it is not allowed, all stays as it is.
            static_cast<void>(::setpriority(PRIO_PROCESS, 0, options.niceness));
        }
        inbox->set_owner(std::this_thread::get_id());
        const auto guard = asio::make_work_guard(io);
        io.run();
        inbox->set_owner({});
    });
}

void ServerLoop::stop() {
    io.stop();
    if (thread_.joinable()) {
        thread_.join();
    }
    inbox->close();
}

/// Each loop has its part of the connections that are allowed.
void ServerLoop::make_room() {
    const auto threads = static_cast<std::size_t>(std::max(1, options.threads));
    if (options.max_connections == 0 ||
        connections_.size() < std::max<std::size_t>(1, options.max_connections / threads)) {
        return;
    }
    std::shared_ptr<ServerConnection> longest;
    for (const auto& [id, connection] : connections_) {
        const auto since = connection->waits_since();
        if (since && (!longest || *since < *longest->waits_since())) {
            longest = connection;
        }
    }
    if (longest) {
        longest->close();
    }
}

void ServerLoop::adopt(tcp::socket socket) {
    make_room();
    const std::uint64_t id = next_id_++;
    auto connection = std::make_shared<ServerConnection>(*this, std::move(socket), id);
    connections_.emplace(id, connection);
    open.store(connections_.size(), std::memory_order_relaxed);
    connection->begin();
}

void ServerLoop::remove(std::uint64_t id) {
    connections_.erase(id);
    open.store(connections_.size(), std::memory_order_relaxed);
}

void ServerLoop::deliver(Answer answer) {
    const auto found = connections_.find(answer.connection);
    if (found == connections_.end()) {
        if (answer.open) {
            *answer.open = false;
        }
        return;
    }
    const auto connection = found->second;  // answering may close and remove it
    switch (answer.kind) {
        case Answer::Kind::Whole:
            connection->answer(std::move(answer.response));
            break;
        case Answer::Kind::Stream:
            connection->stream(answer.response, std::move(answer.open));
            break;
        case Answer::Kind::Piece:
            connection->add_piece(std::move(answer.piece));
            break;
        case Answer::Kind::StreamEnd:
            connection->end_stream();
            break;
    }
}

void ServerLoop::tick() {
    const Nanoseconds shortest =
        std::min({options.idle_timeout, options.request_timeout, options.write_timeout});
    timer_.expires_after(std::clamp<Nanoseconds>(shortest / 4, std::chrono::milliseconds(5),
                                                 std::chrono::seconds(1)));
    timer_.async_wait([this](error_code problem) {
        if (problem) {
            return;
        }
        const auto now = Clock::now();
        std::vector<std::shared_ptr<ServerConnection>> all;
        all.reserve(connections_.size());
        for (const auto& entry : connections_) {
            all.push_back(entry.second);
        }
        for (const auto& connection : all) {
            connection->check_time(now);
        }
        tick();
    });
}

}  // namespace plimsoll::net
