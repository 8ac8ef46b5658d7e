// Bytes as people and trace ids read them.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace plimsoll {

/// Two lower-case digits a byte.
[[nodiscard]] inline std::string hex(std::span<const std::byte> bytes) {
    constexpr const char* kDigits = "0123456789abcdef";
    std::string out;
    out.reserve(2 * bytes.size());
    for (const std::byte byte : bytes) {
        const auto value = std::to_integer<unsigned>(byte);
        out += kDigits[value >> 4U];
        out += kDigits[value & 0xFU];
    }
    return out;
}

}  // namespace plimsoll
