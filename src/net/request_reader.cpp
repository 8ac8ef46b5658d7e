#include "net/request_reader.hpp"

#include "base/last_chunk.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

namespace plimsoll::net {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using Text = boost::beast::string_view;

}  // namespace

/// Fills our own type directly: Beast's message classes allocate for every header.
struct RequestReader::Parser final : http::basic_parser<true> {
    HttpRequest request;
    bool expects_continue = false;
    bool http10 = false;
    std::size_t line_limit = 0;  // of a chunk's line, and of all trailers
    std::size_t trailer_bytes = 0;

    void on_request_impl(http::verb, Text method, Text target, int version, error_code&) override {
        http10 = version < 11;
        request.method.assign(method.data(), method.size());
        request.target.assign(target.data(), target.size());
        request.headers.reserve(8);
    }
    void on_response_impl(int, Text, int, error_code&) override {}
    void on_field_impl(http::field field, Text name, Text value, error_code& problem) override {
        if (is_header_done()) {
            trailer_bytes += name.size() + value.size() + 4;  // ": " and the line's end
            if (trailer_bytes > line_limit) {
                problem = http::error::header_limit;
                return;
            }
        }
        request.headers.push_back(
            {std::string(name.data(), name.size()), std::string(value.data(), value.size())});
        if (field == http::field::expect) {
            expects_continue = equal_ignoring_case(request.headers.back().value, "100-continue");
        }
    }
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(Text data, error_code&) override {
        request.body.append(data.data(), data.size());
        return data.size();
    }
    void on_chunk_header_impl(std::uint64_t, Text extensions, error_code& problem) override {
        if (extensions.size() > line_limit) {
            problem = http::error::header_limit;
        }
    }
    std::size_t on_chunk_body_impl(std::uint64_t, Text data, error_code&) override {
        request.body.append(data.data(), data.size());
        return data.size();
    }
    void on_finish_impl(error_code&) override {}
};

/// A parser serves one request; this gives each a fresh one in the same memory.
struct RequestReader::Slot {
    std::optional<Parser> parser;
};

RequestReader::RequestReader(std::size_t max_header_bytes, std::size_t max_body_bytes)
    : slot_(std::make_unique<Slot>()),
      max_header_bytes_(max_header_bytes),
      max_body_bytes_(max_body_bytes) {
    begin_next();
}

RequestReader::~RequestReader() = default;

void RequestReader::begin_next() {
    Parser& parser = slot_->parser.emplace();
    parser.eager(true);
    parser.header_limit(static_cast<std::uint32_t>(
        std::min<std::size_t>(max_header_bytes_, std::numeric_limits<std::uint32_t>::max())));
    parser.body_limit(max_body_bytes_);
    parser.line_limit = max_header_bytes_;
}

RequestReader::Progress RequestReader::feed(std::string_view data, std::size_t& used) {
    Parser& parser = *slot_->parser;
    while (!data.empty() && !parser.is_done()) {
        if (parser.chunked() && parser.is_header_done() && is_part_of_last_chunk(data)) {
            return Progress::NeedMore;
        }
        error_code problem;
        const std::size_t taken = parser.put({data.data(), data.size()}, problem);
        used += taken;
        data.remove_prefix(taken);
        if (problem == http::error::need_more) {
            // Beast limits the header alone: of a chunk's line or trailers it waits for any length.
            return data.size() > max_header_bytes_ ? Progress::HeadersTooLarge : Progress::NeedMore;
        }
        if (problem == http::error::header_limit) {
            return Progress::HeadersTooLarge;
        }
        if (problem == http::error::body_limit) {
            return Progress::BodyTooLarge;
        }
        if (problem) {
            return Progress::Malformed;
        }
    }
    return parser.is_done() ? Progress::Complete : Progress::NeedMore;
}

bool RequestReader::take_expects_continue() {
    Parser& parser = *slot_->parser;
    const bool expects = parser.expects_continue && parser.is_header_done();
    if (expects) {
        parser.expects_continue = false;
    }
    return expects;
}

HttpRequest RequestReader::take() {
    return std::move(slot_->parser->request);
}
bool RequestReader::keep_alive() const {
    return slot_->parser->keep_alive();
}
bool RequestReader::is_http10() const {
    return slot_->parser->http10;
}

}  // namespace plimsoll::net
