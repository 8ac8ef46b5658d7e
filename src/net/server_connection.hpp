// Private to net: one client of the server, from its first byte to its last.
#pragma once

#include "base/clock.hpp"
#include "net/http_message.hpp"
#include "net/http_stream.hpp"
#include "net/request_reader.hpp"
#include "net/response_text.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/ip/tcp.hpp>

namespace plimsoll::net {

class ServerLoop;

/// One client connection. Everything here runs on the thread of its loop.
class ServerConnection : public std::enable_shared_from_this<ServerConnection> {
public:
    ServerConnection(ServerLoop& loop, boost::asio::ip::tcp::socket socket, std::uint64_t id);
    void begin();
    ~ServerConnection();
    ServerConnection(const ServerConnection&) = delete;
    ServerConnection& operator=(const ServerConnection&) = delete;

    void answer(HttpResponse response);
    /// Answers with a head, and a body that comes by `add_piece` until `end_stream`. `open` turns
    /// false when nothing more can go out.
    void stream(const HttpResponse& head, HttpStream::OpenFlag open);
    void add_piece(HttpStream::Piece piece);
    void end_stream();
    void check_time(Clock::time_point now);
    void close();
    /// Since when it waits for its client; nothing where the client waits for us.
    [[nodiscard]] std::optional<Clock::time_point> waits_since() const {
        const bool waits =
            phase_ == Phase::Idle || phase_ == Phase::Reading || phase_ == Phase::Draining;
        return waits ? std::optional(begun_) : std::nullopt;
    }

private:
    enum class Phase { Idle, Reading, Handling, Writing, Streaming, Draining, Closed };

    void advance();
    bool parse();
    void handle();
    void refuse(HttpResponse response);
    void respond(const HttpResponse& response);
    bool write();
    void write_rest();
    void finish_response();
    void read();
    void on_read(boost::system::error_code problem, std::size_t count);
    void drain();
    void begin_streaming();
    void write_pieces();
    void watch_for_leaving();
    void compact();
    void enter(Phase phase);

    ServerLoop& loop_;
    boost::asio::ip::tcp::socket socket_;
    const std::uint64_t id_;
    Phase phase_ = Phase::Idle;
    Clock::time_point since_;  // when the phase began, or last made progress
    Clock::time_point begun_;  // when the connection came, or was last answered
    RequestReader reader_;
    std::string in_;  // received; [parsed_, filled_) is still to be parsed
    std::size_t parsed_ = 0;
    std::size_t filled_ = 0;
    std::string out_;
    std::size_t written_ = 0;
    std::size_t drained_ = 0;
    struct Stream {
        HttpStream::OpenFlag open;
        std::deque<HttpStream::Piece> pieces;  // the first one is being written
        std::size_t behind = 0;                // bytes of them that the client has not taken
        bool writing = false;                  // waits for room
        bool ending = false;
    };
    std::optional<Stream> stream_;
    Framing framing_;
    bool in_handler_ = false;
    bool answered_ = false;
    bool refused_ = false;
};

}  // namespace plimsoll::net
