#include "import/shell_words.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

namespace plimsoll::import {
namespace {

class Splitter {
public:
    explicit Splitter(std::string_view text) : text_(text) {}

    Result<std::vector<std::vector<std::string>>> run() {
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '\'' || c == '"') {
                if (!quoted(c)) {
                    return open_quote();
                }
            } else if (text_.substr(at_).starts_with("$'")) {
                ++at_;
                if (!ansi_quoted()) {
                    return open_quote();
                }
            } else if (c == '\\' || c == '^') {
                escaped(c);
            } else if (c == '#' && !in_word_) {
                at_ = std::min(text_.find('\n', at_), text_.size());
            } else if (c == '\n' || c == ';' || c == '|') {
                end_command();
                ++at_;
            } else if (std::isspace(static_cast<unsigned char>(c)) != 0) {
                end_word();
                ++at_;
            } else {
                put(c);
                ++at_;
            }
        }
        end_command();
        return std::move(commands_);
    }

private:
    void put(char c) {
        word_ += c;
        in_word_ = true;
    }

    // A backslash, or the caret that "copy as cURL (cmd)" writes in front of a line's end.
    void escaped(char mark) {
        const std::string_view rest = text_.substr(at_ + 1);
        if (rest.starts_with("\r\n") || rest.starts_with('\n')) {
            at_ += rest.front() == '\n' ? 2U : 3U;
        } else if (mark == '^') {
            put(mark);
            ++at_;
        } else {
            if (!rest.empty()) {
                put(rest.front());
            }
            at_ += 2;
        }
    }

    bool quoted(char quote) {
        open_at_ = at_++;
        in_word_ = true;
        while (at_ < text_.size() && text_[at_] != quote) {
            const bool escape = quote == '"' && text_[at_] == '\\' && at_ + 1 < text_.size();
            if (escape &&
                std::string_view("\"\\$`").find(text_[at_ + 1]) != std::string_view::npos) {
                ++at_;
            } else if (escape && text_[at_ + 1] == '\n') {
                at_ += 2;
                continue;
            }
            word_ += text_[at_++];
        }
        return at_++ < text_.size();
    }

    bool ansi_quoted() {
        open_at_ = at_++;
        in_word_ = true;
        while (at_ < text_.size() && text_[at_] != '\'') {
            if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
                ++at_;
                ansi_escape();
            } else {
                word_ += text_[at_++];
            }
        }
        return at_++ < text_.size();
    }

    void ansi_escape() {
        const char c = text_[at_++];
        switch (c) {
            case 'n':
                word_ += '\n';
                break;
            case 'r':
                word_ += '\r';
                break;
            case 't':
                word_ += '\t';
                break;
            case 'u':
                hex(4);
                break;
            case 'x':
                hex(2);
                break;
            default:
                word_ += c;
        }
    }

    // A code point, as UTF-8.
    void hex(std::size_t most) {
        unsigned code = 0;
        const std::string_view digits = text_.substr(at_, most);
        const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
        at_ += static_cast<std::size_t>(read.ptr - digits.data());
        if (code < 0x80) {
            word_ += static_cast<char>(code);
        } else if (code < 0x800) {
            word_ += static_cast<char>(0xC0U | (code >> 6U));
            word_ += static_cast<char>(0x80U | (code & 0x3FU));
        } else {
            word_ += static_cast<char>(0xE0U | (code >> 12U));
            word_ += static_cast<char>(0x80U | ((code >> 6U) & 0x3FU));
            word_ += static_cast<char>(0x80U | (code & 0x3FU));
        }
    }

    void end_word() {
        if (in_word_) {
            words_.push_back(std::move(word_));
        }
        word_.clear();
        in_word_ = false;
    }
    void end_command() {
        end_word();
        if (!words_.empty()) {
            commands_.push_back(std::move(words_));
        }
        words_.clear();
    }

    [[nodiscard]] Error open_quote() const {
        const auto line =
            1 +
            std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(open_at_), '\n');
        return Error{fmt::format("the quote that opens on line {} is not closed", line), {}, {}};
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t open_at_ = 0;
    std::string word_;
    bool in_word_ = false;
    std::vector<std::string> words_;
    std::vector<std::vector<std::string>> commands_;
};

}  // namespace

Result<std::vector<std::vector<std::string>>> shell_commands(std::string_view text) {
    return Splitter(text).run();
}

}  // namespace plimsoll::import
