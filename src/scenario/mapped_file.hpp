// A file's bytes in memory without a copy: pages come in as they are read, and all readers share
// them.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace plimsoll {

/// Immutable once open; safe to share. The file must not shrink while it is open.
class MappedFile {
public:
    MappedFile() = default;
    ~MappedFile();
    MappedFile(MappedFile&& other) noexcept;
    MappedFile& operator=(MappedFile&& other) noexcept;
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    /// Error: not there, not readable, not a regular file.
    [[nodiscard]] static Result<MappedFile> open(const std::string& path);
    [[nodiscard]] std::string_view bytes() const noexcept { return {data_, size_}; }

private:
    void close() noexcept;
    const char* data_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace plimsoll
