// Private to net: a client connection (TCP, unix socket, either with TLS) whose every wait ends at
// a deadline.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/tls.hpp"
#include "net/url.hpp"

#include <cstddef>
#include <memory>
#include <string_view>

namespace plimsoll::net {

struct SocketAddress;

/// Threading: one thread. Failures say in `what` which phase failed and why, in plain words;
/// `where` is left to the caller.
class SocketStream {
public:
    /// Resolves and connects; tries each address of the name. `tls` may be null for plain traffic
    /// and must outlive the stream.
    [[nodiscard]] static Result<std::unique_ptr<SocketStream>> connect(const Url& url,
                                                                       const TlsContext* tls,
                                                                       Clock::time_point deadline);
    ~SocketStream();
    SocketStream(const SocketStream&) = delete;
    SocketStream& operator=(const SocketStream&) = delete;

    [[nodiscard]] Status write_all(std::string_view data, Clock::time_point deadline);
    /// Bytes read, at least 1; 0 when the peer closed in an orderly way.
    [[nodiscard]] Result<std::size_t> read_some(char* data, std::size_t size,
                                                Clock::time_point deadline);
    /// False when the peer has closed, or sent what nobody asked for, since the last answer.
    [[nodiscard]] bool is_reusable() const;

private:
    SocketStream(int fd, std::unique_ptr<TlsSession> tls);
    [[nodiscard]] Status handshake(Clock::time_point deadline);
    [[nodiscard]] bool wait(short events, Clock::time_point deadline) const;
    [[nodiscard]] Step try_write(std::string_view data);
    [[nodiscard]] Step try_read(char* data, std::size_t size);

    int fd_;
    std::unique_ptr<TlsSession> tls_;
};

}  // namespace plimsoll::net
