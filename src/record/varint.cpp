#include "record/varint.hpp"

namespace plimsoll {

void put_varint(std::vector<std::uint8_t>& out, std::uint64_t value) {
    while (value >= 0x80) {
        out.push_back(static_cast<std::uint8_t>(value | 0x80));
        value >>= 7;
    }
    out.push_back(static_cast<std::uint8_t>(value));
}

std::optional<std::uint64_t> take_varint(std::span<const std::uint8_t>& in) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !in.empty(); shift += 7) {
        const std::uint64_t byte = in.front();
        in = in.subspan(1);
        const std::uint64_t bits = byte & 0x7f;
        if ((bits << shift) >> shift != bits) {
            return std::nullopt;
        }
        value |= bits << shift;
        if ((byte & 0x80) == 0) {
            return bits == 0 && shift != 0 ? std::nullopt : std::optional(value);
        }
    }
    return std::nullopt;
}

}  // namespace plimsoll
