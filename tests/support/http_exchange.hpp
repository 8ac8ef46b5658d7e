// One HTTP exchange with a server on loopback, over a plain socket.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::test {

struct HttpAnswer {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
    std::string body;

    /// The first header of that (lower-case) name.
    [[nodiscard]] std::optional<std::string> header(const std::string& name) const;
};

struct HttpAsk {
    std::string method = "GET";
    std::string target = "/";
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
};

/// Sends to 127.0.0.1:`port` and reads until the server closes. Nothing when nobody listens, or
/// when no whole answer came within 20 s.
[[nodiscard]] std::optional<HttpAnswer> exchange(unsigned short port, const HttpAsk& ask);
[[nodiscard]] std::optional<HttpAnswer> get(unsigned short port, const std::string& target);

/// For query strings.
[[nodiscard]] std::string percent_encode(const std::string& text);

}  // namespace plimsoll::test
