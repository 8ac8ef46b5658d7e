#include "engine/address.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <poll.h>
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

}  // namespace

Result<std::vector<SocketAddress>> resolve(const TargetUrl& target) {
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
    return addresses;
}

Result<std::vector<SocketAddress>> reachable(const std::vector<SocketAddress>& addresses,
                                             const TargetUrl& target, Nanoseconds timeout) {
    constexpr Nanoseconds kForOthers = std::chrono::seconds(1);
    std::vector<SocketAddress> found;
    int failure = 0;
    for (const SocketAddress& address : addresses) {
        const int result =
            try_connect(address, found.empty() ? timeout : std::min(timeout, kForOthers));
        if (result == 0) {
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
