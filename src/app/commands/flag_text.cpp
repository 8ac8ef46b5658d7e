#include "app/commands/flag_text.hpp"

#include "app/commands/files.hpp"

#include <charconv>
#include <cstdlib>

#include <fmt/format.h>

namespace plimsoll {
namespace {

bool names_file(const std::string& text) {
    return text.size() > 1 && text.front() == '@';
}

Result<std::string> content_of(const std::string& text, const char* flag) {
    auto content = read_file(text.substr(1));
    if (!content) {
        return Error{content.error().what, std::string(flag) + " " + text, content.error().hint};
    }
    return content;
}

}  // namespace

Result<std::vector<std::string>> flag_lines(const std::string& text, const char* flag) {
    if (!names_file(text)) {
        return std::vector{text};
    }
    const auto content = content_of(text, flag);
    if (!content) {
        return content.error();
    }
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < content->size();) {
        const std::size_t end = std::min(content->find('\n', at), content->size());
        std::string line = content->substr(at, end - at);
        if (line.ends_with('\r')) {
            line.pop_back();
        }
        if (line.find_first_not_of(" \t") != std::string::npos) {
            lines.push_back(std::move(line));
        }
        at = end + 1;
    }
    return lines;
}

Result<std::string> flag_text(const std::string& text, const char* flag) {
    auto lines = flag_lines(text, flag);
    if (!lines) {
        return lines.error();
    }
    if (lines->empty()) {
        return Error{"is empty", std::string(flag) + " " + text,
                     "its first line is taken in place of the flag's value"};
    }
    return std::move(lines->front());
}

Result<std::string> flag_content(const std::string& text, const char* flag) {
    return names_file(text) ? content_of(text, flag) : Result<std::string>(text);
}

Result<std::vector<std::string>> flags_or_environment(const std::vector<std::string>& flags,
                                                      const char* flag, const char* name,
                                                      bool in_file) {
    std::vector<std::string> values;
    for (const std::string& text : flags) {
        auto value = flag_text(text, flag);
        if (!value) {
            return value.error();
        }
        values.push_back(*std::move(value));
    }
    const char* const set = std::getenv(name);
    if (values.empty() && !in_file && set != nullptr && *set != '\0') {
        values.emplace_back(set);
    }
    return values;
}

Result<double> flag_share(const std::string& text, const char* flag) {
    double value = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    const bool percent = read.ec == std::errc{} && read.ptr + 1 == end && *read.ptr == '%';
    if (!percent) {
        return Error{fmt::format("must be a percentage, got \"{}\"", text), flag,
                     "e.g. " + std::string(flag) + " 5%"};
    }
    return value / 100;
}

}  // namespace plimsoll
