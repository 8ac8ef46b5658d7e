// cmd.exe's carets, and the words that a program on Windows gets.
#include "import/shell_words.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace plimsoll::import {
namespace {

bool contains(std::string_view text, std::string_view what) {
    return text.find(what) != std::string_view::npos;
}

bool has_line_that_ends_in(std::string_view text, char mark) {
    for (std::size_t at = text.find(mark); at != std::string_view::npos;
         at = text.find(mark, at + 1)) {
        const std::string_view after = text.substr(at + 1);
        if (after.starts_with('\n') || after.starts_with("\r\n")) {
            return true;
        }
    }
    return false;
}

// The C runtime's rules: 2n backslashes and a quote are n backslashes, and the quote opens or
// closes; one more backslash makes the quote a character, and so do two quotes inside quotes.
std::vector<std::string> arguments(std::string_view line) {
    std::vector<std::string> words;
    std::string word;
    bool in_word = false;
    bool in_quotes = false;
    for (std::size_t at = 0; at < line.size();) {
        const std::size_t slashes = std::min(line.find_first_not_of('\\', at), line.size()) - at;
        const bool quote = at + slashes < line.size() && line[at + slashes] == '"';
        if (slashes > 0 || quote) {
            word.append(quote ? slashes / 2 : slashes, '\\');
            in_word = true;
            at += slashes;
            if (quote && slashes % 2 == 1) {
                word += '"';
                ++at;
            } else if (quote && in_quotes && line.substr(at).starts_with("\"\"")) {
                word += '"';
                at += 2;
            } else if (quote) {
                in_quotes = !in_quotes;
                ++at;
            }
            continue;
        }
        const char c = line[at++];
        if ((c == ' ' || c == '\t') && !in_quotes) {
            if (in_word) {
                words.push_back(std::move(word));
            }
            word.clear();
            in_word = false;
        } else {
            word += c;
            in_word = true;
        }
    }
    if (in_word) {
        words.push_back(std::move(word));
    }
    return words;
}

class Lines {
public:
    explicit Lines(std::string_view text) : text_(text) {}

    ShellText run() {
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '^' && (!in_quotes_ || is_line_end(at_ + 1))) {
                caret();
            } else if (is_line_end(at_)) {
                at_ += line_end(at_);
                ++line_;
                in_quotes_ = false;
                end(";");
            } else if (!in_quotes_ && (c == '&' || c == '|')) {
                const bool twice = at_ + 1 < text_.size() && text_[at_ + 1] == c;
                end(text_.substr(at_, twice ? 2 : 1));
                at_ += twice ? 2U : 1U;
            } else {
                in_quotes_ = in_quotes_ != (c == '"');
                command_ += c;
                ++at_;
            }
        }
        end("");
        return std::move(done_);
    }

private:
    [[nodiscard]] std::size_t line_end(std::size_t at) const {
        const std::string_view rest = text_.substr(std::min(at, text_.size()));
        return rest.starts_with("\r\n") ? 2 : rest.starts_with('\n') ? 1 : 0;
    }
    [[nodiscard]] bool is_line_end(std::size_t at) const { return line_end(at) > 0; }

    // A caret takes the next character's meaning; at a line's end, the line's end itself and the
    // next one's: that is how a line end is written into an argument.
    void caret() {
        ++at_;
        if (is_line_end(at_)) {
            at_ += line_end(at_);
            ++line_;
            if (is_line_end(at_)) {
                at_ += line_end(at_);
                ++line_;
                command_ += '\n';
            }
        } else if (at_ < text_.size()) {
            command_ += text_[at_++];
        }
    }

    void end(std::string_view joint) {
        ShellCommand command;
        command.words = arguments(command_);
        command.joint = joint_;
        command.line = line_;
        if (!command.words.empty()) {
            done_.commands.push_back(std::move(command));
        }
        command_.clear();
        joint_ = joint;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int line_ = 1;
    bool in_quotes_ = false;
    std::string command_;
    std::string joint_;
    ShellText done_;
};

}  // namespace

bool is_for_cmd(std::string_view text) {
    const bool bash = contains(text, "'") || has_line_that_ends_in(text, '\\');
    const std::size_t doubled = text.find("\"\"");
    const bool doubles = !bash && doubled != std::string_view::npos && doubled > 0 &&
                         doubled + 2 < text.size() &&
                         std::string_view(" =").find(text[doubled - 1]) == std::string_view::npos &&
                         std::isspace(static_cast<unsigned char>(text[doubled + 2])) == 0;
    return has_line_that_ends_in(text, '^') || contains(text, "curl ^\"") ||
           contains(text, "curl.exe ^\"") || contains(text, " ^\"http") || doubles;
}

Result<ShellText> cmd_commands(std::string_view text) {
    return Lines(text).run();
}

bool is_for_powershell(std::string_view text) {
    return contains(text, "Invoke-WebRequest") || contains(text, "Invoke-RestMethod") ||
           has_line_that_ends_in(text, '`');
}

}  // namespace plimsoll::import
