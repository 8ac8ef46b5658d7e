#include "raw_socket.hpp"

#include <arpa/inet.h>
#include <array>
#include <cstdlib>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <utility>

namespace plimsoll::test {
namespace {

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

void require(bool condition, const char* what) {
    if (!condition) {
        throw std::runtime_error(what);
    }
}

}  // namespace

RawClient::RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{20, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    const auto address = loopback(port);
    require(::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0,
            "connect");
}

RawClient::~RawClient() {
    ::close(fd_);
}

void RawClient::send(std::string_view text) const {
    send_text(fd_, text);
}

void RawClient::finish_sending() const {
    ::shutdown(fd_, SHUT_WR);
}

bool RawClient::fill() {
    std::array<char, 4096> block{};
    const ssize_t count = ::recv(fd_, block.data(), block.size(), 0);
    if (count > 0) {
        received_.append(block.data(), static_cast<std::size_t>(count));
    }
    return count > 0;
}

std::string RawClient::read_until(std::string_view mark) {
    while (received_.find(mark) == std::string::npos) {
        if (!fill()) {
            return std::exchange(received_, {});
        }
    }
    return read_exactly(received_.find(mark) + mark.size());
}

std::string RawClient::read_exactly(std::size_t count) {
    while (received_.size() < count && fill()) {
    }
    std::string text = received_.substr(0, count);
    received_.erase(0, text.size());
    return text;
}

std::string RawClient::read_to_end() {
    while (fill()) {
    }
    return std::exchange(received_, {});
}

std::string RawClient::read_response() {
    std::string text = read_until("\r\n\r\n");
    constexpr std::string_view kLength = "Content-Length: ";
    const auto at = text.find(kLength);
    if (at != std::string::npos) {
        text += read_exactly(std::strtoul(text.c_str() + at + kLength.size(), nullptr, 10));
    }
    return text;
}

RawServer::RawServer(std::function<void(int)> serve)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    auto address = loopback(0);
    socklen_t size = sizeof(address);
    require(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), size) == 0, "bind");
    require(::listen(fd_, 16) == 0, "listen");
    require(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, serve = std::move(serve)] {
        while (true) {
            const int connection = ::accept(fd_, nullptr, nullptr);
            if (connection < 0) {
                return;
            }
            serve(connection);
            ::close(connection);
        }
    });
}

RawServer::~RawServer() {
    ::shutdown(fd_, SHUT_RDWR);
    thread_.join();
    ::close(fd_);
}

bool read_headers(int fd) {
    std::string text;
    char c = 0;
    while (!text.ends_with("\r\n\r\n")) {
        if (::recv(fd, &c, 1, 0) != 1) {
            return false;
        }
        text += c;
    }
    return true;
}

void send_text(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
        if (count <= 0) {
            return;
        }
        text.remove_prefix(static_cast<std::size_t>(count));
    }
}

}  // namespace plimsoll::test
