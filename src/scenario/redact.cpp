#include "scenario/redact.hpp"

#include "scenario/expression.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

namespace plimsoll {
namespace {

constexpr std::string_view kMask = "***";
constexpr std::string_view kLeftOut =
    "# The scenario's text is left out: it holds a secret that could not be cut out.\n";
// A secret this long is masked wherever it stands, in a comment too; a shorter one would hit words.
constexpr std::size_t kSafeToMaskEverywhere = 6;

bool comes_from_environment(std::string_view part) {
    return part.starts_with("${env.") && part.find('}') == part.size() - 1 &&
           part.find(":-") == std::string_view::npos;
}

// scheme://user:password@host
std::optional<std::string_view> password_in_url(std::string_view dsn) {
    const std::size_t scheme = dsn.find("://");
    if (scheme == std::string_view::npos) {
        return std::nullopt;
    }
    const std::size_t start = scheme + 3;
    const std::size_t at = dsn.rfind('@');
    const std::size_t colon = dsn.find(':', start);
    if (at == std::string_view::npos || colon == std::string_view::npos || colon >= at) {
        return std::nullopt;
    }
    return dsn.substr(colon + 1, at - colon - 1);
}

// password=secret, password='se cret', ...&password=secret; sslpassword too.
std::vector<std::string_view> passwords_by_key(std::string_view dsn) {
    constexpr std::string_view kKey = "password";
    std::vector<std::string_view> found;
    for (std::size_t key = dsn.find(kKey); key != std::string_view::npos;
         key = dsn.find(kKey, key + kKey.size())) {
        std::size_t begin = dsn.find_first_not_of(' ', key + kKey.size());
        if (begin == std::string_view::npos || dsn[begin] != '=') {
            continue;
        }
        begin = dsn.find_first_not_of(' ', begin + 1);
        if (begin == std::string_view::npos) {
            continue;
        }
        const bool in_quotes = dsn[begin] == '\'';
        begin += in_quotes ? 1 : 0;
        const std::size_t end = dsn.find_first_of(in_quotes ? "'" : " &", begin);
        found.push_back(dsn.substr(begin, end == std::string_view::npos ? end : end - begin));
    }
    return found;
}

// "Bearer ${token}", "${env.USER}:${secret.file:PATH}": what is written out in it is no secret.
bool is_scheme_and_expressions(std::string_view text) {
    if (text.find("${") == std::string_view::npos || text.find(":-") != std::string_view::npos) {
        return false;
    }
    std::string rest;
    while (!text.empty()) {
        const std::size_t open = text.find("${");
        rest += text.substr(0, open);
        if (open == std::string_view::npos) {
            break;
        }
        const std::size_t end = expression_end(text, open);
        if (end == std::string_view::npos ||
            text.substr(open, end - open).find_first_of("'\"") != std::string_view::npos) {
            return false;
        }
        text.remove_prefix(end + 1);
    }
    constexpr std::string_view kMarks = " :=;";
    std::size_t at = 0;
    while (at < rest.size()) {
        const std::size_t begin = rest.find_first_not_of(kMarks, at);
        if (begin == std::string::npos) {
            break;
        }
        const std::size_t end = std::min(rest.find_first_of(kMarks, begin), rest.size());
        constexpr std::array<std::string_view, 6> kSchemes{"Bearer", "bearer", "Basic",
                                                           "basic",  "Token",  "Digest"};
        const std::string_view word = std::string_view(rest).substr(begin, end - begin);
        const bool name = end < rest.size() && rest[end] == '=';  // a cookie's
        if (!name && std::find(kSchemes.begin(), kSchemes.end(), word) == kSchemes.end()) {
            return false;
        }
        at = end;
    }
    return true;
}

std::vector<std::string_view> secret_parts(const Secret& secret) {
    const std::string_view text = secret.node->text;
    std::vector<std::string_view> parts;
    if (secret.kind == Secret::Kind::HeaderValue) {
        if (!is_scheme_and_expressions(text)) {
            parts.push_back(text);
        }
    } else {
        parts = passwords_by_key(text);
        if (const auto password = password_in_url(text)) {
            parts.push_back(*password);
        }
    }
    std::erase_if(
        parts, [](std::string_view part) { return part.empty() || comes_from_environment(part); });
    return parts;
}

// Where the node's text stands as it is on its line.
std::optional<std::size_t> place_of(std::string_view text, const YamlNode& node) {
    std::size_t begin = 0;
    for (int line = 1; line < node.line; ++line) {
        begin = text.find('\n', begin);
        if (begin == std::string_view::npos) {
            return std::nullopt;
        }
        ++begin;
    }
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::size_t column = static_cast<std::size_t>(node.column - 1);
    if (begin + column > end) {
        return std::nullopt;
    }
    const std::size_t found = text.substr(0, end).find(node.text, begin + column);
    return found == std::string_view::npos ? std::nullopt : std::optional(found);
}

struct Cut {
    std::size_t at;
    std::size_t length;
};

void mask_everywhere(std::string& text, std::string_view secret) {
    for (std::size_t at = text.find(secret); at != std::string::npos;
         at = text.find(secret, at + kMask.size())) {
        text.replace(at, secret.size(), kMask);
    }
}

}  // namespace

bool is_secret_header(std::string_view name) {
    std::string lower(name);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    constexpr std::array<std::string_view, 7> kSigns{"auth",     "cookie",  "key",       "token",
                                                     "password", "session", "credential"};
    return lower.find("secret") != std::string::npos ||
           std::any_of(kSigns.begin(), kSigns.end(), [&](std::string_view sign) {
               return lower.find(sign) != std::string::npos;
           });
}

std::string redact(std::string_view text, const std::vector<Secret>& secrets, std::uint16_t file) {
    std::vector<Cut> cuts;
    std::vector<std::string_view> long_ones;
    for (const Secret& secret : secrets) {
        const bool here = secret.node->file == file;
        const auto place = here ? place_of(text, *secret.node) : std::nullopt;
        for (const std::string_view part : secret_parts(secret)) {
            if (part.size() >= kSafeToMaskEverywhere) {
                long_ones.push_back(part);
            }
            if (!here) {
                continue;
            }
            if (!place) {
                return std::string(kLeftOut);
            }
            const auto into = static_cast<std::size_t>(part.data() - secret.node->text.data());
            cuts.push_back({*place + into, part.size()});
        }
    }
    std::sort(cuts.begin(), cuts.end(), [](const Cut& a, const Cut& b) { return a.at > b.at; });
    std::string masked(text);
    std::size_t last = masked.size() + 1;
    for (const Cut& cut : cuts) {
        if (cut.at + cut.length <= last) {  // an alias gives the same place twice
            masked.replace(cut.at, cut.length, kMask);
            last = cut.at;
        }
    }
    for (const std::string_view secret : long_ones) {
        mask_everywhere(masked, secret);
    }
    return masked;
}

std::string mask_query(std::string_view target) {
    const std::size_t mark = std::min(target.find('?'), target.size());
    std::string masked(target.substr(0, mark));
    std::string_view rest = target.substr(mark);
    while (!rest.empty()) {  // each part begins with ? or &
        const std::size_t end = std::min(rest.find('&', 1), rest.size());
        const std::string_view part = rest.substr(0, end);
        const std::size_t equals = part.find('=');
        const bool secret = equals != std::string_view::npos && equals + 1 < part.size() &&
                            is_secret_header(part.substr(1, equals - 1));
        masked += secret ? part.substr(0, equals + 1) : part;
        masked += secret ? kMask : std::string_view{};
        rest.remove_prefix(end);
    }
    return masked;
}

}  // namespace plimsoll
