// Sockets: opened, secured, read, written, timed out and closed. Knows no protocol.
#include "engine/shard.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>

namespace plimsoll {
namespace {

Outcome outcome_of_connect_error(int error) {
    switch (error) {
        case ETIMEDOUT:
            return Outcome::ConnectTimeout;
        case ECONNRESET:
            return Outcome::ConnectReset;
        case EADDRNOTAVAIL:
        case EAGAIN:
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM:
            return Outcome::NoPorts;
        default:
            return Outcome::ConnectRefused;
    }
}

/// A response may come: from the time that the connection stands, whether or not the request is
/// out.
bool takes_bytes(Phase phase) {
    return phase == Phase::Sending || phase == Phase::Waiting || phase == Phase::Body;
}

/// How long one address may take before the next is tried beside it (RFC 8305, 5).
constexpr std::chrono::milliseconds kAttemptDelay{250};

/// How often one socket is read before the others' turn: a server that sends faster than we read
/// must not keep a shard for itself.
constexpr int kReadsAtOnce = 16;

int error_of(int socket) {
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

}  // namespace

Exchange& Shard::exchange_for(Client& client, const PreparedRequest& request) {
    Exchange& first = client.exchange;
    if (!request.is_absolute() && !first.under_way() &&
        (first.socket < 0 || first.origin == &origins_.front())) [[likely]] {
        return first;
    }
    const Origin* wanted = &origins_.front();
    if (request.is_absolute()) {
        std::string url;
        Random random = client.user->random;
        static_cast<void>(request.step().path.render(users_->context(*client.user, random), url));
        const auto split = split_url(url);
        wanted = split ? &origin_for(split->origin) : nullptr;
    }
    Exchange* unconnected = nullptr;
    Exchange* connected = nullptr;
    client.for_each_exchange([&](Exchange& each) {
        if (each.under_way()) {
            return;
        }
        if (each.socket < 0) {
            unconnected = &each;
        } else if (each.origin == wanted) {
            connected = &each;
        }
    });
    if (connected != nullptr) {
        return *connected;
    }
    return unconnected != nullptr ? *unconnected : client.more.emplace_front(*client.user);
}

Exchange& Shard::idle_exchange(Client& client) {
    if (!client.exchange.under_way()) {
        return client.exchange;
    }
    const auto idle = std::find_if(client.more.begin(), client.more.end(),
                                   [](const Exchange& each) { return !each.under_way(); });
    return idle != client.more.end() ? *idle : client.more.emplace_front(*client.user);
}

void Shard::open_connection(Exchange& exchange) {
    const auto& limits = exchange.request->limits();
    const bool begins = exchange.hops == 0 && !exchange.retried;
    exchange.reused = false;
    exchange.peer_closed = false;
    exchange.new_connection = true;
    exchange.phase_begun = begins ? exchange.sent : Clock::now();
    exchange.connect_by =
        std::min(exchange.phase_begun + limits.connect, exchange.sent + limits.total);
    Origin& origin = *exchange.origin;
    if (exchange.phase_begun >= origin.fresh_until) {
        look_up(origin);  // beside this connection, which takes what is known
    }
    if (!origin.addresses.empty()) {
        begin_connect(exchange);
        return;
    }
    exchange.phase = Phase::Resolving;
    origin.waiting.push_back(&exchange);
    set_deadline(exchange, exchange.connect_by);
    look_up(origin);
}

void Shard::look_up(Origin& origin) {
    if (origin.looking_up) {
        return;
    }
    origin.looking_up = true;
    lookup_.start(origin.url, [this, &origin](NameLookup::Answer answer) {
        on_looked_up(origin, std::move(answer));
    });
}

void Shard::on_looked_up(Origin& origin, NameLookup::Answer answer) {
    const auto now = Clock::now();
    origin.looking_up = false;
    if (answer) {
        origin.addresses = *std::move(answer);
        origin.fresh_until = now + scenario_.http.dns_ttl;
    } else if (!origin.addresses.empty()) {
        origin.fresh_until = now + scenario_.http.dns_ttl;  // the old ones serve on
    }
    for (Exchange* const exchange : std::exchange(origin.waiting, {})) {
        if (exchange->phase != Phase::Resolving || exchange->origin != &origin) {
            continue;  // gave up meanwhile
        }
        exchange->times.dns += now - exchange->phase_begun;
        exchange->phase_begun = now;
        if (origin.addresses.empty()) {
            fail(*exchange, Outcome::Dns, answer.ok() ? "no address" : answer.error().what);
        } else {
            begin_connect(*exchange);
        }
    }
}

void Shard::begin_connect(Exchange& exchange) {
    exchange.phase = Phase::Connecting;
    exchange.attempts = 0;
    try_next_address(exchange, 0);
}

void Shard::try_next_address(Exchange& exchange, int last_error) {
    const auto& addresses = exchange.origin->addresses;
    while (exchange.attempts < addresses.size()) {
        const std::size_t at = (exchange.owner->place + exchange.attempts) % addresses.size();
        ++exchange.attempts;
        last_error = start_attempt(exchange, addresses[at]);
        if (last_error != 0) {
            ++recorder_->counts().connects_failed;
            continue;
        }
        const bool more = exchange.attempts < addresses.size();
        set_deadline(exchange, more ? std::min(exchange.connect_by, Clock::now() + kAttemptDelay)
                                    : exchange.connect_by);
        return;
    }
    if (exchange.socket < 0) {
        fail(exchange, outcome_of_connect_error(last_error), std::strerror(last_error));
    }
}

int Shard::start_attempt(Exchange& exchange, const SocketAddress& address) {
    const int socket = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket < 0) {
        return errno;
    }
    // The kernel gives the lowest number that is free: this many are open, or nearly.
    if (static_cast<std::uint64_t>(socket) >= plan_.sockets_below) [[unlikely]] {
        ::close(socket);
        return EMFILE;
    }
    ++recorder_->levels.connections_open;
    const int error = bind_and_connect(socket, address);
    // Readiness comes as an event even where the connection stands already (a new socket's first
    // edge).
    if (error != 0 || !loop_.add(socket, &exchange)) {
        const int why = error != 0 ? error : ENOMEM;
        drop(socket);
        return why;
    }
    if (exchange.socket >= 0) {
        exchange.racing.push_back(exchange.socket);
    }
    exchange.socket = socket;
    return 0;
}

int Shard::bind_and_connect(int socket, const SocketAddress& address) {
    const int on = 1;
    if (address.family() == AF_UNIX) {
        // A full accept queue says EAGAIN here, where TCP would have the connection wait.
        const int error = ::connect(socket, address.get(), address.length) == 0 ? 0 : errno;
        return error == EAGAIN ? ECONNREFUSED : error;
    }
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // Each local address has its own range of ports: when one's is used up, the next is taken. The
    // port is chosen when the socket connects, so that it need be free towards this server only.
    const auto& locals = plan_.locals;
    int error = EADDRNOTAVAIL;
    for (std::size_t tries = 0; tries < std::max<std::size_t>(1, locals.size()); ++tries) {
        if (!locals.empty()) {
            const SocketAddress& local = locals[next_local_++ % locals.size()];
            if (local.family() != address.family()) {
                continue;
            }
            ::setsockopt(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
            if (::bind(socket, local.get(), local.length) != 0) {
                return errno;
            }
        }
        error = ::connect(socket, address.get(), address.length) == 0 ? 0 : errno;
        if (error == 0 || error == EINPROGRESS) {
            return 0;
        }
        if (error != EADDRNOTAVAIL) {
            return error;
        }
    }
    return error;
}

void Shard::on_connect_event(Exchange& exchange, std::uint32_t events) {
    if (!exchange.racing.empty()) {
        pick_winner(exchange);
        return;
    }
    if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) == 0) {
        return;
    }
    const int error = error_of(exchange.socket);
    if (error == 0) {
        on_connected(exchange);
        return;
    }
    ++recorder_->counts().connects_failed;
    drop(std::exchange(exchange.socket, -1));
    exchange.peer_closed = false;
    try_next_address(exchange, error);
}

