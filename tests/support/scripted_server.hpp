// A TCP server that does to each request exactly what a test says.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace plimsoll::test {

/// What to do once a request (its header) has come.
struct Answer {
    std::string bytes;                         // sent as they are
    std::chrono::milliseconds delay{0};        // before them
    bool close = false;                        // after them
    bool reset = false;                        // after them, by RST
    std::chrono::milliseconds close_after{0};  // wait before closing
    std::size_t drip = 0;                      // sent in pieces of so many bytes; 0: at once
    std::chrono::milliseconds every{0};        // between two pieces
    std::string then_for_ever = {};            // sent after them, again and again
};

[[nodiscard]] std::string ok_response(const std::string& body = "hello");

/// Listens on a free loopback port until destroyed; one thread per connection, blocking I/O.
class ScriptedServer {
public:
    /// `script` gets the request's header and how many requests this connection has carried before;
    /// called from many threads.
    using Script = std::function<Answer(const std::string& request, int nth)>;
    explicit ScriptedServer(Script script);
    ~ScriptedServer();
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] std::uint64_t requests() const { return requests_; }
    [[nodiscard]] std::uint64_t connections() const { return connections_; }
    [[nodiscard]] std::vector<std::string> seen() const;   // the headers of all requests
    [[nodiscard]] std::vector<std::string> peers() const;  // the client's address of each
                                                           // connection that sent a request

private:
    void accept_loop();
    void serve(int socket);

    Script script_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<bool> stopping_ = false;
    std::atomic<std::uint64_t> requests_ = 0;
    std::atomic<std::uint64_t> connections_ = 0;
    mutable std::mutex mutex_;
    std::vector<std::string> seen_;
    std::vector<std::string> peers_;
    std::vector<int> open_;
    std::vector<std::thread> serving_;
    std::thread accepting_;
};

}  // namespace plimsoll::test
