#include "probes/postgres/refusals.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace plimsoll {
namespace {

constexpr std::size_t kCodeLength = 5;

bool is_code(std::string_view text) {
    return text.size() == kCodeLength && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
           });
}

/// Where in a verbose message "SEVERITY:  CODE: text" the code stands, whatever the severity's
/// language; npos where there is none.
std::size_t find_code(std::string_view message) {
    for (std::size_t at = message.find(":  "); at != std::string_view::npos;
         at = message.find(":  ", at + 1)) {
        const std::size_t code = at + 3;
        if (is_code(message.substr(code, kCodeLength)) &&
            message.substr(code + kCodeLength, 2) == ": ") {
            return code;
        }
    }
    return std::string_view::npos;
}

std::string code_from_text(std::string_view message) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kKnown{{
        {"sorry, too many clients already", kTooManyConnections},
        {"remaining connection slots are reserved", kTooManyConnections},
        {"too many connections for", kTooManyConnections},
        {"the database system is starting up", "57P03"},
        {"the database system is shutting down", "57P03"},
        {"the database system is in recovery mode", "57P03"},
        {"no more connections allowed", "08P01"},  // PgBouncer's max_client_conn
    }};
    for (const auto& [text, code] : kKnown) {
        if (message.find(text) != std::string_view::npos) {
            return std::string(code);
        }
    }
    return {};
}

/// The lines that say something, joined.
std::string one_line(std::string_view message) {
    std::string line;
    while (!message.empty()) {
        const std::size_t end = std::min(message.find('\n'), message.size());
        std::string_view part = message.substr(0, end);
        message.remove_prefix(std::min(end + 1, message.size()));
        part.remove_prefix(std::min(part.find_first_not_of(" \t"), part.size()));
        if (part.empty() || part.starts_with("LOCATION:")) {
            continue;
        }
        line += line.empty() ? "" : "; ";
        line += part;
    }
    return line;
}

}  // namespace

ConnectFailure read_connect_failure(std::string_view message) {
    ConnectFailure failure;
    std::string text(message);
    if (const std::size_t code = find_code(text); code != std::string::npos) {
        failure.sqlstate = text.substr(code, kCodeLength);
        text.erase(code, kCodeLength + 2);
    } else {
        failure.sqlstate = code_from_text(message);
    }
    failure.text = one_line(text);
    return failure;
}

void Refusals::count(const std::string& sqlstate) {
    if (!sqlstate.empty()) {
        const std::lock_guard lock(mutex_);
        ++counts_[sqlstate];
    }
}

std::map<std::string, std::uint64_t> Refusals::by_sqlstate() const {
    const std::lock_guard lock(mutex_);
    return counts_;
}

}  // namespace plimsoll
