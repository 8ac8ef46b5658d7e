#include "deploy/marked_text.hpp"

#include "deploy/yaml_scalar.hpp"

#include <algorithm>
#include <cassert>
#include <cctype>

namespace plimsoll {
namespace {

constexpr std::string_view kMark = "#: ";

std::string expand(std::string_view written, const Filling& filling) {
    std::string out;
    while (!written.empty()) {
        const auto open = written.find('{');
        out += written.substr(0, open);
        if (open == std::string_view::npos) {
            break;
        }
        const auto close = written.find('}', open);
        const auto value = filling.values.find(written.substr(open + 1, close - open - 1));
        assert(close != std::string_view::npos && value != filling.values.end());
        out += value->second;
        written.remove_prefix(close + 1);
    }
    return out;
}

bool is_number(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(),
                                        [](unsigned char c) { return std::isdigit(c) != 0; });
}

std::string quoted(std::string_view written, MarkedStyle style, const Filling& filling) {
    const bool string = written.size() >= 2 && written.front() == '"' && written.back() == '"';
    const std::string value =
        expand(string ? written.substr(1, written.size() - 2) : written, filling);
    if (style == MarkedStyle::Shell) {
        return shell_word(value);
    }
    return string ? yaml_quoted(value) : is_number(value) ? value : yaml_scalar(value);
}

/// The line up to its value.
std::string_view before_value(std::string_view line, MarkedStyle style) {
    if (style == MarkedStyle::Shell) {
        return line.substr(0, line.find('=') + 1);
    }
    const auto begin = line.find_first_not_of(' ');
    const std::string_view content = line.substr(begin);
    const auto colon = content.find(": ");
    if (colon != std::string_view::npos) {
        return line.substr(0, begin + colon + 2);
    }
    assert(content.starts_with("- "));
    return line.substr(0, begin + 2);
}

void insert(std::string& out, std::string_view name, std::size_t indent, const Filling& filling) {
    const auto lines = filling.inserts.find(name);
    if (lines == filling.inserts.end()) {
        return;
    }
    for (const std::string& each : lines->second) {
        out += std::string(indent, ' ') + each + '\n';
    }
}

}  // namespace

std::string fill_in(std::string_view text, MarkedStyle style, const Filling& filling) {
    std::string out;
    bool wanted = true;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const auto mark = line.find(kMark);
        const auto first = line.find_first_not_of(' ');
        if (mark == std::string_view::npos) {
            out += wanted ? std::string(line) + '\n' : "";
            continue;
        }
        const std::string_view said = line.substr(mark + kMark.size());
        if (mark != first) {
            const auto kept = line.substr(0, mark);
            out += wanted ? std::string(before_value(kept, style)) + quoted(said, style, filling) +
                                '\n'
                          : "";
        } else if (said.starts_with("only ")) {
            assert(wanted);
            wanted = filling.parts.contains(said.substr(5));
        } else if (said == "end") {
            wanted = true;
        } else if (wanted) {
            assert(said.starts_with("insert "));
            insert(out, said.substr(7), first, filling);
        }
    }
    return out;
}

std::string shell_word(std::string_view text) {
    const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x80 && std::isalnum(byte) != 0) ||
               std::string_view("_./:@%+=,-").find(c) != std::string_view::npos;
    });
    if (plain) {
        return std::string(text);
    }
    std::string out = "'";
    for (const char c : text) {
        out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return out + "'";
}

}  // namespace plimsoll
