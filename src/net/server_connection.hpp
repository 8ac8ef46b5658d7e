// Private to net: one client of the server, from its first byte to its last.
#pragma once

#include "base/clock.hpp"
#include "net/http_message.hpp"
#include "net/request_reader.hpp"
#include "net/response_text.hpp"

#include <cstddef>
#include <cstdint>
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
    void answer(HttpResponse response);
    void check_time(Clock::time_point now);
    void close();
    /// Since when it waits for its client; nothing where the client waits for us.
    [[nodiscard]] std::optional<Clock::time_point> waits_since() const {
        const bool waits =
            phase_ == Phase::Idle || phase_ == Phase::Reading || phase_ == Phase::Draining;
        return waits ? std::optional(begun_) : std::nullopt;
    }

private:
    enum class Phase { Idle, Reading, Handling, Writing, Draining, Closed };

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
    Framing framing_;
    bool in_handler_ = false;
    bool answered_ = false;
    bool refused_ = false;
};

}  // namespace plimsoll::net
