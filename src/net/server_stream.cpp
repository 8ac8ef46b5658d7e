// The part of a connection whose answer goes on: pieces as they come, to a client that takes them
// as it can.
#include "net/server_connection.hpp"
#include "net/server_loop.hpp"

#include <utility>

#include <boost/asio/buffer.hpp>

namespace plimsoll::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

}  // namespace

ServerConnection::~ServerConnection() {
    if (stream_) {
        *stream_->open = false;
    }
}

void ServerConnection::stream(const HttpResponse& head, HttpStream::OpenFlag open) {
    if (phase_ != Phase::Handling || answered_) {
        *open = false;
        return;
    }
    answered_ = true;
    std::string text;
    append_stream_head(text, head, loop_.date());
    stream_.emplace();
    written_ = 0;
    stream_->open = std::move(open);
    stream_->behind = text.size();
    stream_->pieces.push_back(std::make_shared<const std::string>(std::move(text)));
    stream_->ending = framing_.head;
    if (!in_handler_) {
        begin_streaming();  // otherwise handle() does when the handler has returned
    }
}

void ServerConnection::begin_streaming() {
    if (phase_ == Phase::Closed) {
        return;
    }
    enter(Phase::Streaming);
    watch_for_leaving();
    write_pieces();
}

void ServerConnection::add_piece(HttpStream::Piece piece) {
    if (!stream_ || stream_->ending || phase_ == Phase::Closed || piece->empty()) {
        return;
    }
    if (stream_->behind > loop_.options.max_stream_behind) {
        close();
        return;
    }
    if (stream_->behind == 0) {
        since_ = Clock::now();  // from now on the client is waited for
    }
    stream_->behind += piece->size();
    stream_->pieces.push_back(std::move(piece));
    if (phase_ == Phase::Streaming) {
        write_pieces();
    }
}

void ServerConnection::end_stream() {
    if (!stream_ || phase_ == Phase::Closed) {
        return;
    }
    stream_->ending = true;
    if (phase_ == Phase::Streaming) {
        write_pieces();
    }
}

void ServerConnection::write_pieces() {
    Stream& stream = *stream_;
    while (!stream.writing && !stream.pieces.empty()) {
        const std::string& piece = *stream.pieces.front();
        error_code problem;
        const auto count = socket_.write_some(
            asio::buffer(piece.data() + written_, piece.size() - written_), problem);
        if (problem == asio::error::would_block) {
            stream.writing = true;
            socket_.async_wait(tcp::socket::wait_write,
                               [self = shared_from_this()](error_code failed) {
                                   if (failed || self->phase_ != Phase::Streaming) {
                                       self->close();
                                       return;
                                   }
                                   self->stream_->writing = false;
                                   self->write_pieces();
                               });
            return;
        }
        if (problem && problem != asio::error::interrupted) {
            close();
            return;
        }
        written_ += count;
        stream.behind -= count;
        since_ = Clock::now();
        if (written_ == piece.size()) {
            stream.pieces.pop_front();
            written_ = 0;
        }
    }
    if (stream.ending && stream.pieces.empty()) {
        error_code ignored;
        socket_.shutdown(tcp::socket::shutdown_both, ignored);
        close();
    }
}

/// What a client sends meanwhile is dropped; that it leaves ends the stream.
void ServerConnection::watch_for_leaving() {
    constexpr std::size_t kDropped = 512;
    in_.resize(kDropped);
    socket_.async_read_some(asio::buffer(in_),
                            [self = shared_from_this()](error_code problem, std::size_t) {
                                if (problem || self->phase_ != Phase::Streaming) {
                                    self->close();
                                } else {
                                    self->watch_for_leaving();
                                }
                            });
}

}  // namespace plimsoll::net
