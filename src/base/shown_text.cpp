#include "base/shown_text.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

namespace plimsoll {
namespace {

/// The character that a valid sequence stands for.
std::uint32_t code_point(std::string_view sequence) {
    const auto byte = [&](std::size_t i) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(sequence[i]));
    };
    if (sequence.size() == 1) {
        return byte(0);
    }
    constexpr std::uint32_t kLeadBits[] = {0, 0, 0x1F, 0x0F, 0x07};
    std::uint32_t code = byte(0) & kLeadBits[sequence.size()];
    for (std::size_t i = 1; i < sequence.size(); ++i) {
        code = code << 6 | (byte(i) & 0x3FU);
    }
    return code;
}

/// Controls; what changes the direction of text (UAX 9) or ends a line; what is not seen.
bool acts(std::uint32_t code) {
    const auto within = [&](std::uint32_t low, std::uint32_t high) {
        return code >= low && code <= high;
    };
    return code < 0x20 || within(0x7F, 0x9F) || code == 0x061C || code == 0x200B ||
           within(0x200E, 0x200F) || within(0x2028, 0x202E) || within(0x2060, 0x206F) ||
           code == 0xFEFF || within(0xFFF9, 0xFFFB) || within(0xE0000, 0xE007F);
}

std::string shown(std::string_view text, bool one_line) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const std::string_view sequence = text.substr(0, std::max<std::size_t>(length, 1));
        const std::uint32_t code = length == 0 ? 0 : code_point(sequence);
        text.remove_prefix(sequence.size());
        if (length == 0) {
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(sequence.front()));
        } else if ((code == '\n' || code == '\t') && !one_line) {
            out += sequence;
        } else if (code == '\n') {
            out += "\\n";
        } else if (code == '\t') {
            out += "\\t";
        } else if (!acts(code)) {
            out += sequence;
        } else if (code < 0x80) {
            out += fmt::format("\\x{:02x}", code);
        } else {
            out += code <= 0xFFFF ? fmt::format("\\u{:04x}", code) : fmt::format("\\U{:08x}", code);
        }
    }
    return out;
}

}  // namespace

std::string shown_text(std::string_view text) {
    return shown(text, false);
}

std::string shown_line(std::string_view text) {
    return shown(text, true);
}

}  // namespace plimsoll
