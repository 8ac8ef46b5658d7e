// The kernel's sock_diag interface; layouts of linux/inet_diag.h.
#include "probes/target/tcp_socket_table.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <utility>

namespace plimsoll {
namespace {

constexpr unsigned kListening = 1U << 10U;
constexpr unsigned kConnected = 1U << 1U | 1U << 8U;  // ESTABLISHED, CLOSE_WAIT
constexpr std::uint8_t kCloseWait = 8;
constexpr std::uint8_t kListen = 10;
// Every answer is here when the kernel has taken the question; this is for one that is broken.
constexpr timeval kPatience{0, 200'000};

Error system_error(const char* what) {
    return Error{std::string(what) + ": " + std::generic_category().message(errno)};
}

Result<Fd> open_here() {
    Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
    if (fd.get() < 0) {
        return system_error("the kernel's list of sockets cannot be asked for");
    }
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
    return fd;
}

/// inet_diag_hostcond with an IPv4 address, for which that has a member without a length.
struct HostCondition {
    std::uint8_t family = AF_INET;
    std::uint8_t prefix_bits = 8;
    std::uint16_t padding = 0;
    std::int32_t port = -1;
    std::uint32_t address = 0;
};
static_assert(offsetof(HostCondition, port) == offsetof(inet_diag_hostcond, port) &&
              offsetof(HostCondition, address) == sizeof(inet_diag_hostcond));

/// A request of the old kind lists IPv4 and IPv6 in one walk, which the new one cannot.
struct DumpRequest {
    nlmsghdr head{};
    inet_diag_req body{};
    nlattr attribute{};
    // What this finds is left out.
    inet_diag_bc_op test{};
    HostCondition host{};
    inet_diag_bc_op found{};
};
static_assert(sizeof(DumpRequest) == sizeof(nlmsghdr) + sizeof(inet_diag_req) + sizeof(nlattr) +
                                         2 * sizeof(inet_diag_bc_op) + sizeof(HostCondition));

DumpRequest dump_request(unsigned states) {
    DumpRequest request;
    request.head.nlmsg_type = TCPDIAG_GETSOCK;
    request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.head.nlmsg_len = sizeof(request.head) + sizeof(request.body);
    request.body.idiag_states = states;
    return request;
}

struct LookRequest {
    nlmsghdr head{};
    inet_diag_req_v2 body{};
};

LookRequest look_request(const TcpSocket& socket, std::uint32_t index, bool with_times) {
    LookRequest request;
    request.head.nlmsg_len = sizeof(request);
    request.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    request.head.nlmsg_flags = NLM_F_REQUEST;
    request.head.nlmsg_seq = index;
    request.body.sdiag_family = socket.ipv6 ? AF_INET6 : AF_INET;
    request.body.sdiag_protocol = IPPROTO_TCP;
    request.body.idiag_ext = with_times ? 1U << (INET_DIAG_INFO - 1U) : 0;
    request.body.idiag_states = ~0U;
    inet_diag_sockid& id = request.body.id;
    id.idiag_sport = htons(socket.local_port);
    id.idiag_dport = htons(socket.remote_port);
    std::copy(socket.local.begin(), socket.local.end(), id.idiag_src);
    std::copy(socket.remote.begin(), socket.remote.end(), id.idiag_dst);
    id.idiag_if = socket.interface;
    std::copy(socket.cookie.begin(), socket.cookie.end(), id.idiag_cookie);
    return request;
}

void read_times(const char* attributes, std::size_t size, TcpSocket& socket) {
    while (size >= sizeof(nlattr)) {
        nlattr attribute{};
        std::memcpy(&attribute, attributes, sizeof(attribute));
        if (attribute.nla_len < sizeof(nlattr) || attribute.nla_len > size) {
            return;
        }
        constexpr std::size_t kTimes =
            offsetof(tcp_info, tcpi_last_data_recv) + sizeof(std::uint32_t);
        const std::size_t length = attribute.nla_len - sizeof(nlattr);
        if (attribute.nla_type == INET_DIAG_INFO && length >= kTimes) {
            tcp_info info{};  // what an older kernel does not tell stays 0
            std::memcpy(&info, attributes + sizeof(nlattr), std::min(length, sizeof(info)));
            socket.sent_ms_ago = info.tcpi_last_data_sent;
            socket.received_ms_ago = info.tcpi_last_data_recv;
            socket.unanswered = info.tcpi_data_segs_out > 0 && info.tcpi_bytes_received == 0;
        }
        const std::size_t step = std::min<std::size_t>(NLA_ALIGN(attribute.nla_len), size);
        attributes += step;
        size -= step;
    }
}

TcpSocket read_socket(const char* body, std::size_t size) {
    inet_diag_msg message{};
    std::memcpy(&message, body, sizeof(message));
    TcpSocket socket;
    socket.ipv6 = message.idiag_family == AF_INET6;
    socket.listening = message.idiag_state == kListen;
    socket.peer_closed = message.idiag_state == kCloseWait;
    socket.local_port = ntohs(message.id.idiag_sport);
    socket.remote_port = ntohs(message.id.idiag_dport);
    std::copy(std::begin(message.id.idiag_src), std::end(message.id.idiag_src),
              socket.local.begin());
    std::copy(std::begin(message.id.idiag_dst), std::end(message.id.idiag_dst),
              socket.remote.begin());
    socket.inode = message.idiag_inode;
    socket.waiting = message.idiag_rqueue;
    if (socket.listening) {
        socket.limit = message.idiag_wqueue;
    }
    socket.interface = message.id.idiag_if;
    std::copy(std::begin(message.id.idiag_cookie), std::end(message.id.idiag_cookie),
              socket.cookie.begin());
    read_times(body + sizeof(message), size - sizeof(message), socket);
    return socket;
}

/// Calls `take(head, body, size)` for each message in a buffer, until it gives false.
template <typename Take>
void each_message(std::span<const char> buffer, const Take& take) {
    while (buffer.size() >= sizeof(nlmsghdr)) {
        nlmsghdr head{};
        std::memcpy(&head, buffer.data(), sizeof(head));
        if (head.nlmsg_len < sizeof(head) || head.nlmsg_len > buffer.size() ||
            !take(head, buffer.data() + sizeof(head), head.nlmsg_len - sizeof(head))) {
            return;
        }
        buffer = buffer.subspan(std::min<std::size_t>(NLMSG_ALIGN(head.nlmsg_len), buffer.size()));
    }
}

}  // namespace

Result<SocketDiag> SocketDiag::open(const std::filesystem::path& net) {
    Result<Fd> fd = Error{"not opened"};
    if (net.empty()) {
        fd = open_here();
    } else {
        // A socket stays in the namespace that it was made in; only this thread goes there.
        std::thread([&] {
            const Fd name(::open(net.c_str(), O_RDONLY | O_CLOEXEC));
            fd = name.get() >= 0 && ::setns(name.get(), CLONE_NEWNET) == 0
                     ? open_here()
                     : Result<Fd>(system_error("its network namespace cannot be entered"));
        }).join();
    }
    if (!fd) {
        return fd.error();
    }
    SocketDiag diag(std::move(*fd));
    if (const auto first = diag.listeners(); !first) {
        return first.error();
    }
    return diag;
}

Result<std::vector<TcpSocket>> SocketDiag::listeners() {
    const DumpRequest request = dump_request(kListening);
    return dump({reinterpret_cast<const char*>(&request), request.head.nlmsg_len});
}

Result<std::vector<TcpSocket>> SocketDiag::connections(std::uint16_t port) {
    DumpRequest request = dump_request(kConnected);
    constexpr std::uint8_t kTest = sizeof(inet_diag_bc_op) + sizeof(HostCondition);
    constexpr std::uint8_t kJump = sizeof(inet_diag_bc_op);
    request.attribute = {sizeof(nlattr) + kTest + kJump, INET_DIAG_REQ_BYTECODE};
    // Bytes to go on by where the test finds it and where not: to the program's end is to take the
    // socket, beyond it is not to. The kernel insists that the first way ends at the end.
    request.test = {INET_DIAG_BC_D_COND, kTest, kTest + kJump};
    request.found = {INET_DIAG_BC_JMP, kJump, 2 * kJump};
    request.host.port = port;
    request.host.address = htonl(INADDR_LOOPBACK);
    request.head.nlmsg_len = sizeof(request);
    return dump({reinterpret_cast<const char*>(&request), sizeof(request)});
}

/// False once the list is over, for good or bad.
bool SocketDiag::take_answers(std::vector<TcpSocket>& found, Status& trouble, std::size_t size) {
    bool more = true;
    each_message(std::span(buffer_).first(size),
                 [&](const nlmsghdr& head, const char* body, std::size_t length) {
                     if (head.nlmsg_type == NLMSG_DONE) {
                         more = false;
                     } else if (head.nlmsg_type == NLMSG_ERROR) {
                         nlmsgerr error{};
                         std::memcpy(&error, body, std::min(length, sizeof(error)));
                         errno = -error.error;
                         trouble = system_error("the kernel does not list its sockets");
                         more = false;
                     } else if (length >= sizeof(inet_diag_msg)) {
                         found.push_back(read_socket(body, length));
                     }
                     return more;
                 });
    return more;
}

Result<std::vector<TcpSocket>> SocketDiag::dump(std::span<const char> request) {
    if (::send(fd_.get(), request.data(), request.size(), 0) < 0) {
        return system_error("the kernel's list of sockets cannot be asked for");
    }
    std::vector<TcpSocket> found;
    Status trouble;
    for (;;) {
        const ssize_t size = ::recv(fd_.get(), buffer_.data(), buffer_.size(), 0);
        if (size < 0) {
            return system_error("the kernel's list of sockets does not come");
        }
        if (!take_answers(found, trouble, static_cast<std::size_t>(size))) {
            break;
        }
    }
    return trouble ? Result(std::move(found)) : trouble.error();
}

Status SocketDiag::look_again(std::span<TcpSocket> sockets, bool with_times) {
    sockets = sockets.first(std::min(sockets.size(), kMostAtOnce));
    std::array<LookRequest, kMostAtOnce> requests;
    for (std::size_t i = 0; i < sockets.size(); ++i) {
        requests[i] = look_request(sockets[i], static_cast<std::uint32_t>(i), with_times);
    }
    if (sockets.empty()) {
        return {};
    }
    if (::send(fd_.get(), requests.data(), sockets.size() * sizeof(LookRequest), 0) < 0) {
        return system_error("the kernel cannot be asked for sockets");
    }
    for (std::size_t answers = 0; answers < sockets.size();) {
        const ssize_t size = ::recv(fd_.get(), buffer_.data(), buffer_.size(), 0);
        if (size < 0) {
            return system_error("the kernel does not tell of its sockets");
        }
        each_message(std::span(buffer_).first(static_cast<std::size_t>(size)),
                     [&](const nlmsghdr& head, const char* body, std::size_t length) {
                         ++answers;
                         if (head.nlmsg_seq >= sockets.size()) {
                             return true;
                         }
                         TcpSocket& socket = sockets[head.nlmsg_seq];
                         if (head.nlmsg_type == NLMSG_ERROR || length < sizeof(inet_diag_msg)) {
                             socket.gone = true;
                         } else {
                             socket = read_socket(body, length);
                         }
                         return true;
                     });
    }
    return {};
}

}  // namespace plimsoll
