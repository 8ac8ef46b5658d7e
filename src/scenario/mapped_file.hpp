// A file's bytes in memory of our own, shared by all readers.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace plimsoll {

/// Immutable once open; safe to share. Whatever becomes of the file afterwards, the bytes stay: a
/// mapping of the file itself would end the program where someone shortens it.
class MappedFile {
public:
    MappedFile() = default;
    ~MappedFile();
    MappedFile(MappedFile&& other) noexcept;
    MappedFile& operator=(MappedFile&& other) noexcept;
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    /// Reads all of it. Error: not there, not readable, no file (see open_user_file), no memory.
    [[nodiscard]] static Result<MappedFile> open(const std::string& path);
    [[nodiscard]] std::string_view bytes() const noexcept { return {data_, size_}; }

private:
    void close() noexcept;
    [[nodiscard]] Status fill(int file);
    char* data_ = nullptr;
    std::size_t size_ = 0;      // of what was read
    std::size_t reserved_ = 0;  // of the memory
};

}  // namespace plimsoll
