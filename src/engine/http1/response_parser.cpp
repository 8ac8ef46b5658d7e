#include "engine/http1/response_parser.hpp"

#include "engine/http1/odd_header.hpp"

#include <algorithm>
#include <new>

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

namespace plimsoll {
namespace http = boost::beast::http;
using boost::beast::string_view;
using ErrorCode = boost::beast::error_code;

namespace {

/// Of a header with the interim ones before it, and of a chunk's or trailer's lines, in bytes.
constexpr std::size_t kHeaderLimit = 64 * 1024;

/// Whether `bytes` may be the begin of a response. Beast looks at the first eight together, and
/// where fewer came at first, not again before an empty line.
bool may_begin(std::string_view bytes) {
    constexpr std::string_view kProtocol = "HTTP/";
    constexpr std::string_view kSmall = "http/";
    const std::size_t size = std::min(bytes.size(), kProtocol.size());
    for (std::size_t i = 0; i < size; ++i) {
        if (bytes[i] != kProtocol[i] && bytes[i] != kSmall[i]) {
            return false;
        }
    }
    return true;
}

}  // namespace

struct ResponseParser::Parser final : http::basic_parser<false> {
    explicit Parser(ResponseParser& owner) : out(&owner) {
        eager(true);
        body_limit(owner.keep_.max_body);
        header_limit(UINT32_MAX);  // Beast's counts what one call brings; `feed` counts all
        skip(owner.keep_.head);
    }

