#include "net/http_client.hpp"

#include "base/last_chunk.hpp"
#include "net/socket_stream.hpp"
#include "net/tls.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace plimsoll {
namespace {

namespace http = boost::beast::http;
using Parser = http::response_parser<http::string_body>;

bool is_repeatable(std::string_view method) {
    constexpr std::array<std::string_view, 6> kRepeatable = {"GET",    "HEAD",    "PUT",
                                                             "DELETE", "OPTIONS", "TRACE"};
    return std::find(kRepeatable.begin(), kRepeatable.end(), method) != kRepeatable.end();
}

Status check(const HttpRequest& request) {
    const bool method_ok = is_sendable({request.method, {}});
    const auto bad = [](char c) {
        return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) == 0x7f;
    };
    if (!method_ok || !request.target.starts_with('/') ||
        std::any_of(request.target.begin(), request.target.end(), bad)) {
        return Error{
            "the request line is not valid: a method, then a path that starts with / and "
            "has no blanks",
            {},
            {}};
    }
    for (const HttpHeader& header : request.headers) {
        if (!is_sendable(header)) {
            return Error{"a request header has characters that must not be sent",
                         is_sendable({header.name, {}}) ? header.name : std::string{},
                         {}};
        }
    }
    return {};
}

std::string serialize(const HttpRequest& request, const std::string& authority) {
    std::string text = request.method + " " + request.target + " HTTP/1.1\r\n";
    if (find_header(request.headers, "Host") == nullptr) {
        text += "Host: " + authority + "\r\n";
    }
    for (const HttpHeader& header : request.headers) {
        if (!equal_ignoring_case(header.name, "Content-Length")) {
            text += header.name + ": " + header.value + "\r\n";
        }
    }
    const bool has_body_semantics =
        request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
    if (!request.body.empty() || has_body_semantics) {
        text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
    }
    text += "\r\n";
    text += request.body;
    return text;
}

HttpResponse convert(http::response<http::string_body>&& message) {
    HttpResponse response;
    response.status = static_cast<int>(message.result_int());
    for (const auto& field : message) {
        response.headers.push_back({std::string(field.name_string()), std::string(field.value())});
    }
    response.body = std::move(message.body());
    return response;
}

/// What one try came to: an answer, or an Error and whether anything of an answer was seen.
struct Attempt {
    std::optional<HttpResponse> response;
    Error error;
    bool answer_began = false;
    bool keep_alive = false;
};

Attempt failed(Error error, bool answer_began) {
    Attempt attempt;
    attempt.error = std::move(error);
    attempt.answer_began = answer_began;
    return attempt;
}

}  // namespace

struct HttpClient::State {
    Url url;
    HttpClientOptions options;
    std::unique_ptr<net::TlsContext> tls;
    std::unique_ptr<net::SocketStream> stream;
    std::size_t opened = 0;
    std::string pending;  // received, not yet parsed

    bool feed(Parser& parser, Error& failure);
    Status read_message(Parser& parser, bool& began, Clock::time_point deadline);
    Attempt exchange(const HttpRequest& request, const std::string& text,
                     Clock::time_point deadline);
    Attempt receive(bool head, Clock::time_point deadline);
    Error parse_failure(boost::beast::error_code problem) const;
    Status open(Clock::time_point deadline);
    Error located(Error error) const {
        error.where = url.origin();
        return error;
    }
};

Status HttpClient::State::open(Clock::time_point deadline) {
    auto opened_stream = net::SocketStream::connect(url, tls.get(), deadline);
    if (!opened_stream) {
        return opened_stream.error();
    }
    stream = std::move(opened_stream).value();
    ++opened;
    return {};
}

Attempt HttpClient::State::exchange(const HttpRequest& request, const std::string& text,
                                    Clock::time_point deadline) {
    const Status sent = stream->write_all(text, deadline);
    // A server may answer (say 413) and close before it has read everything: look for that answer.
    Attempt attempt = receive(request.method == "HEAD", deadline);
    if (!sent && !attempt.response) {
        return failed(sent.error(), attempt.answer_began);
    }
    attempt.keep_alive = attempt.keep_alive && sent.ok();
    return attempt;
}

Error HttpClient::State::parse_failure(boost::beast::error_code problem) const {
    if (problem == http::error::body_limit) {
        return Error{"the response body is larger than the limit of " +
                         std::to_string(options.max_response_bytes) + " bytes",
                     {},
                     {}};
    }
    if (problem == http::error::header_limit) {
        return Error{"the response headers are larger than the limit of " +
                         std::to_string(options.max_header_bytes) + " bytes",
                     {},
                     {}};
    }
    return Error{"the server's answer is not valid HTTP: " + problem.message(), {}, {}};
}

