#include "probes/postgres/sql_text.hpp"

#include <algorithm>

namespace plimsoll {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_name_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}
bool is_name(char c) {
    return is_name_start(c) || is_digit(c) || c == '$';
}
bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/// Where the quoted text that begins at `from` ends: one past its closing quote, or the text's end.
/// A doubled quote stands for itself; so does one after a backslash where these escape.
std::size_t end_of_quoted(std::string_view sql, std::size_t from, bool backslash) {
    const char quote = sql[from];
    for (std::size_t at = from + 1; at < sql.size(); ++at) {
        if (backslash && sql[at] == '\\') {
            ++at;
        } else if (sql[at] == quote) {
            if (at + 1 < sql.size() && sql[at + 1] == quote) {
                ++at;
            } else {
                return at + 1;
            }
        }
    }
    return sql.size();
}

/// The same for $tag$ ... $tag$; `from` itself where none begins there.
std::size_t end_of_dollar_quoted(std::string_view sql, std::size_t from) {
    std::size_t tag = from + 1;
    while (tag < sql.size() &&
           (is_name_start(sql[tag]) || (tag > from + 1 && is_digit(sql[tag])))) {
        ++tag;
    }
    if (tag >= sql.size() || sql[tag] != '$') {
        return from;
    }
    const std::string_view delimiter = sql.substr(from, tag + 1 - from);
    const std::size_t close = sql.find(delimiter, tag + 1);
    return close == std::string_view::npos ? sql.size() : close + delimiter.size();
}

std::size_t end_of_number(std::string_view sql, std::size_t at) {
    while (at < sql.size() && (is_name(sql[at]) || sql[at] == '.')) {
        ++at;
    }
    return at;
}

std::size_t end_of_name(std::string_view sql, std::size_t at) {
    while (at < sql.size() && is_name(sql[at])) {
        ++at;
    }
    return at;
}

void cut(std::string& text) {
    if (text.size() <= kShownSql) {
        return;
    }
    std::size_t end = kShownSql;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
        --end;
    }
    text.resize(end);
}

}  // namespace

std::string fold_literals(std::string_view sql) {
    std::string out;
    for (std::size_t at = 0; at < sql.size();) {
        const char c = sql[at];
        if (is_space(c)) {
            out += out.empty() || out.back() == ' ' ? "" : " ";
            ++at;
        } else if (c == '\'') {
            out += '?';
            at = end_of_quoted(sql, at, false);
        } else if (c == '"') {
            const std::size_t end = end_of_quoted(sql, at, false);
            out += sql.substr(at, end - at);
            at = end;
        } else if (c == '$') {
            const std::size_t end = end_of_dollar_quoted(sql, at);
            out += end > at ? '?' : c;
            at = std::max(end, at + 1);
            for (; end < at && at < sql.size() && is_digit(sql[at]); ++at) {
                out += sql[at];  // $1
            }
        } else if (is_digit(c)) {
            out += '?';
            at = end_of_number(sql, at);
        } else if (is_name_start(c)) {
            const std::size_t end = end_of_name(sql, at);
            const std::string_view name = sql.substr(at, end - at);
            if (end < sql.size() &&
                sql[end] == '\'') {  // E'...', B'...', U&'...' has its own quote
                out += '?';
                at = end_of_quoted(sql, end, name == "E" || name == "e");
            } else {
                out += name;
                at = end;
            }
        } else {
            out += c;
            ++at;
        }
    }
    while (out.ends_with(' ') || out.ends_with(';')) {
        out.pop_back();
    }
    cut(out);
    return out;
}

std::string quote_name(std::string_view name) {
    const bool plain = !name.empty() && !is_digit(name.front()) &&
                       std::all_of(name.begin(), name.end(), [](char c) {
                           return (c >= 'a' && c <= 'z') || is_digit(c) || c == '_';
                       });
    if (plain) {
        return std::string(name);
    }
    std::string quoted = "\"";
    for (const char c : name) {
        quoted += c == '"' ? "\"\"" : std::string(1, c);
    }
    return quoted + '"';
}

}  // namespace plimsoll
