#include "scenario/secret_text.hpp"

#include "scenario/expression.hpp"
#include "scenario/secret_names.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <re2/re2.h>
#include <utility>

namespace plimsoll {
namespace {

using Parts = std::vector<std::string_view>;

bool is_name_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("_-.[]%$").find(c) != std::string_view::npos;
}

/// Where the value that begins at `at` ends: at one of `ends`, which ${...} may hold too.
std::size_t value_end(std::string_view text, std::size_t at, std::string_view ends) {
    while (at < text.size() && ends.find(text[at]) == std::string_view::npos) {
        const bool expression = text.substr(at).starts_with("${");
        const std::size_t close = expression ? expression_end(text, at) : std::string_view::npos;
        at = close == std::string_view::npos ? at + 1 : close + 1;
    }
    return at;
}

void add(std::string_view part, Parts& parts) {
    if (!part.empty() && !is_expressions_alone(part)) {
        parts.push_back(part);
    }
}

/// name=value, in queries, forms and connection strings.
void add_pairs(std::string_view text, Parts& parts) {
    for (std::size_t equals = text.find('='); equals != std::string_view::npos;
         equals = text.find('=', equals + 1)) {
        std::size_t name_end = equals;
        while (name_end > 0 && text[name_end - 1] == ' ') {
            --name_end;
        }
        std::size_t begin = name_end;
        while (begin > 0 && is_name_character(text[begin - 1])) {
            --begin;
        }
        if (!is_secret_query(text.substr(begin, name_end - begin))) {
            continue;
        }
        std::size_t at = std::min(text.find_first_not_of(' ', equals + 1), text.size());
        const bool quoted = at < text.size() && (text[at] == '\'' || text[at] == '"');
        if (text.substr(at).starts_with('=')) {
            continue;  // a comparison
        }
        at += quoted ? 1 : 0;
        const std::string_view ends = quoted ? text.substr(at - 1, 1) : " \t\r\n&;#\"'<>";
        add(text.substr(at, value_end(text, at, ends) - at), parts);
    }
}

/// scheme://user:password@host, and https://token@host.
void add_user_info(std::string_view text, Parts& parts) {
    for (std::size_t mark = text.find("://"); mark != std::string_view::npos;
         mark = text.find("://", mark + 3)) {
        const std::size_t begin = mark + 3;
        const std::size_t end = value_end(text, begin, "/?# \t\r\n\"'<>");
        const std::string_view authority = text.substr(begin, end - begin);
        const std::size_t at = authority.rfind('@');
        if (at == std::string_view::npos) {
            continue;
        }
        const std::string_view user = authority.substr(0, at);
        const std::size_t colon = value_end(user, 0, ":");
        const bool http =
            text.substr(0, mark).ends_with("http") || text.substr(0, mark).ends_with("https");
        if (colon < user.size()) {
            add(user.substr(colon + 1), parts);
        } else if (http) {
            add(user, parts);
        }
    }
}

std::string_view view(const re2::StringPiece& piece) {
    return {piece.data(), piece.size()};
}

/// "name": "value", name: 'value', "name": 5; <name>value</name>.
void add_members(std::string_view text, Parts& parts) {
    static const RE2 member(
        R"re((?:["']([^"'\\\s]{1,64})["']|([A-Za-z_]\w{0,63}))\s*:\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|(-?\d[\d.]*)))re");
    static const RE2 element(R"re(<([\w:.-]{1,64})(?:\s[^<>]*)?>([^<]+)</)re");
    re2::StringPiece rest(text.data(), text.size());
    std::array<re2::StringPiece, 5> group;
    while (
        RE2::FindAndConsume(&rest, member, &group[0], &group[1], &group[2], &group[3], &group[4])) {
        const std::string_view name = view(group[0].empty() ? group[1] : group[0]);
        const auto value = std::find_if(group.begin() + 2, group.end(),
                                        [](const auto& each) { return !each.empty(); });
        if (value != group.end() && is_secret_field(name)) {
            add(view(*value), parts);
        }
    }
    rest = re2::StringPiece(text.data(), text.size());
    while (RE2::FindAndConsume(&rest, element, &group[0], &group[1])) {
        if (is_secret_field(view(group[0]))) {
            add(view(group[1]), parts);
        }
    }
}

