#include "ui/feed.hpp"

#include "base/random_key.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace plimsoll {
namespace {

/// How soon a browser comes back, in ms.
constexpr std::string_view kGreeting = "retry: 1000\n\n";

}  // namespace

Feed::Feed() : prefix_(random_key().substr(0, 8) + "-") {}

std::string Feed::id(std::uint64_t number) const {
    return prefix_ + std::to_string(number);
}

std::string Feed::text_of(const FeedMessage& message, std::uint64_t number) const {
    return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", id(number), message.event, message.data);
}

void Feed::publish(std::string_view event, std::string data) {
    ++last_;
    auto text =
        std::make_shared<const std::string>(text_of({std::string(event), std::move(data)}, last_));
    kept_bytes_ += text->size();
    kept_.push_back({last_, text});
    while (kept_.size() > kMostKept || (kept_bytes_ > kMostKeptBytes && kept_.size() > 1)) {
        kept_bytes_ -= kept_.front().text->size();
        kept_.pop_front();
    }
    drop_closed();
    for (HttpStream& viewer : viewers_) {
        viewer.write(text);
    }
}

bool Feed::knows(std::string_view id) const {
    if (!id.starts_with(prefix_)) {
        return false;
    }
    const std::string_view digits = id.substr(prefix_.size());
    std::uint64_t number = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    const bool whole = read.ec == std::errc{} && read.ptr == digits.data() + digits.size();
    return whole && number <= last_ && number + kept_.size() >= last_;
}

void Feed::add(HttpStream stream, std::string_view last_id,
               const std::function<FeedMessage()>& begin) {
    // In one piece: however much was missed, it does not count as being slow.
    std::string text(kGreeting);
    if (knows(last_id)) {
        std::uint64_t seen = 0;
        std::from_chars(last_id.data() + prefix_.size(), last_id.data() + last_id.size(), seen);
        for (const Kept& kept : kept_) {
            text += kept.number > seen ? *kept.text : std::string();
        }
    } else {
        text += text_of(begin(), last_);
    }
    stream.write(std::make_shared<const std::string>(std::move(text)));
    last_seen_ = Clock::now();
    viewers_.push_back(std::move(stream));
}

void Feed::drop_closed() {
    std::erase_if(viewers_, [](const HttpStream& viewer) { return !viewer.open(); });
    if (!viewers_.empty()) {
        last_seen_ = Clock::now();
    }
}

bool Feed::is_full() {
    return viewers() >= kMostViewers;
}

std::size_t Feed::viewers() {
    drop_closed();
    return viewers_.size();
}

bool Feed::wanted(Clock::time_point now) {
    const bool watched = viewers() > 0;
    return watched || (last_seen_ != Clock::time_point{} && now - last_seen_ < kExpectedBack);
}

void Feed::forget() {
    kept_.clear();
    kept_bytes_ = 0;
    ++last_;  // so that no id that anybody had is the latest
}

void Feed::ping() {
    const auto text = std::make_shared<const std::string>(": ping\n\n");
    drop_closed();
    for (HttpStream& viewer : viewers_) {
        viewer.write(text);
    }
}

void Feed::end() {
    for (HttpStream& viewer : viewers_) {
        viewer.end();
    }
    viewers_.clear();
}

}  // namespace plimsoll