    ResponseParser* out;

private:
    void on_request_impl(http::verb /*verb*/, string_view /*method*/, string_view /*target*/,
                         int /*version*/, ErrorCode& /*error*/) override {}
    void on_response_impl(int code, string_view /*reason*/, int /*version*/,
                          ErrorCode& error) override {
        out->status_ = static_cast<std::uint16_t>(code);
        if (code < 100) [[unlikely]] {
            error = http::error::bad_status;
        }
    }
    void on_field_impl(http::field field, string_view name, string_view value,
                       ErrorCode& /*error*/) override {
        const ResponseKeep& keep = out->keep_;
        if (keep.headers) [[unlikely]] {
            std::string& headers = out->keep_now().headers;
            headers.append(name).append(": ").append(value).append("\r\n");
        }
        switch (field) {
            case http::field::set_cookie:
                if (keep.cookies) {
                    out->keep_now().cookies.emplace_back(value);
                }
                return;
            case http::field::location:
                if (keep.location && out->status_ >= 300 && out->status_ < 400) {
                    out->keep_now().location = value;
                }
                return;
            case http::field::content_encoding:
                if (keep.body) {
                    std::string& encoding = out->keep_now().encoding;
                    encoding.append(encoding.empty() ? "" : ",").append(value);
                }
                return;
            default:
                return;
        }
    }
    void on_header_impl(ErrorCode& /*error*/) override {
        if (chunked()) {
            eager(false);  // what follows is read by chunks_
        }
    }
    void on_body_init_impl(const boost::optional<std::uint64_t>& /*length*/,
                           ErrorCode& /*error*/) override {}
    std::size_t on_body_impl(string_view body, ErrorCode& /*error*/) override {
        out->take_body({body.data(), body.size()});
        return body.size();
    }
    void on_chunk_header_impl(std::uint64_t /*size*/, string_view /*extensions*/,
                              ErrorCode& /*error*/) override {}
    std::size_t on_chunk_body_impl(std::uint64_t /*remain*/, string_view body,
                                   ErrorCode& /*error*/) override {
        return body.size();
    }
    void on_finish_impl(ErrorCode& /*error*/) override {}
};

ResponseParser::ResponseParser() {
    static_assert(sizeof(Parser) <= kStorage && alignof(Parser) <= 16);
    ::new (static_cast<void*>(storage_)) Parser(*this);
}

ResponseParser::~ResponseParser() {
    parser().~Parser();
}

ResponseParser::Parser& ResponseParser::parser() noexcept {
    return *std::launder(reinterpret_cast<Parser*>(storage_));  // NOLINT: the object made above
}

void ResponseParser::reset(const ResponseKeep& keep) {
    keep_ = keep;
    consumed_ = 0;
    restart();
}

KeptResponse& ResponseParser::keep_now() {
    if (!kept_) {
        kept_ = std::make_unique<KeptResponse>();
    }
    if (!kept_any_) {
        kept_any_ = true;
        kept_->headers.clear();
        kept_->body.clear();
        kept_->encoding.clear();
        kept_->location.clear();
        kept_->cookies.clear();
    }
    return *kept_;
}

void ResponseParser::release() noexcept {
    constexpr std::size_t kHeld = std::size_t{64} * 1024;
    if (kept_ && kept_->body.capacity() > kHeld) {
        kept_->body = std::string();
    }
}

void ResponseParser::take_body(std::string_view body) {
    body_bytes_ += body.size();
    if (keep_.body) [[unlikely]] {
        keep_now().body.append(body);
    }
    if (status_ >= 400 && error_body_.size() < kErrorBodyKept) [[unlikely]] {
        error_body_.append(body.substr(0, kErrorBodyKept - error_body_.size()));
    }
}

void ResponseParser::restart() {
    chunks_ = {};
    status_ = 0;
    error_ = 0;
    header_done_ = false;
    keep_alive_ = false;
    kept_any_ = false;
    body_bytes_ = 0;
    error_body_.clear();
    parser().~Parser();
    ::new (static_cast<void*>(storage_)) Parser(*this);
}

ResponseParser::Progress ResponseParser::feed(std::string_view bytes) {
    std::size_t consumed = 0;
    const auto failed = [&](http::error error) {
        error_ = static_cast<int>(error);
        return Progress{State::Failed, consumed};
    };
    while (consumed < bytes.size()) {
        const std::string_view rest = bytes.substr(consumed);
        if (header_done_ && parser().chunked()) {
            const Progress progress = feed_chunks(rest);
            return {progress.state, consumed + progress.consumed};
        }
        const bool large = !header_done_ && consumed_ + rest.size() > kHeaderLimit;
        parser().eager(!large);  // else it does not stop where the header ends
        const auto [used, code] = put(rest);
        const auto error = static_cast<http::error>(code);
        consumed += used;
        consumed_ += used;
        if (code != 0 && error != http::error::need_more) {
            return failed(error);
        }
        header_done_ = parser().is_header_done();
        if (large && (!header_done_ || consumed_ > kHeaderLimit)) [[unlikely]] {
            return failed(http::error::header_limit);
        }
        if (parser().is_done()) {
            if (status_ >= 100 && status_ < 200 && status_ != 101) {
                restart();
                continue;
            }
            // After 101 the connection speaks another protocol.
            keep_alive_ = parser().keep_alive() && status_ != 101;
            return {State::Done, consumed};
        }
        if (code != 0) {
            break;
        }
    }
    if (status_ == 0 && !may_begin(bytes.substr(consumed))) [[unlikely]] {
        return failed(http::error::bad_version);
    }
    if (bytes.size() - consumed > kHeaderLimit) [[unlikely]] {
        return failed(http::error::header_limit);
    }
    return {State::NeedMore, consumed};
}

std::pair<std::size_t, int> ResponseParser::put(std::string_view bytes) {
    ErrorCode error;
    const auto offer = [&](std::string_view text) {
        return parser().put(boost::asio::const_buffer(text.data(), text.size()), error);
    };
    const std::size_t used = offer(bytes);
    if (!error || parser().is_header_done() || header_done_) [[likely]] {
        return {used, error.value()};
    }
    // Beast waits for an empty line with CR LF, or will not have this header as it is.
    const StrictHeader odd = strict_header(bytes);
    if (odd.kind == StrictHeader::Kind::NoHeader) {
        return {used, error.value()};
    }
    restart();
    if (odd.kind == StrictHeader::Kind::Partial || consumed_ + odd.size > kHeaderLimit) {
        return {0, static_cast<int>(http::error::need_more)};
    }
    error = {};
    static_cast<void>(offer(odd.text));
    return {odd.size, error.value()};
}

ResponseParser::Progress ResponseParser::feed_chunks(std::string_view bytes) {
    std::size_t consumed = 0;
    const auto failed = [&](http::error error) {
        error_ = static_cast<int>(error);
        return Progress{State::Failed, consumed};
    };
    while (consumed < bytes.size()) {
        const ChunkReader::Step step = chunks_.next(bytes.substr(consumed));
        consumed += step.used;
        switch (step.state) {
            case ChunkReader::State::More:
                break;
            case ChunkReader::State::Data:
                take_body(step.data);
                break;
            case ChunkReader::State::Done:
                keep_alive_ = parser().keep_alive();
                return {State::Done, consumed};
            case ChunkReader::State::BadChunk:
                return failed(http::error::bad_chunk);
            case ChunkReader::State::LineTooLong:
                return failed(http::error::header_limit);
        }
        if (chunks_.left() > keep_.max_body - std::min(keep_.max_body, body_bytes_)) {
            return failed(http::error::body_limit);
        }
    }
    return {State::NeedMore, consumed};
}

ResponseParser::State ResponseParser::feed_end() {
    if (!parser().got_some() || !parser().is_header_done()) {
        return State::Failed;
    }
    ErrorCode error;
    parser().put_eof(error);
    if (error) {
        error_ = error.value();
        return State::Failed;
    }
    keep_alive_ = false;
    return State::Done;
}

std::string ResponseParser::failure() const {
    if (error_ == 0) {
        return {};
    }
    const auto error = static_cast<http::error>(error_);
    if (error == http::error::body_limit) {
        return "the body is larger than " + std::to_string(keep_.max_body) + " bytes";
    }
    return http::make_error_code(error).message();
}

}  // namespace plimsoll
