// Command lines of curl.
#include "import/draft.hpp"
#include "import/request_text.hpp"
#include "import/shell_words.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include <fmt/format.h>

namespace plimsoll {
namespace import {
namespace {

struct Option {
    std::string_view long_name;
    char short_name;
    bool takes_value;
};
// Of curl(1); what is not here takes no value and is passed over.
constexpr std::array kOptions{Option{"request", 'X', true},
                              Option{"header", 'H', true},
                              Option{"data", 'd', true},
                              Option{"data-raw", 0, true},
                              Option{"data-binary", 0, true},
                              Option{"data-ascii", 0, true},
                              Option{"data-urlencode", 0, true},
                              Option{"json", 0, true},
                              Option{"form", 'F', true},
                              Option{"form-string", 0, true},
                              Option{"user", 'u', true},
                              Option{"cookie", 'b', true},
                              Option{"url", 0, true},
                              Option{"url-query", 0, true},
                              Option{"oauth2-bearer", 0, true},
                              Option{"user-agent", 'A', true},
                              Option{"referer", 'e', true},
                              Option{"max-time", 'm', true},
                              Option{"connect-timeout", 0, true},
                              Option{"output", 'o', true},
                              Option{"cookie-jar", 'c', true},
                              Option{"proxy", 'x', true},
                              Option{"proxy-user", 'U', true},
                              Option{"cacert", 0, true},
                              Option{"cert", 'E', true},
                              Option{"key", 0, true},
                              Option{"resolve", 0, true},
                              Option{"connect-to", 0, true},
                              Option{"retry", 0, true},
                              Option{"retry-delay", 0, true},
                              Option{"retry-max-time", 0, true},
                              Option{"max-redirs", 0, true},
                              Option{"write-out", 'w', true},
                              Option{"dump-header", 'D', true},
                              Option{"limit-rate", 0, true},
                              Option{"range", 'r', true},
                              Option{"interface", 0, true},
                              Option{"upload-file", 'T', true},
                              Option{"config", 'K', true},
                              Option{"unix-socket", 0, true},
                              Option{"noproxy", 0, true},
                              Option{"ciphers", 0, true},
                              Option{"trace", 0, true},
                              Option{"trace-ascii", 0, true},
                              Option{"stderr", 0, true},
                              Option{"local-port", 0, true},
                              Option{"time-cond", 'z', true},
                              Option{"speed-limit", 'Y', true},
                              Option{"speed-time", 'y', true},
                              Option{"get", 'G', false},
                              Option{"head", 'I', false},
                              Option{"insecure", 'k', false},
                              Option{"location", 'L', false}};

struct Given {
    std::string_view option;  // the long name
    std::string value;
};

struct CurlLine {
    std::vector<std::string> urls;
    std::vector<Given> given;
    [[nodiscard]] bool has(std::string_view option) const {
        return std::any_of(given.begin(), given.end(),
                           [&](const Given& g) { return g.option == option; });
    }
    [[nodiscard]] std::string last(std::string_view option) const {
        const auto found = std::find_if(given.rbegin(), given.rend(),
                                        [&](const Given& g) { return g.option == option; });
        return found == given.rend() ? "" : found->value;
    }
};

// Reads words[at], and its value; `at` then stands at the last word used.
void read_long(const std::vector<std::string>& words, std::size_t& at, CurlLine& line) {
    const std::string_view name = std::string_view(words[at]).substr(2);
    const auto* const option = std::find_if(kOptions.begin(), kOptions.end(),
                                            [&](const Option& o) { return o.long_name == name; });
    if (option == kOptions.end()) {
        return;
    }
    std::string value;
    if (option->takes_value && at + 1 < words.size()) {
        value = words[++at];
    }
    line.given.push_back({option->long_name, std::move(value)});
}

void read_short(const std::vector<std::string>& words, std::size_t& at, CurlLine& line) {
    const std::string& word = words[at];
    for (std::size_t letter = 1; letter < word.size(); ++letter) {
        const auto* const option =
            std::find_if(kOptions.begin(), kOptions.end(),
                         [&](const Option& o) { return o.short_name == word[letter]; });
        if (option == kOptions.end()) {
            continue;
        }
        if (!option->takes_value) {
            line.given.push_back({option->long_name, {}});
            continue;
        }
        std::string value = word.substr(letter + 1);
        if (value.empty() && at + 1 < words.size()) {
            value = words[++at];
        }
        line.given.push_back({option->long_name, std::move(value)});
        return;
    }
}

std::optional<CurlLine> read_line(const std::vector<std::string>& words) {
    const auto curl = std::find_if(words.begin(), words.end(), [](const std::string& word) {
        return word == "curl" || word.ends_with("/curl") || word == "curl.exe";
    });
    if (curl == words.end()) {
        return std::nullopt;
    }
    CurlLine line;
    for (auto at = static_cast<std::size_t>(curl - words.begin()) + 1; at < words.size(); ++at) {
        const std::string& word = words[at];
        if (word == "&" || word == "--") {
            continue;
        }
        if (word.starts_with("--")) {
            read_long(words, at, line);
        } else if (word.size() > 1 && word.front() == '-') {
            read_short(words, at, line);
        } else {
            line.urls.push_back(word);
        }
    }
    if (line.urls.empty() && line.has("url")) {
        line.urls.push_back(line.last("url"));
    }
    return line.urls.empty() ? std::nullopt : std::optional(std::move(line));
}

std::string percent_encode(std::string_view text) {
    std::string result;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain =
            std::isalnum(byte) != 0 || std::string_view("-._~").find(c) != std::string_view::npos;
        result += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
    }
    return result;
}

std::string base64(std::string_view text) {
    constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string result;
    for (std::size_t at = 0; at < text.size(); at += 3) {
        unsigned group = 0;
        for (std::size_t byte = 0; byte < 3; ++byte) {
            group = (group << 8U) |
                    (at + byte < text.size() ? static_cast<unsigned char>(text[at + byte]) : 0U);
        }
        for (std::size_t digit = 0; digit < 4; ++digit) {
            result +=
                at + digit <= text.size() ? kAlphabet[(group >> (18 - 6 * digit)) & 0x3FU] : '=';
        }
    }
    return result;
}

// The data of -d and its kin, joined as curl does.
std::string data_of(const CurlLine& line, Draft& draft) {
    std::string data;
    for (const Given& given : line.given) {
        const bool encode = given.option == "data-urlencode";
        const bool raw = given.option == "data-raw";
        if (!given.option.starts_with("data") && given.option != "json" &&
            given.option != "url-query") {
            continue;
        }
        std::string part = given.value;
        if (part.starts_with('@') && !raw) {
            draft.notes.push_back("a body read from a file (curl's @) is not in here; put it in");
            part.clear();
        }
        if (encode || given.option == "url-query") {
            const std::size_t equals = part.find('=');
            part = equals == std::string::npos
                       ? percent_encode(part)
                       : part.substr(0, equals + 1) + percent_encode(part.substr(equals + 1));
        }
        data += (data.empty() || given.option == "json" ? "" : "&") + part;
    }
    return data;
}

void add_multipart(const CurlLine& line, DraftStep& step, Draft& draft) {
    constexpr std::string_view kBoundary = "plimsoll-form-boundary";
    std::string body;
    for (const Given& given : line.given) {
        if (!given.option.starts_with("form")) {
            continue;
        }
        const std::size_t equals = std::min(given.value.find('='), given.value.size());
        const std::string name = given.value.substr(0, equals);
        std::string value = equals < given.value.size() ? given.value.substr(equals + 1) : "";
        std::string file;
        if (value.starts_with('@') || value.starts_with('<')) {
            file = value.starts_with('@') ? fmt::format("; filename=\"{}\"", as_literal(name)) : "";
            value.clear();
            draft.notes.push_back(
                "a form's file (curl's -F name=@file) is sent empty; put its content in");
        }
        body += fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"{}\r\n\r\n{}\r\n",
                            kBoundary, as_literal(name), file, draft.secrets.field(name, value));
    }
    step.body = DraftStep::Body::Text;
    step.text = body + fmt::format("--{}--\r\n", kBoundary);
    step.headers.emplace_back("Content-Type",
                              fmt::format("multipart/form-data; boundary={}", kBoundary));
}

void add_headers(const CurlLine& line, const UrlParts& url, DraftStep& step, Draft& draft) {
    for (const Given& given : line.given) {
        const std::size_t colon = given.value.find(':');
        if (given.option != "header" || colon == std::string::npos) {
            continue;
        }
        const std::size_t first = given.value.find_first_not_of(' ', colon + 1);
        if (first != std::string::npos) {
            add_header(step, draft.secrets, given.value.substr(0, colon),
                       given.value.substr(first));
        }
    }
    const std::string user = line.has("user") ? line.last("user") : url.user_info;
    if (!user.empty()) {
        add_header(step, draft.secrets, "Authorization", "Basic " + base64(user));
    }
    if (line.has("oauth2-bearer")) {
        add_header(step, draft.secrets, "Authorization", "Bearer " + line.last("oauth2-bearer"));
    }
    if (line.has("cookie") && line.last("cookie").find('=') != std::string::npos) {
        add_header(step, draft.secrets, "Cookie", line.last("cookie"));
    }
}

// Body, or the query with -G.
void add_data(const CurlLine& line, UrlParts& url, DraftStep& step, Draft& draft) {
    const std::string data = data_of(line, draft);
    if (line.has("get") || line.has("url-query")) {
        if (!data.empty()) {
            url.target += (url.target.find('?') == std::string::npos ? "?" : "&") + data;
        }
        return;
    }
    if (data.empty()) {
        return;
    }
    std::string type = line.has("json") ? "application/json" : "application/x-www-form-urlencoded";
    for (const auto& header : step.headers) {
        type = lower_case(header.first) == "content-type" ? header.second : type;
    }
    set_body(step, draft.secrets, type, data);
    if (line.has("json") && !has_header(step, "accept")) {
        step.headers.emplace_back("Accept", "application/json");
    }
}

std::string method_of(const CurlLine& line, const DraftStep& step) {
    if (line.has("request")) {
        return line.last("request");
    }
    if (line.has("head")) {
        return "head";
    }
    return step.body == DraftStep::Body::None ? "get" : "post";
}

bool add_step(const CurlLine& line, Draft& draft, LeftOut& left_out) {
    auto url = split_url(line.urls.front(), true);
    if (!url) {
        left_out.add("command whose URL is not HTTP");
        return false;
    }
    DraftStep step;
    add_headers(line, *url, step, draft);
    if (line.has("form") || line.has("form-string")) {
        add_multipart(line, step, draft);
    } else {
        add_data(line, *url, step, draft);
    }
    const auto method = step_method(method_of(line, step));
    if (!method) {
        left_out.add("command of a method that a step cannot have");
        return false;
    }
    step.method = *method;
    if (draft.target.empty()) {
        draft.target = url->origin;
    }
    set_target(step, draft.secrets, (url->origin == draft.target ? "" : url->origin) + url->target);
    name_graphql(step);
    if (line.has("insecure")) {
        draft.notes.push_back("curl -k: run it with --insecure-skip-tls-verify");
    }
    draft.users.front().steps.push_back(std::move(step));
    return true;
}

}  // namespace
}  // namespace import

Result<Imported> import_curl(std::string_view text, const ImportOptions& options) {
    using namespace import;
    const auto commands = shell_commands(text);
    if (!commands) {
        return commands.error();
    }
    Draft draft;
    LeftOut left_out;
    draft.origin = fmt::format("curl, {}", options.source);
    draft.users.push_back({"visitor", 1, {}});
    for (const auto& words : *commands) {
        if (const auto line = read_line(words)) {
            add_step(*line, draft, left_out);
        } else {
            left_out.add("command that is not curl with a URL");
        }
    }
    if (draft.users.front().steps.empty()) {
        return Error{"must hold a curl command with an http:// or https:// URL",
                     {},
                     "e.g. plimsoll import curl 'curl http://127.0.0.1:8080/health'"};
    }
    draft.sort_notes();
    left_out.note(draft);
    return write(std::move(draft));
}

}  // namespace plimsoll
