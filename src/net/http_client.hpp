// A small blocking HTTP/1.1 client for everything off the hot path: exporters, probes, tests.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/http_message.hpp"
#include "net/url.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace plimsoll {

struct HttpClientOptions {
    /// A longer body is an Error, not a truncated success.
    std::size_t max_response_bytes = 64U << 20U;
    /// Also of a chunk's line, and of all trailers; more is an Error.
    std::size_t max_header_bytes = 64U << 10U;
    /// PEM file with the certificates to trust for https; empty for the system's.
    std::string ca_file;
    /// PEM files with the certificate to show to the server, and its key; empty for none.
    std::string cert_file = {};
    std::string key_file = {};
    /// Check the server's certificate and name. Switch off only on a user's explicit wish.
    bool verify_tls = true;
};

/// One server, one connection at a time, kept alive between requests.
/// Threading: one thread at a time. Lifetime: independent of everything.
class HttpClient {
public:
    /// `target`: "http://host:port", "https://host:port" or "unix:/path"; a path in it is ignored.
    /// Opens nothing yet. Error: a bad target, or an unreadable certificate or key.
    [[nodiscard]] static Result<HttpClient> create(std::string_view target,
                                                   HttpClientOptions options = {});
    [[nodiscard]] static Result<HttpClient> create(const Url& target,
                                                   HttpClientOptions options = {});
    ~HttpClient();
    HttpClient(HttpClient&&) noexcept;
    HttpClient& operator=(HttpClient&&) noexcept;

    /// Sends and waits for the whole response, whatever its status; redirects are not followed.
    /// Returns by `deadline` in every phase: name lookup, connect, TLS, sending, receiving.
    /// Adds Host and Content-Length; everything else is the caller's. A response the server ends
    /// by closing is accepted as complete only where HTTP says so.
    /// Reconnects by itself when the kept connection turns out to be dead, and then sends once
    /// more: any method if the connection was seen dead before sending; otherwise only methods that
    /// may be repeated without harm (GET, HEAD, PUT, DELETE, OPTIONS, TRACE).
    /// Error: `what` names the phase in plain words ("connection refused", "timed out while
    /// connecting", "timed out waiting for the response" ...), `where` the server. The connection
    /// is dropped; the next call opens a new one.
    [[nodiscard]] Result<HttpResponse> send(const HttpRequest& request, Clock::time_point deadline);

    /// Connections opened so far; 1 after any number of requests on a kept connection.
    [[nodiscard]] std::size_t connections_opened() const;

private:
    struct State;
    explicit HttpClient(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace plimsoll
