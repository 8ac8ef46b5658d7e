// One request under way on a connection, and its response. State only; `Requests` moves it.
#pragma once

#include "base/clock.hpp"
#include "base/random.hpp"
#include "engine/http1/content_decoder.hpp"
#include "engine/http1/prepared_request.hpp"
#include "engine/requests/protocol.hpp"
#include "engine/transport/connection.hpp"
#include "engine/transport/upload.hpp"
#include "record/interval.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

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

/// Never moves in memory: its connection and the timer wheel point to it. A protocol that carries
/// several requests at once on a connection has several exchanges point to that one.
struct Exchange {
    Exchange(User& user, Connection& its) : owner(&user), connection(&its) {
        connection->carries = this;
    }
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    [[nodiscard]] bool under_way() const noexcept { return phase != Phase::Idle; }

    User* owner;
    Connection* connection;
    const PreparedRequest* request = nullptr;  // the one under way, or the last
    Protocol protocol;
    Phase phase = Phase::Idle;
    Clock::time_point deadline = Clock::time_point::max();
    std::uint64_t wheel_slot = 0;

    // the request
    bool unfinished = false;   // in Requests::unfinished_
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
    std::unique_ptr<ContentDecoder> decoder;  // while Decoding
    Clock::time_point completed;              // when its body was; while Decoding
};

}  // namespace plimsoll
