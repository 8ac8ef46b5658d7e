// Keeps secrets out of what we send to others.
#pragma once

#include <string>
#include <string_view>

namespace plimsoll {

/// `path` (origin form, query included) with the value of every query parameter that looks like a
/// secret replaced by REDACTED: signatures of signed URLs as the HTTP semantic conventions list
/// them, and names with token, secret, password, credential, session, auth, key or jwt in them.
[[nodiscard]] std::string redact_query(std::string_view path);

}  // namespace plimsoll
