#include "net/response_text.hpp"

#include <charconv>

namespace plimsoll::net {
namespace {

void append_number(std::string& out, std::size_t number) {
    std::array<char, 20> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out.append(digits.data(), end);
}

void append_head(std::string& out, const HttpResponse& response, std::string_view date) {
    out += "HTTP/1.1 ";
    append_number(out, static_cast<std::size_t>(response.status));
    out += ' ';
    out += reason_phrase(response.status);
    out += "\r\nDate: ";
    out += date;
    out += "\r\n";
    for (const HttpHeader& header : response.headers) {
        if (is_sendable(header)) {
            out += header.name;
            out += ": ";
            out += header.value;
            out += "\r\n";
        }
    }
}

}  // namespace

std::string_view DateText::at(std::time_t now) {
    if (now != made_for_) {
        made_for_ = now;
        std::tm parts{};
        gmtime_r(&now, &parts);
        size_ = std::strftime(text_.data(), text_.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    }
    return {text_.data(), size_};
}

void append_response(std::string& out, const HttpResponse& response, const Framing& framing,
                     std::string_view date) {
    append_head(out, response, date);
    const bool bodyless = response.status == 204 || response.status == 304 || response.status < 200;
    if (!bodyless) {
        out += "Content-Length: ";
        append_number(out, response.body.size());
        out += "\r\n";
    }
    if (!framing.keep_alive) {
        out += "Connection: close\r\n";
    } else if (framing.http10) {
        out += "Connection: keep-alive\r\n";
    }
    out += "\r\n";
    if (!bodyless && !framing.head) {
        out += response.body;
    }
}

void append_stream_head(std::string& out, const HttpResponse& head, std::string_view date) {
    append_head(out, head, date);
    out += "Connection: close\r\n\r\n";
}

}  // namespace plimsoll::net
