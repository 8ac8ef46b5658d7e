// HTTP/1 response parsing without allocation: Beast's basic_parser behind a fixed-size store.
#pragma once

#include "engine/http1/chunk_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll {

/// What of a response is kept, beyond its status.
struct ResponseKeep {
    bool head = false;     // the request was a HEAD: no body follows whatever the header says
    bool headers = false;  // all of them
    bool body = false;
    bool cookies = false;  // Set-Cookie
    bool location = false;
    std::uint64_t max_body = UINT64_MAX;  // bytes on the wire; more is a failure
};

/// What was kept of one response.
struct KeptResponse {
    std::string headers;   // "name: value\r\n" each, in order
    std::string body;      // as it came; still encoded
    std::string encoding;  // Content-Encoding, where the body is kept
    std::string location;
    std::vector<std::string> cookies;  // values of Set-Cookie
};

/// Parses one response at a time; `reset` prepares it for the next. Fields are looked at, and
/// stored only where asked for. The Beast parser lives in `storage_`, so that no header of ours
/// includes Beast.
class ResponseParser {
public:
    ResponseParser();
    ~ResponseParser();
    ResponseParser(const ResponseParser&) = delete;
    ResponseParser& operator=(const ResponseParser&) = delete;

    void reset(const ResponseKeep& keep);

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
    /// Bytes of the body, as they came over the wire without chunk headers.
    [[nodiscard]] std::uint64_t body_bytes() const noexcept { return body_bytes_; }
    /// nullptr where nothing of this response was kept.
    [[nodiscard]] KeptResponse* kept() noexcept { return kept_any_ ? kept_.get() : nullptr; }
    [[nodiscard]] const KeptResponse* kept() const noexcept {
        return kept_any_ ? kept_.get() : nullptr;
    }
    /// Nobody looks at the kept body any more: memory that a large one took is given back.
    void release() noexcept;
    /// Why the last feed failed.
    [[nodiscard]] std::string failure() const;

private:
    struct Parser;
    static constexpr std::size_t kStorage = 192;
    static constexpr std::size_t kErrorBodyKept = 512;

    [[nodiscard]] Parser& parser() noexcept;
    [[nodiscard]] KeptResponse& keep_now();
    void take_body(std::string_view body);
    /// Of a chunked body.
    [[nodiscard]] Progress feed_chunks(std::string_view bytes);
    /// Shows the parser `bytes`, and a header that it refuses a second time, written strictly.
    /// Bytes used, and the error, 0: none.
    [[nodiscard]] std::pair<std::size_t, int> put(std::string_view bytes);
    void restart();

    alignas(16) std::byte storage_[kStorage];
    std::string error_body_;
    std::unique_ptr<KeptResponse> kept_;  // made when first needed
    ResponseKeep keep_;
    ChunkReader chunks_;
    std::uint64_t consumed_ = 0;  // since `reset`, in bytes
    std::uint64_t body_bytes_ = 0;
    int error_ = 0;
    std::uint16_t status_ = 0;
    bool kept_any_ = false;
    bool header_done_ = false;
    bool keep_alive_ = false;
};

}  // namespace plimsoll
