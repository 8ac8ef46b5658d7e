#include "import/shell_words.hpp"

#include "import/shell_quotes.hpp"

#include <algorithm>
#include <cctype>
#include <map>

#include <fmt/format.h>

namespace plimsoll::import {
namespace {

bool name_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// NAME of NAME=value at the front of a word; 0: none.
std::size_t assignment(std::string_view word) {
    std::size_t at = 0;
    while (at < word.size() && name_character(word[at])) {
        ++at;
    }
    const bool named = at > 0 && std::isdigit(static_cast<unsigned char>(word[0])) == 0;
    return named && at < word.size() && word[at] == '=' ? at : 0;
}

class Splitter {
public:
    explicit Splitter(std::string_view text) : text_(text) {}

    Result<ShellText> run() {
        while (at_ < text_.size() && open_at_ == kNone) {
            step();
        }
        if (open_at_ != kNone) {
            return Error{
                fmt::format("the quote that opens on line {} is not closed", line_of(open_at_)),
                {},
                {}};
        }
        end_command("");
        return std::move(done_);
    }

private:
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
    enum class Redirect { None, Output, Input, HereString, HereDocument, HereDocumentTabs };

    [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }
    [[nodiscard]] bool at(std::string_view what) const { return rest().starts_with(what); }
    [[nodiscard]] int line_of(std::size_t place) const {
        return 1 + static_cast<int>(std::count(
                       text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(place), '\n'));
    }

    void step() {
        const char c = text_[at_];
        if (c == '\'') {
            single_quoted();
        } else if (c == '"' || at("$\"")) {
            at_ += c == '$' ? 1U : 0U;
            double_quoted();
        } else if (at("$'")) {
            const std::size_t open = at_;
            at_ += 2;
            std::string inside;
            open_at_ = read_ansi_quote(text_, at_, inside) ? kNone : open;
            word_.put(inside, true);
            in_word_ = true;
        } else if (c == '\\') {
            backslash();
        } else if (c == '$' || c == '`') {
            dollar(false);
        } else if (c == '#' && !in_word_) {
            at_ = std::min(text_.find('\n', at_), text_.size());
        } else if (c == '\n' || at("\r\n")) {
            at_ += c == '\n' ? 1U : 2U;
            end_command(";");
            here_documents();
        } else if (!operator_or_redirection()) {
            if (c == ' ' || c == '\t' || c == '\r') {
                end_word();
            } else {
                word_.put(c, false);
                in_word_ = true;
            }
            ++at_;
        }
    }

    bool operator_or_redirection() {
        constexpr std::string_view kRedirections[] = {"<<<", "<<-", "<<", "&>>", "&>", ">>",
                                                      ">&",  "<&",  ">|", ">",   "<"};
        for (const std::string_view sign : kRedirections) {
            if (at(sign)) {
                redirection(sign);
                return true;
            }
        }
        constexpr std::string_view kOperators[] = {"&&", "||", "|&", ";;", ";", "|", "&", "(", ")"};
        for (const std::string_view sign : kOperators) {
            if (at(sign)) {
                at_ += sign.size();
                end_command(sign == "|&" ? "|" : sign.size() == 2 && sign[0] == ';' ? ";" : sign);
                return true;
            }
        }
        return false;
    }

    void redirection(std::string_view sign) {
        const bool number = in_word_ && std::all_of(word_.text.begin(), word_.text.end(),
                                                    [](char c) { return c >= '0' && c <= '9'; });
        if (number) {  // a file descriptor's
            word_ = {};
            in_word_ = false;
        }
        end_word();
        at_ += sign.size();
        redirect_ = sign == "<<<"   ? Redirect::HereString
                    : sign == "<<-" ? Redirect::HereDocumentTabs
                    : sign == "<<"  ? Redirect::HereDocument
                    : sign == "<"   ? Redirect::Input
                                    : Redirect::Output;
    }

    void single_quoted() {
        const std::size_t close = text_.find('\'', at_ + 1);
        if (close == std::string_view::npos) {
            open_at_ = at_;
            return;
        }
        word_.put(text_.substr(at_ + 1, close - at_ - 1), true);
        in_word_ = true;
        at_ = close + 1;
    }

    void double_quoted() {
        const std::size_t open = at_++;
        in_word_ = true;
        while (at_ < text_.size() && text_[at_] != '"') {
            protected_character();
        }
        open_at_ = at_ < text_.size() ? kNone : open;
        ++at_;
    }

    // Of what stands in double quotes, and in a here-document.
    void protected_character() {
        const char c = text_[at_];
        const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
        if (c == '$' || c == '`') {
            dollar(true);
        } else if (c == '\\' && (next == '\n' || text_.substr(at_ + 1).starts_with("\r\n"))) {
            at_ += next == '\n' ? 2U : 3U;
        } else if (c == '\\' && next != '\0' &&
                   std::string_view("\"\\$`").find(next) != std::string_view::npos) {
            word_.put(next, true);
            at_ += 2;
        } else {
            word_.put(c, true);
            ++at_;
        }
    }

    void backslash() {
        const std::string_view after = text_.substr(at_ + 1);
        if (after.starts_with('\n') || after.starts_with("\r\n")) {
            at_ += after.front() == '\n' ? 2U : 3U;
            return;
        }
        if (!after.empty()) {
            word_.put(after.front(), true);
            in_word_ = true;
        }
        at_ += 2;
    }

