// Private to net: turns received bytes into requests.
#pragma once

#include "net/http_message.hpp"

#include <cstddef>
#include <memory>
#include <string_view>

namespace plimsoll::net {

/// Reads one request after another from the bytes of one connection.
/// Threading: one thread.
class RequestReader {
public:
    enum class Progress { NeedMore, Complete, HeadersTooLarge, BodyTooLarge, Malformed };

    /// `max_header_bytes` is also the limit of a chunk's line and of all trailers.
    RequestReader(std::size_t max_header_bytes, std::size_t max_body_bytes);
    ~RequestReader();
    RequestReader(const RequestReader&) = delete;
    RequestReader& operator=(const RequestReader&) = delete;

    /// Takes from the front of `data` what it can use and adds the number of bytes to `used`. What
    /// it leaves must be offered again, in front of what arrives next. After anything but NeedMore,
    /// `begin_next` must be called before the next feed.
    [[nodiscard]] Progress feed(std::string_view data, std::size_t& used);
    void begin_next();

    /// True once per request: when its headers are complete and its client waits for "100
    /// Continue".
    [[nodiscard]] bool take_expects_continue();

    // Of a complete request:
    [[nodiscard]] HttpRequest take();
    [[nodiscard]] bool keep_alive() const;
    [[nodiscard]] bool is_http10() const;

private:
    struct Parser;
    struct Slot;
    std::unique_ptr<Slot> slot_;
    std::size_t max_header_bytes_;
    std::size_t max_body_bytes_;
};

}  // namespace plimsoll::net
