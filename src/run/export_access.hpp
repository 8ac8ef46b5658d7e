// What the environment adds to how a server of a run's figures is reached.
#pragma once

#include "base/result.hpp"
#include "net/http_access.hpp"
#include "scenario/export_config.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll {

using EnvironmentLookup = std::function<std::optional<std::string>(std::string_view name)>;

/// `config`, and where it says nothing these variables, `prefix` before each (empty counts as
/// unset): URL; HEADERS ("Name=value,Name=value"); USER and PASSWORD, or TOKEN; CA, CERT and KEY
/// (PEM files). PASSWORD_FILE and TOKEN_FILE name files that hold what it is. Credentials that
/// `config` has are not mixed with those of the environment.
///
/// Error: no URL, one that is no http(s) or has a password in it, a password without a user, a
/// header that cannot be sent, a file that cannot be read; it never repeats a secret.
[[nodiscard]] Result<HttpAccess> make_access(const AccessConfig& config, std::string_view prefix,
                                             const EnvironmentLookup& environment);

/// `text` in base64 (RFC 4648), as Basic authorization has it.
[[nodiscard]] std::string basic_authorization(const std::string& user, const std::string& password);

}  // namespace plimsoll
