#include "engine/upload.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
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
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat about {};
    if (file < 0 || ::fstat(file, &about) != 0) {
        const int error = errno;
        if (file >= 0) {
            ::close(file);
        }
        return Error{
            fmt::format("the file to send cannot be read: {}", std::strerror(error)), path, {}};
    }
    if (!S_ISREG(about.st_mode)) {
        ::close(file);
        return Error{"the file to send is not a regular file", path, {}};
    }
    const auto size = static_cast<std::uint64_t>(about.st_size);
    if (size == 0) {
        ::close(file);
        return {};
    }
    left_ += size;
    pieces_.push_back({{}, file, size});
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
