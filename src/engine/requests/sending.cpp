// A request's bytes out.
#include "engine/requests/requests.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

namespace plimsoll {
namespace {

bool is_head(const Exchange& exchange) {
    // A redirect may turn any other method into GET, never a HEAD.
    return exchange.request->is_head();
}

}  // namespace

void Requests::carry_out(const Order& order) {
    switch (order.kind) {
        case Order::Kind::Send:
            send(order);
            return;
        case Order::Kind::CutOff:
            cut_off(*order.user);
            return;
        case Order::Kind::Close:
            if (order.user->client != nullptr) {
                close(*order.user->client);
            }
            return;
    }
}

void Requests::send(const Order& order) {
    User& user = *order.user;
    if (user.client == nullptr) [[unlikely]] {
        user.client = &clients_.emplace_back(user);
    }
    const PreparedRequest& request = plan_.prepared[user.user_class][order.step];
    Exchange& exchange =
        order.parallel ? idle_exchange(*user.client) : exchange_for(*user.client, request);
    if (!send_request(exchange, request, order.due)) [[unlikely]] {
        users_.on_unrendered(order, Clock::now());
    }
}

bool Requests::send_request(Exchange& exchange, const PreparedRequest& request,
                            Clock::time_point due) {
    exchange.request = &request;
    exchange.due = due;
    exchange.random_before = exchange.owner->random;
    if (users_plan_.takes_notes()) {
        begin_notes(exchange);
    }
    exchange.bytes_sent = 0;
    exchange.bytes_received = 0;
    exchange.retried = false;
    exchange.given_up = false;
    exchange.hops = 0;
    exchange.times = {};
    exchange.starting = true;
    users_.missing().clear();
    Result<Origin*> origin(&origins_.front());
    if (exchange.aim) [[unlikely]] {
        exchange.aim.reset();
    }
    if (request.is_absolute()) [[unlikely]] {
        origin = aim_at_url(exchange);
    }
    const auto bytes = origin ? render(exchange, **origin, exchange.owner->random)
                              : Result<std::string_view>(origin.error());
    if (!users_.missing().empty()) [[unlikely]] {
        exchange.starting = false;
        return false;
    }
    exchange.sent = Clock::now();
    exchange.deadline = exchange.sent + request.limits().first_byte;
    wheel_.watch(exchange);
    recorder_.request_sent(exchange.sent);
    if (bytes) [[likely]] {
        start_hop(exchange, **origin, *bytes);
    } else {
        exchange.phase = Phase::Sending;
        exchange.protocol.begin({});
        fail(exchange, Outcome::SendFailed, bytes.error().to_string());
    }
    exchange.starting = false;
    return true;
}

Result<std::string_view> Requests::render(Exchange& exchange, const Origin& origin,
                                          Random& random) {
    const User& user = *exchange.owner;
    const CookieJar* const cookies = user.client->known_cookies();
    const std::string_view constant = exchange.request->constant();
    const bool plain = !users_plan_.traceparent && !exchange.aim && cookies == nullptr;
    if (!constant.empty() && plain) [[likely]] {
        if (exchange.notes) {
            exchange.notes->path = path_of(constant);
        }
        return constant;
    }
    RequestParts parts;
    parts.aim = exchange.aim.get();
    parts.origin = &origin;
    if (cookies != nullptr) {
        parts.cookies = cookies;
        parts.now_unix_s = std::time(nullptr);
    }
    if (exchange.request->has_files()) {
        if (!exchange.upload) {
            exchange.upload = std::make_unique<Upload>();
        }
        parts.upload = exchange.upload.get();
        parts.upload->clear();
    }
    if (users_plan_.traceparent) {
        parts.header = trace_header(exchange);
    }
    auto bytes = exchange.request->bytes(users_.context(user, random), parts, scratch_);
    if (exchange.notes && bytes) {
        exchange.notes->path = path_of(*bytes);
    }
    return bytes;
}

void Requests::start_hop(Exchange& exchange, Origin& origin, std::string_view bytes) {
    const PreparedRequest& request = *exchange.request;
    const bool head = is_head(exchange);
    exchange.protocol.begin({head, request.keeps_headers(), request.keeps_body(),
                             scenario_.http.cookies != CookiePolicy::Off,
                             request.limits().redirects != 0,
                             head                   ? UINT64_MAX
                             : request.keeps_body() ? request.limits().max_decoded
                                                    : request.limits().max_body});
    exchange.answered = false;
    exchange.was_blocked = false;
    exchange.first_byte = {};
    ++exchange.serial;
    exchange.hop_bytes = bytes.size() + (exchange.upload ? exchange.upload->left() : 0);
    exchange.bytes_sent += exchange.hop_bytes;
    exchange.unsent = bytes;
    if (exchange.connection->socket >= 0 && exchange.connection->origin != &origin) [[unlikely]] {
        close(exchange);
    }
    if (exchange.connection->socket >= 0) [[likely]] {
        const bool begins = exchange.hops == 0 && !exchange.retried;
        exchange.phase_begun = begins ? exchange.sent : Clock::now();
        write_some(exchange);
        return;
    }
    if (!request.owns(bytes)) {
        exchange.request_store.assign(bytes);
        exchange.unsent = exchange.request_store;
    }
    exchange.connection->origin = &origin;
    open_connection(exchange);
}

void Requests::begin_write(Exchange& exchange) {
    const auto& limits = exchange.request->limits();
    set_deadline(exchange,
                 std::min(exchange.phase_begun + limits.first_byte, exchange.sent + limits.total));
    write_some(exchange);
}

std::ptrdiff_t Requests::write_once(Exchange& exchange) {
    if (exchange.unsent.empty()) {
        return write_file(exchange);
    }
    const std::ptrdiff_t n = exchange.connection->send(exchange.unsent);
    if (n > 0) {
        exchange.unsent.remove_prefix(static_cast<std::size_t>(n));
    }
    return n;
}

std::ptrdiff_t Requests::write_file(Exchange& exchange) {
    Upload& upload = *exchange.upload;
    const Upload::Piece& piece = upload.piece();
    const std::uint64_t rest = piece.size - upload.offset();
    const std::ptrdiff_t n =
        piece.file < 0
            ? exchange.connection->send(std::string_view(piece.text).substr(upload.offset()))
            : exchange.connection->send_file(piece.file, upload.offset(), rest, receive_buffer_);
    if (n > 0) {
        upload.sent(static_cast<std::uint64_t>(n));
    } else if (n == 0) {
        errno = ENODATA;  // the file has become shorter than it was
        return -1;
    }
    return n;
}

void Requests::write_some(Exchange& exchange) {
    exchange.phase = exchange.protocol.response().header_done() ? Phase::Body : Phase::Waiting;
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

void Requests::on_written(Exchange& exchange) {
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

void Requests::on_write_failed(Exchange& exchange, int error) {
    const std::uint64_t left =
        exchange.unsent.size() + (exchange.upload ? exchange.upload->left() : 0);
    exchange.written = Clock::now();
    exchange.phase = Phase::Sending;
    if (left == exchange.hop_bytes && error != ENODATA && retry_on_new_connection(exchange, true)) {
        return;
    }
    if (error == ECONNRESET || error == EPIPE) {
        // The server may have answered, and said why, before it closed.
        exchange.connection->peer_closed = true;
        read_some(exchange);
    } else if (error == EPROTO && exchange.connection->tls) {
        fail(exchange, Outcome::Tls, exchange.connection->tls->failure());
    } else {
        fail(exchange, Outcome::SendFailed,
             error == ENODATA ? "the file became shorter while it was sent" : std::strerror(error));
    }
}

bool Requests::retry_on_new_connection(Exchange& exchange, bool unseen) {
    // The server may close an idle connection just as we use it: that is not an error of the
    // request. But it may also have taken the request and died of it: what has an effect each time
    // is never sent twice (RFC 9110, 9.2.2).
    const bool turned_to_get = exchange.aim && !exchange.aim->method.empty();
    if (!exchange.connection->used || exchange.retried || exchange.answered ||
        !(unseen || turned_to_get || exchange.request->is_idempotent())) {
        return false;
    }
    if (exchange.notes) {
        trace_phases(exchange, Clock::now());
    }
    exchange.retried = true;
    ++recorder_.counts().reconnects;
    close(exchange);
    Random random = exchange.random_before;  // the same request again, to the last draw
    Origin& origin = *exchange.connection->origin;
    const auto bytes = render(exchange, origin, random);
    if (!bytes) {
        fail(exchange, Outcome::SendFailed, bytes.error().to_string());
        return true;
    }
    exchange.bytes_sent -= exchange.hop_bytes;
    start_hop(exchange, origin, *bytes);
    return true;
}

}  // namespace plimsoll
