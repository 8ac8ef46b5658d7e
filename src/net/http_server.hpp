// A small asynchronous HTTP/1.1 server: the metrics endpoint, the lab, test targets.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/http_message.hpp"
#include "net/http_stream.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace plimsoll {

/// The right to answer one request, once, from any thread, now or later.
/// Destroying it unanswered sends 500. Answering after the client left or the server stopped does
/// nothing. Lifetime: may outlive the server. Threading: one thread at a time.
class Responder {
public:
    Responder() = default;  // answers nobody
    Responder(std::shared_ptr<net::Inbox> inbox, std::uint64_t connection);
    ~Responder();
    Responder(Responder&&) noexcept = default;
    Responder& operator=(Responder&& other) noexcept;
    Responder(const Responder&) = delete;
    Responder& operator=(const Responder&) = delete;

    /// Content-Length, Date and Connection are added. A header that cannot be sent as it is (see
    /// is_sendable) is left out. Calling it a second time breaks an invariant.
    void send(HttpResponse response);
    /// In its place: sends status and headers of `head` now, and a body in pieces from now on. The
    /// connection ends with it.
    [[nodiscard]] HttpStream stream(HttpResponse head);
    /// Whether it still has to be answered.
    [[nodiscard]] bool pending() const { return inbox_ != nullptr; }
    /// Holds on to something until it is answered.
    void keep(std::shared_ptr<void> until_answered) { kept_ = std::move(until_answered); }

private:
    std::shared_ptr<net::Inbox> inbox_;
    std::uint64_t connection_ = 0;
    std::shared_ptr<void> kept_;
};

/// Called on a server thread; must not block and must not throw. Several threads call it at once
/// when the server has several.
using HttpHandler = std::function<void(HttpRequest, Responder)>;

struct HttpServerOptions {
    std::string address = "127.0.0.1";  // numeric address or "localhost"
    std::uint16_t port = 0;             // 0: any free one
    int threads = 1;
    int backlog = 4096;  // connections the kernel may hold before accept; capped by somaxconn
    /// More is answered 431; also of a chunk's line, and of all trailers.
    std::size_t max_header_bytes = 16U << 10U;
    std::size_t max_body_bytes = 1U << 20U;                  // more is answered 413
    Nanoseconds idle_timeout = std::chrono::seconds(75);     // between requests; then closed
    Nanoseconds request_timeout = std::chrono::seconds(30);  // first to last byte; then 408
    Nanoseconds write_timeout = std::chrono::seconds(30);    // client takes nothing; then closed
    /// Above it the connection that has waited longest for its client is closed for the new one's
    /// sake. 0: no limit.
    std::size_t max_connections = 0;
    /// Bytes that a stream may have waiting for its client when more is written; with more the
    /// client is cut off.
    std::size_t max_stream_behind = 1U << 20U;
    /// How far the server's threads stand back behind the process's others: as nice(1).
    int niceness = 0;
    /// False: any Host header is taken. Else see net/host_check.hpp; the rest is answered 421.
    bool check_host = true;
    /// The address that clients use, where they come by way of another listener; empty: `address`.
    std::string reached_at = {};
};

/// For a port of our own beside the load: a handful of clients, who send small requests at once.
/// What it may take of the process's file descriptors is known, and small.
inline constexpr std::size_t kOwnPortConnections = 32;
[[nodiscard]] HttpServerOptions own_port_options(std::string address, std::uint16_t port);

/// Each connection lives on one thread and is handled one request at a time, so pipelined requests
/// are answered in order. There is no limit on the time a handler takes to answer.
class HttpServer {
public:
    /// Binds, listens and starts the threads; requests may arrive before it returns.
    /// Error: the address is not usable, or the port is taken (`where` is "address:port").
    [[nodiscard]] static Result<HttpServer> start(HttpServerOptions options, HttpHandler handler);
    ~HttpServer();  // stops
    HttpServer(HttpServer&&) noexcept;
    HttpServer& operator=(HttpServer&&) noexcept;

    [[nodiscard]] std::uint16_t port() const;
    /// "http://127.0.0.1:8080", with a loopback address when it listens on all addresses.
    [[nodiscard]] std::string url() const;
    [[nodiscard]] std::size_t connections_open() const;

    /// From now on the kernel may hold `backlog` connections, and at least `pause` passes between
    /// two accepts, as in a server that cannot keep up. The defaults: options.backlog and zero.
    /// Any thread, but not after stop.
    void throttle_accepts(int backlog, Nanoseconds pause);
    /// Closes the listener and every connection, answered or not, and joins the threads; then the
    /// handler is never called again. Idempotent. Must not be called from the handler.
    void stop();

private:
    struct State;
    explicit HttpServer(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace plimsoll
