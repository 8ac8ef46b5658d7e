#include "engine/users/trace_ids.hpp"

#include "base/random.hpp"

#include <cstddef>

namespace plimsoll {
namespace {

// What is drawn from one stem: two halves of the trace's id, the iteration's span, its requests'.
constexpr std::uint64_t kFirstRequest = 3;

template <std::size_t N>
void put_bytes(std::uint64_t value, std::array<std::uint8_t, N>& out, std::size_t at = 0) {
    value = value == 0 ? 1 : value;  // an id of zeros is none
    for (std::size_t i = 0; i < sizeof value; ++i) {
        out[at + i] = static_cast<std::uint8_t>(value >> (8 * (sizeof value - 1 - i)));
    }
}

std::array<std::uint8_t, 8> span_id(std::uint64_t stem, std::uint64_t which) {
    std::array<std::uint8_t, 8> out{};
    put_bytes(mix64(stem + which), out);
    return out;
}

}  // namespace

std::array<std::uint8_t, 16> trace_id(std::uint64_t stem) {
    std::array<std::uint8_t, 16> out{};
    put_bytes(mix64(stem), out);
    put_bytes(mix64(stem + 1), out, 8);
    return out;
}

std::array<std::uint8_t, 8> iteration_span_id(std::uint64_t stem) {
    return span_id(stem, kFirstRequest - 1);
}

std::array<std::uint8_t, 8> request_span_id(std::uint64_t stem, std::uint32_t request) {
    return span_id(stem, kFirstRequest + request);
}

}  // namespace plimsoll
