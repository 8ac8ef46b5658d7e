#include "scenario/mapped_file.hpp"

#include "scenario/wording.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {

MappedFile::~MappedFile() {
    close();
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
    if (this != &other) {
        close();
        data_ = std::exchange(other.data_, nullptr);
        size_ = std::exchange(other.size_, 0);
    }
    return *this;
}

void MappedFile::close() noexcept {
    if (data_ != nullptr && size_ != 0) {
        ::munmap(const_cast<char*>(data_), size_);
    }
}

Result<MappedFile> MappedFile::open(const std::string& path) {
    const auto failed = [&](const char* why) {
        return Error{fmt::format("cannot read {}: {}", in_quotes(path), why),
                     {},
                     "paths are relative to the scenario's folder"};
    };
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return failed(std::strerror(errno));
    }
    struct stat about {};
    if (::fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) {
        ::close(file);
        return failed("not a regular file");
    }
    MappedFile mapped;
    mapped.size_ = static_cast<std::size_t>(about.st_size);
    mapped.data_ = "";
    if (mapped.size_ != 0) {
        void* const memory = ::mmap(nullptr, mapped.size_, PROT_READ, MAP_PRIVATE, file, 0);
        const int code = errno;
        if (memory == MAP_FAILED) {
            mapped.size_ = 0;
            ::close(file);
            return failed(std::strerror(code));
        }
        mapped.data_ = static_cast<const char*>(memory);
    }
    ::close(file);
    return mapped;
}

}  // namespace plimsoll
