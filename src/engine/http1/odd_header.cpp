#include "engine/http1/odd_header.hpp"

#include <algorithm>
#include <cctype>

namespace plimsoll {
namespace {

/// The pieces of a status line, each taken off the front of what is left.
class StatusLine {
public:
    explicit StatusLine(std::string_view rest) : rest_(rest) {}

    /// Nothing is left: what was taken so far may go on with any bytes.
    [[nodiscard]] bool at_end() const { return rest_.empty(); }
    [[nodiscard]] std::string_view rest() const { return rest_; }

    bool take_protocol() {
        constexpr std::string_view kProtocol = "HTTP/1.";
        const std::string_view here = rest_.substr(0, kProtocol.size());
        const bool same = std::equal(
            here.begin(), here.end(), kProtocol.begin(),
            [](char a, char b) { return std::toupper(static_cast<unsigned char>(a)) == b; });
        rest_.remove_prefix(here.size());
        return same;
    }
    char take_digit(std::string_view allowed) {
        if (rest_.empty() || allowed.find(rest_.front()) == std::string_view::npos) {
            return '\0';
        }
        const char digit = rest_.front();
        rest_.remove_prefix(1);
        return digit;
    }
    std::size_t take_spaces() {
        const std::size_t count = std::min(rest_.find_first_not_of(' '), rest_.size());
        rest_.remove_prefix(count);
        return count;
    }

private:
    std::string_view rest_;
};

using Kind = StrictHeader::Kind;

/// `line` has no line end; whether more of it is to come, the caller knows.
Kind read_status_line(std::string_view line, std::string& out) {
    constexpr std::string_view kDigits = "0123456789";
    StatusLine status(line);
    const auto stopped = [&] { return status.at_end() ? Kind::Partial : Kind::NoHeader; };
    if (!status.take_protocol()) {
        return Kind::NoHeader;
    }
    const char minor = status.take_digit("01");
    if (minor == '\0' || status.take_spaces() == 0) {
        return stopped();
    }
    std::string code;
    while (code.size() < 3) {
        const char digit = status.take_digit(kDigits);
        if (digit == '\0') {
            return stopped();
        }
        code += digit;
    }
    if (code.front() == '0' || status.take_digit(kDigits) != '\0') {
        return Kind::NoHeader;
    }
    status.take_spaces();
    out = "HTTP/1.";
    out += minor;
    out += ' ';
    out += code;
    out += ' ';
    out += status.rest();
    out += "\r\n";
    return Kind::Whole;
}

}  // namespace

StrictHeader strict_header(std::string_view bytes) {
    StrictHeader header;
    std::size_t at = 0;
    for (bool first = true;; first = false) {
        const std::size_t end = bytes.find('\n', at);
        const bool ended = end != std::string_view::npos;
        std::string_view line = bytes.substr(at, ended ? end - at : end);
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        if (first) {
            const Kind kind = read_status_line(line, header.text);
            if (kind == Kind::NoHeader || (ended && kind == Kind::Partial)) {
                return {};
            }
        }
        if (!ended) {
            header.kind = Kind::Partial;
            return header;
        }
        if (!first) {
            header.text += line;
            header.text += "\r\n";
        }
        at = end + 1;
        if (!first && line.empty()) {
            header.kind = Kind::Whole;
            header.size = at;
            return header;
        }
    }
}

}  // namespace plimsoll