/// What needs no name.
void add_tokens(std::string_view text, Parts& parts) {
    static const RE2 web_token(R"re(\b(eyJ[\w-]{10,}\.[\w-]+\.[\w-]*))re");
    static const RE2 scheme(R"re((?i)\b(?:bearer|basic)\s+([\w.~+/=-]{16,}))re");
    for (const RE2* const pattern : {&web_token, &scheme}) {
        re2::StringPiece rest(text.data(), text.size());
        re2::StringPiece found;
        while (RE2::FindAndConsume(&rest, *pattern, &found)) {
            add(view(found), parts);
        }
    }
}

/// What is written out in a text beside its expressions; false where one of them holds a text in
/// quotes.
bool take_expressions_out(std::string_view text, std::string& rest) {
    while (!text.empty()) {
        const std::size_t open = text.find("${");
        rest += text.substr(0, open);
        if (open == std::string_view::npos) {
            return true;
        }
        const std::size_t end = expression_end(text, open);
        if (end == std::string_view::npos ||
            text.substr(open, end - open).find_first_of("'\"") != std::string_view::npos) {
            return false;
        }
        text.remove_prefix(end + 1);
    }
    return true;
}

}  // namespace

bool is_expressions_alone(std::string_view text) {
    constexpr std::string_view kMarks = " :=;";
    constexpr std::array<std::string_view, 6> kSchemes{"Bearer", "bearer", "Basic",
                                                       "basic",  "Token",  "Digest"};
    std::string rest;
    if (text.find("${") == std::string_view::npos || text.find(":-") != std::string_view::npos ||
        !take_expressions_out(text, rest)) {
        return false;
    }
    std::size_t at = 0;
    while (at < rest.size()) {
        const std::size_t begin = rest.find_first_not_of(kMarks, at);
        if (begin == std::string::npos) {
            break;
        }
        const std::size_t end = std::min(rest.find_first_of(kMarks, begin), rest.size());
        const std::string_view word = std::string_view(rest).substr(begin, end - begin);
        const bool name = end < rest.size() && rest[end] == '=';  // a cookie's
        if (!name && std::find(kSchemes.begin(), kSchemes.end(), word) == kSchemes.end()) {
            return false;
        }
        at = end;
    }
    return true;
}

std::vector<std::string_view> secrets_in(std::string_view text) {
    Parts parts;
    add_pairs(text, parts);
    add_user_info(text, parts);
    add_members(text, parts);
    add_tokens(text, parts);
    return parts;
}

std::string masked(std::string_view text, const std::vector<std::string_view>& parts) {
    std::vector<std::pair<std::size_t, std::size_t>> cuts;  // from, to
    cuts.reserve(parts.size());
    for (const std::string_view part : parts) {
        const auto from = static_cast<std::size_t>(part.data() - text.data());
        cuts.emplace_back(from, from + part.size());
    }
    std::sort(cuts.begin(), cuts.end());
    std::string result;
    std::size_t at = 0;
    for (std::size_t i = 0; i < cuts.size(); ++i) {
        std::size_t to = cuts[i].second;
        const std::size_t from = cuts[i].first;
        while (i + 1 < cuts.size() && cuts[i + 1].first < to) {
            to = std::max(to, cuts[++i].second);
        }
        result += text.substr(at, from - at);
        result += "***";
        at = to;
    }
    result += text.substr(at);
    return result;
}

std::string mask_secrets(std::string_view text) {
    return masked(text, secrets_in(text));
}

}  // namespace plimsoll
