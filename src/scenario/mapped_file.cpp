#include "scenario/mapped_file.hpp"

#include "base/user_file.hpp"
#include "scenario/secret_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <utility>

namespace plimsoll {

MappedFile::~MappedFile() {
    close();
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      reserved_(std::exchange(other.reserved_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
    if (this != &other) {
        close();
        data_ = std::exchange(other.data_, nullptr);
        size_ = std::exchange(other.size_, 0);
        reserved_ = std::exchange(other.reserved_, 0);
    }
    return *this;
}

void MappedFile::close() noexcept {
    if (reserved_ != 0) {
        ::munmap(data_, reserved_);
    }
    reserved_ = 0;
}

Status MappedFile::fill(int file) {
    while (size_ < reserved_) {
        constexpr std::size_t kPiece = std::size_t{1} << 30U;  // Linux reads no more than 2 GB
        const auto got = ::read(file, data_ + size_, std::min(kPiece, reserved_ - size_));
        if (got == 0) {
            break;  // shortened since it was opened
        }
        if (got < 0 && errno != EINTR) {
            return Error{std::string("cannot be read: ") + std::strerror(errno)};
        }
        size_ += static_cast<std::size_t>(std::max<ssize_t>(got, 0));
    }
    return {};
}

Result<MappedFile> MappedFile::open(const std::string& path) {
    const auto file = open_user_file(path);
    if (!file) {
        return about_file(path, file.error());
    }
    MappedFile mapped;
    const auto size = static_cast<std::size_t>(file_size(*file));
    if (size == 0) {
        return mapped;
    }
    void* const memory =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return about_file(path, Error{"is too long for the memory there is"});
    }
    mapped.data_ = static_cast<char*>(memory);
    mapped.reserved_ = size;
    if (const Status read = mapped.fill(file->get()); !read) {
        return about_file(path, read.error());
    }
    return mapped;
}

}  // namespace plimsoll
