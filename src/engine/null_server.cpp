#include "engine/null_server.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace plimsoll {
namespace {

constexpr std::string_view kHeader =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n";
constexpr std::string_view kWhole =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

/// What is still to come of the request under way on a connection.
struct Incoming {
    std::string header;  // while incomplete
    std::uint64_t body_left = 0;
    bool head = false;

    /// Takes bytes; true when a request has ended with them (never more than one at a time).
    bool take(std::string_view bytes) {
        if (body_left > 0) {
            body_left -= std::min<std::uint64_t>(body_left, bytes.size());
            return body_left == 0;
        }
        header.append(bytes);
        const auto end = header.find("\r\n\r\n");
        if (end == std::string::npos) {
            return false;
        }
        head = header.starts_with("HEAD ");
        const std::uint64_t here = header.size() - end - 4;
        const auto length = header.find("Content-Length: ");
        const std::uint64_t body =
            length < end ? std::strtoull(header.c_str() + length + 16, nullptr, 10) : 0;
        body_left = body > here ? body - here : 0;
        header.clear();
        return body_left == 0;
    }
};

class Loop {
public:
    explicit Loop(int listener) : listener_(listener), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
        watch(listener_);
    }
    ~Loop() {
        for (const auto& [fd, incoming] : connections_) {
            ::close(fd);
        }
        ::close(epoll_);
    }
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    void turn() {
        std::array<epoll_event, 64> events{};
        const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 20);
        for (int i = 0; i < count; ++i) {
            const int fd = events[static_cast<std::size_t>(i)].data.fd;
            if (fd == listener_) {
                accept();
            } else {
                read(fd);
            }
        }
    }

private:
    void watch(int fd) const {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = fd;
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    }
    void accept() {
        const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            const int on = 1;
            ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            connections_[fd];
            watch(fd);
        }
    }
    void read(int fd) {
        Incoming& incoming = connections_[fd];
        const ssize_t n = ::recv(fd, buffer_.data(), buffer_.size(), 0);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            connections_.erase(fd);
            ::close(fd);
        } else if (n > 0 && incoming.take({buffer_.data(), static_cast<std::size_t>(n)})) {
            const std::string_view answer = incoming.head ? kHeader : kWhole;
            static_cast<void>(::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL) > 0);
        }
    }

    int listener_;
    int epoll_;
    std::map<int, Incoming> connections_;
    std::array<char, 64 * 1024> buffer_{};
};

}  // namespace

Result<std::unique_ptr<NullServer>> NullServer::start(int cpu) {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);  // NOLINT: the sockets API's own idiom
    if (listener < 0 || ::bind(listener, any, size) != 0 || ::listen(listener, 256) != 0 ||
        ::getsockname(listener, any, &size) != 0) {
        const Error error{std::string("cannot listen: ") + std::strerror(errno), "127.0.0.1", ""};
        if (listener >= 0) {
            ::close(listener);
        }
        return error;
    }
    return std::unique_ptr<NullServer>(new NullServer(listener, ntohs(address.sin_port), cpu));
}

NullServer::NullServer(int listener, std::uint16_t port, int cpu)
    : listener_(listener), port_(port), thread_([this] { serve(); }) {
    ::pthread_setname_np(thread_.native_handle(), "null-server");
    if (cpu >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(static_cast<std::size_t>(cpu), &set);
        ::pthread_setaffinity_np(thread_.native_handle(), sizeof set, &set);
    }
}

NullServer::~NullServer() {
    stopping_ = true;
    thread_.join();
    ::close(listener_);
}

void NullServer::serve() {
    const auto loop = std::make_unique<Loop>(listener_);
    while (!stopping_) {
        loop->turn();
    }
}

}  // namespace plimsoll
