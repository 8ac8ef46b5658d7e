// Private to net: a response as the bytes that go out.
#pragma once

#include "net/http_message.hpp"

#include <array>
#include <cstddef>
#include <ctime>
#include <string>
#include <string_view>

namespace plimsoll::net {

/// What the bytes of a response depend on besides the response.
struct Framing {
    bool head = false;        // a HEAD request: announce the body, do not send it
    bool keep_alive = false;  // whether the connection goes on after this response
    bool http10 = false;      // the client speaks 1.0, where keep-alive must be said
};

/// The value of a Date header, made once a second.
class DateText {
public:
    /// Valid until the next call.
    [[nodiscard]] std::string_view at(std::time_t now);

private:
    std::time_t made_for_ = -1;
    std::array<char, 40> text_{};
    std::size_t size_ = 0;
};

/// Status and headers of a response whose body is everything until the connection ends.
void append_stream_head(std::string& out, const HttpResponse& head, std::string_view date);

void append_response(std::string& out, const HttpResponse& response, const Framing& framing,
                     std::string_view date);

}  // namespace plimsoll::net
