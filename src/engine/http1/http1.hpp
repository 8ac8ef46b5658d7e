// HTTP/1.1 as an exchange speaks it: what has come of a response, and what it is.
#pragma once

#include "engine/http1/response_parser.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace plimsoll {

/// Reads one response after the other from the bytes of a connection. See Protocol for what a
/// protocol must give.
class Http1 {
public:
    using State = ResponseParser::State;

    void begin(const ResponseKeep& keep) {
        parser_.reset(keep);
        rest_.clear();
        overrun_ = false;
    }
    [[nodiscard]] State on_bytes(std::string_view bytes, std::string& scratch) {
        if (!rest_.empty()) [[unlikely]] {
            rest_.append(bytes);
            scratch.swap(rest_);
            rest_.clear();
            bytes = scratch;
        }
        const ResponseParser::Progress progress = parser_.feed(bytes);
        if (progress.state == State::NeedMore) {
            rest_.assign(bytes.substr(progress.consumed));
        }
        overrun_ = progress.state == State::Done && progress.consumed < bytes.size();
        return overrun_ ? State::Failed : progress.state;
    }
    [[nodiscard]] State on_end() { return parser_.feed_end(); }
    [[nodiscard]] std::string failure() const {
        return overrun_ ? "bytes after the end of the response" : parser_.failure();
    }
    [[nodiscard]] const ResponseParser& response() const noexcept { return parser_; }
    [[nodiscard]] ResponseParser& response() noexcept { return parser_; }

private:
    ResponseParser parser_;
    std::string rest_;  // an incomplete header, kept until more comes
    bool overrun_ = false;
};

}  // namespace plimsoll
