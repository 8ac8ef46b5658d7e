#include "import/curl_command.hpp"

#include "import/input_file.hpp"
#include "import/request_text.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace plimsoll::import {
namespace {

// An option, its value, or a length of time.
bool is_own_word(const std::vector<std::string>& words, std::size_t at) {
    const std::string& word = words[at];
    const bool value = at > 0 && words[at - 1].starts_with('-') && !is_curl(word);
    return word.starts_with('-') || value ||
           (!word.empty() && std::isdigit(static_cast<unsigned char>(word[0])) != 0);
}

}  // namespace

bool is_curl(std::string_view word) {
    const std::string lower = lower_case(word);
    const std::size_t slash = lower.find_last_of("/\\");
    const std::string base = slash == std::string::npos ? lower : lower.substr(slash + 1);
    return base == "curl" || base == "curl.exe";
}

std::size_t command_word(const std::vector<std::string>& words, bool& control) {
    constexpr std::array<std::string_view, 10> kBefore{"$",    "%",   "time",  "command", "exec",
                                                       "sudo", "env", "nohup", "!",       ">"};
    // These have words of their own before the command.
    constexpr std::array<std::string_view, 7> kWrappers{"sudo",   "env",    "timeout", "nice",
                                                        "ionice", "stdbuf", "setsid"};
    constexpr std::array<std::string_view, 8> kControl{"do",    "then",  "else", "if",
                                                       "while", "until", "{",    "elif"};
    std::size_t at = 0;
    const auto in = [&](const auto& list) {
        return std::find(list.begin(), list.end(), words[at]) != list.end();
    };
    bool wrapped = false;
    for (; at < words.size(); ++at) {
        const std::size_t equals = words[at].find('=');
        const bool sets =
            equals != std::string::npos && equals > 0 &&
            std::all_of(words[at].begin(), words[at].begin() + static_cast<std::ptrdiff_t>(equals),
                        [](unsigned char c) { return std::isalnum(c) || c == '_'; });
        control = control || in(kControl);
        wrapped = wrapped || in(kWrappers);
        if (wrapped && !sets && is_own_word(words, at)) {
            continue;
        }
        if (!sets && !in(kBefore) && !in(kControl) && !in(kWrappers)) {
            break;
        }
    }
    return at;
}

std::optional<std::string> input_of(const ShellCommand& command, const ShellCommand* piped,
                                    const std::string& folder) {
    if (command.input) {
        return command.input;
    }
    if (!command.input_file.empty()) {
        const auto text = read_input_file(folder, command.input_file, 1U << 20U);
        return text ? std::optional(*text) : std::nullopt;
    }
    if (piped != nullptr && piped->problem.empty() && !piped->words.empty()) {
        if (piped->words[0] == "cat" && piped->input) {
            return piped->input;
        }
        if (piped->words[0] == "cat" && piped->words.size() == 2) {
            const auto text = read_input_file(folder, piped->words[1], 1U << 20U);
            return text ? std::optional(*text) : std::nullopt;
        }
        if (piped->words[0] == "echo") {
            const bool bare = piped->words.size() > 1 && piped->words[1] == "-n";
            std::string text;
            for (std::size_t at = bare ? 2 : 1; at < piped->words.size(); ++at) {
                text += (text.empty() ? "" : " ") + piped->words[at];
            }
            return text + (bare ? "" : "\n");
        }
    }
    return std::nullopt;
}

}  // namespace plimsoll::import
