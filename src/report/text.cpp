#include "report/text.hpp"

#include "base/utf8.hpp"

#include <cmath>
#include <ctime>
#include <utility>

#include <fmt/format.h>

namespace plimsoll::report {
namespace {

/// Whether a valid sequence is in XML 1.0's Char production, which is the strictest of the formats
/// here, and not DEL. Sequences of UTF-8 hold no surrogates.
bool is_text(std::string_view sequence) {
    if (sequence.size() == 1) {
        const char c = sequence.front();
        return c == '\t' || c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
    }
    return sequence != "\xEF\xBF\xBE" && sequence != "\xEF\xBF\xBF";  // U+FFFE, U+FFFF
}

}  // namespace

std::string clean_text(std::string_view bytes) {
    std::string text;
    text.reserve(bytes.size());
    for (std::size_t at = 0; at < bytes.size();) {
        if (bytes[at] == '\r' && at + 1 < bytes.size() && bytes[at + 1] == '\n') {
            ++at;
            continue;
        }
        const std::size_t length = utf8_length(bytes.substr(at));
        if (length == 0 || !is_text(bytes.substr(at, length))) {
            text += kReplacementCharacter;
            ++at;
        } else {
            text += bytes.substr(at, length);
            at += length;
        }
    }
    return text;
}

std::string one_line(std::string_view bytes) {
    std::string line;
    bool space = false;
    for (const char c : clean_text(bytes)) {
        if (c == ' ' || c == '\n' || c == '\t') {
            space = !line.empty();
            continue;
        }
        if (std::exchange(space, false)) {
            line += ' ';
        }
        line += c;
    }
    return line;
}

std::string shortened(std::string_view text, std::size_t limit) {
    std::size_t characters = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool starts = (static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80;
        if (starts && characters++ == limit) {
            return std::string(text.substr(0, at)) + "…";
        }
    }
    return std::string(text);
}

std::string escape_markup(std::string_view bytes) {
    std::string text;
    for (const char c : clean_text(bytes)) {
        switch (c) {
            case '&':
                text += "&amp;";
                break;
            case '<':
                text += "&lt;";
                break;
            case '>':
                text += "&gt;";
                break;
            case '"':
                text += "&quot;";
                break;
            case '\'':
                text += "&#39;";
                break;
            default:
                text += c;
        }
    }
    return text;
}

std::string breakable_markup(std::string_view name) {
    const auto lower = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    std::string text;
    std::size_t from = 0;
    for (std::size_t i = 1; i < name.size(); ++i) {
        const bool word = lower(name[i - 1]) && name[i] >= 'A' && name[i] <= 'Z';
        const bool joint = std::string_view("_:./-").find(name[i - 1]) != std::string_view::npos;
        if (word || joint) {
            text += escape_markup(name.substr(from, i - from)) + "<wbr>";
            from = i;
        }
    }
    return text + escape_markup(name.substr(from));
}

std::string escape_markdown(std::string_view bytes) {
    std::string text;
    for (const char c : one_line(bytes)) {
        if (c == '&') {
            text += "&amp;";
        } else if (c == '<') {
            text += "&lt;";
        } else if (std::string_view("\\`*_[]|#~>").find(c) != std::string_view::npos) {
            text += '\\';
            text += c;
        } else {
            text += c;
        }
    }
    return text;
}

std::string grouped(std::uint64_t count) {
    std::string text = fmt::format("{}", count);
    for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) {
        text.insert(static_cast<std::size_t>(at), ",");
    }
    return text;
}

std::string figure(double value) {
    if (!std::isfinite(value)) {
        return "–";
    }
    const double size = std::abs(value);
    if (size >= 999.5) {
        const auto whole = static_cast<std::uint64_t>(std::llround(size));
        return (value < 0 ? "-" : "") + grouped(whole);
    }
    if (size == 0) {
        return "0";
    }
    const int lead = static_cast<int>(std::floor(std::log10(size)));
    std::string text = fmt::format("{:.{}f}", value, lead >= 2 ? 0 : 2 - lead);
    if (text.find('.') != std::string::npos) {
        text.erase(text.find_last_not_of('0') + 1);
        if (text.back() == '.') {
            text.pop_back();
        }
    }
    return text;
}

std::string percent(double ratio) {
    return figure(ratio * 100) + " %";
}

std::string clock_text(double seconds) {
    if (seconds < 59.95) {
        return fmt::format("{:.1f} s", seconds);
    }
    const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
    if (whole < 3600) {
        return fmt::format("{} min {} s", whole / 60, whole % 60);
    }
    return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::string bytes_text(double bytes) {
    if (bytes < 1024) {
        return figure(bytes) + " B";
    }
    if (bytes < 1024.0 * 1024) {
        return figure(bytes / 1024) + " KiB";
    }
    return figure(bytes / (1024.0 * 1024)) + " MiB";
}

std::string utc_time(std::int64_t unix_seconds) {
    const std::time_t time = unix_seconds;
    std::tm parts{};
    gmtime_r(&time, &parts);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900,
                       parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace plimsoll::report
