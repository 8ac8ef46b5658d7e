#include "tests/support/http_exchange.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace plimsoll::test {
namespace {

class Socket {
public:
    Socket() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const timeval patience{20, 0};
        setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    }
    ~Socket() { close(fd_); }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    bool connect_to(unsigned short port) const {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return connect(fd_, static_cast<sockaddr*>(static_cast<void*>(&address)), sizeof address) ==
               0;
    }
    bool write_all(std::string_view data) const {
        while (!data.empty()) {
            const ssize_t n = send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
            if (n <= 0) {
                return false;
            }
            data.remove_prefix(static_cast<std::size_t>(n));
        }
        return true;
    }
    bool read_all(std::string& into) const {
        char buffer[65536];
        for (;;) {
            const ssize_t n = recv(fd_, buffer, sizeof buffer, 0);
            if (n <= 0) {
                return n == 0;
            }
            into.append(buffer, static_cast<std::size_t>(n));
        }
    }

private:
    int fd_;
};

std::string unchunk(std::string_view in) {
    std::string out;
    while (!in.empty()) {
        const std::size_t size = std::strtoul(std::string(in.substr(0, 16)).c_str(), nullptr, 16);
        const std::size_t line = in.find("\r\n");
        if (size == 0 || line == std::string_view::npos) {
            break;
        }
        out.append(in.substr(line + 2, size));
        in.remove_prefix(std::min(in.size(), line + 2 + size + 2));
    }
    return out;
}

std::optional<HttpAnswer> parse(const std::string& raw) {
    const std::size_t end = raw.find("\r\n\r\n");
    if (end == std::string::npos || raw.size() < 12) {
        return std::nullopt;
    }
    HttpAnswer answer;
    answer.status = std::atoi(raw.c_str() + 9);
    for (std::size_t at = raw.find("\r\n") + 2; at < end;) {
        const std::size_t stop = raw.find("\r\n", at);
        const std::string line = raw.substr(at, stop - at);
        const std::size_t colon = line.find(':');
        if (colon != std::string::npos) {
            std::string name = line.substr(0, colon);
            std::transform(name.begin(), name.end(), name.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
            const std::size_t value = line.find_first_not_of(' ', colon + 1);
            answer.headers.emplace_back(name, value == std::string::npos ? "" : line.substr(value));
        }
        at = stop + 2;
    }
    answer.body = raw.substr(end + 4);
    if (answer.header("transfer-encoding") == "chunked") {
        answer.body = unchunk(answer.body);
    }
    return answer;
}

}  // namespace

std::optional<std::string> HttpAnswer::header(const std::string& name) const {
    for (const auto& [key, value] : headers) {
        if (key == name) {
            return value;
        }
    }
    return std::nullopt;
}

std::optional<HttpAnswer> exchange(unsigned short port, const HttpAsk& ask) {
    std::string request = ask.method + " " + ask.target +
                          " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
                          "\r\nConnection: close\r\n";
    for (const auto& [name, value] : ask.headers) {
        request += name + ": " + value + "\r\n";
    }
    if (!ask.body.empty()) {
        request += "Content-Length: " + std::to_string(ask.body.size()) + "\r\n";
    }
    request += "\r\n" + ask.body;
    const Socket socket;
    std::string raw;
    if (!socket.connect_to(port) || !socket.write_all(request) || !socket.read_all(raw)) {
        return std::nullopt;
    }
    return parse(raw);
}

std::optional<HttpAnswer> get(unsigned short port, const std::string& target) {
    return exchange(port, {"GET", target, {}, {}});
}

std::string percent_encode(const std::string& text) {
    static constexpr char kHex[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) != 0) {
            out += c;
        } else {
            out += {'%', kHex[byte >> 4], kHex[byte & 15]};
        }
    }
    return out;
}

}  // namespace plimsoll::test
