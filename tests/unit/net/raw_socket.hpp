// Plain sockets for tests that need to say exactly what goes over the wire.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

namespace plimsoll::test {

/// A client connection to 127.0.0.1. Every read gives up after 20 s.
class RawClient {
public:
    explicit RawClient(std::uint16_t port);
    ~RawClient();
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;

    void send(std::string_view text) const;
    void finish_sending() const;
    /// Everything up to and including `mark`; what came before the end when it never comes.
    std::string read_until(std::string_view mark);
    std::string read_exactly(std::size_t count);
    /// Everything until the server closes.
    std::string read_to_end();
    /// One response with a Content-Length.
    std::string read_response();
    [[nodiscard]] int fd() const { return fd_; }

private:
    bool fill();
    int fd_;
    std::string received_;
};

/// Listens on a free port of 127.0.0.1 and runs `serve(fd)` for one connection after another, on
/// its own thread, until destroyed.
class RawServer {
public:
    explicit RawServer(std::function<void(int)> serve);
    ~RawServer();
    RawServer(const RawServer&) = delete;
    RawServer& operator=(const RawServer&) = delete;
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

private:
    int fd_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

/// For RawServer: reads one request's headers; false when the client closed first.
bool read_headers(int fd);
void send_text(int fd, std::string_view text);

}  // namespace plimsoll::test
