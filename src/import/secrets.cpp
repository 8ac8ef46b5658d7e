#include "import/secrets.hpp"

#include "scenario/redact.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>

#include <fmt/format.h>

namespace plimsoll::import {
namespace {

// Lower case, without what words are joined by.
std::string folded(std::string_view name) {
    std::string result;
    for (const char c : name) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
            result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        }
    }
    return result;
}

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

// API_KEY of api-key, ACCESS_TOKEN of accessToken.
std::string variable_name(std::string_view name) {
    std::string result;
    bool after_small = false;
    for (const char c : name) {
        const auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) == 0) {
            result += result.empty() || result.back() == '_' ? "" : "_";
            after_small = false;
            continue;
        }
        if (after_small && std::isupper(byte) != 0) {
            result += '_';
        }
        after_small = std::islower(byte) != 0 || std::isdigit(byte) != 0;
        result += static_cast<char>(std::toupper(byte));
    }
    while (!result.empty() && result.back() == '_') {
        result.pop_back();
    }
    if (result.empty()) {
        return "SECRET";
    }
    return std::isdigit(static_cast<unsigned char>(result.front())) != 0 ? "SECRET_" + result
                                                                         : result;
}

bool ends_token(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-' && c != '_' && c != '.';
}

// JSON Web Tokens begin with base64url of {" (RFC 7519); 20 is under the shortest possible.
std::size_t token_at(std::string_view text, std::size_t at) {
    constexpr std::size_t kShortest = 20;
    if (!text.substr(at).starts_with("eyJ") || (at > 0 && !ends_token(text[at - 1]))) {
        return 0;
    }
    std::size_t end = at;
    while (end < text.size() && !ends_token(text[end])) {
        ++end;
    }
    const std::string_view token = text.substr(at, end - at);
    return token.size() >= kShortest && std::count(token.begin(), token.end(), '.') >= 2 ? end - at
                                                                                         : 0;
}

}  // namespace

std::string as_literal(std::string_view text) {
    std::string result;
    for (std::size_t at = 0; at < text.size(); ++at) {
        result += text.substr(at).starts_with("${") ? "$$" : std::string(1, text[at]);
    }
    return result;
}

bool is_secret_name(std::string_view name) {
    constexpr std::array<std::string_view, 12> kParts{
        "password",  "passwd",    "passphrase", "secret",     "token",         "apikey",
        "accesskey", "signature", "credential", "privatekey", "authorization", "sessionid"};
    constexpr std::array<std::string_view, 13> kWhole{
        "pwd",  "pass", "pin", "otp", "cvv",        "cvc",       "sig",
        "auth", "sid",  "jwt", "ssn", "cardnumber", "creditcard"};
    const std::string word = folded(name);
    // What is said about a credential, and pages: token_type, secret_scanning, password_policy.
    constexpr std::array<std::string_view, 21> kAbout{
        "type",   "types",      "enabled", "required",  "expires",
        "expiry", "expiresin",  "ttl",     "count",     "limit",
        "policy", "url",        "uri",     "endpoint",  "status",
        "name",   "protection", "length",  "algorithm", "pushprotection",
        "tokens"};
    if (word.find("pagetoken") != std::string::npos || word.find("scanning") != std::string::npos ||
        std::any_of(kAbout.begin(), kAbout.end(),
                    [&](std::string_view end) { return word.ends_with(end); })) {
        return false;
    }
    return std::find(kWhole.begin(), kWhole.end(), word) != kWhole.end() ||
           std::any_of(kParts.begin(), kParts.end(),
                       [&](std::string_view part) { return word.find(part) != std::string::npos; });
}

bool is_secret_query_key(std::string_view name) {
    const std::string word = folded(name);
    return is_secret_name(name) || word == "key" || word == "code";
}

std::string Secrets::Known::expression() const {
    return captured ? fmt::format("${{{}}}", name) : fmt::format("${{env.{}}}", name);
}

std::string Secrets::free_name(const std::string& base) const {
    std::string free = base;
    const auto taken = [&] {
        return std::any_of(known_.begin(), known_.end(),
                           [&](const Known& known) { return known.name == free; });
    };
    for (int number = 2; taken(); ++number) {
        free = fmt::format("{}_{}", base, number);
    }
    return free;
}

std::string Secrets::reference(std::string_view name, std::string_view value) {
    for (Known& known : known_) {
        if (known.value == value) {
            known.used = true;
            return known.expression();
        }
    }
    known_.push_back({free_name(variable_name(name)), std::string(value)});
    return known_.back().expression();
}

void Secrets::offer(std::string_view name, std::string_view value, std::size_t offer) {
    constexpr std::array<std::string_view, 5> kTaken{"user", "iteration", "executor", "scenario",
                                                     "not"};
    const bool known = std::any_of(known_.begin(), known_.end(),
                                   [&](const Known& one) { return one.value == value; });
    if (known || value.empty()) {
        return;
    }
    std::string base = lower(variable_name(name));
    base = std::find(kTaken.begin(), kTaken.end(), base) == kTaken.end() ? base : base + "_id";
    known_.push_back({free_name(base), std::string(value), true, offer, false});
}

