#include "net/http_server.hpp"
#include "net/inbox.hpp"

#include <cassert>

namespace plimsoll {
namespace net {

void Inbox::put(Answer answer) {
    if (std::this_thread::get_id() == owner_.load(std::memory_order_relaxed)) {
        deliver_(std::move(answer));
        return;
    }
    const std::lock_guard lock(mutex_);
    if (closed_) {
        if (answer.open) {
            *answer.open = false;
        }
        return;
    }
    answers_.push_back(std::move(answer));
    if (answers_.size() == 1) {
        wake_();
    }
}

std::vector<Answer> Inbox::take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(answers_, {});
}

void Inbox::close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    for (const Answer& answer : answers_) {
        if (answer.open) {
            *answer.open = false;
        }
    }
    answers_.clear();
}

}  // namespace net

Responder::Responder(std::shared_ptr<net::Inbox> inbox, std::uint64_t connection)
    : inbox_(std::move(inbox)), connection_(connection) {}

Responder::~Responder() {
    if (inbox_) {
        send(make_response(500, "text/plain; charset=utf-8", "the request was not answered\n"));
    }
}

Responder& Responder::operator=(Responder&& other) noexcept {
    // What this one still owed is answered, with 500, when `other` is destroyed.
    std::swap(inbox_, other.inbox_);
    std::swap(connection_, other.connection_);
    std::swap(kept_, other.kept_);
    return *this;
}

void Responder::send(HttpResponse response) {
    assert(inbox_ && "a request can be answered only once");
    if (const auto inbox = std::exchange(inbox_, nullptr)) {
        inbox->put({connection_, net::Answer::Kind::Whole, std::move(response)});
        kept_.reset();
    }
}

HttpStream Responder::stream(HttpResponse head) {
    assert(inbox_ && "a request can be answered only once");
    auto inbox = std::exchange(inbox_, nullptr);
    if (!inbox) {
        return {};
    }
    auto open = std::make_shared<std::atomic<bool>>(true);
    inbox->put({connection_, net::Answer::Kind::Stream, std::move(head), open});
    kept_.reset();
    return {std::move(inbox), connection_, std::move(open)};
}

HttpStream::HttpStream(std::shared_ptr<net::Inbox> inbox, std::uint64_t connection, OpenFlag open)
    : inbox_(std::move(inbox)), connection_(connection), open_(std::move(open)) {}

HttpStream::~HttpStream() {
    end();
}

HttpStream& HttpStream::operator=(HttpStream&& other) noexcept {
    std::swap(inbox_, other.inbox_);  // what this one was ends when `other` is destroyed
    std::swap(connection_, other.connection_);
    std::swap(open_, other.open_);
    return *this;
}

void HttpStream::write(Piece piece) {
    if (inbox_ && open()) {
        inbox_->put({connection_, net::Answer::Kind::Piece, {}, nullptr, std::move(piece)});
    }
}

void HttpStream::end() {
    if (const auto inbox = std::exchange(inbox_, nullptr)) {
        inbox->put({connection_, net::Answer::Kind::StreamEnd});
    }
}

}  // namespace plimsoll
