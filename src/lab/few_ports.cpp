#include "lab/few_ports.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr int kLocalPortRange = 51;  // IP_LOCAL_PORT_RANGE, which older headers do not name
constexpr int kMostPorts = 10000;
constexpr int kBacklog = 1024;
constexpr int kLook_ms = 100;

Error failed(const char* what) {
    return Error{fmt::format("{}: {}", what, std::strerror(errno)), "ephemeral-ports", {}};
}

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

/// The last port that the kernel hands out by itself: it takes no narrower range beyond its own
/// (ip(7), IP_LOCAL_PORT_RANGE).
std::uint16_t last_local_port() {
    constexpr std::uint16_t kUsual = 60999;
    std::ifstream file("/proc/sys/net/ipv4/ip_local_port_range");
    std::uint16_t first = 0;
    std::uint16_t last = 0;
    return file >> first >> last ? last : kUsual;
}

/// The generic form of an address, as the socket calls want it.
template <typename Call>
auto with(sockaddr_in& address, Call call) {
    return call(static_cast<sockaddr*>(static_cast<void*>(&address)), sizeof address);
}

}  // namespace

Result<std::shared_ptr<FewPorts>> FewPorts::start(int ports) {
    std::shared_ptr<FewPorts> made(new FewPorts());
    made->listener_.set(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_in address = loopback(0);
    const int fd = made->listener_.get();
    socklen_t length = sizeof address;
    if (with(address, [&](sockaddr* a, socklen_t n) { return ::bind(fd, a, n); }) != 0 ||
        ::listen(fd, kBacklog) != 0 ||
        with(address, [&](sockaddr* a, socklen_t) { return ::getsockname(fd, a, &length); }) != 0) {
        return failed("a service to connect to could not be made");
    }
    made->port_ = ntohs(address.sin_port);
    made->last_ = last_local_port();
    made->first_ = static_cast<std::uint16_t>(made->last_ - std::min(ports, kMostPorts) + 1);
    made->thread_ =
        std::jthread([raw = made.get()](const std::stop_token& stop) { raw->serve(stop); });
    if (const Status first = made->visit(); !first) {
        return first.error();
    }
    return made;
}

FewPorts::~FewPorts() {
    thread_.request_stop();
}

void FewPorts::serve(const std::stop_token& stop) const {
    while (!stop.stop_requested()) {
        pollfd look{listener_.get(), POLLIN, 0};
        if (::poll(&look, 1, kLook_ms) <= 0) {
            continue;
        }
        // Its client has closed already, or will: the port is in TIME_WAIT on the client's side.
        const Fd accepted(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        char byte = 0;
        static_cast<void>(::recv(accepted.get(), &byte, 1, 0));
    }
}

Status FewPorts::visit() const {
    const Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const std::uint32_t range = (static_cast<std::uint32_t>(last_) << 16U) | first_;
    if (::setsockopt(client.get(), IPPROTO_IP, kLocalPortRange, &range, sizeof range) != 0) {
        return failed("the range of local ports could not be set");
    }
    sockaddr_in address = loopback(port_);
    if (with(address, [&](sockaddr* a, socklen_t n) { return ::connect(client.get(), a, n); }) !=
        0) {
        return Error{
            fmt::format("connect to 127.0.0.1:{}: {}", port_, std::strerror(errno)), {}, {}};
    }
    return {};
}

}  // namespace plimsoll
