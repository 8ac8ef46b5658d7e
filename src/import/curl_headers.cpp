#include "import/curl_headers.hpp"

#include "import/bodies.hpp"
#include "import/request_text.hpp"

#include <algorithm>
#include <array>

namespace plimsoll::import {
namespace {

class Headers {
public:
    Headers(const CurlTransfer& transfer, const std::string& user_info, CurlSource& source,
            DraftStep& step, Secrets& secrets)
        : transfer_(transfer),
          user_info_(user_info),
          source_(source),
          step_(step),
          secrets_(secrets) {}

    void add() { add_all(); }

private:
    void put(std::string_view name, std::string_view value) {
        switch (add_header(step_, secrets_, name, value)) {
            case HeaderFate::Taken:
                break;
            case HeaderFate::Joined:
                source_.left_out.remark(
                    "header that stood several times; it is sent once, with all values");
                break;
            case HeaderFate::Engine:
                source_.left_out.add("header that Plimsoll writes by itself");
                break;
            case HeaderFate::NoText:
                source_.left_out.add("header that is not text");
                break;
        }
    }

    // A header that an option makes, unless -H says otherwise.
    void put_own(std::string_view name, const std::string& value) {
        if (!curl_header(transfer_, lower_case(name)) && !value.empty()) {
            put(name, value);
        }
    }

    void add_all() {
        add_options();
        for (const CurlGiven& given : transfer_.given) {
            if (given.option != "header" && given.option != "proxy-header") {
                continue;
            }
            if (given.option == "proxy-header") {
                source_.left_out.add("header for a proxy");
                continue;
            }
            std::string lines = given.value;
            if (lines.starts_with('@')) {
                lines = curl_file(lines.substr(1), source_).value_or("");
            }
            while (!lines.empty()) {
                const std::size_t end = std::min(lines.find('\n'), lines.size());
                std::string line = lines.substr(0, end);
                line.erase(line.find_last_not_of("\r\t ") + 1);
                add_line(line);
                lines.erase(0, std::min(end + 1, lines.size()));
            }
        }
    }

    // "Name: value"; "Name;" is empty, and "Name:" takes away what curl itself would send.
    void add_line(const std::string& line) {
        const std::size_t colon = line.find(':');
        if (colon == std::string::npos) {
            if (line.ends_with(';') && line.size() > 1) {
                put(line.substr(0, line.size() - 1), "");
            }
            return;
        }
        const std::size_t first = line.find_first_not_of(" \t", colon + 1);
        const std::string name = line.substr(0, colon);
        const bool typed = lower_case(name) == "content-type" && has_header(step_, "content-type");
        const bool by_body =
            lower_case(name) == "content-type" &&
            (step_.body == DraftStep::Body::Json || step_.body == DraftStep::Body::Form ||
             step_.body == DraftStep::Body::Multipart);
        if (first != std::string::npos && !typed && !by_body) {
            put(name, line.substr(first));
        }
    }

    void add_options() {
        if (transfer_.has("json")) {
            put_own("Accept", "application/json");
        }
        put_own("User-Agent", transfer_.last("user-agent"));
        std::string referer = transfer_.last("referer");
        referer = referer.substr(0, referer.find(";auto"));
        put_own("Referer", referer);
        std::string range = transfer_.last("range");
        const std::string offset = transfer_.last("continue-at");
        if (range.empty() && !offset.empty() && offset != "-" && offset != "0") {
            range = offset + "-";
        }
        put_own("Range", range.empty() ? "" : "bytes=" + range);
        if (transfer_.has("compressed")) {
            put_own("Accept-Encoding", "deflate, gzip, br");
        }
        std::string cookies;
        for (const CurlGiven& given : transfer_.given) {
            if (given.option == "cookie" && given.value.find('=') != std::string::npos) {
                cookies += (cookies.empty() ? "" : ";") + given.value;
            } else if (given.option == "cookie" && !given.value.empty()) {
                source_.left_out.add("file of cookies");
            }
        }
        put_own("Cookie", cookies);
        add_credentials();
    }

    void add_credentials() {
        constexpr std::array<std::string_view, 6> kOthers{"digest",    "ntlm",    "ntlm-wb",
                                                          "negotiate", "anyauth", "aws-sigv4"};
        const bool other =
            std::any_of(kOthers.begin(), kOthers.end(),
                        [&](std::string_view option) { return transfer_.has(option); });
        if (curl_header(transfer_, "authorization") || other) {
            return;
        }
        if (transfer_.has("oauth2-bearer")) {
            put("Authorization", "Bearer " + transfer_.last("oauth2-bearer"));
            return;
        }
        const std::string user =
            transfer_.has("user") ? transfer_.last("user") : percent_decoded(user_info_, false);
        if (user.empty()) {
            return;
        }
        const std::size_t colon = std::min(user.find(':'), user.size());
        const std::string password = user.substr(std::min(colon + 1, user.size()));
        step_.basic = {secrets_.text(user.substr(0, colon)),
                       password.empty() ? "" : secrets_.reference("PASSWORD", password)};
    }

    const CurlTransfer& transfer_;
    const std::string& user_info_;
    CurlSource& source_;
    DraftStep& step_;
    Secrets& secrets_;
};

}  // namespace

std::optional<std::string> curl_header(const CurlTransfer& transfer, std::string_view name) {
    for (const CurlGiven& given : transfer.given) {
        const std::size_t end = given.value.find_first_of(":;");
        if (given.option == "header" && end != std::string::npos &&
            lower_case(given.value.substr(0, end)) == name) {
            const std::size_t first = given.value.find_first_not_of(' ', end + 1);
            return first == std::string::npos ? "" : given.value.substr(first);
        }
    }
    return std::nullopt;
}

void add_curl_headers(const CurlTransfer& transfer, const std::string& user_info,
                      CurlSource& source, DraftStep& step, Secrets& secrets) {
    Headers(transfer, user_info, source, step, secrets).add();
}

}  // namespace plimsoll::import
