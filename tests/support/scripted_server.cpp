#include "tests/support/scripted_server.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cassert>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace plimsoll::test {
namespace {

/// Waits in small steps, so that the server's end is not held up.
void pause(std::chrono::milliseconds time, const std::atomic<bool>& stopping) {
    const auto until = std::chrono::steady_clock::now() + time;
    while (!stopping && std::chrono::steady_clock::now() < until) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

std::size_t content_length(const std::string& header) {
    const auto at = header.find("Content-Length: ");
    return at == std::string::npos ? 0 : std::stoul(header.substr(at + 16));
}

/// False when the client has gone.
bool send_all(int socket, const Answer& answer, const std::atomic<bool>& stopping) {
    std::string_view left = answer.bytes;
    while (!left.empty() && !stopping) {
        const std::size_t size =
            answer.drip == 0 ? left.size() : std::min(answer.drip, left.size());
        const ssize_t n = ::send(socket, left.data(), size, MSG_NOSIGNAL);
        if (n < 0) {
            return false;
        }
        left.remove_prefix(static_cast<std::size_t>(n));
        if (!left.empty() && answer.drip != 0) {
            pause(answer.every, stopping);
        }
    }
    const std::string& more = answer.then_for_ever;
    while (!more.empty() && !stopping) {
        if (::send(socket, more.data(), more.size(), MSG_NOSIGNAL) < 0) {
            return false;
        }
    }
    return true;
}

std::string peer_of(int socket) {
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    ::getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &size);
    std::array<char, INET_ADDRSTRLEN> text{};
    ::inet_ntop(AF_INET, &peer.sin_addr, text.data(), text.size());
    return text.data();
}

}  // namespace

std::string ok_response(const std::string& body) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

ScriptedServer::ScriptedServer(Script script) : script_(std::move(script)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    [[maybe_unused]] int failed =
        ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    assert(failed == 0);
    failed = ::listen(listener_, 1024);
    assert(failed == 0);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    accepting_ = std::thread([this] { accept_loop(); });
}

ScriptedServer::~ScriptedServer() {
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    accepting_.join();
    ::close(listener_);
    {
        const std::lock_guard lock(mutex_);
        for (const int socket : open_) {
            ::shutdown(socket, SHUT_RDWR);
        }
    }
    for (std::thread& thread : serving_) {
        thread.join();
    }
}

std::vector<std::string> ScriptedServer::seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
}

std::vector<std::string> ScriptedServer::peers() const {
    const std::lock_guard lock(mutex_);
    return peers_;
}

void ScriptedServer::accept_loop() {
    for (;;) {
        const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (socket < 0) {
            return;
        }
        ++connections_;
        const int on = 1;  // each piece goes out at once
        ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        const std::lock_guard lock(mutex_);
        open_.push_back(socket);
        serving_.emplace_back([this, socket] { serve(socket); });
    }
}

void ScriptedServer::serve(int socket) {
    std::string input;
    std::array<char, 65536> buffer{};
    for (int nth = 0;; ++nth) {
        std::size_t end = 0;
        while ((end = input.find("\r\n\r\n")) == std::string::npos ||
               input.size() < end + 4 + content_length(input.substr(0, end))) {
            const ssize_t n = ::recv(socket, buffer.data(), buffer.size(), 0);
            if (n <= 0) {
                break;
            }
            input.append(buffer.data(), static_cast<std::size_t>(n));
        }
        if (end == std::string::npos) {
            break;
        }
        ++requests_;
        const std::size_t length = end + 4 + content_length(input.substr(0, end));
        const std::string request = input.substr(0, length);
        input.erase(0, length);
        {
            const std::lock_guard lock(mutex_);
            seen_.push_back(request);
            if (nth == 0) {
                peers_.push_back(peer_of(socket));
            }
        }
        const Answer answer = script_(request, nth);
        pause(answer.delay, stopping_);
        if (!send_all(socket, answer, stopping_)) {
            break;
        }
        if (answer.reset) {
            const linger now{1, 0};
            ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        }
        if (answer.close || answer.reset) {
            pause(answer.close_after, stopping_);
            break;
        }
    }
    const std::lock_guard lock(mutex_);
    open_.erase(std::remove(open_.begin(), open_.end(), socket), open_.end());
    ::close(socket);
}

}  // namespace plimsoll::test
