#include "lab/password_hash.hpp"

#include "base/random_key.hpp"

#include <algorithm>
#include <array>

#include <openssl/evp.h>

namespace plimsoll {

std::string password_hash(std::string_view password, std::string_view salt, int iterations) {
    std::array<unsigned char, 32> hash{};
    PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                      reinterpret_cast<const unsigned char*>(salt.data()),
                      static_cast<int>(salt.size()), std::max(1, iterations), EVP_sha256(),
                      static_cast<int>(hash.size()), hash.data());
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const unsigned char byte : hash) {
        text += kDigits[byte >> 4U];
        text += kDigits[byte & 15U];
    }
    return text;
}

std::string random_token() {
    return random_key();
}

}  // namespace plimsoll