/// Feeds what is pending to the parser. False when it needs more input than there is.
bool HttpClient::State::feed(Parser& parser, Error& failure) {
    while (!pending.empty() && !parser.is_done()) {
        if (parser.chunked() && parser.is_header_done() && is_part_of_last_chunk(pending)) {
            return false;
        }
        boost::beast::error_code problem;
        pending.erase(0, parser.put({pending.data(), pending.size()}, problem));
        if (problem == http::error::need_more) {
            // Beast limits the header alone: of a chunk's line or trailers it waits for any length.
            if (pending.size() > options.max_header_bytes) {
                failure = parse_failure(http::error::header_limit);
            }
            return false;
        }
        if (problem) {
            failure = parse_failure(problem);
            return false;
        }
    }
    return parser.is_done();
}

Status HttpClient::State::read_message(Parser& parser, bool& began, Clock::time_point deadline) {
    std::array<char, 16384> block{};
    Error failure;
    while (!feed(parser, failure)) {
        if (!failure.what.empty()) {
            return failure;
        }
        const auto count = stream->read_some(block.data(), block.size(), deadline);
        if (!count) {
            return count.error();
        }
        if (*count > 0) {
            began = true;
            pending.append(block.data(), *count);
            continue;
        }
        boost::beast::error_code problem = http::error::partial_message;
        if (parser.got_some()) {
            parser.put_eof(problem);
        }
        if (problem) {
            return Error{began ? "the server closed the connection before its answer was complete"
                               : "the server closed the connection without an answer",
                         {},
                         {}};
        }
        return {};
    }
    return {};
}

Attempt HttpClient::State::receive(bool head, Clock::time_point deadline) {
    pending.clear();
    bool began = false;
    while (true) {
        Parser parser;
        parser.eager(true);
        parser.skip(head);
        parser.body_limit(options.max_response_bytes);
        parser.header_limit(static_cast<std::uint32_t>(options.max_header_bytes));
        if (const auto status = read_message(parser, began, deadline); !status) {
            return failed(status.error(), began);
        }
        const int status = static_cast<int>(parser.get().result_int());
        if (status >= 100 && status < 200 && status != 101) {
            continue;  // an interim answer; the real one follows
        }
        Attempt attempt;
        attempt.answer_began = true;
        attempt.keep_alive = parser.keep_alive() && pending.empty();
        attempt.response = convert(parser.release());
        return attempt;
    }
}

HttpClient::HttpClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

Result<HttpClient> HttpClient::create(std::string_view target, HttpClientOptions options) {
    const auto url = parse_url(target);
    if (!url) {
        return url.error();
    }
    return create(*url, std::move(options));
}

Result<HttpClient> HttpClient::create(const Url& target, HttpClientOptions options) {
    auto state = std::make_unique<State>();
    state->url = target;
    options.max_header_bytes =
        std::min<std::size_t>(options.max_header_bytes, std::numeric_limits<std::uint32_t>::max());
    state->options = std::move(options);
    if (target.scheme == Url::Scheme::Https) {
        auto tls = net::TlsContext::create(state->options.ca_file, state->options.verify_tls,
                                           state->options.cert_file, state->options.key_file);
        if (!tls) {
            return tls.error();
        }
        state->tls = std::move(tls).value();
    }
    return HttpClient(std::move(state));
}

Result<HttpResponse> HttpClient::send(const HttpRequest& request, Clock::time_point deadline) {
    State& state = *state_;
    if (const auto status = check(request); !status) {
        return status.error();
    }
    const std::string text = serialize(request, state.url.authority());
    while (true) {
        if (state.stream && !state.stream->is_reusable()) {
            state.stream.reset();
        }
        const bool reused = state.stream != nullptr;
        if (!reused) {
            if (const auto status = state.open(deadline); !status) {
                return state.located(status.error());
            }
        }
        Attempt attempt = state.exchange(request, text, deadline);
        if (!attempt.response || !attempt.keep_alive) {
            state.stream.reset();
        }
        if (attempt.response) {
            return std::move(*attempt.response);
        }
        const bool again = reused && !attempt.answer_began && is_repeatable(request.method) &&
                           Clock::now() < deadline;
        if (!again) {
            return state.located(attempt.error);
        }
    }
}

std::size_t HttpClient::connections_opened() const {
    return state_->opened;
}

}  // namespace plimsoll
