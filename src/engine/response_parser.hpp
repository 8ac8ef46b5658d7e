// HTTP/1 response parsing without allocation: Beast's basic_parser behind a fixed-size store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace plimsoll {

/// Parses one response at a time; `reset` prepares it for the next. Fields are looked at, not
/// stored. The Beast parser lives in `storage_`, so that no header of ours includes Beast.
class ResponseParser {
public:
    ResponseParser();
    ~ResponseParser();
    ResponseParser(const ResponseParser&) = delete;
    ResponseParser& operator=(const ResponseParser&) = delete;

    /// `head`: the request was a HEAD, so no body follows whatever the header says.
    void reset(bool head);

    /// What of the next response stays readable; call after `reset`.
    void keep(bool body, bool headers) noexcept {
        keep_body_ = body;
        keep_headers_ = headers;
    }
    [[nodiscard]] const std::string& body() const noexcept { return body_; }
    [[nodiscard]] const std::string& header_block() const noexcept { return header_block_; }
    [[nodiscard]] std::uint64_t body_bytes() const noexcept { return body_bytes_; }

    enum class State : std::uint8_t { NeedMore, Done, Failed };
    struct Progress {
        State state;
        std::size_t consumed;  // bytes of the input used; the rest must be offered again
    };
    /// Interim (1xx) responses are skipped.
    [[nodiscard]] Progress feed(std::string_view bytes);
    /// The connection ended. Done only when the end marks the body's end.
    [[nodiscard]] State feed_end();

    [[nodiscard]] std::uint16_t status() const noexcept { return status_; }
    [[nodiscard]] bool header_done() const noexcept { return header_done_; }
    [[nodiscard]] bool keep_alive() const noexcept { return keep_alive_; }
    /// The first bytes of the body of a response with status ≥ 400.
    [[nodiscard]] const std::string& error_body() const noexcept { return error_body_; }
    /// Why the last feed failed, in Beast's words.
    [[nodiscard]] std::string failure() const;

private:
    struct Parser;
    static constexpr std::size_t kStorage = 192;
    static constexpr std::size_t kErrorBodyKept = 512;

    [[nodiscard]] Parser& parser() noexcept;

    alignas(16) std::byte storage_[kStorage];
    std::string error_body_;
    std::string body_;
    std::string header_block_;
    std::uint64_t body_bytes_ = 0;
    int error_ = 0;
    std::uint16_t status_ = 0;
    bool head_ = false;
    bool keep_body_ = false;
    bool keep_headers_ = false;
    bool header_done_ = false;
    bool keep_alive_ = false;
};

}  // namespace plimsoll
