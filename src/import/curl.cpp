// Command lines of curl.
#include "import/bodies.hpp"
#include "import/curl_body.hpp"
#include "import/curl_command.hpp"
#include "import/curl_headers.hpp"
#include "import/curl_options.hpp"
#include "import/draft.hpp"
#include "import/request_text.hpp"
#include "import/shell_words.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace plimsoll {
namespace import {
namespace {

// What changes the request or its way, and has no counterpart here: said, with the option's name.
constexpr std::array<std::string_view, 38> kNoWordFor{"resolve",
                                                      "connect-to",
                                                      "proxy",
                                                      "preproxy",
                                                      "socks4",
                                                      "socks4a",
                                                      "socks5",
                                                      "socks5-hostname",
                                                      "proxy1.0",
                                                      "unix-socket",
                                                      "abstract-unix-socket",
                                                      "haproxy-protocol",
                                                      "cert",
                                                      "key",
                                                      "cacert",
                                                      "capath",
                                                      "digest",
                                                      "ntlm",
                                                      "ntlm-wb",
                                                      "negotiate",
                                                      "anyauth",
                                                      "aws-sigv4",
                                                      "netrc",
                                                      "netrc-file",
                                                      "netrc-optional",
                                                      "time-cond",
                                                      "tr-encoding",
                                                      "http1.0",
                                                      "http2-prior-knowledge",
                                                      "http3-only",
                                                      "etag-compare",
                                                      "location-trusted",
                                                      "post301",
                                                      "post302",
                                                      "post303",
                                                      "crlf",
                                                      "interface",
                                                      "alt-svc"};

class CommandLines {
public:
    CommandLines(Draft& draft, const ImportOptions& options) : draft_(draft), options_(options) {}

    void take(const ShellText& text) {
        for (const std::string& name : text.variables) {
            static_cast<void>(draft_.secrets.reference(name, shell_variable(name)));
        }
        const ShellCommand* before = nullptr;
        for (const ShellCommand& command : text.commands) {
            take(command, command.joint == "|" ? before : nullptr);
            before = &command;
        }
        if (!text.variables.empty()) {
            left_out_.remark("variable of the shell; set it in the environment");
            for (std::size_t more = 1; more < text.variables.size(); ++more) {
                left_out_.remark("variable of the shell; set it in the environment");
            }
        }
        left_out_.note(draft_);
    }

private:
    void take(const ShellCommand& command, const ShellCommand* piped) {
        bool control = false;
        const std::size_t at = command_word(command.words, control);
        if (at >= command.words.size() || !is_curl(command.words[at])) {
            const bool closes =
                command.words.size() == 1 &&
                (command.words[0] == "done" || command.words[0] == "fi" || command.words[0] == "}");
            const bool feeds = at < command.words.size() &&
                               (command.words[at] == "echo" || command.words[at] == "printf" ||
                                command.words[at] == "cat");
            if (!closes && !feeds) {
                left_out_.add("command that is not curl");
            }
            return;
        }
        if (!command.problem.empty()) {
            left_out_.add("curl command with " + command.problem);
            return;
        }
        if (command.joint == "||") {
            left_out_.add("curl command that runs only where the one before it fails");
            return;
        }
        if (control) {
            left_out_.remark("curl command in a loop or condition; it is taken once");
        }
        const std::vector<std::string> words(
            command.words.begin() + static_cast<std::ptrdiff_t>(at) + 1, command.words.end());
        const auto transfers = read_curl_words(words);
        if (!transfers) {
            left_out_.add("curl command with " + transfers.error().what);
            return;
        }
        for (const CurlTransfer& transfer : *transfers) {
            add_transfer(transfer, input_of(command, piped, options_.folder));
        }
    }

    void add_transfer(const CurlTransfer& transfer, const std::optional<std::string>& input) {
        if (transfer.has("config")) {
            left_out_.add("curl command with a file of options (-K)");
            return;
        }
        const int kinds = (transfer.has("head") ? 1 : 0) +
                          (has_data(transfer) && !transfer.has("get") ? 1 : 0) +
                          (has_form(transfer) ? 1 : 0);
        if (kinds > 1 || (transfer.has("get") && has_form(transfer))) {
            left_out_.add("curl command with two kinds of body, which curl refuses");
            return;
        }
        for (const std::string_view option : kNoWordFor) {
            if (transfer.has(option)) {
                left_out_.add(fmt::format("option (--{})", option));
            }
        }
        if (transfer.has("insecure")) {
            draft_.notes.push_back("curl -k: run it with --insecure-skip-tls-verify");
        }
        for (const CurlTransfer::Url& url : transfer.urls) {
            auto texts = transfer.has("globoff")
                             ? Result<std::vector<std::string>>(std::vector<std::string>{url.text})
                             : expand_curl_url(url.text);
            if (!texts) {
                left_out_.add("curl command with " + texts.error().what);
                continue;
            }
            std::vector<std::optional<std::string>> uploads{url.upload};
            if (url.upload && !transfer.has("globoff")) {
                if (const auto files = expand_curl_url(*url.upload)) {
                    uploads.assign(files->begin(), files->end());
                }
            }
            for (const auto& upload : uploads) {
                for (const std::string& text : *texts) {
                    add_step(transfer, text, upload, input);
                }
            }
        }
    }

    static bool has_data(const CurlTransfer& transfer) {
        return std::any_of(transfer.given.begin(), transfer.given.end(),
                           [](const CurlGiven& given) {
                               return given.option.starts_with("data") || given.option == "json";
                           });
    }
    static bool has_form(const CurlTransfer& transfer) {
        return transfer.has("form") || transfer.has("form-string");
    }

