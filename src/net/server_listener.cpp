#include "net/server_listener.hpp"

#include <chrono>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

namespace plimsoll::net {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

error_code ServerListener::open(const tcp::endpoint& endpoint, int backlog) {
    error_code problem;
    acceptor_.open(endpoint.protocol(), problem);
    if (!problem) {
        acceptor_.set_option(tcp::acceptor::reuse_address(true), problem);
    }
    if (!problem) {
        acceptor_.bind(endpoint, problem);
    }
    if (!problem) {
        acceptor_.listen(backlog, problem);
    }
    return problem;
}

tcp::endpoint ServerListener::endpoint() const {
    error_code ignored;
    return acceptor_.local_endpoint(ignored);
}

void ServerListener::accept() {
    ServerLoop& loop = *loops_[next_++ % loops_.size()];
    acceptor_.async_accept(loop.io, [this, &loop](error_code problem, tcp::socket socket) {
        if (problem == asio::error::operation_aborted) {
            return;
        }
        if (problem) {
            pause();
            return;
        }
        if (&loop == loops_.front().get()) {
            loop.adopt(std::move(socket));
        } else {
            asio::post(loop.io, [&loop, taken = std::move(socket)]() mutable {
                loop.adopt(std::move(taken));
            });
        }
        if (between_ > Nanoseconds(0)) {
            accept_after(between_);
        } else {
            accept();
        }
    });
}

void ServerListener::throttle(int backlog, Nanoseconds pause) {
    asio::post(loops_.front()->io, [this, backlog, pause] {
        error_code ignored;
        acceptor_.listen(backlog, ignored);
        between_ = pause;
    });
}

/// Usually out of file descriptors: trying again at once would only burn a processor.
void ServerListener::pause() {
    accept_after(std::chrono::milliseconds(50));
}

void ServerListener::accept_after(Nanoseconds length) {
    retry_.expires_after(length);
    retry_.async_wait([this](error_code problem) {
        if (!problem) {
            accept();
        }
    });
}

}  // namespace plimsoll::net
