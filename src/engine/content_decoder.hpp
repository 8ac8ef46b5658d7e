// Compressed response bodies: gzip, deflate, brotli.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace plimsoll {

/// Decodes `body` by a Content-Encoding of one or several codings, applied in the order named;
/// `identity` and an empty one leave it as it is. Error: an unknown coding, damaged or incomplete
/// data, or more than `limit` bytes decoded (a small body can stand for a huge one); never more
/// than about `limit` bytes are held.
[[nodiscard]] Status decode_content(std::string_view encoding, std::string& body,
                                    std::uint64_t limit);

}  // namespace plimsoll
