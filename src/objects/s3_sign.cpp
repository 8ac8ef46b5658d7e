#include "objects/s3_sign.hpp"

#include "base/utc.hpp"
#include "scenario/digest.hpp"

#include <algorithm>
#include <cctype>
#include <vector>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace plimsoll {
namespace {

std::string sha256_hex(std::string_view data) {
    std::string out;
    append_digest(Digest::Sha256, data, out);
    return out;
}

std::string hmac_hex(std::string_view key, std::string_view data) {
    std::string out;
    append_hmac(Digest::Sha256, key, data, out);
    return out;
}

/// As bytes: what the next step of the key's derivation takes.
std::string hmac(std::string_view key, std::string_view data) {
    const auto digit = [](char c) {
        return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
    };
    const std::string hex = hmac_hex(key, data);
    std::string bytes;
    for (std::size_t i = 0; i < hex.size(); i += 2) {
        bytes += static_cast<char>((digit(hex[i]) << 4U) | digit(hex[i + 1]));
    }
    return bytes;
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

/// Without blanks at its ends, runs of blanks as one.
std::string trimmed(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c != ' ' || (!out.empty() && out.back() != ' ')) {
            out += c;
        }
    }
    while (out.ends_with(' ')) {
        out.pop_back();
    }
    return out;
}

/// The parameters in order of name and value, each with its '='.
std::string canonical_query(std::string_view query) {
    std::vector<std::string> parameters;
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        const std::string_view one = query.substr(0, end);
        if (!one.empty()) {
            parameters.push_back(std::string(one) +
                                 (one.find('=') == std::string_view::npos ? "=" : ""));
        }
        query.remove_prefix(std::min(end + 1, query.size()));
    }
    std::sort(parameters.begin(), parameters.end(), [](const auto& a, const auto& b) {
        // '=' sorts behind digits, so names are compared without it.
        const auto name = [](const std::string& text) { return text.substr(0, text.find('=')); };
        return name(a) == name(b) ? a < b : name(a) < name(b);
    });
    std::string out;
    for (const std::string& each : parameters) {
        out += (out.empty() ? "" : "&") + each;
    }
    return out;
}

}  // namespace

void sign_s3(HttpRequest& request, std::string_view host, const S3Credentials& credentials,
             const S3Scope& scope, WallClock::time_point now) {
    const std::tm utc = utc_parts(now);
    const std::string date = fmt::format("{:%Y%m%d}", utc);
    const std::string time = fmt::format("{:%Y%m%dT%H%M%SZ}", utc);
    const std::string body_hash = sha256_hex(request.body);
    request.headers.push_back({"x-amz-content-sha256", body_hash});
    request.headers.push_back({"x-amz-date", time});
    if (!credentials.session_token.empty()) {
        request.headers.push_back({"x-amz-security-token", credentials.session_token});
    }
    std::vector<std::pair<std::string, std::string>> headers{{"host", std::string(host)}};
    for (const HttpHeader& each : request.headers) {
        headers.emplace_back(lower(each.name), trimmed(each.value));
    }
    std::sort(headers.begin(), headers.end());
    std::string listed;
    std::string names;
    for (const auto& [name, value] : headers) {
        listed += name + ':' + value + '\n';
        names += (names.empty() ? "" : ";") + name;
    }
    const std::string canonical =
        fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, request.path(),
                    canonical_query(request.query()), listed, names, body_hash);
    const std::string where =
        fmt::format("{}/{}/{}/aws4_request", date, scope.region, scope.service);
    const std::string to_sign =
        fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", time, where, sha256_hex(canonical));
    const std::string key =
        hmac(hmac(hmac(hmac("AWS4" + credentials.secret_key, date), scope.region), scope.service),
             "aws4_request");
    request.headers.push_back(
        {"Authorization",
         fmt::format("AWS4-HMAC-SHA256 Credential={}/{},SignedHeaders={},Signature={}",
                     credentials.access_key, where, names, hmac_hex(key, to_sign))});
}

}  // namespace plimsoll