void Shard::pick_winner(Exchange& exchange) {
    std::vector<int> sockets = std::move(exchange.racing);
    sockets.push_back(exchange.socket);
    std::vector<int> waiting;
    int winner = -1;
    int last_error = 0;
    exchange.peer_closed = false;
    for (const int socket : sockets) {
        pollfd state{socket, POLLOUT | POLLRDHUP, 0};
        ::poll(&state, 1, 0);
        const bool settled = (state.revents & (POLLOUT | POLLERR | POLLHUP)) != 0;
        const int error = settled ? error_of(socket) : EINPROGRESS;
        if (error == 0 && winner < 0) {
            winner = socket;
            exchange.peer_closed = (state.revents & (POLLRDHUP | POLLHUP)) != 0;
        } else if (error == 0 || error == EINPROGRESS) {
            waiting.push_back(socket);
        } else {
            ++recorder_->counts().connects_failed;
            drop(socket);
            last_error = error;
        }
    }
    if (winner >= 0) {
        std::for_each(waiting.begin(), waiting.end(), [this](int socket) { drop(socket); });
        exchange.racing.clear();
        exchange.socket = winner;
        on_connected(exchange);
        return;
    }
    exchange.socket = waiting.empty() ? -1 : waiting.back();
    if (!waiting.empty()) {
        waiting.pop_back();
    }
    exchange.racing = std::move(waiting);
    if (last_error != 0) {
        try_next_address(exchange, last_error);
    }
}

