// Private to net: how an answer given on any thread reaches the thread that owns the connection.
#pragma once

#include "net/http_message.hpp"
#include "net/http_stream.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace plimsoll::net {

/// What goes out over one connection.
struct Answer {
    enum class Kind {
        Whole,   // `response`
        Stream,  // the head of `response`; pieces follow, and `open` says whether they still can
        Piece,
        StreamEnd,
    };
    std::uint64_t connection = 0;
    Kind kind = Kind::Whole;
    HttpResponse response = {};
    HttpStream::OpenFlag open = nullptr;
    HttpStream::Piece piece = nullptr;
};

/// Belongs to one server thread and to every responder of its connections; lives as long as any of
/// them, so that an answer may come after the server is gone.
class Inbox {
public:
    /// `deliver` is called on the owning thread only; `wake` from any thread, and must make the
    /// owner call `take` soon.
    Inbox(std::function<void(Answer)> deliver, std::function<void()> wake)
        : deliver_(std::move(deliver)), wake_(std::move(wake)) {}

    void put(Answer answer);
    [[nodiscard]] std::vector<Answer> take();

    /// While a thread is set, its own answers are delivered at once. It sets and clears itself.
    void set_owner(std::thread::id thread) { owner_.store(thread, std::memory_order_relaxed); }
    /// From now on answers are dropped and nothing is called.
    void close();

private:
    const std::function<void(Answer)> deliver_;
    const std::function<void()> wake_;
    std::atomic<std::thread::id> owner_{};
    std::mutex mutex_;
    bool closed_ = false;
    std::vector<Answer> answers_;
};

}  // namespace plimsoll::net
