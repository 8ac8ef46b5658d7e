// A PostgreSQL connection string, taken apart so that its secrets never show.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll {

/// The application_name of every connection that Plimsoll itself opens to a database it looks at,
/// so that its own connections can be told from the application's.
inline constexpr const char* kPgApplicationName = "plimsoll";

/// A parsed DSN (URI or key=value form).
class PgTarget {
public:
    /// Error: not a connection string, or one that libpq would read differently than it was meant
    /// (an unescaped '@', ':' or '/' in a password). Never repeats any of the text: libpq's own
    /// messages do, password included.
    [[nodiscard]] static Result<PgTarget> parse(const std::string& dsn);

    /// For people: "postgres at 127.0.0.1:5432/shop", "pgbouncer at ..." for the console and what
    /// goes through it.
    [[nodiscard]] const std::string& where() const noexcept { return where_; }
    /// What libpq is to be given, application_name included.
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& parameters()
        const noexcept {
        return parameters_;
    }
    /// The one host name that has to be looked up before connecting; empty for a socket, an
    /// address given by hostaddr, or a list of hosts (libpq then looks them up itself).
    [[nodiscard]] const std::string& host_to_look_up() const noexcept { return host_to_look_up_; }

    /// The console of a PgBouncer at this address: database pgbouncer, whatever the DSN names.
    [[nodiscard]] PgTarget console() const;
    /// This database with this role and password, at the address of another server: a PgBouncer
    /// before it.
    [[nodiscard]] PgTarget through(const PgTarget& pooler) const;
    /// The database that the DSN names; may be empty.
    [[nodiscard]] std::string database() const { return value_of("dbname"); }
    [[nodiscard]] std::string user() const { return value_of("user"); }

    /// `text` with every secret of the DSN replaced by ***.
    [[nodiscard]] std::string redact(std::string text) const;

private:
    PgTarget() = default;
    [[nodiscard]] std::string value_of(std::string_view keyword) const;
    void set(std::string_view keyword, const std::string& value);  // empty: none
    void settle(std::string_view kind);  // where_ and host_to_look_up_, from parameters_
    std::vector<std::pair<std::string, std::string>> parameters_;
    std::vector<std::string> secrets_;
    std::string where_;
    std::string host_to_look_up_;
};

}  // namespace plimsoll
