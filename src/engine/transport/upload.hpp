// What of a request comes from files: sent piece by piece, never held as a whole.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace plimsoll {

/// Text and files in the order in which they are sent. Closes what it opened.
class Upload {
public:
    Upload() = default;
    ~Upload() { clear(); }
    Upload(const Upload&) = delete;
    Upload& operator=(const Upload&) = delete;

    struct Piece {
        std::string text;
        int file = -1;  // -1: text
        std::uint64_t size = 0;
    };

    void add_text(std::string text);
    /// Error: what the system says, or that it is no regular file.
    [[nodiscard]] Status add_file(const std::string& path);
    /// Bytes that are still to be sent.
    [[nodiscard]] std::uint64_t left() const noexcept { return left_; }

    /// The piece to go on with and how much of it was sent; only while left() != 0.
    [[nodiscard]] const Piece& piece() const noexcept { return pieces_[at_]; }
    [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
    void sent(std::uint64_t bytes) noexcept;

    void clear() noexcept;

private:
    std::vector<Piece> pieces_;
    std::size_t at_ = 0;
    std::uint64_t offset_ = 0;  // within the piece
    std::uint64_t left_ = 0;
};

}  // namespace plimsoll