std::vector<std::pair<std::size_t, std::string>> Secrets::taken() const {
    std::vector<std::pair<std::size_t, std::string>> taken;
    for (const Known& known : known_) {
        if (known.captured && known.used) {
            taken.emplace_back(known.offer, known.name);
        }
    }
    return taken;
}

std::string Secrets::header(std::string_view name, std::string_view value) {
    if (!is_secret_header(name) || value.empty()) {
        return text(value);
    }
    if (lower(name) == "authorization") {
        const std::size_t blank = value.find(' ');
        const std::string scheme(value.substr(0, blank == std::string_view::npos ? 0 : blank));
        const std::string kind = lower(scheme);
        if (kind == "bearer" || kind == "token") {
            return fmt::format("{} {}", scheme, reference("API_TOKEN", value.substr(blank + 1)));
        }
        if (kind == "basic") {  // of user:password in base64
            return fmt::format("{} {}", scheme, reference("BASIC_AUTH", value.substr(blank + 1)));
        }
    }
    return reference(name, value);
}

std::string Secrets::field(std::string_view name, std::string_view value) {
    return is_secret_name(name) && !value.empty() ? reference(name, value) : text(value);
}

JsonTree Secrets::json(const JsonTree& value, std::string_view name) {
    return with_texts(
        value, [&](std::string_view key) { return as_literal(key); },
        [&](std::string_view holder, std::string_view text) { return field(holder, text); }, name);
}

std::string Secrets::json_like(std::string_view text) {
    std::string result;
    std::string name;  // of the member whose value comes next
    while (!text.empty()) {
        std::size_t open = text.find('"');
        if (open == std::string_view::npos) {
            break;
        }
        std::size_t close = open + 1;
        while (close < text.size() && text[close] != '"') {
            close += text[close] == '\\' ? 2U : 1U;
        }
        close = std::min(close, text.size());
        const std::string_view inside = text.substr(open + 1, close - std::min(open + 1, close));
        const bool value = is_secret_name(name) && !inside.empty() &&
                           text.substr(0, open).find(',') == std::string_view::npos;
        result += this->text(text.substr(0, open + 1));
        result += value ? reference(name, inside) : this->text(inside);
        text.remove_prefix(close);
        const std::size_t next = text.find_first_not_of(" \t\r\n", 1);
        name = next != std::string_view::npos && text[next] == ':' ? std::string(inside) : "";
        result += text.substr(0, 1);
        text.remove_prefix(std::min<std::size_t>(1, text.size()));
    }
    return result + this->text(text);
}

std::string Secrets::path(std::string_view path) {
    const std::size_t mark = path.find('?');
    std::string result = segments(path.substr(0, mark));
    if (mark == std::string_view::npos) {
        return result;
    }
    std::string_view rest = path.substr(mark + 1);
    char before = '?';
    while (true) {
        const std::size_t end = std::min(rest.find('&'), rest.size());
        const std::string_view pair = rest.substr(0, end);
        const std::size_t equals = std::min(pair.find('='), pair.size());
        const std::string_view key = pair.substr(0, equals);
        const std::string_view value = pair.substr(std::min(equals + 1, pair.size()));
        result += before + text(key);
        if (equals < pair.size()) {
            result += '=';
            result +=
                is_secret_query_key(key) && !value.empty() ? reference(key, value) : text(value);
        }
        if (end == rest.size()) {
            return result;
        }
        rest.remove_prefix(end + 1);
        before = '&';
    }
}

// A segment that a response gave, however short, or else text.
std::string Secrets::segments(std::string_view path) {
    const std::size_t scheme = path.find("://");
    const std::size_t host_end =
        scheme == std::string_view::npos ? 0 : std::min(path.find('/', scheme + 3), path.size());
    std::string result = as_literal(path.substr(0, host_end));
    std::size_t at = host_end;
    while (at < path.size()) {
        const std::size_t end = std::min(path.find('/', at + 1), path.size());
        const std::string_view segment = path.substr(at + 1, end - at - 1);
        const auto known = std::find_if(known_.begin(), known_.end(), [&](const Known& one) {
            return one.captured && one.value == segment;
        });
        result += '/';
        if (path[at] == '/' && known != known_.end()) {
            known->used = true;
            result += known->expression();
        } else {
            result += text(segment);
        }
        at = end;
    }
    return result;
}

std::string Secrets::text(std::string_view text) {
    constexpr std::size_t kShortestToLookFor = 8;  // shorter ones would hit words
    std::string result;
    std::string literal;
    const auto flush = [&] {
        result += as_literal(literal);
        literal.clear();
    };
    std::size_t at = 0;
    while (at < text.size()) {
        std::size_t length = token_at(text, at);
        std::string found = length > 0 ? reference("TOKEN", text.substr(at, length)) : "";
        for (Known& known : known_) {
            if (length == 0 && known.value.size() >= kShortestToLookFor &&
                text.substr(at).starts_with(known.value)) {
                length = known.value.size();
                found = known.expression();
                known.used = true;
            }
        }
        if (length == 0) {
            literal += text[at++];
            continue;
        }
        flush();
        result += found;
        at += length;
    }
    flush();
    return result;
}

std::vector<std::string> Secrets::names() const {
    std::vector<std::string> names;
    for (const Known& known : known_) {
        if (!known.captured) {
            names.push_back(known.name);
        }
    }
    return names;
}

}  // namespace plimsoll::import
