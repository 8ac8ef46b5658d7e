// HTTP requests and responses as plain values, shared by the client and the server.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

struct HttpHeader {
    std::string name;
    std::string value;
};
using HttpHeaders = std::vector<HttpHeader>;

/// The value of the first header called `name` (case does not matter), or null. Valid as long as
/// `headers` is neither changed nor destroyed.
[[nodiscard]] const std::string* find_header(const HttpHeaders& headers, std::string_view name);

/// True when both are equal apart from ASCII case.
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);

/// Whether a header can be sent as it is: a token for a name, no control characters in the value.
/// Guards against a value that smuggles in a second header.
[[nodiscard]] bool is_sendable(const HttpHeader& header);

struct HttpRequest {
    std::string method = "GET";
    std::string target = "/";  // origin form: path and query, still percent-encoded
    HttpHeaders headers;
    std::string body;

    /// The target without its query.
    [[nodiscard]] std::string_view path() const;
    /// The query without its '?'; empty when there is none.
    [[nodiscard]] std::string_view query() const;
};

struct HttpResponse {
    int status = 200;
    HttpHeaders headers;
    std::string body;
};

/// A response with this Content-Type.
[[nodiscard]] HttpResponse make_response(int status, std::string_view content_type,
                                         std::string body);

/// "OK" for 200 and so on; "Unknown" for a number without a registered phrase.
[[nodiscard]] std::string_view reason_phrase(int status);

}  // namespace plimsoll
