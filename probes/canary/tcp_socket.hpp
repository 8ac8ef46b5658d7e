// A plain TCP connection whose every call ends by a deadline. Only for this folder.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "probes/postgres/deadline_io.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

class TcpSocket {
public:
    TcpSocket() = default;
    ~TcpSocket() { close(); }
    TcpSocket(const TcpSocket&) = delete;
    TcpSocket& operator=(const TcpSocket&) = delete;

    /// Connects to a numeric address.
    [[nodiscard]] Status connect(const std::string& address, std::uint16_t port,
                                 Clock::time_point deadline);
    [[nodiscard]] Status send(std::string_view bytes, Clock::time_point deadline);
    /// Appends what has come, at least one byte. False: the other side closed.
    [[nodiscard]] Result<bool> receive(std::string& into, Clock::time_point deadline);
    void close();
    [[nodiscard]] bool open() const noexcept { return fd_ >= 0; }

private:
    int fd_ = -1;
};

/// The addresses of a host: looked up when first needed and again after none of them answered.
class Addresses {
public:
    explicit Addresses(std::string host) : lookup_(std::move(host)) {}
    /// Connects `socket` to the first address that answers; `took` is that handshake's time.
    [[nodiscard]] Status connect(TcpSocket& socket, std::uint16_t port, Clock::time_point deadline,
                                 Nanoseconds& took);

private:
    HostLookup lookup_;
    std::vector<std::string> known_;
};

}  // namespace plimsoll
