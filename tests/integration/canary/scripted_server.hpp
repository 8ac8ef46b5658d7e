// A TCP server that answers as told, on a free loopback port.
#pragma once

#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace plimsoll::test {

class ScriptedServer {
public:
    /// What to do about the next requests.
    struct Script {
        std::string answer;  // empty: keep the client waiting
        bool close_afterwards = false;
    };

    ScriptedServer() : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        bind(listener_, generic, size);
        listen(listener_, 16);
        getsockname(listener_, generic, &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~ScriptedServer() { stop(); }
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;

    void stop() {
        if (thread_.joinable()) {
            stopping_ = true;
            thread_.join();
            close(listener_);
        }
    }
    void set(Script script) {
        const std::lock_guard lock(mutex_);
        script_ = std::move(script);
    }
    /// Closes the connection that is open, as a server does with idle ones, and waits until it has.
    void drop_connection() {
        drop_ = true;
        while (drop_) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] int connections() const { return connections_; }
    [[nodiscard]] int requests() const { return requests_; }
    [[nodiscard]] std::string last_request() {
        const std::lock_guard lock(mutex_);
        return last_request_;
    }

private:
    static bool ready(int fd) {
        pollfd entry{fd, POLLIN, 0};
        return poll(&entry, 1, 2) > 0;
    }
    void serve() {
        int client = -1;
        const auto hang_up = [&client] {
            if (client >= 0) {
                close(client);
                client = -1;
            }
        };
        while (!stopping_) {
            if (drop_) {
                hang_up();
                drop_ = false;
            }
            if (ready(listener_)) {  // a new connection replaces the last
                hang_up();
                client = accept(listener_, nullptr, nullptr);
                ++connections_;
            }
            if (client >= 0 && ready(client) && !answer(client)) {
                hang_up();
            }
        }
        hang_up();
    }
    bool answer(int client) {
        std::array<char, 4096> buffer{};
        const ssize_t count = recv(client, buffer.data(), buffer.size(), 0);
        if (count <= 0) {
            return false;
        }
        ++requests_;
        const std::lock_guard lock(mutex_);
        last_request_.assign(buffer.data(), static_cast<std::size_t>(count));
        send(client, script_.answer.data(), script_.answer.size(), MSG_NOSIGNAL);
        return !script_.close_afterwards;
    }

    int listener_;
    std::uint16_t port_ = 0;
    std::mutex mutex_;
    Script script_;
    std::string last_request_;
    std::atomic<int> connections_{0};
    std::atomic<int> requests_{0};
    std::atomic<bool> stopping_{false};
    std::atomic<bool> drop_{false};
    std::thread thread_;
};

}  // namespace plimsoll::test
