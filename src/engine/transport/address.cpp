#include "engine/transport/address.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/format.h>

namespace plimsoll {
namespace {

/// 0, or the errno of the attempt.
int try_connect(const SocketAddress& address, Nanoseconds timeout) {
    const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return errno;
    }
    int failure = ::connect(fd, address.get(), address.length) == 0 ? 0 : errno;
    if (failure == EINPROGRESS) {
        pollfd waiting{fd, POLLOUT, 0};
        const auto wait_ms = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
        socklen_t size = sizeof failure;
        if (::poll(&waiting, 1, static_cast<int>(wait_ms)) <= 0) {
            failure = ETIMEDOUT;
        } else {
            ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size);
        }
    }
    ::close(fd);
    return failure;
}

SocketAddress unix_address(const std::string& path) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, path.data(), std::min(path.size(), sizeof name.sun_path - 1));
    SocketAddress address;
    std::memcpy(&address.storage, &name, sizeof name);
    address.length = sizeof name;
    return address;
}

std::vector<SocketAddress> interleaved(const std::vector<SocketAddress>& addresses) {
    std::vector<SocketAddress> same;
    std::vector<SocketAddress> other;
    for (const SocketAddress& address : addresses) {
        (address.family() == addresses.front().family() ? same : other).push_back(address);
    }
    std::vector<SocketAddress> mixed;
    for (std::size_t i = 0; i < std::max(same.size(), other.size()); ++i) {
        for (const auto* family : {&same, &other}) {
            if (i < family->size()) {
                mixed.push_back((*family)[i]);
            }
        }
    }
    return mixed;
}

}  // namespace

bool is_numeric_host(const std::string& host) {
    in6_addr scratch{};
    return ::inet_pton(AF_INET, host.c_str(), &scratch) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), &scratch) == 1;
}

Result<SocketAddress> local_address(const std::string& text) {
    SocketAddress address;
    sockaddr_in v4{};
    sockaddr_in6 v6{};
    if (::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        std::memcpy(&address.storage, &v4, sizeof v4);
        address.length = sizeof v4;
    } else if (::inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
        v6.sin6_family = AF_INET6;
        std::memcpy(&address.storage, &v6, sizeof v6);
        address.length = sizeof v6;
    } else {
        return Error{
            fmt::format("must be an IPv4 or IPv6 address, got \"{}\"", text), {}, "e.g. 127.0.0.2"};
    }
    const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int failure = fd < 0 || ::bind(fd, address.get(), address.length) != 0 ? errno : 0;
    if (fd >= 0) {
        ::close(fd);
    }
    if (failure != 0) {
        return Error{fmt::format("cannot send from {}: {}", text, std::strerror(failure)),
                     {},
                     "it must be an address of this machine"};
    }
    return address;
}

Result<std::vector<SocketAddress>> resolve(const TargetUrl& target) {
    if (!target.unix_path.empty()) {
        return std::vector{unix_address(target.unix_path)};
    }
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* found = nullptr;
    const std::string port = std::to_string(target.port);
    int code = ::getaddrinfo(target.host.c_str(), port.c_str(), &hints, &found);
    if (code == EAI_NONAME || code == EAI_ADDRFAMILY) {
        // ADDRCONFIG hides ::1 on a machine without a global IPv6 address; a literal must still
        // work.
        hints.ai_flags = 0;
        code = ::getaddrinfo(target.host.c_str(), port.c_str(), &hints, &found);
    }
    if (code != 0) {
        return Error{fmt::format("cannot resolve \"{}\": {}", target.host, ::gai_strerror(code)),
                     target.to_string(), "check the host name in `target`"};
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> guard(found, &::freeaddrinfo);
    std::vector<SocketAddress> addresses;
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
        SocketAddress address;
        std::memcpy(&address.storage, each->ai_addr, each->ai_addrlen);
        address.length = each->ai_addrlen;
        addresses.push_back(address);
    }
    return interleaved(addresses);
}

Result<std::vector<SocketAddress>> reachable(const std::vector<SocketAddress>& addresses,
                                             const TargetUrl& target, Nanoseconds timeout) {
    constexpr Nanoseconds kForOthers = std::chrono::seconds(1);
    std::vector<SocketAddress> found;
    int failure = 0;
    for (const SocketAddress& address : addresses) {
        const int result =
            try_connect(address, found.empty() ? timeout : std::min(timeout, kForOthers));
        // Who refuses a connection says so at once; a reset means that it stood, however briefly.
        if (result == 0 || result == ECONNRESET) {
            found.push_back(address);
        } else {
            failure = result;
        }
    }
    if (found.empty()) {
        return Error{fmt::format("cannot connect: {}", std::strerror(failure)), target.to_string(),
                     "is the service running, and is `target` right?"};
    }
    return found;
}

}  // namespace plimsoll
