#include "probes/target/tcp_socket_table.hpp"

#include "probes/container/system_files.hpp"

#include <arpa/inet.h>
#include <charconv>
#include <netinet/in.h>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// States of a socket in the kernel (include/net/tcp_states.h).
constexpr unsigned kEstablishedState = 1;
constexpr unsigned kCloseWaitState = 8;
constexpr unsigned kListenState = 10;

bool is_mapped(const AddressWords& words) {
    return words[0] == 0 && words[1] == 0 && words[2] == htonl(0xffff);
}

bool read_hex(std::string_view text, std::uint32_t& number) {
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    return failed == std::errc() && end == text.data() + text.size();
}

/// "0100007F:1F90": words as they lie in memory, printed as numbers of this machine.
bool read_address(std::string_view text, bool ipv6, AddressWords& words, std::uint16_t& port) {
    constexpr std::size_t kDigits = 8;
    const std::size_t count = ipv6 ? 4 : 1;
    const std::size_t colon = count * kDigits;
    std::uint32_t number = 0;
    if (text.size() <= colon + 1 || text[colon] != ':' ||
        !read_hex(text.substr(colon + 1), number)) {
        return false;
    }
    port = static_cast<std::uint16_t>(number);
    for (std::size_t i = 0; i < count; ++i) {
        if (!read_hex(text.substr(i * kDigits, kDigits), words[i])) {
            return false;
        }
    }
    return true;
}

/// sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode ...
std::optional<TcpSocket> parse_line(std::string_view line, bool ipv6) {
    const std::vector<std::string_view> fields = split_words(line);
    if (fields.size() < 10) {
        return std::nullopt;
    }
    TcpSocket socket;
    socket.ipv6 = ipv6;
    std::uint32_t state = 0;
    const std::size_t colon = fields[4].find(':');
    if (!read_address(fields[1], ipv6, socket.local, socket.local_port) ||
        !read_address(fields[2], ipv6, socket.remote, socket.remote_port) ||
        !read_hex(fields[3], state) || colon == std::string_view::npos ||
        !read_hex(fields[4].substr(colon + 1), socket.waiting)) {
        return std::nullopt;
    }
    if (state != kEstablishedState && state != kCloseWaitState && state != kListenState) {
        return std::nullopt;
    }
    socket.listening = state == kListenState;
    socket.peer_closed = state == kCloseWaitState;
    socket.inode = static_cast<std::uint32_t>(parse_number(fields[9]).value_or(0));
    return socket;
}

}  // namespace

std::string TcpSocket::remote_text() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (!ipv6 || is_mapped(remote)) {
        inet_ntop(AF_INET, ipv6 ? &remote[3] : remote.data(), text.data(), text.size());
        return fmt::format("{}:{}", text.data(), remote_port);
    }
    inet_ntop(AF_INET6, remote.data(), text.data(), text.size());
    return fmt::format("[{}]:{}", text.data(), remote_port);
}

bool TcpSocket::remote_is_loopback() const {
    if (!ipv6 || is_mapped(remote)) {
        return (ntohl(ipv6 ? remote[3] : remote[0]) >> 24U) == 127;
    }
    return remote == AddressWords{0, 0, 0, htonl(1)};
}

std::vector<TcpSocket> parse_tcp_table(std::string_view text, bool ipv6) {
    std::vector<TcpSocket> sockets;
    for (const std::string_view line : split_lines(text)) {
        if (auto socket = parse_line(line, ipv6)) {
            sockets.push_back(*socket);
        }
    }
    return sockets;
}

}  // namespace plimsoll
