#include "engine/transport/upload.hpp"

#include "base/user_file.hpp"

#include <unistd.h>

#include <fmt/format.h>

namespace plimsoll {

void Upload::add_text(std::string text) {
    if (text.empty()) {
        return;
    }
    left_ += text.size();
    const std::uint64_t size = text.size();
    pieces_.push_back({std::move(text), -1, size});
}

Status Upload::add_file(const std::string& path) {
    auto opened = open_user_file(path);
    if (!opened) {
        return Error{fmt::format("the file to send {}", opened.error().what), path, {}};
    }
    const std::uint64_t size = file_size(*opened);
    if (size == 0) {
        return {};
    }
    left_ += size;
    pieces_.push_back({{}, opened->release(), size});
    return {};
}

void Upload::sent(std::uint64_t bytes) noexcept {
    offset_ += bytes;
    left_ -= bytes;
    if (offset_ == pieces_[at_].size) {
        offset_ = 0;
        ++at_;
    }
}

void Upload::clear() noexcept {
    for (const Piece& piece : pieces_) {
        if (piece.file >= 0) {
            ::close(piece.file);
        }
    }
    pieces_.clear();
    at_ = 0;
    offset_ = 0;
    left_ = 0;
}

}  // namespace plimsoll
