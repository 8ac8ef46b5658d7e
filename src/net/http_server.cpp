#include "net/http_server.hpp"

#include "net/server_listener.hpp"
#include "net/server_loop.hpp"

#include <algorithm>
#include <system_error>
#include <utility>
#include <vector>

#include <boost/asio/ip/tcp.hpp>

namespace plimsoll {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using net::ServerListener;
using net::ServerLoop;

}  // namespace

struct HttpServer::State {
    State(HttpServerOptions the_options, HttpHandler the_handler)
        : options(std::move(the_options)), handler(std::move(the_handler)) {
        for (int i = 0; i < std::max(1, options.threads); ++i) {
            loops.push_back(std::make_unique<ServerLoop>(options, handler));
        }
        listener = std::make_unique<ServerListener>(loops);
    }
    ~State() { stop(); }

    void stop() {
        // All threads first: a loop may be handing a connection to another one.
        for (const auto& loop : loops) {
            loop->stop();
        }
        listener.reset();
        // In order: an accept that waits in the first loop holds a socket made for another.
        for (auto& loop : loops) {
            loop.reset();
        }
        loops.clear();
    }

    HttpServerOptions options;
    HttpHandler handler;
    std::vector<std::unique_ptr<ServerLoop>> loops;
    std::unique_ptr<ServerListener> listener;
    tcp::endpoint endpoint;
};

HttpServerOptions own_port_options(std::string address, std::uint16_t port) {
    HttpServerOptions options;
    options.address = std::move(address);
    options.port = port;
    options.max_connections = kOwnPortConnections;
    options.request_timeout = std::chrono::seconds(5);
    options.write_timeout = std::chrono::seconds(10);
    options.backlog = 128;
    return options;
}

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpServer::HttpServer(HttpServer&&) noexcept = default;
HttpServer& HttpServer::operator=(HttpServer&&) noexcept = default;
HttpServer::~HttpServer() = default;

Result<HttpServer> HttpServer::start(HttpServerOptions options, HttpHandler handler) {
    const std::string where = options.address + ":" + std::to_string(options.port);
    error_code problem;
    const auto address = asio::ip::make_address(
        options.address == "localhost" ? "127.0.0.1" : options.address, problem);
    if (problem) {
        return Error{"not an address to listen on", where, "use a numeric one, e.g. 127.0.0.1"};
    }
    const tcp::endpoint endpoint(address, options.port);
    try {
        auto state = std::make_unique<State>(std::move(options), std::move(handler));
        problem = state->listener->open(endpoint, state->options.backlog);
        if (problem) {
            return Error{"cannot listen: " + problem.message(), where, {}};
        }
        state->endpoint = state->listener->endpoint();
        state->listener->accept();
        for (const auto& loop : state->loops) {
            loop->start();
        }
        return HttpServer(std::move(state));
    } catch (const std::system_error& failure) {
        return Error{std::string("the server could not be set up: ") + failure.what(), where, {}};
    }
}

std::uint16_t HttpServer::port() const {
    return state_->endpoint.port();
}

std::string HttpServer::url() const {
    auto address = state_->endpoint.address();
    if (address.is_unspecified()) {
        address = address.is_v6() ? asio::ip::address(asio::ip::address_v6::loopback())
                                  : asio::ip::address(asio::ip::address_v4::loopback());
    }
    const std::string text = address.to_string();
    return "http://" + (address.is_v6() ? "[" + text + "]" : text) + ":" + std::to_string(port());
}

std::size_t HttpServer::connections_open() const {
    std::size_t sum = 0;
    for (const auto& loop : state_->loops) {
        sum += loop->open.load(std::memory_order_relaxed);
    }
    return sum;
}

void HttpServer::throttle_accepts(int backlog, Nanoseconds pause) {
    state_->listener->throttle(backlog, pause);
}

void HttpServer::stop() {
    if (state_) {
        state_->stop();
    }
}

}  // namespace plimsoll
