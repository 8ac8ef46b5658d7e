// Digests and text encodings for expressions. All work at the end of a text and keep its memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll {

enum class Digest : std::uint8_t { Sha256, Sha1, Sha512, Md5 };
inline constexpr std::array<std::string_view, 4> kDigestNames{"sha256", "sha1", "sha512", "md5"};

/// Appends the digest of `data` in lower-case hexadecimal; `data` may lie in `out`.
void append_digest(Digest digest, std::string_view data, std::string& out);

/// HMAC (RFC 2104), likewise.
void append_hmac(Digest digest, std::string_view key, std::string_view data, std::string& out);

/// Appends base64 (RFC 4648, section 4), or with `url` its URL-safe form without padding (section
/// 5), of the text from `from` on.
void append_base64(std::size_t from, bool url, std::string& out);

/// Reads either alphabet, with or without padding; blanks and line ends are passed over. nullopt:
/// not base64.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

/// Percent-encodes the text from `from` on, all but what `keep` says.
void percent_encode(std::size_t from, bool (*keep)(unsigned char), std::string& out);

/// RFC 3986, section 2.3.
[[nodiscard]] bool is_unreserved(unsigned char c) noexcept;

/// What may stand in a request target as it is.
[[nodiscard]] bool is_target_character(unsigned char c) noexcept;

/// Escapes the text from `from` on for the inside of a JSON string (RFC 8259, section 7).
void escape_json(std::size_t from, std::string& out);

}  // namespace plimsoll