void Shard::on_connected(Exchange& exchange) {
    ++recorder_->counts().connects_ok;
    const auto now = Clock::now();
    exchange.times.connect += now - exchange.phase_begun;
    exchange.phase_begun = now;
    Origin& origin = *exchange.origin;
    if (!origin.secure) {
        begin_write(exchange);
        return;
    }
    if (!tls_) {
        auto made = TlsContext::create(scenario_.http.tls);
        if (!made) {
            fail(exchange, Outcome::Tls, made.error().to_string());
            return;
        }
        tls_ = *std::move(made);
    }
    exchange.tls = TlsConnection::create(*tls_, exchange.socket, origin.server_name,
                                         scenario_.http.tls.resume ? &origin.session : nullptr);
    if (!exchange.tls) {
        fail(exchange, Outcome::Tls, "TLS could not be set up for this host name");
        return;
    }
    exchange.phase = Phase::Handshaking;
    set_deadline(exchange, exchange.connect_by);
    continue_handshake(exchange);
}

void Shard::continue_handshake(Exchange& exchange) {
    const int done = exchange.tls->handshake();
    if (done == 1) {
        const auto now = Clock::now();
        exchange.times.tls += now - exchange.phase_begun;
        exchange.phase_begun = now;
        begin_write(exchange);
    } else if (done == 0) {
        fail(exchange, Outcome::Tls, "connection closed in the TLS handshake");
    } else if (errno != EAGAIN) {
        fail(exchange, Outcome::Tls,
             errno == EPROTO ? exchange.tls->failure() : std::string(std::strerror(errno)));
    }
}

void Shard::begin_write(Exchange& exchange) {
    const auto& limits = exchange.request->limits();
    set_deadline(exchange,
                 std::min(exchange.phase_begun + limits.first_byte, exchange.sent + limits.total));
    write_some(exchange);
}

std::ptrdiff_t Shard::write_once(Exchange& exchange) {
    if (exchange.unsent.empty()) {
        return write_file(exchange);
    }
    const std::string_view bytes = exchange.unsent;
    const std::ptrdiff_t n =
        exchange.tls ? exchange.tls->write(bytes.data(), bytes.size())
                     : ::send(exchange.socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n > 0) {
        exchange.unsent.remove_prefix(static_cast<std::size_t>(n));
    }
    return n;
}

std::ptrdiff_t Shard::write_file(Exchange& exchange) {
    Upload& upload = *exchange.upload;
    const Upload::Piece& piece = upload.piece();
    const std::uint64_t rest = piece.size - upload.offset();
    auto offset = static_cast<off_t>(upload.offset());
    std::ptrdiff_t n = 0;
    if (piece.file < 0) {
        const char* const text = piece.text.data() + upload.offset();
        n = exchange.tls ? exchange.tls->write(text, rest)
                         : ::send(exchange.socket, text, rest, MSG_NOSIGNAL);
    } else if (!exchange.tls) {
        constexpr std::uint64_t kMost = 1U << 30;
        n = ::sendfile(exchange.socket, piece.file, &offset, std::min(rest, kMost));
    } else {
        // The same bytes are read and offered again after EAGAIN, as TLS demands.
        n = ::pread(piece.file, receive_buffer_.data(),
                    std::min<std::uint64_t>(rest, receive_buffer_.size()), offset);
        n = n <= 0 ? n : exchange.tls->write(receive_buffer_.data(), static_cast<std::size_t>(n));
    }
    if (n > 0) {
        upload.sent(static_cast<std::uint64_t>(n));
    } else if (n == 0) {
        errno = ENODATA;  // the file has become shorter than it was
        return -1;
    }
    return n;
}

