// The framing of a chunked body (RFC 9112, 7.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace plimsoll {

/// Cuts a chunked body into its data. As lenient as curl: blanks behind a chunk's size, lines that
/// end with LF alone. Extensions and trailers are read over. Holds no bytes: what was offered need
/// not be offered again, however it is cut.
class ChunkReader {
public:
    enum class State : std::uint8_t { More, Data, Done, BadChunk, LineTooLong };
    struct Step {
        State state = State::More;
        std::size_t used = 0;     // bytes of the input
        std::string_view data{};  // of the body; part of the input
    };
    /// Reads up to the end of `bytes` (More) or of the next data in them.
    [[nodiscard]] Step next(std::string_view bytes) noexcept;
    /// What is left of the chunk that was begun; as long as its size says, before any of its data.
    [[nodiscard]] std::uint64_t left() const noexcept { return left_; }

private:
    enum class At : std::uint8_t { Size, Blank, Extension, SizeLf, Data, DataEnd, DataLf, Trailer };
    [[nodiscard]] State take(char c) noexcept;
    [[nodiscard]] State take_size(char c) noexcept;
    [[nodiscard]] State take_trailer(char c) noexcept;
    void end_size_line() noexcept;

    std::uint64_t left_ = 0;
    std::uint32_t line_ = 0;  // bytes of the lines since the last data
    bool empty_ = true;       // so far, the size or the trailer's line
    At at_ = At::Size;
};

}  // namespace plimsoll
