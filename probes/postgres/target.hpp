// A PostgreSQL connection string, taken apart so that its secrets never show.
#pragma once

#include "base/result.hpp"

#include <string>
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

    /// For people: "postgres at 127.0.0.1:5432/shop".
    [[nodiscard]] const std::string& where() const noexcept { return where_; }
    /// What libpq is to be given, application_name included.
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& parameters()
        const noexcept {
        return parameters_;
    }
    /// The one host name that has to be looked up before connecting; empty for a socket, an
    /// address given by hostaddr, or a list of hosts (libpq then looks them up itself).
    [[nodiscard]] const std::string& host_to_look_up() const noexcept { return host_to_look_up_; }

    /// `text` with every secret of the DSN replaced by ***.
    [[nodiscard]] std::string redact(std::string text) const;

private:
    PgTarget() = default;
    std::vector<std::pair<std::string, std::string>> parameters_;
    std::vector<std::string> secrets_;
    std::string where_;
    std::string host_to_look_up_;
};

}  // namespace plimsoll