    // $NAME, ${NAME}, ${NAME:-default}; what would have to be run is a problem.
    void dollar(bool quoted) {
        const std::string_view after = text_.substr(at_ + 1);
        if (text_[at_] == '`' || after.starts_with('(')) {
            trouble("a command substitution");
            const char close = text_[at_] == '`' ? '`' : ')';
            at_ = std::min(text_.find(close, at_ + (close == ')' ? 2 : 1)), text_.size() - 1) + 1;
            in_word_ = true;
            return;
        }
        const bool braces = after.starts_with('{');
        std::size_t end = braces ? 1 : 0;
        const std::size_t first = end;
        while (end < after.size() && name_character(after[end])) {
            ++end;
        }
        const std::string name(after.substr(first, end - first));
        const bool proper = !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0;
        std::string fallback;
        if (braces) {
            const std::size_t close = after.find('}', end);
            fallback = after.substr(end, std::min(close, after.size()) - end);
            end = close == std::string_view::npos ? after.size() : close + 1;
        }
        const bool plain = fallback.empty() || fallback.starts_with(":-");
        const bool special =
            !proper && (!name.empty() || braces ||
                        (!after.empty() &&
                         std::string_view("@*#?$!-").find(after[0]) != std::string_view::npos));
        if (special || !plain) {
            trouble("a parameter of the shell");
            end += name.empty() && !braces ? 1U : 0U;
        } else if (!proper) {  // a dollar sign
            word_.put('$', quoted);
            in_word_ = true;
            ++at_;
            return;
        } else {
            word_.put(value_of(name, fallback), true);
        }
        in_word_ = true;
        at_ += 1 + end;
    }

    std::string value_of(const std::string& name, const std::string& fallback) {
        if (const auto known = values_.find(name); known != values_.end()) {
            return known->second;
        }
        if (fallback.size() > 2) {
            return fallback.substr(2);
        }
        auto& names = done_.variables;
        if (std::find(names.begin(), names.end(), name) == names.end()) {
            names.push_back(name);
        }
        return shell_variable(name);
    }

    void trouble(std::string_view what) {
        command_.problem = command_.problem.empty() ? std::string(what) : command_.problem;
    }

    void end_word() {
        if (in_word_) {
            take_word();
        }
        word_ = {};
        in_word_ = false;
    }

    void take_word() {
        const Redirect redirect = std::exchange(redirect_, Redirect::None);
        switch (redirect) {
            case Redirect::None:
                break;
            case Redirect::Output:
                return;
            case Redirect::Input:
                command_.input_file = word_.text;
                return;
            case Redirect::HereString:
                command_.input = word_.text + "\n";
                return;
            case Redirect::HereDocument:
            case Redirect::HereDocumentTabs:
                waiting_.push_back({word_.text, word_.marks.find('q') != std::string::npos,
                                    redirect == Redirect::HereDocumentTabs, done_.commands.size()});
                return;
        }
        if (command_.words.empty()) {
            command_.line = line_of(std::min(at_, text_.size()));
        }
        for (std::string& word : expand_braces(word_)) {
            command_.words.push_back(std::move(word));
        }
    }

    void end_command(std::string_view joint) {
        end_word();
        redirect_ = Redirect::None;
        const bool had = !command_.words.empty();
        const bool sets =
            !command_.words.empty() &&
            std::all_of(command_.words.begin(), command_.words.end(), [&](const std::string& word) {
                return assignment(word) > 0 || word == "export" || word == "readonly" ||
                       word == "local";
            });
        if (sets) {
            for (const std::string& word : command_.words) {
                if (const std::size_t equals = assignment(word); equals > 0) {
                    values_[word.substr(0, equals)] = word.substr(equals + 1);
                }
            }
        } else if (!command_.words.empty()) {
            done_.commands.push_back(std::move(command_));
        }
        // A line's end behind an operator ends nothing.
        const bool open = !had && joint == ";" && !command_.joint.empty();
        const std::string kept = open ? command_.joint : std::string(joint);
        command_ = {};
        command_.joint = kept;
    }

    struct HereDocument {
        std::string end;
        bool quoted;
        bool tabs;
        std::size_t command;
    };

    void here_documents() {
        for (const HereDocument& document : std::exchange(waiting_, {})) {
            std::string body;
            while (at_ < text_.size()) {
                std::size_t end = std::min(text_.find('\n', at_), text_.size());
                std::string_view line = text_.substr(at_, end - at_);
                at_ = std::min(end + 1, text_.size());
                line = line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
                line.remove_prefix(
                    document.tabs ? std::min(line.find_first_not_of('\t'), line.size()) : 0);
                if (line == document.end) {
                    break;
                }
                body += line;
                body += '\n';
            }
            if (document.command < done_.commands.size()) {
                ShellCommand& command = done_.commands[document.command];
                command.input = document.quoted ? body : expanded(body, command);
            }
        }
    }

    // Variables in a here-document.
    std::string expanded(const std::string& body, ShellCommand& command) {
        Splitter inner(body);
        inner.values_ = values_;
        while (inner.at_ < body.size()) {
            inner.text_[inner.at_] == '"' ? inner.plain() : inner.protected_character();
        }
        for (const std::string& name : inner.done_.variables) {
            value_of(name, {});
        }
        command.problem = command.problem.empty() ? inner.command_.problem : command.problem;
        return inner.word_.text;
    }
    void plain() { word_.put(text_[at_++], true); }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t open_at_ = kNone;  // of a quote that is not closed
    MarkedWord word_;
    bool in_word_ = false;
    Redirect redirect_ = Redirect::None;
    ShellCommand command_;
    std::vector<HereDocument> waiting_;
    std::map<std::string, std::string> values_;
    ShellText done_;
};

}  // namespace

std::string shell_variable(std::string_view name) {
    return fmt::format("plimsoll_shell_variable_{}_end", name);
}

Result<ShellText> shell_commands(std::string_view text) {
    return Splitter(text).run();
}

}  // namespace plimsoll::import
