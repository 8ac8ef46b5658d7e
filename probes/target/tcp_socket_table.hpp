// The TCP sockets of one network namespace, as the kernel lists them.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// An address as the kernel keeps it: network order, IPv4 in the first word.
using AddressWords = std::array<std::uint32_t, 4>;

struct TcpSocket {
    bool ipv6 = false;
    bool listening = false;
    bool peer_closed = false;  // CLOSE_WAIT
    std::uint16_t local_port = 0, remote_port = 0;
    AddressWords local{}, remote{};
    std::uint32_t inode = 0;  // 0: nobody has accepted it yet
    /// Bytes received and not read; of a listener: connections that wait to be accepted.
    std::uint32_t waiting = 0;
    /// Of a listener: how many may wait. Nothing: not known.
    std::optional<std::uint32_t> limit;
    /// Since data last went out and came in. Nothing: not asked for.
    std::optional<std::uint32_t> sent_ms_ago, received_ms_ago;
    /// Data has gone out and none has ever come in. The times alone do not tell: where a request
    /// follows on connecting within the kernel's tick, both are the same.
    bool unanswered = false;
    bool gone = false;  // `look_again` did not find it; the rest is as it was before
    // For the kernel, to find it again.
    std::uint32_t interface = 0;
    std::array<std::uint32_t, 2> cookie{};

    /// "10.0.0.5:8080" or "[2001:db8::5]:8080"; an IPv4 address in IPv6's clothes is an IPv4 one.
    [[nodiscard]] std::string remote_text() const;
    [[nodiscard]] bool remote_is_loopback() const;
};

/// The kernel's own interface (sock_diag(7)): no text to write and read, and single sockets can be
/// looked at. Threading: one thread at a time.
class SocketDiag {
public:
    /// In the network namespace of `net`, e.g. /proc/4711/ns/net; in our own where that is empty.
    /// Error: we may not enter it, or the kernel has no such interface.
    [[nodiscard]] static Result<SocketDiag> open(const std::filesystem::path& net);

    /// All listening sockets. Cheap: their table is small.
    [[nodiscard]] Result<std::vector<TcpSocket>> listeners();
    /// All established ones, and those whose peer has closed, but for the far ends of loopback
    /// connections to `port`. Walks a table of the machine's, empty places included: milliseconds.
    [[nodiscard]] Result<std::vector<TcpSocket>> connections(std::uint16_t port);
    /// Brings some sockets up to date, some 3 µs each, with times where `with_times` says so. At
    /// most kMostAtOnce; more are left as they are.
    [[nodiscard]] Status look_again(std::span<TcpSocket> sockets, bool with_times);
    static constexpr std::size_t kMostAtOnce = 64;

private:
    explicit SocketDiag(Fd fd) : fd_(std::move(fd)), buffer_(kBuffer) {}
    Result<std::vector<TcpSocket>> dump(std::span<const char> request);
    bool take_answers(std::vector<TcpSocket>& found, Status& trouble, std::size_t size);
    static constexpr std::size_t kBuffer = 64U << 10U;  // a dump comes in 32 KiB at most

    Fd fd_;
    std::vector<char> buffer_;
};

/// The same sockets from the text of /proc/PID/net/tcp or tcp6, in the states above; without
/// `limit`, times and cookie.
[[nodiscard]] std::vector<TcpSocket> parse_tcp_table(std::string_view text, bool ipv6);

}  // namespace plimsoll
