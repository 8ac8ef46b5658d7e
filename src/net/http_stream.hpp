// An answer that goes on for as long as its server has something to say.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace plimsoll {

namespace net {
class Inbox;
}

/// A response whose body comes in pieces; its end is the connection's. A client that takes too
/// little is cut off (HttpServerOptions::max_stream_behind, write_timeout), so that a slow one
/// holds no more than that.
///
/// Threading: any thread, one at a time. Lifetime: may outlive the server. Destroying it ends the
/// response.
class HttpStream {
public:
    using Piece = std::shared_ptr<const std::string>;
    using OpenFlag = std::shared_ptr<std::atomic<bool>>;

    HttpStream() = default;  // closed
    HttpStream(std::shared_ptr<net::Inbox> inbox, std::uint64_t connection, OpenFlag open);
    ~HttpStream();
    HttpStream(HttpStream&&) noexcept = default;
    HttpStream& operator=(HttpStream&& other) noexcept;
    HttpStream(const HttpStream&) = delete;
    HttpStream& operator=(const HttpStream&) = delete;

    /// Never waits. Several streams may share a piece. Nothing happens once it is closed.
    void write(Piece piece);
    /// Ends the response once the client has taken what was written.
    void end();
    /// False: the client left, was cut off, or the server stopped.
    [[nodiscard]] bool open() const { return open_ != nullptr && *open_; }

private:
    std::shared_ptr<net::Inbox> inbox_;
    std::uint64_t connection_ = 0;
    OpenFlag open_;
};

}  // namespace plimsoll
