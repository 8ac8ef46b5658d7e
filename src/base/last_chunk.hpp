// A guard around Boost.Beast's parser for chunked bodies (RFC 9112, 7.1), for all that feed one.
#pragma once

#include <string_view>

namespace plimsoll {

/// Whether `rest`, the begin of a chunk's header, may belong to an empty last chunk and is less
/// than all of it ("0\r\n\r\n"): not to be shown to the parser yet. Beast remembers that it has
/// seen a last chunk's first line, and then asserts that five bytes come again. No message ends
/// before them, so nothing is lost by waiting.
[[nodiscard]] constexpr bool is_part_of_last_chunk(std::string_view rest) noexcept {
    return rest.size() < 5 && rest.starts_with('0');
}

}  // namespace plimsoll