    void add_step(const CurlTransfer& transfer, const std::string& text,
                  const std::optional<std::string>& upload,
                  const std::optional<std::string>& input) {
        const auto variable = read_variable_origin(text);
        auto url = variable ? variable : split_url(text, true);
        const bool blank = std::any_of(text.begin(), text.end(),
                                       [](unsigned char c) { return c <= 0x20 || c == 0x7F; });
        if (!url || blank) {
            left_out_.add(blank ? "URL that curl refuses: it holds a blank"
                                : "URL that is not HTTP");
            return;
        }
        CurlSource source{options_.folder, input, left_out_};
        DraftStep step;
        if (!set_method_and_body(transfer, *url, upload, source, step)) {
            return;
        }
        add_curl_headers(transfer, url->user_info, source, step, draft_.secrets);
        if (transfer.has("request-target") && transfer.last("request-target").starts_with('/')) {
            url->target = transfer.last("request-target");
        } else if (!transfer.has("path-as-is")) {
            url->target = without_dot_segments(url->target);
        }
        if (clean_target(url->target) != url->target) {
            left_out_.remark(
                "URL with characters that must not stand in one; it is sent with them "
                "percent-encoded");
        }
        if (draft_.target.empty()) {
            draft_.target = url->origin;
        }
        step.redirects = redirects(transfer);
        set_target(step, draft_.secrets,
                   (url->origin == draft_.target ? "" : url->origin) + url->target);
        name_graphql(step);
        draft_.users.front().steps.push_back(std::move(step));
    }

    // "$BASE/items": the variable gives the origin.
    std::optional<UrlParts> read_variable_origin(const std::string& text) {
        const std::string mark = shell_variable("");
        const std::string begin = mark.substr(0, mark.find("_end"));
        const std::size_t end = text.find("_end");
        if (!text.starts_with(begin) || end == std::string::npos) {
            return std::nullopt;
        }
        UrlParts parts;
        parts.origin = draft_.secrets.text(text.substr(0, end + 4));
        parts.host = parts.origin;
        parts.target = text.substr(end + 4, text.find('#', end) - end - 4);
        if (!parts.target.starts_with('/')) {
            parts.target.insert(0, "/");
        }
        return parts;
    }

    static unsigned redirects(const CurlTransfer& transfer) {
        if (!transfer.has("location") && !transfer.has("location-trusted")) {
            return 0;
        }
        unsigned most = 50;
        const std::string said = transfer.last("max-redirs");
        std::from_chars(said.data(), said.data() + said.size(), most);
        return most;
    }

    bool set_method_and_body(const CurlTransfer& transfer, UrlParts& url,
                             const std::optional<std::string>& upload, CurlSource& source,
                             DraftStep& step) {
        const auto data = curl_data(transfer, source);
        std::string query = curl_url_query(transfer, source);
        std::string method = "GET";
        if (transfer.has("get") && data) {
            query = *data;  // and no --url-query: so does curl
        }
        if (!query.empty()) {
            url.target += (url.target.find('?') == std::string::npos ? "?" : "&") + query;
        }
        if (transfer.has("head")) {
            method = "HEAD";
        } else if (upload) {
            method = "PUT";
            set_upload(*upload, url, source, step);
        } else if (has_form(transfer)) {
            method = "POST";
            set_curl_form(transfer, source, step, draft_.secrets);
        } else if (data && !transfer.has("get")) {
            method = "POST";
            const std::string own = curl_header(transfer, "content-type").value_or("");
            const bool given = curl_header(transfer, "content-type").has_value();
            const std::string type = given                  ? own
                                     : transfer.has("json") ? "application/json"
                                                            : "application/x-www-form-urlencoded";
            set_body(step, draft_.secrets, type, *data);
        }
        if (transfer.has("request")) {
            method = transfer.last("request");
        }
        const auto known = step_method(method);
        if (!known) {
            left_out_.add("request of a method that a step cannot have");
            return false;
        }
        if (std::any_of(method.begin(), method.end(),
                        [](char c) { return c >= 'a' && c <= 'z'; })) {
            left_out_.remark("method in small letters; it is sent in capitals");
        }
        step.method = *known;
        return true;
    }

    void set_upload(const std::string& file, UrlParts& url, CurlSource& source, DraftStep& step) {
        const std::size_t query = std::min(url.target.find('?'), url.target.size());
        if (file != "-" && file != "." && url.target[query - 1] == '/') {
            url.target.insert(query, percent_encoded(file.substr(file.rfind('/') + 1)));
        }
        set_body(step, draft_.secrets, "", curl_file(file, source).value_or(""));
    }

    Draft& draft_;
    const ImportOptions& options_;
    LeftOut left_out_;
};

}  // namespace
}  // namespace import

Result<Imported> import_curl(std::string_view text, const ImportOptions& options) {
    using namespace import;
    if (is_for_powershell(text)) {
        return Error{"is written for PowerShell, whose quotes are not read here",
                     {},
                     "copy it as cURL (bash) or cURL (cmd)"};
    }
    const auto commands = is_for_cmd(text) ? cmd_commands(text) : shell_commands(text);
    if (!commands) {
        return commands.error();
    }
    Draft draft;
    draft.origin = fmt::format("curl, {}", options.source);
    draft.users.push_back({"visitor", 1, {}});
    CommandLines(draft, options).take(*commands);
    if (draft.users.front().steps.empty()) {
        const bool left_out =
            !draft.notes.empty() && draft.notes.front().find("not curl") == std::string::npos;
        return Error{"must hold a curl command with an http:// or https:// URL" +
                         (left_out ? fmt::format("; {}", draft.notes.front()) : ""),
                     {},
                     "e.g. plimsoll import curl 'curl http://127.0.0.1:8080/health'"};
    }
    draft.sort_notes();
    return write(std::move(draft));
}

}  // namespace plimsoll