void Shard::write_some(Exchange& exchange) {
    exchange.phase = exchange.parser.header_done() ? Phase::Body : Phase::Waiting;
    while (!exchange.unsent.empty() || (exchange.upload && exchange.upload->left() != 0)) {
        if (write_once(exchange) >= 0) [[likely]] {
            continue;
        }
        if (errno == EINTR) {
            continue;
        }
        if (errno != EAGAIN) {
            on_write_failed(exchange, errno);
            return;
        }
        if (!exchange.was_blocked) {
            exchange.was_blocked = true;
            set_deadline(exchange, exchange.sent + exchange.request->limits().total);
        }
        exchange.phase = Phase::Sending;
        // What was rendered for this sending alone must outlive this call: kept once.
        const bool in_scratch = exchange.unsent.data() >= scratch_.data() &&
                                exchange.unsent.data() < scratch_.data() + scratch_.size();
        if (in_scratch && !exchange.unsent.empty()) {
            exchange.request_store.assign(exchange.unsent);
            exchange.unsent = exchange.request_store;
        }
        return;
    }
    on_written(exchange);
}

void Shard::on_written(Exchange& exchange) {
    exchange.written = exchange.phase_begun;
    if (exchange.was_blocked) [[unlikely]] {
        exchange.was_blocked = false;
        exchange.written = Clock::now();
        exchange.times.send += exchange.written - exchange.phase_begun;
        const auto& limits = exchange.request->limits();
        if (!exchange.answered) {
            set_deadline(exchange, std::min(exchange.written + limits.first_byte,
                                            exchange.sent + limits.total));
        }
    }
}

void Shard::on_write_failed(Exchange& exchange, int error) {
    const std::uint64_t left =
        exchange.unsent.size() + (exchange.upload ? exchange.upload->left() : 0);
    exchange.written = Clock::now();
    exchange.phase = Phase::Sending;
    if (left == exchange.hop_bytes && error != ENODATA && retry_on_new_connection(exchange, true)) {
        return;
    }
    if (error == ECONNRESET || error == EPIPE) {
        // The server may have answered, and said why, before it closed.
        exchange.peer_closed = true;
        read_some(exchange);
    } else if (error == EPROTO && exchange.tls) {
        fail(exchange, Outcome::Tls, exchange.tls->failure());
    } else {
        fail(exchange, Outcome::SendFailed,
             error == ENODATA ? "the file became shorter while it was sent" : std::strerror(error));
    }
}

void Shard::read_some(Exchange& exchange) {
    const std::uint32_t serial = exchange.serial;
    for (int full = 0;;) {
        const ssize_t n =
            exchange.tls
                ? exchange.tls->read(receive_buffer_.data(), receive_buffer_.size())
                : ::recv(exchange.socket, receive_buffer_.data(), receive_buffer_.size(), 0);
        if (n > 0) [[likely]] {
            const auto size = static_cast<std::size_t>(n);
            on_bytes(exchange, {receive_buffer_.data(), size});
            // After the response's end the next request may be under way already; what comes for it
            // is an event of its own.
            if (exchange.serial != serial || !takes_bytes(exchange.phase)) {
                return;
            }
            // A short read has emptied the socket, unless its end came in the same event. TLS reads
            // record by record.
            if (size < receive_buffer_.size() && !exchange.peer_closed && !exchange.tls) {
                return;
            }
            if (++full == kReadsAtOnce) [[unlikely]] {
                read_on_later(exchange);
                return;
            }
            continue;
        }
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && errno == EAGAIN) {
            return;
        }
        on_end(exchange, n == 0 ? 0 : errno);
        return;
    }
}

void Shard::read_on_later(Exchange& exchange) {
    // What is left makes no event of its own: the edge has been, and OpenSSL may hold it already.
    if (!exchange.unfinished) {
        exchange.unfinished = true;
        unfinished_.push_back(&exchange);
    }
}

void Shard::read_on() {
    for (Exchange* const exchange : std::exchange(unfinished_, {})) {
        exchange->unfinished = false;
        if (takes_bytes(exchange->phase)) {
            read_some(*exchange);
        }
    }
}

void Shard::fail(Exchange& exchange, Outcome outcome, std::string_view why) {
    const std::string text(why);  // what it points into may go with the connection
    const auto now = Clock::now();
    if (exchange.notes && exchange.bytes_sent != 0) {  // else it never began
        trace_phases(exchange, now);
    }
    close_socket(exchange);
    finish_request(exchange, outcome, now, text);
}

void Shard::set_deadline(Exchange& exchange, Clock::time_point at) {
    exchange.deadline = at;
    wheel_.watch(exchange);
}

