// A connection to a server: a socket, or several of which the first that stands is taken; and TLS.
#pragma once

#include "base/clock.hpp"
#include "engine/transport/origin.hpp"
#include "engine/transport/tls.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace plimsoll {

struct Exchange;

/// Never moves in memory: the epoll set points to it. State, and the passing of bytes; the
/// Connector opens and closes it.
struct Connection {
    Connection() = default;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// As ::recv and ::send: a count, 0 at the end (of reading), or -1 with errno.
    [[nodiscard]] std::ptrdiff_t receive(std::span<char> into) noexcept;
    [[nodiscard]] std::ptrdiff_t send(std::string_view bytes) noexcept;
    /// The same, of a file's bytes from `offset` on; `scratch` must be the same size each time.
    [[nodiscard]] std::ptrdiff_t send_file(int file, std::uint64_t offset, std::uint64_t size,
                                           std::span<char> scratch) noexcept;

    int socket = -1;
    bool used = false;                   // has carried a response already
    bool peer_closed = false;            // the server has ended it; bytes may be unread still
    std::uint32_t attempts = 0;          // addresses tried
    Origin* origin = nullptr;            // whom it leads to
    std::unique_ptr<TlsConnection> tls;  // set where it is secured
    std::vector<int> racing;  // earlier sockets that may still come to stand before `socket`
    Clock::time_point connect_by;
    Exchange* carries = nullptr;  // whom its events are for; not looked at here
};

}  // namespace plimsoll
