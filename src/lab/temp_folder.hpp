// Private folders that vanish with their owner.
#pragma once

#include "base/result.hpp"

#include <string>

namespace plimsoll {

/// A folder named plimsoll-XXXXXX, mode 0700, removed with all it holds by the destructor.
/// A file `lock` in it is held by flock as long as this object lives; the kernel drops the lock
/// when the owner dies, so that a later start can tell a stale folder from one in use (see
/// sweep_stale_folders).
/// Threading: one thread at a time.
class TempFolder {
public:
    /// `parent`: empty for $TMPDIR, or /tmp without it.
    [[nodiscard]] static Result<TempFolder> create(const std::string& parent = {});
    ~TempFolder();
    TempFolder(TempFolder&& other) noexcept;
    TempFolder& operator=(TempFolder&& other) noexcept;

    [[nodiscard]] const std::string& path() const { return path_; }
    /// Absolute path of `name` inside.
    [[nodiscard]] std::string operator/(const std::string& name) const {
        return path_ + "/" + name;
    }
    /// Removes it now. Error: what could not be removed.
    Status remove();

private:
    TempFolder(std::string path, int lock_fd) : path_(std::move(path)), lock_fd_(lock_fd) {}
    std::string path_;
    int lock_fd_ = -1;
};

/// $TMPDIR, or /tmp without it.
[[nodiscard]] std::string temp_parent();

}  // namespace plimsoll