void Shard::on_timeout(Exchange& exchange) {
    exchange.given_up = true;
    switch (exchange.phase) {
        case Phase::Idle:
        case Phase::Decoding:
            return;
        case Phase::Resolving:
            fail(exchange, Outcome::Dns, "the host name was not looked up in time");
            return;
        case Phase::Connecting:
            if (Clock::now() < exchange.connect_by) {
                exchange.given_up = false;
                try_next_address(exchange, ETIMEDOUT);  // the earlier ones go on
                return;
            }
            ++recorder_->counts().connects_failed;
            fail(exchange, Outcome::ConnectTimeout, "no connection within the step's timeout");
            return;
        case Phase::Handshaking:
            fail(exchange, Outcome::ConnectTimeout, "no TLS handshake within the step's timeout");
            return;
        case Phase::Sending:
        case Phase::Waiting:
            fail(exchange, Outcome::ResponseTimeout,
                 "no response header within the step's timeout");
            return;
        case Phase::Body:
            fail(exchange, Outcome::BodyTimeout,
                 "response body not complete within the step's timeout");
            return;
    }
}

void Shard::record_cut_off(const Exchange& exchange, Clock::time_point now) {
    Sample sample;
    sample.due = exchange.due;
    sample.sent = exchange.sent;
    sample.completed = now;
    sample.endpoint = exchange.request->step().endpoint;
    sample.status = exchange.parser.status();
    sample.outcome = Outcome::CutOff;
    sample.bytes_sent = exchange.bytes_sent;
    sample.bytes_received = exchange.bytes_received;
    recorder_->record(sample);
    for (const Check& check : exchange.request->step().expect.checks) {
        recorder_->record_check_cut_off(check.id);
    }
    ++recorder_->counts().interrupted;
    if (plan_.users.trace_limit != 0 && exchange.notes) {
        trace_request(*exchange.owner, exchange, sample);
    }
    if (plan_.users.tell.on_request) {
        plan_.users.tell.on_request(sample, "cut off before it was answered");
    }
}

void Shard::abandon(Exchange& exchange, Clock::time_point now) {
    if (exchange.under_way()) {
        recorder_->request_ended(now);
        if (exchange.notes && exchange.bytes_sent != 0) {
            trace_phases(exchange, now);
        }
        record_cut_off(exchange, now);
    }
    close_socket(exchange);
    exchange.decoder.reset();
    exchange.phase = Phase::Idle;
    exchange.deadline = Clock::time_point::max();
}

void Shard::drop(int socket) {
    ::close(socket);
    --recorder_->levels.connections_open;
}

void Shard::close_socket(Exchange& exchange) {
    exchange.tls.reset();
    for (const int socket : exchange.racing) {
        drop(socket);
    }
    exchange.racing.clear();
    if (exchange.socket >= 0) {
        drop(std::exchange(exchange.socket, -1));
    }
}

void Shard::on_event(Exchange& exchange, std::uint32_t events) {
    constexpr std::uint32_t kEnded = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
    exchange.peer_closed = exchange.peer_closed || (events & kEnded) != 0;
    switch (exchange.phase) {
        case Phase::Idle:
            on_idle_event(exchange, events);
            return;
        case Phase::Resolving:
            return;
        case Phase::Connecting:
            on_connect_event(exchange, events);
            break;
        case Phase::Handshaking:
            continue_handshake(exchange);
            break;
        default:
            break;
    }
    // An edge comes once: bytes that came with the connection, or before the request is out, must
    // be read now.
    if ((events & (EPOLLIN | kEnded)) != 0 && takes_bytes(exchange.phase)) {
        read_some(exchange);
    }
    if ((events & EPOLLOUT) != 0 && exchange.phase == Phase::Sending) {
        write_some(exchange);
    }
}

void Shard::on_idle_event(Exchange& exchange, std::uint32_t events) {
    if (exchange.socket < 0) {
        return;
    }
    if (exchange.tls && !exchange.peer_closed) {
        // TLS has words of its own, e.g. sessions to resume by.
        const std::ptrdiff_t n = exchange.tls->read(receive_buffer_.data(), receive_buffer_.size());
        if (n < 0 && errno == EAGAIN) {
            return;
        }
    } else if (!exchange.peer_closed && (events & EPOLLIN) == 0) {
        return;
    }
    // The server closed a connection that nothing is asked of, or spoke unasked on it, which would
    // be taken for the next response: the next request opens a new one.
    close_socket(exchange);
    ++recorder_->counts().reconnects;
}

}  // namespace plimsoll
