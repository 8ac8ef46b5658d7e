// Response headers that are not written as RFC 9112 has them, and are understood all the same.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace plimsoll {

/// What `strict_header` made of some bytes.
struct StrictHeader {
    enum class Kind {
        NoHeader,  // no such header, however it goes on
        Partial,   // may become one
        Whole
    };
    Kind kind = Kind::NoHeader;
    std::string text = {};  // of a whole one: the same header, written strictly
    std::size_t size = 0;   // of a whole one: bytes that it took
};

/// Reads the header at the front of `bytes` as curl, Go and browsers do: a status line without a
/// reason, or without the space before it, "http" in small letters, several spaces, lines that end
/// with LF alone. All else, such as blank lines in front, a field without a colon or a space before
/// one, is not mended: it may be the rest of another response, or an attempt to smuggle one.
[[nodiscard]] StrictHeader strict_header(std::string_view bytes);

}  // namespace plimsoll
