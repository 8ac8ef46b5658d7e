#include "net/http_message.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace plimsoll {
namespace {

constexpr char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

constexpr bool is_token_char(char c) {
    // RFC 9110, section 5.6.2.
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

constexpr bool is_value_char(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return c == '\t' || (byte >= 0x20 && byte != 0x7f);
}

constexpr std::array<std::pair<int, std::string_view>, 31> kReasons{{
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
}};

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

const std::string* find_header(const HttpHeaders& headers, std::string_view name) {
    for (const HttpHeader& header : headers) {
        if (equal_ignoring_case(header.name, name)) {
            return &header.value;
        }
    }
    return nullptr;
}

bool is_sendable(const HttpHeader& header) {
    return !header.name.empty() &&
           std::all_of(header.name.begin(), header.name.end(), is_token_char) &&
           std::all_of(header.value.begin(), header.value.end(), is_value_char);
}

std::string_view HttpRequest::path() const {
    return std::string_view(target).substr(0, target.find('?'));
}

std::string_view HttpRequest::query() const {
    const auto mark = target.find('?');
    return mark == std::string::npos ? std::string_view{}
                                     : std::string_view(target).substr(mark + 1);
}

HttpResponse make_response(int status, std::string_view content_type, std::string body) {
    HttpResponse response;
    response.status = status;
    response.headers.push_back({"Content-Type", std::string(content_type)});
    response.body = std::move(body);
    return response;
}

std::string_view reason_phrase(int status) {
    const auto* found =
        std::lower_bound(kReasons.begin(), kReasons.end(), status,
                         [](const auto& entry, int code) { return entry.first < code; });
    return found != kReasons.end() && found->first == status ? found->second : "Unknown";
}

}  // namespace plimsoll
