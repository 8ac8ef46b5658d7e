// One request and its response on one connection. State only; the shard moves it.
//
// The seam between what users do and how it goes over the wire:
//   users/          decides what to send: Order::Send
//   http1.cpp       makes the request's bytes, reads the response's, decides what a response means
//   connection.cpp  opens, secures, reads, writes and closes sockets; knows deadlines, not
//   protocols
// and back: Users::judge and Users::on_done, once per order.
// Users and the recorder see an outcome, a status number, times and byte counts, never a header.
//
// Another protocol enters beside http1.cpp. It needs what http1.cpp has: start (a request is to be
// sent on `exchange`), on_ready (the connection stands), on_bytes, on_end, and says which protocol
// an exchange speaks by one enumerator in Exchange and one switch in each of the four places where
// connection.cpp hands over. One whose connection carries several exchanges at once (HTTP/2, gRPC)
// keeps a session that owns an Exchange for the socket and passes each stream's frames to the
// stream's own Exchange, which has no socket. One whose exchanges have no end of their own
// (WebSocket) ends an exchange with each awaited message and leaves the connection open.
#pragma once

#include "base/clock.hpp"
#include "base/random.hpp"
#include "engine/content_decoder.hpp"
#include "engine/prepared_request.hpp"
#include "engine/response_parser.hpp"
#include "engine/tls.hpp"
#include "engine/upload.hpp"
#include "record/interval.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

struct Origin;
struct User;

enum class Phase : std::uint8_t {
    Idle,         // no request under way; the connection may stand
    Resolving,    // the origin's name is being looked up
    Connecting,   // one or several sockets, whichever stands first
    Handshaking,  // TLS
    Sending,      // the kernel took only part of the request
    Waiting,      // sent; the response's header is not complete
    Body,         // header complete, body not
    Decoding,     // the body is complete; what it stands for is being worked out
};

/// What a request's span will need; its memory serves one request after the other.
struct TraceNotes {
    std::uint64_t stem = 0;    // of the flow's ids: see User::trace_stem
    std::uint32_t number = 0;  // of the request within its flow
    std::string path;          // as sent, query included
    std::vector<PhaseSpan> phases;
};

/// Never moves in memory: the epoll set and the timer wheel point to it.
struct Exchange {
    explicit Exchange(User& user) : owner(&user) {}
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    [[nodiscard]] bool under_way() const noexcept { return phase != Phase::Idle; }

    User* owner;
    const PreparedRequest* request = nullptr;  // the one under way, or the last

    // the connection
    int socket = -1;
    Phase phase = Phase::Idle;
    bool reused = false;          // this connection has carried a response already
    bool unfinished = false;      // in Shard::unfinished_
    bool peer_closed = false;     // the server has ended the connection; bytes may be unread still
    bool new_connection = false;  // the request under way had to open one
    std::uint32_t attempts = 0;   // addresses tried for this connection
    Origin* origin = nullptr;     // whom it leads to
    std::unique_ptr<TlsConnection> tls;  // set where it is secured
    std::vector<int> racing;  // earlier sockets that may still come to stand before `socket`
    Clock::time_point connect_by;
    Clock::time_point deadline = Clock::time_point::max();
    std::uint64_t wheel_slot = 0;

    // the request
    bool retried = false;      // sent anew after a kept-alive connection turned out closed
    bool starting = false;     // inside send_request: what fails now must not go on from there
    bool was_blocked = false;  // the kernel would not take all of it at once
    bool answered = false;     // a byte of this hop's response has come
    bool given_up = false;     // its time ran out
    std::uint32_t serial = 0;  // of the hop: tells whether another is under way since
    std::uint32_t hops = 0;    // redirects followed
    std::unique_ptr<TraceNotes> notes;  // made with the first request where a run has traces
    std::uint64_t hop_bytes = 0;        // of this hop's request
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    Clock::time_point due;
    Clock::time_point sent;
    Clock::time_point phase_begun;  // of Resolving to Sending
    Clock::time_point written;      // when the kernel had taken the whole request
    Clock::time_point first_byte;   // of the hop's response; unset where one read brought it all
    PhaseTimes times;
    std::string_view unsent;          // of the request's bytes; points into one of the next two ...
    std::string request_store;        // ... this, or the prepared request itself
    std::unique_ptr<Upload> upload;   // what follows `unsent`, from files
    Origin* home = nullptr;           // where the first hop went; set once there is a second
    std::unique_ptr<RequestAim> aim;  // set where it goes elsewhere than the step says
    Random random_before{0, 0, 0};    // the user's, as it was before the request was rendered

    // the response
    ResponseParser parser;
    std::string response_rest;                // an incomplete header, kept until more comes
    std::unique_ptr<ContentDecoder> decoder;  // while Decoding
    Clock::time_point completed;              // when its body was; while Decoding
};

}  // namespace plimsoll
