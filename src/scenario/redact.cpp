#include "scenario/redact.hpp"

#include "scenario/secret_text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

namespace plimsoll {
namespace {

constexpr std::string_view kMask = "***";
constexpr std::string_view kLeftOut =
    "# The scenario's text is left out: it holds a secret that could not be cut out.\n";

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

std::vector<std::string_view> secret_parts(const Secret& secret) {
    const std::string_view text = secret.node->text;
    std::vector<std::string_view> parts;
    switch (secret.kind) {
        case Secret::Kind::Value:
            if (!is_expressions_alone(text)) {
                parts.push_back(text);
            }
            break;
        case Secret::Kind::Dsn:
            parts = passwords_by_key(text);
            if (const auto password = password_in_url(text)) {
                parts.push_back(*password);
            }
            break;
        case Secret::Kind::Text:
            parts = secrets_in(text);
            break;
    }
    std::erase_if(
        parts, [](std::string_view part) { return part.empty() || comes_from_environment(part); });
    return parts;
}

/// The lines of a file that a node's text may stand on.
struct Region {
    std::size_t begin;  // the node's place
    std::size_t first_line_end;
    std::size_t end;
};

std::optional<Region> region_of(std::string_view text, const YamlNode& node) {
    const auto lines_on = [&](std::size_t from, std::ptrdiff_t lines) {
        for (; lines > 0 && from < text.size(); --lines) {
            from = std::min(text.find('\n', from), text.size() - 1) + 1;
        }
        return from;
    };
    const std::size_t line = lines_on(0, node.line - 1);
    const std::size_t line_end = std::min(text.find('\n', line), text.size());
    const std::size_t begin = line + static_cast<std::size_t>(node.column - 1);
    if (begin > line_end) {
        return std::nullopt;
    }
    // A block begins on the line after its mark; blank lines may stand before it.
    constexpr std::ptrdiff_t kMore = 3;
    const auto inner = std::count(node.text.begin(), node.text.end(), '\n');
    return Region{begin, line_end, inner == 0 ? line_end : lines_on(line, inner + kMore)};
}

/// Where `part` of the node's text stands in the file; empty: it is not written there as it is.
std::vector<std::string_view> places_of(std::string_view text, const YamlNode& node,
                                        std::string_view part) {
    const auto region = region_of(text, node);
    if (!region) {
        return {};
    }
    // With what stands before it on its line, which tells it from the same word elsewhere.
    const auto at = static_cast<std::size_t>(part.data() - node.text.data());
    const std::string_view whole = node.text;
    const std::size_t newline = whole.substr(0, at).rfind('\n');
    const std::size_t line = newline == std::string_view::npos ? 0 : newline + 1;
    const std::string_view wanted = whole.substr(line, at + part.size() - line);
    const std::size_t found = text.substr(0, region->end).find(wanted, region->begin);
    if (found != std::string_view::npos) {
        return {text.substr(found + wanted.size() - part.size(), part.size())};
    }
    // Something before it is escaped: then wherever it stands behind the key.
    std::vector<std::string_view> places;
    const std::string_view there = text.substr(0, region->first_line_end);
    for (std::size_t next = there.find(part, region->begin); next != std::string_view::npos;
         next = there.find(part, next + part.size())) {
        places.push_back(text.substr(next, part.size()));
    }
    return places;
}

bool is_word_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// So long, and so unlike a word, that it is masked wherever it stands, in a comment too.
bool is_unmistakable(std::string_view secret) {
    constexpr std::size_t kShortest = 6;
    return secret.size() >= kShortest && !std::all_of(secret.begin(), secret.end(), [](char c) {
               return std::islower(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
           });
}

void mask_everywhere(std::string& text, std::string_view secret) {
    for (std::size_t at = text.find(secret); at != std::string::npos;) {
        const std::size_t end = at + secret.size();
        const bool inside =
            (at > 0 && is_word_character(text[at - 1]) && is_word_character(secret.front())) ||
            (end < text.size() && is_word_character(text[end]) && is_word_character(secret.back()));
        if (!inside) {
            text.replace(at, secret.size(), kMask);
        }
        at = text.find(secret, inside ? at + 1 : at + kMask.size());
    }
}

/// What the entries of a map are.
enum class Entries {
    Settings,  // the scenario's own words
    Data,      // names and values that go to the target
    Responses  // what is expected of it
};

Entries entries_below(std::string_view key, Entries above) {
    constexpr std::array<std::string_view, 6> kData{"json",  "form",      "multipart",
                                                    "query", "variables", "set"};
    constexpr std::array<std::string_view, 5> kResponses{"expect", "until", "capture", "thresholds",
                                                         "sla"};
    const auto is_in = [&](const auto& keys) {
        return std::find(keys.begin(), keys.end(), key) != keys.end();
    };
    if (above != Entries::Settings) {
        return above;
    }
    return is_in(kData) ? Entries::Data : is_in(kResponses) ? Entries::Responses : above;
}

bool is_truth(const YamlNode& node) {
    return !node.quoted && (node.text == "true" || node.text == "false");
}

void find_below(const YamlNodePtr& node, bool secret, Entries entries,
                std::vector<Secret>& secrets) {
    switch (node->kind) {
        case YamlNode::Kind::Null:
            return;
        case YamlNode::Kind::Scalar:
            secrets.push_back(
                {secret && !is_truth(*node) ? Secret::Kind::Value : Secret::Kind::Text, node});
            return;
        case YamlNode::Kind::List:
            for (const YamlNodePtr& item : node->items) {
                find_below(item, secret, entries, secrets);
            }
            return;
        case YamlNode::Kind::Map:
            for (const YamlNode::Entry& entry : node->entries) {
                const bool content = secret && (entry.key == "text" || entry.key == "value");
                find_below(entry.value,
                           entries == Entries::Data && (content || is_secret_field(entry.key)),
                           entries_below(entry.key, entries), secrets);
            }
            return;
    }
}

}  // namespace

void find_secrets(const YamlNodePtr& root, std::vector<Secret>& secrets) {
    if (root) {
        find_below(root, false, Entries::Settings, secrets);
    }
}

std::vector<std::string> secret_values(const std::vector<Secret>& secrets,
                                       const TemplateScope& scope) {
    std::vector<std::string> values;
    for (const Secret& secret : secrets) {
        const bool whole = secret.kind == Secret::Kind::Value;
        const auto parts =
            whole ? std::vector<std::string_view>{secret.node->text} : secret_parts(secret);
        for (const std::string_view part : parts) {
            const auto compiled = Template::compile(part, scope);
            if (!compiled || !compiled->is_constant()) {
                continue;
            }
            // "Bearer abc", "sid=abc": what follows the scheme or the name.
            const std::string& text = compiled->text();
            std::string value = text.substr(text.find_last_of(" =") + 1);
            const bool known = std::find(values.begin(), values.end(), value) != values.end();
            if (is_unmistakable(value) && !known) {
                values.push_back(std::move(value));
            }
        }
    }
    return values;
}

std::string mask_values(std::string text, const std::vector<std::string>& values) {
    for (const std::string& value : values) {
        mask_everywhere(text, value);
    }
    return text;
}

std::string redact(std::string_view text, const std::vector<Secret>& secrets, std::uint16_t file) {
    std::vector<std::string_view> cuts;
    std::vector<std::string_view> everywhere;
    for (const Secret& secret : secrets) {
        for (const std::string_view part : secret_parts(secret)) {
            if (is_unmistakable(part)) {
                everywhere.push_back(part);
            }
            if (secret.node->file != file) {
                continue;
            }
            const auto places = places_of(text, *secret.node, part);
            if (places.empty()) {
                return std::string(kLeftOut);
            }
            cuts.insert(cuts.end(), places.begin(), places.end());
        }
    }
    std::string result = masked(text, cuts);
    for (const std::string_view secret : everywhere) {
        mask_everywhere(result, secret);
    }
    return result;
}

}  // namespace plimsoll
