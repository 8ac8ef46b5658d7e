// A guard around Beast's parser for chunked bodies. Private to the module.
#pragma once

#include <string_view>

namespace plimsoll::net {

/// Whether `rest`, the begin of a chunk's header, may belong to an empty last chunk and is less
/// than all of it ("0\r\n\r\n"): not to be shown to the parser yet. Beast remembers that it has
/// seen a last chunk's first line, and then asserts that five bytes come again. No message ends
/// before them, so nothing is lost by waiting.
[[nodiscard]] inline bool is_part_of_last_chunk(std::string_view rest) {
    return rest.size() < 5 && rest.starts_with('0');
}

}  // namespace plimsoll::net
