// Private to lab: PBKDF2, as a service would hash passwords.
#pragma once

#include <string>
#include <string_view>

namespace plimsoll {

/// PBKDF2-HMAC-SHA256 of RFC 8018 with so many iterations, 32 bytes in hexadecimal. Costs about
/// 0.3 µs of processor time per iteration.
[[nodiscard]] std::string password_hash(std::string_view password, std::string_view salt,
                                        int iterations);

/// 32 random hexadecimal digits, for a token. Not for a real service: nothing is done to keep it
/// secret.
[[nodiscard]] std::string random_token();

}  // namespace plimsoll
