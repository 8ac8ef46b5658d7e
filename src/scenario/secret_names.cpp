#include "scenario/secret_names.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>
#include <string>
#include <vector>

namespace plimsoll {
namespace {

using Words = std::span<const std::string_view>;

bool is_in(Words words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_upper(char c) {
    return std::isupper(static_cast<unsigned char>(c)) != 0;
}
bool is_alnum(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0;
}

/// "newAPIKey2" and "user[new_api-key]" as new, api, key, in small letters and without digits at
/// their ends.
std::vector<std::string> words_of(std::string_view name) {
    std::vector<std::string> words;
    std::string word;
    const auto end_word = [&] {
        while (!word.empty() && std::isdigit(static_cast<unsigned char>(word.back())) != 0) {
            word.pop_back();
        }
        if (!word.empty()) {
            words.push_back(std::move(word));
        }
        word.clear();
    };
    for (std::size_t i = 0; i < name.size(); ++i) {
        const char c = name[i];
        if (!is_alnum(c)) {
            end_word();
            continue;
        }
        const bool hump = is_upper(c) && i > 0 && is_alnum(name[i - 1]) && !is_upper(name[i - 1]);
        const bool after_capitals = is_upper(c) && i > 0 && is_upper(name[i - 1]) &&
                                    i + 1 < name.size() && is_alnum(name[i + 1]) &&
                                    !is_upper(name[i + 1]);
        if (hump || after_capitals) {
            end_word();
        }
        word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    end_word();
    return words;
}

/// A word that says by itself that a secret follows, alone or at the end of a longer one.
bool is_secret_word(std::string_view word) {
    constexpr std::array<std::string_view, 29> kWhole{
        "password",    "passwd",        "passphrase", "passcode",  "pwd",       "pass",
        "secret",      "secrets",       "token",      "jwt",       "bearer",    "credential",
        "credentials", "authorization", "auth",       "apikey",    "accesskey", "secretkey",
        "privatekey",  "signature",     "sig",        "otp",       "pin",       "cvv",
        "cvc",         "ssn",           "sid",        "sessionid", "session"};
    constexpr std::array<std::string_view, 8> kEnds{
        "password", "passwd", "passphrase", "secret", "token", "apikey", "accesskey", "sessionid"};
    return is_in(kWhole, word) ||
           std::any_of(kEnds.begin(), kEnds.end(),
                       [&](std::string_view end) { return word.ends_with(end); });
}

/// Where a list goes on, what a text is made of ...: tokens that let nobody in.
bool is_harmless_token(std::string_view word, std::string_view before) {
    constexpr std::array<std::string_view, 9> kOf{"page",   "nextpage",     "next",
                                                  "prev",   "continuation", "sync",
                                                  "cursor", "design",       "cancellation"};
    constexpr std::string_view kToken = "token";
    if (word == kToken) {
        return is_in(kOf, before);
    }
    return word.ends_with(kToken) && is_in(kOf, word.substr(0, word.size() - kToken.size()));
}

/// Two words that are a secret only together.
bool is_secret_pair(std::string_view first, std::string_view second) {
    constexpr std::array<std::string_view, 19> kKeys{
        "api",    "access",  "private",      "secret", "auth",     "client", "account",
        "shared", "signing", "encryption",   "master", "app",      "admin",  "service",
        "write",  "license", "subscription", "hmac",   "functions"};
    constexpr std::array<std::string_view, 4> kCodes{"security", "auth", "access", "authorization"};
    return (second == "key" && is_in(kKeys, first)) || (second == "code" && is_in(kCodes, first)) ||
           (second == "id" && first == "session") || (second == "number" && first == "card") ||
           (second == "card" && first == "credit");
}

}  // namespace

bool is_secret_header(std::string_view name) {
    std::string lower(name);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    constexpr std::array<std::string_view, 8> kSigns{"auth",     "cookie",  "key",        "token",
                                                     "password", "session", "credential", "secret"};
    return std::any_of(kSigns.begin(), kSigns.end(), [&](std::string_view sign) {
        return lower.find(sign) != std::string::npos;
    });
}

bool is_secret_field(std::string_view name) {
    // A question about a secret, and not one.
    constexpr std::array<std::string_view, 10> kQuestions{
        "is", "has", "use", "uses", "needs", "require", "requires", "show", "forgot", "allow"};
    constexpr std::array<std::string_view, 11> kAfter{"confirmation", "confirm", "repeat", "again",
                                                      "value",        "old",     "new",    "plain",
                                                      "text",         "base",    "hash"};
    std::vector<std::string> words = words_of(name);
    while (words.size() > 1 && is_in(kAfter, words.back())) {
        words.pop_back();
    }
    if (words.empty() || (words.size() > 1 && is_in(kQuestions, words.front()))) {
        return false;
    }
    const std::string_view last = words.back();
    const std::string_view before =
        words.size() > 1 ? std::string_view(words[words.size() - 2]) : std::string_view();
    if (is_harmless_token(last, before)) {
        return false;
    }
    return is_secret_word(last) || is_secret_pair(before, last);
}

bool is_secret_query(std::string_view name) {
    return name == "key" || is_secret_field(name);
}

}  // namespace plimsoll
