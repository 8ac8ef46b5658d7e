#include "net/server_connection.hpp"

#include "net/host_check.hpp"
#include "net/server_loop.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string_view>
#include <utility>

#include <boost/asio/buffer.hpp>

namespace plimsoll::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr std::size_t kReadBlock = 4096;
constexpr std::size_t kDrainLimit = 1U << 20U;  // bytes of a refused request read and dropped
constexpr auto kDrainTime = std::chrono::seconds(2);

HttpResponse plain_error(int status, std::string_view text) {
    return make_response(status, "text/plain; charset=utf-8", std::string(text) + "\n");
}

HttpResponse refusal(RequestReader::Progress why) {
    switch (why) {
        case RequestReader::Progress::HeadersTooLarge:
            return plain_error(431, "the request headers are too large");
        case RequestReader::Progress::BodyTooLarge:
            return plain_error(413, "the request body is too large");
        default:
            return plain_error(400, "the request is not valid HTTP");
    }
}

}  // namespace

ServerConnection::ServerConnection(ServerLoop& loop, tcp::socket socket, std::uint64_t id)
    : loop_(loop),
      socket_(std::move(socket)),
      id_(id),
      since_(Clock::now()),
      begun_(since_),
      reader_(loop.options.max_header_bytes, loop.options.max_body_bytes) {}

void ServerConnection::enter(Phase phase) {
    phase_ = phase;
    since_ = Clock::now();
}

void ServerConnection::begin() {
    error_code ignored;
    socket_.non_blocking(true, ignored);
    socket_.set_option(tcp::no_delay(true), ignored);
    read();
}

/// Parses and handles what has been received until more input, an answer or room to write is
/// needed. A loop instead of recursion, so that a long pipeline cannot exhaust the stack.
void ServerConnection::advance() {
    while (phase_ == Phase::Idle || phase_ == Phase::Reading) {
        if (!parse()) {
            return;
        }
        handle();
    }
}

/// True when a whole request is there. Otherwise a read, or a refusal, is under way.
bool ServerConnection::parse() {
    if (parsed_ < filled_) {
        if (phase_ == Phase::Idle) {
            enter(Phase::Reading);
        }
        const auto progress = reader_.feed({in_.data() + parsed_, filled_ - parsed_}, parsed_);
        if (progress == RequestReader::Progress::Complete) {
            return true;
        }
        if (progress != RequestReader::Progress::NeedMore) {
            refuse(refusal(progress));
            return false;
        }
        if (reader_.take_expects_continue()) {
            error_code ignored;
            constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
            socket_.write_some(asio::buffer(kContinue), ignored);
        }
    }
    read();
    return false;
}

void ServerConnection::handle() {
    HttpRequest request = reader_.take();
    framing_ = {.head = request.method == "HEAD",
                .keep_alive = reader_.keep_alive(),
                .http10 = reader_.is_http10()};
    reader_.begin_next();
    enter(Phase::Handling);
    answered_ = false;
    in_handler_ = true;
    const auto hosts = std::count_if(
        request.headers.begin(), request.headers.end(),
        [](const HttpHeader& header) { return equal_ignoring_case(header.name, "Host"); });
    if (hosts > 1) {  // RFC 9112, 3.2
        answer(plain_error(400, "the request has several Host headers"));
    } else if (loop_.hosts.accept(find_header(request.headers, "Host"))) {
        loop_.handler(std::move(request), Responder(loop_.inbox, id_));
    } else {
        answer(plain_error(421, HostCheck::kRefusal));
    }
    in_handler_ = false;
    if (stream_) {
        begin_streaming();
    } else if (answered_ && write()) {
        finish_response();
    }
}

void ServerConnection::answer(HttpResponse response) {
    if (phase_ != Phase::Handling || answered_) {
        return;
    }
    answered_ = true;
    respond(response);
    if (in_handler_) {
        return;  // handle() goes on when the handler has returned
    }
    if (write()) {
        finish_response();
        advance();
    }
}

void ServerConnection::respond(const HttpResponse& response) {
    out_.clear();
    written_ = 0;
    append_response(out_, response, framing_, loop_.date());
}

/// The request cannot be read to its end: answer, stop sending, and drop what still arrives for a
/// while, since closing with unread input would reset the connection and lose the answer.
void ServerConnection::refuse(HttpResponse response) {
    refused_ = true;
    framing_ = {};
    respond(response);
    if (write()) {
        finish_response();
    }
}

