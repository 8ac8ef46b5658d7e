// Opens, secures and closes a shard's connections.
#pragma once

#include "engine/recording/recorder.hpp"
#include "engine/transport/address.hpp"
#include "engine/transport/connection.hpp"
#include "engine/transport/event_loop.hpp"
#include "scenario/http_options.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace plimsoll {

/// How the opening of a connection stands.
struct Opening {
    enum class State : std::uint8_t {
        Waiting,  // nothing new
        Begun,    // another address is being tried; look again at `until`
        Stands,
        Failed  // no address is left: `error` is an errno
    };
    State state = State::Waiting;
    int error = 0;
    Clock::time_point until = {};
};

/// What a shard opens its connections with.
struct ConnectorPlan {
    std::vector<SocketAddress> locals;         // to send from; empty: the system's choice
    std::shared_ptr<const TlsContext> tls;     // set where the target is https
    std::uint64_t sockets_below = UINT64_MAX;  // a socket's number: from it on they are others'
};

/// Blocks never. Threading: one shard's.
class Connector {
public:
    /// All must outlive it.
    Connector(const ConnectorPlan& plan, const TlsOptions& options, EventLoop& loop,
              Recorder& recorder)
        : plan_(plan), options_(options), loop_(loop), recorder_(recorder), tls_(plan.tls) {}

    /// Goes on to the next of the origin's addresses, of which number `first` comes first, while
    /// the earlier ones go on. `last_error`: of the latest of those.
    [[nodiscard]] Opening try_next(Connection& connection, std::uint32_t first, int last_error);
    /// The kernel has something to say of one that is being opened.
    [[nodiscard]] Opening on_event(Connection& connection, std::uint32_t first,
                                   std::uint32_t events);
    /// Prepares TLS on one that stands. Error: why it cannot be.
    [[nodiscard]] Status secure(Connection& connection);
    /// With all its sockets.
    void close(Connection& connection);

private:
    /// 0, or an errno.
    [[nodiscard]] int start_attempt(Connection& connection, const SocketAddress& address);
    [[nodiscard]] int bind_and_connect(int socket, const SocketAddress& address);
    [[nodiscard]] Opening pick_winner(Connection& connection, std::uint32_t first);
    void drop(int socket);

    const ConnectorPlan& plan_;
    const TlsOptions& options_;
    EventLoop& loop_;
    Recorder& recorder_;
    std::shared_ptr<const TlsContext> tls_;
    std::size_t next_local_ = 0;
};

}  // namespace plimsoll
