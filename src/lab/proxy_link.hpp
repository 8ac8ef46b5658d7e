// Private to lab: one proxied connection, client on one side and upstream on the other.
#pragma once

#include "base/clock.hpp"
#include "lab/proxy.hpp"

#include <array>
#include <cstddef>
#include <deque>
#include <optional>
#include <random>
#include <string>

namespace plimsoll {

/// Moves bytes between two non-blocking sockets, which it owns. Threading: the proxy's thread.
class ProxyLink {
public:
    enum Side : std::size_t { Client = 0, Upstream = 1 };
    enum class End { None, Closed, Reset };

    /// `upstream` may still be connecting; nothing is read or written on it before `connected`.
    ProxyLink(int client, int upstream);
    ~ProxyLink();  // closes
    ProxyLink(const ProxyLink&) = delete;
    ProxyLink& operator=(const ProxyLink&) = delete;

    /// Reads what `side` has sent and puts it on its way. Returns how the link has ended.
    [[nodiscard]] End receive(Side side, const ProxyFaults& faults, std::minstd_rand& random);
    /// Writes to `side` what is due by now.
    [[nodiscard]] End deliver(Side side, Clock::time_point now, const ProxyFaults& faults,
                              std::uint64_t& bytes);
    /// When the next bytes for `side` become due; nothing while none wait.
    [[nodiscard]] std::optional<Clock::time_point> next_due(Side side) const;
    [[nodiscard]] bool wants_to_read(Side side, const ProxyFaults& faults) const;
    [[nodiscard]] bool wants_to_write(Side side) const { return ends_[side].blocked; }
    /// Nothing will come from this side or go to it any more.
    [[nodiscard]] bool finished(Side side) const { return ends_[side].ended && ends_[side].closed; }
    [[nodiscard]] int fd(Side side) const { return ends_[side].fd; }
    [[nodiscard]] bool connecting() const { return connecting_; }
    /// Whether connecting has succeeded; call when the socket has become writable.
    [[nodiscard]] bool connected();
    /// The destructor will send a reset to both sides instead of an orderly end.
    void reset();

private:
    struct Chunk {
        Clock::time_point due;
        std::string bytes;
    };
    struct EndPoint {
        int fd = -1;
        std::deque<Chunk> out;    // on the way to this side
        std::size_t queued = 0;   // bytes in `out`
        std::size_t written = 0;  // of its first chunk
        Clock::time_point free;   // when the wire to this side has sent what is on it
        bool ended = false;       // has sent its end of stream
        bool closed = false;      // has been sent the other's end of stream
        bool blocked = false;     // its socket takes no more for now
    };
    static Side other(Side side) { return side == Client ? Upstream : Client; }
    void send_on(Side to, std::string bytes, const ProxyFaults& faults, std::minstd_rand& random);

    std::array<EndPoint, 2> ends_;
    bool connecting_ = true;
};

}  // namespace plimsoll
