// What happens, to everybody who watches: server-sent events.
#pragma once

#include "base/clock.hpp"
#include "net/http_stream.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// A message: its event's name, and JSON on one line.
struct FeedMessage {
    std::string event;
    std::string data;
};

/// Keeps the latest messages for those who come back, and drops those who do not keep up: what it
/// holds is bounded, whatever they do.
///
/// Threading: the caller holds `mutex()` for everything else, so that what a new viewer is told
/// first and what follows fit together.
class Feed {
public:
    static constexpr std::size_t kMostViewers = 16;
    /// Of messages kept for those who come back.
    static constexpr std::size_t kMostKept = 120;
    static constexpr std::size_t kMostKeptBytes = std::size_t{4} << 20U;
    /// So long after the last viewer left it is still worth making messages.
    static constexpr std::chrono::seconds kExpectedBack{30};

    Feed();

    [[nodiscard]] std::mutex& mutex() { return mutex_; }

    /// To all who watch.
    void publish(std::string_view event, std::string data);
    /// A new viewer. `last_id`: the last message that it had, empty: none. It gets what followed,
    /// or else what `begin` says.
    void add(HttpStream stream, std::string_view last_id,
             const std::function<FeedMessage()>& begin);
    [[nodiscard]] bool is_full();
    /// Whether `add` would go on where the viewer was.
    [[nodiscard]] bool knows(std::string_view id) const;
    /// Whether anybody watches, or may come back.
    [[nodiscard]] bool wanted(Clock::time_point now);
    [[nodiscard]] std::size_t viewers();
    /// Messages that are kept for those who come back.
    [[nodiscard]] std::size_t kept() const { return kept_.size(); }
    /// Nobody can go on where it was: all that is kept is out of date.
    void forget();
    /// Tells proxies and clients that the connection lives.
    void ping();
    /// Ends all streams once they are read.
    void end();

private:
    struct Kept {
        std::uint64_t number;
        HttpStream::Piece text;
    };
    void drop_closed();
    [[nodiscard]] std::string id(std::uint64_t number) const;
    [[nodiscard]] std::string text_of(const FeedMessage& message, std::uint64_t number) const;

    std::mutex mutex_;
    std::string prefix_;  // of ids: those of another process are not ours
    std::uint64_t last_ = 0;
    std::deque<Kept> kept_;
    std::size_t kept_bytes_ = 0;
    std::vector<HttpStream> viewers_;
    Clock::time_point last_seen_{};  // a viewer
};

}  // namespace plimsoll