/// True when all is written; false when the rest goes out later or the connection is gone.
bool ServerConnection::write() {
    enter(Phase::Writing);
    while (written_ < out_.size()) {
        error_code problem;
        written_ += socket_.write_some(asio::buffer(out_.data() + written_, out_.size() - written_),
                                       problem);
        if (problem == asio::error::would_block) {
            write_rest();
            return false;
        }
        if (problem && problem != asio::error::interrupted) {
            close();
            return false;
        }
    }
    return true;
}

void ServerConnection::write_rest() {
    socket_.async_write_some(asio::buffer(out_.data() + written_, out_.size() - written_),
                             [self = shared_from_this()](error_code problem, std::size_t count) {
                                 if (problem || self->phase_ != Phase::Writing) {
                                     self->close();
                                     return;
                                 }
                                 self->written_ += count;
                                 if (self->write()) {
                                     self->finish_response();
                                     self->advance();
                                 }
                             });
}

void ServerConnection::finish_response() {
    constexpr std::size_t kKeep = 16384;
    if (out_.capacity() > kKeep) {
        out_ = std::string();  // one large answer must not hold its memory for hours
    }
    begun_ = Clock::now();
    if (refused_) {
        error_code ignored;
        socket_.shutdown(tcp::socket::shutdown_send, ignored);
        enter(Phase::Draining);
        drain();
    } else if (framing_.keep_alive) {
        enter(Phase::Idle);
    } else {
        error_code ignored;
        socket_.shutdown(tcp::socket::shutdown_both, ignored);
        close();
    }
}

void ServerConnection::drain() {
    in_.resize(kReadBlock);
    socket_.async_read_some(
        asio::buffer(in_), [self = shared_from_this()](error_code problem, std::size_t count) {
            self->drained_ += count;
            if (problem || self->drained_ > kDrainLimit || self->phase_ != Phase::Draining) {
                self->close();
            } else {
                self->drain();
            }
        });
}

void ServerConnection::compact() {
    if (parsed_ == filled_) {
        parsed_ = filled_ = 0;
    } else if (parsed_ > 0) {
        std::memmove(in_.data(), in_.data() + parsed_, filled_ - parsed_);
        filled_ -= parsed_;
        parsed_ = 0;
    }
}

void ServerConnection::read() {
    compact();
    if (in_.size() - filled_ < kReadBlock / 2) {
        in_.resize(std::max(kReadBlock, in_.size() * 2));
    }
    socket_.async_read_some(asio::buffer(in_.data() + filled_, in_.size() - filled_),
                            [self = shared_from_this()](error_code problem, std::size_t count) {
                                self->on_read(problem, count);
                            });
}

void ServerConnection::on_read(error_code problem, std::size_t count) {
    if (problem || (phase_ != Phase::Idle && phase_ != Phase::Reading)) {
        if (phase_ == Phase::Idle || phase_ == Phase::Reading) {
            close();
        }
        return;
    }
    filled_ += count;
    advance();
}

void ServerConnection::check_time(Clock::time_point now) {
    const Nanoseconds spent = now - since_;
    const HttpServerOptions& options = loop_.options;
    switch (phase_) {
        case Phase::Idle:
            if (spent > options.idle_timeout) {
                close();
            }
            break;
        case Phase::Reading:
            if (spent > options.request_timeout) {
                error_code ignored;
                socket_.cancel(ignored);
                refuse(plain_error(408, "the request did not arrive in time"));
            }
            break;
        case Phase::Writing:
            if (spent > options.write_timeout) {
                close();
            }
            break;
        case Phase::Streaming:
            if (stream_->behind > 0 && spent > options.write_timeout) {
                close();
            }
            break;
        case Phase::Draining:
            if (spent > kDrainTime) {
                close();
            }
            break;
        case Phase::Handling:
        case Phase::Closed:
            break;
    }
}

void ServerConnection::close() {
    if (phase_ == Phase::Closed) {
        return;
    }
    phase_ = Phase::Closed;
    if (stream_) {
        *stream_->open = false;
    }
    error_code ignored;
    socket_.close(ignored);
    loop_.remove(id_);
}

}  // namespace plimsoll::net
