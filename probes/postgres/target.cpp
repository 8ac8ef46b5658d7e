#include "probes/postgres/target.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <memory>
#include <string_view>

#include <libpq-fe.h>

namespace plimsoll {
namespace {

constexpr std::string_view kHint =
    "write postgresql://user:password@host:5432/dbname with @ : / in the password as %40 %3A %2F, "
    "or host=... port=... user=... dbname=...";

/// Replacing one or two letters everywhere would spoil every message and hide nothing.
constexpr std::size_t kShortestSecret = 3;

bool is_uri(const std::string& dsn) {
    return dsn.starts_with("postgresql://") || dsn.starts_with("postgres://");
}

bool is_port_list(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](unsigned char c) { return std::isdigit(c) != 0 || c == ','; });
}

/// An '@' after the one that ends the user part, or without a user: part of a password has
/// become a host, port or database name.
bool reads_wrongly(const std::string& dsn, const std::string& user, const std::string& port) {
    if (!is_port_list(port)) {
        return true;
    }
    if (!is_uri(dsn)) {
        return false;
    }
    const std::string_view address = std::string_view(dsn).substr(0, dsn.find('?'));
    const auto ats = std::count(address.begin(), address.end(), '@');
    return ats > 1 || (ats == 1 && user.empty() && address.find("//@") == std::string_view::npos);
}

}  // namespace

Result<PgTarget> PgTarget::parse(const std::string& dsn) {
    const Error invalid{"the PostgreSQL connection string cannot be read", "", std::string(kHint)};
    if (!is_uri(dsn) && dsn.find('=') == std::string::npos) {
        return invalid;
    }
    char* message = nullptr;
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
        PQconninfoParse(dsn.c_str(), &message), &PQconninfoFree);
    PQfreemem(message);  // repeats the text, so it is of no use to us
    if (options == nullptr) {
        return invalid;
    }
    PgTarget target;
    std::map<std::string, std::string> given;
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val != nullptr) {
            given[option->keyword] = option->val;
        }
    }
    if (reads_wrongly(dsn, given["user"], given["port"])) {
        return invalid;
    }
    for (const char* secret : {"password", "sslpassword"}) {
        if (given[secret].size() >= kShortestSecret) {
            target.secrets_.push_back(given[secret]);
        }
    }
    given["application_name"] = kPgApplicationName;
    given["client_encoding"] = "UTF8";
    for (auto& [keyword, value] : given) {
        if (!value.empty()) {
            target.parameters_.emplace_back(keyword, std::move(value));
        }
    }
    target.settle("postgres");
    return target;
}

std::string PgTarget::value_of(std::string_view keyword) const {
    const auto found = std::find_if(parameters_.begin(), parameters_.end(),
                                    [&](const auto& entry) { return entry.first == keyword; });
    return found == parameters_.end() ? std::string() : found->second;
}

void PgTarget::set(std::string_view keyword, const std::string& value) {
    std::erase_if(parameters_, [&](const auto& entry) { return entry.first == keyword; });
    if (!value.empty()) {
        parameters_.emplace_back(keyword, value);
    }
}

void PgTarget::settle(std::string_view kind) {
    const std::string address = value_of("hostaddr");
    const std::string host = address.empty() ? value_of("host") : address;
    const std::string port = value_of("port");
    where_ = std::string(kind) + " at " + (host.empty() ? "the local server" : host) + ":" +
             (port.empty() ? "5432" : port) + "/" + database();
    const bool by_name = address.empty() && !host.starts_with('/') && !host.starts_with('@') &&
                         host.find(',') == std::string::npos;
    host_to_look_up_ = by_name ? host : std::string();
}

PgTarget PgTarget::console() const {
    PgTarget target = *this;
    target.set("dbname", "pgbouncer");
    target.settle("pgbouncer");
    return target;
}

PgTarget PgTarget::through(const PgTarget& pooler) const {
    PgTarget target = *this;
    for (const char* keyword : {"host", "hostaddr", "port"}) {
        target.set(keyword, pooler.value_of(keyword));
    }
    target.secrets_.insert(target.secrets_.end(), pooler.secrets_.begin(), pooler.secrets_.end());
    target.settle("pgbouncer");
    return target;
}

std::string PgTarget::redact(std::string text) const {
    for (const std::string& secret : secrets_) {
        for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret)) {
            text.replace(at, secret.size(), "***");
        }
    }
    return text;
}

}  // namespace plimsoll
