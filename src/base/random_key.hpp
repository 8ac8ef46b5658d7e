// Keys that nobody can guess.
#pragma once

#include <string>

namespace plimsoll {

/// 128 bits of the kernel's randomness, as 32 hexadecimal digits.
[[nodiscard]] std::string random_key();

}  // namespace plimsoll
