#include "deploy/yaml_scalar.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

namespace plimsoll {
namespace {

/// What YAML 1.1 and 1.2 read as something other than a string.
constexpr std::array<std::string_view, 11> kWords{"y",  "n",   "yes",  "no",  "true", "false",
                                                  "on", "off", "null", "nan", "inf"};

/// Characters (UTF-8) that a reader may drop, take for a line end, or refuse.
constexpr std::array<std::string_view, 5> kOdd{"\xE2\x80\xA8", "\xE2\x80\xA9", "\xEF\xBB\xBF",
                                               "\xEF\xBF\xBE", "\xEF\xBF\xBF"};
constexpr std::array<std::string_view, 5> kOddEscaped{"\\u2028", "\\u2029", "\\uFEFF", "\\uFFFE",
                                                      "\\uFFFF"};

bool is_c1(std::string_view rest) {
    return rest.size() >= 2 && rest[0] == '\xC2' && static_cast<unsigned char>(rest[1]) < 0xA0;
}

/// The number of kOdd's member that `rest` begins with; its size where it is none.
std::size_t odd_at(std::string_view rest) {
    return static_cast<std::size_t>(
        std::find_if(kOdd.begin(), kOdd.end(),
                     [&](std::string_view each) { return rest.starts_with(each); }) -
        kOdd.begin());
}

bool is_safe_plain(std::string_view text) {
    const auto is_alpha = [](unsigned char c) { return std::isalpha(c) != 0 && c < 0x80; };
    // A flag is as plain as a word; "-" and "---" are not.
    const std::string_view word = text.substr(text.starts_with("--") ? 2 : 0);
    if (word.empty() || (!is_alpha(static_cast<unsigned char>(word[0])) && text[0] != '/')) {
        return false;
    }
    const bool safe = std::all_of(text.begin(), text.end(), [&](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return is_alpha(byte) || (byte >= '0' && byte <= '9') ||
               std::string_view("_./:@-").find(c) != std::string_view::npos;
    });
    if (!safe || text.back() == ':') {
        return false;
    }
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return std::find(kWords.begin(), kWords.end(), lower) == kWords.end();
}

bool fits_block(std::string_view text) {
    if (text.find_first_not_of('\n') == std::string_view::npos) {
        return false;  // nothing but line ends, or nothing
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const std::string_view rest = text.substr(i);
        if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F || is_c1(rest) ||
            odd_at(rest) < kOdd.size()) {
            return false;
        }
    }
    return true;
}

}  // namespace

bool is_plain_text(std::string_view text) {
    const auto first = text.find_first_not_of("\r\n ");
    const bool tab_first = first != std::string_view::npos && text[first] == '\t';
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (is_c1(text.substr(i)) || odd_at(text.substr(i)) < kOdd.size()) {
            return false;
        }
    }
    return !tab_first && valid_utf8(text) == text &&
           std::none_of(text.begin(), text.end(), [](char c) {
               const auto byte = static_cast<unsigned char>(c);
               return (byte < 0x20 && c != '\n' && c != '\t' && c != '\r') || byte == 0x7F;
           });
}

std::string yaml_quoted(std::string_view text) {
    std::string out = "\"";
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const std::string_view rest = text.substr(i);
        if (text[i] == '"' || text[i] == '\\') {
            out += '\\';
            out += text[i];
        } else if (text[i] == '\n') {
            out += "\\n";
        } else if (text[i] == '\t') {
            out += "\\t";
        } else if (text[i] == '\r') {
            out += "\\r";
        } else if (byte < 0x20 || byte == 0x7F) {
            out += fmt::format("\\x{:02X}", byte);
        } else if (is_c1(rest)) {
            out += fmt::format("\\x{:02X}", static_cast<unsigned char>(text[++i]));
        } else if (const std::size_t odd = odd_at(rest); odd < kOdd.size()) {
            out += kOddEscaped[odd];
            i += kOdd[odd].size() - 1;
        } else {
            out += text[i];
        }
    }
    return out + '"';
}

std::string yaml_scalar(std::string_view text) {
    return is_safe_plain(text) ? std::string(text) : yaml_quoted(text);
}

std::string yaml_block(std::string_view text, std::size_t indent) {
    if (!fits_block(text)) {
        return yaml_quoted(text);
    }
    const auto last = text.find_last_not_of('\n');
    const std::size_t line_ends = text.size() - 1 - last;
    // The indentation is said where the first line would hide it.
    std::string out = "|";
    if (text[0] == ' ' || text[0] == '\n' || text[0] == '\t') {
        out += '2';
    }
    out += line_ends == 0 ? "-" : line_ends == 1 ? "" : "+";
    const std::string margin(indent + 2, ' ');
    std::string_view rest = text.substr(0, text.size() - std::min<std::size_t>(line_ends, 1));
    for (bool more = true; more;) {
        const auto end = rest.find('\n');
        more = end != std::string_view::npos;
        const std::string_view line = rest.substr(0, end);
        out += '\n';
        if (!line.empty()) {
            out += margin;
            out += line;
        }
        rest.remove_prefix(more ? end + 1 : rest.size());
    }
    return out;
}

}  // namespace plimsoll
