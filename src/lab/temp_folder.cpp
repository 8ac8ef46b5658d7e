#include "lab/temp_folder.hpp"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

namespace plimsoll {
namespace {

/// Locks the new folder; -1 when a sweep got there first and took it for a stale one.
int lock_folder(const std::string& folder) {
    const std::string path = folder + "/lock";
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return -1;
    }
    struct stat locked {};
    struct stat named {};
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0 && ::fstat(fd, &locked) == 0 &&
        ::stat(path.c_str(), &named) == 0 && locked.st_ino == named.st_ino) {
        return fd;
    }
    ::close(fd);
    return -1;
}

}  // namespace

std::string temp_parent() {
    const char* folder = std::getenv("TMPDIR");
    return folder == nullptr || *folder == '\0' ? "/tmp" : folder;
}

Result<TempFolder> TempFolder::create(const std::string& parent) {
    const std::string above = parent.empty() ? temp_parent() : parent;
    for (int attempt = 0; attempt < 5; ++attempt) {
        std::string path = above + "/plimsoll-XXXXXX";
        if (::mkdtemp(path.data()) == nullptr) {
            return Error{
                "no temporary folder could be made: " + std::generic_category().message(errno),
                above, "set TMPDIR to a folder you may write to"};
        }
        const int fd = lock_folder(path);
        if (fd >= 0) {
            return TempFolder(std::move(path), fd);
        }
    }
    return Error{"no temporary folder could be locked", above, {}};
}

TempFolder::~TempFolder() {
    static_cast<void>(remove());
}

TempFolder::TempFolder(TempFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})), lock_fd_(std::exchange(other.lock_fd_, -1)) {}

TempFolder& TempFolder::operator=(TempFolder&& other) noexcept {
    if (this != &other) {
        static_cast<void>(remove());
        path_ = std::exchange(other.path_, {});
        lock_fd_ = std::exchange(other.lock_fd_, -1);
    }
    return *this;
}

Status TempFolder::remove() {
    if (path_.empty()) {
        return {};
    }
    std::error_code problem;
    // A process that used the folder and was just killed may still be writing its last file.
    for (int attempt = 0; attempt < 50; ++attempt) {
        std::filesystem::remove_all(path_, problem);
        if (!problem) {
            break;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    const std::string path = std::exchange(path_, {});
    ::close(std::exchange(lock_fd_, -1));
    if (problem) {
        return Error{"the temporary folder could not be removed: " + problem.message(), path, {}};
    }
    return {};
}

}  // namespace plimsoll
