#include "base/random_key.hpp"

#include "base/hex.hpp"

#include <array>
#include <cstddef>
#include <sys/random.h>

namespace plimsoll {

std::string random_key() {
    std::array<std::byte, 16> bytes{};
    std::size_t filled = 0;
    while (filled < bytes.size()) {
        const ssize_t count = ::getrandom(bytes.data() + filled, bytes.size() - filled, 0);
        filled += count > 0 ? static_cast<std::size_t>(count) : 0;
    }
    return hex(bytes);
}

}  // namespace plimsoll
