#include "scenario/digest.hpp"

#include <algorithm>
#include <cassert>
#include <memory>

#include <openssl/evp.h>

namespace plimsoll {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kUpperHex = "0123456789ABCDEF";
constexpr std::size_t kLongestBlock = 128;

struct FreeContext {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

struct Algorithm {
    const EVP_MD* md;
    std::size_t block;
};

// Fetched once: fetching at every use costs more than a short digest.
const Algorithm& algorithm(Digest digest) {
    static const std::array<Algorithm, kDigestNames.size()> kAlgorithms = [] {
        std::array<Algorithm, kDigestNames.size()> all{};
        constexpr std::array<const char*, kDigestNames.size()> kNames{"SHA256", "SHA1", "SHA512",
                                                                      "MD5"};
        for (std::size_t i = 0; i < all.size(); ++i) {
            const EVP_MD* const md = EVP_MD_fetch(nullptr, kNames[i], nullptr);
            all[i] = {md,
                      md == nullptr ? 64U : static_cast<std::size_t>(EVP_MD_get_block_size(md))};
        }
        return all;
    }();
    return kAlgorithms[static_cast<std::size_t>(digest)];
}

using Bytes = std::array<unsigned char, EVP_MAX_MD_SIZE>;

// One context per thread and algorithm: starting again with the same algorithm keeps its memory.
std::size_t digest_of(Digest digest, std::string_view first, std::string_view second, Bytes& out) {
    thread_local std::array<std::unique_ptr<EVP_MD_CTX, FreeContext>, kDigestNames.size()> contexts;
    auto& context = contexts[static_cast<std::size_t>(digest)];
    if (!context) {
        context.reset(EVP_MD_CTX_new());
    }
    unsigned int length = 0;
    const bool done = EVP_DigestInit_ex(context.get(), algorithm(digest).md, nullptr) == 1 &&
                      EVP_DigestUpdate(context.get(), first.data(), first.size()) == 1 &&
                      EVP_DigestUpdate(context.get(), second.data(), second.size()) == 1 &&
                      EVP_DigestFinal_ex(context.get(), out.data(), &length) == 1;
    assert(done);
    return done ? length : 0;
}

void append_hex(const Bytes& bytes, std::size_t length, std::string& out) {
    for (std::size_t i = 0; i < length; ++i) {
        out += kHex[bytes[i] >> 4U];
        out += kHex[bytes[i] & 0xFU];
    }
}

std::string_view text_of(const Bytes& bytes, std::size_t length) {
    return {reinterpret_cast<const char*>(bytes.data()), length};
}

// Replaces out[from, from + length) by what stands behind it.
void keep_tail(std::size_t from, std::size_t length, std::string& out) {
    out.erase(from, length);
}

}  // namespace

void append_digest(Digest digest, std::string_view data, std::string& out) {
    Bytes bytes{};
    const std::size_t length = digest_of(digest, data, {}, bytes);
    append_hex(bytes, length, out);
}

void append_hmac(Digest digest, std::string_view key, std::string_view data, std::string& out) {
    const std::size_t block = algorithm(digest).block;
    Bytes bytes{};
    if (key.size() > block) {
        const std::size_t length = digest_of(digest, key, {}, bytes);
        key = text_of(bytes, length);
    }
    std::array<char, kLongestBlock> inner{};
    std::array<char, kLongestBlock> outer{};
    for (std::size_t i = 0; i < block; ++i) {
        const auto byte = i < key.size() ? static_cast<unsigned char>(key[i]) : 0U;
        inner[i] = static_cast<char>(byte ^ 0x36U);
        outer[i] = static_cast<char>(byte ^ 0x5CU);
    }
    Bytes hashed{};
    const std::size_t length = digest_of(digest, {inner.data(), block}, data, hashed);
    Bytes result{};
    const std::size_t size =
        digest_of(digest, {outer.data(), block}, text_of(hashed, length), result);
    append_hex(result, size, out);
}

void append_base64(std::size_t from, bool url, std::string& out) {
    constexpr std::string_view kPlain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    constexpr std::string_view kUrl =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const std::string_view letters = url ? kUrl : kPlain;
    const std::size_t end = out.size();
    for (std::size_t at = from; at < end; at += 3) {
        const std::size_t count = std::min<std::size_t>(3, end - at);
        std::uint32_t bits = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            bits = (bits << 8U) | (i < count ? static_cast<unsigned char>(out[at + i]) : 0U);
        }
        for (std::size_t i = 0; i < 4; ++i) {
            if (i <= count) {
                out += letters[(bits >> (18 - 6 * i)) & 0x3FU];
            } else if (!url) {
                out += '=';
            }
        }
    }
    keep_tail(from, end - from, out);
}

bool is_unreserved(unsigned char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

bool is_target_character(unsigned char c) noexcept {
    return c > 0x20 && c < 0x7F && c != '#' && c != '"' && c != '<' && c != '>' && c != '\\' &&
           c != '^' && c != '`' && c != '{' && c != '|' && c != '}';
}

std::optional<std::string> decode_base64(std::string_view text) {
    constexpr std::string_view kLetters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    std::string bytes;
    std::uint32_t group = 0;
    unsigned bits = 0;
    std::size_t padding = 0;
    for (const char c : text) {
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            continue;
        }
        padding += c == '=' ? 1U : 0U;
        if (c == '=') {
            continue;
        }
        std::size_t value = kLetters.find(c);
        value = c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : value;
        if (value > 63 || padding > 0) {
            return std::nullopt;
        }
        group = (group << 6U) | static_cast<std::uint32_t>(value);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes += static_cast<char>((group >> bits) & 0xFFU);
        }
    }
    return bits >= 6 || padding > 2 ? std::nullopt : std::optional(std::move(bytes));
}

void percent_encode(std::size_t from, bool (*keep)(unsigned char), std::string& out) {
    const std::size_t end = out.size();
    const auto must_change = [keep](char c) { return !keep(static_cast<unsigned char>(c)); };
    if (std::none_of(out.begin() + static_cast<std::ptrdiff_t>(from), out.end(), must_change)) {
        return;
    }
    for (std::size_t at = from; at < end; ++at) {
        const auto byte = static_cast<unsigned char>(out[at]);
        if (keep(byte)) {
            out += out[at];
        } else {
            out += '%';
            out += kUpperHex[byte >> 4U];
            out += kUpperHex[byte & 0xFU];
        }
    }
    keep_tail(from, end - from, out);
}

void escape_json(std::size_t from, std::string& out) {
    const auto must_change = [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
    };
    if (std::none_of(out.begin() + static_cast<std::ptrdiff_t>(from), out.end(), must_change)) {
        return;
    }
    const std::size_t end = out.size();
    constexpr std::string_view kNamed = "\b\f\n\r\t";
    constexpr std::string_view kNames = "bfnrt";
    for (std::size_t at = from; at < end; ++at) {
        const char c = out[at];
        if (!must_change(c)) {
            out += c;
            continue;
        }
        out += '\\';
        if (c == '"' || c == '\\') {
            out += c;
        } else if (const std::size_t name = kNamed.find(c); name != std::string_view::npos) {
            out += kNames[name];
        } else {
            out += "u00";
            out += kHex[static_cast<unsigned char>(c) >> 4U];
            out += kHex[static_cast<unsigned char>(c) & 0xFU];
        }
    }
    keep_tail(from, end - from, out);
}

}  // namespace plimsoll
