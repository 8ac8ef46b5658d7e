#include "base/user_file.hpp"

#include "base/opened_files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/magic.h>
#include <new>
#include <poll.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr const char* kPlainFile = "name a plain file";

/// What it is in place of a file; nullptr: a file.
const char* other_kind(int file, const struct stat& about) {
    switch (about.st_mode & S_IFMT) {
        case S_IFREG:
            break;
        case S_IFDIR:
            return "a folder, not a file";
        case S_IFIFO:
            return "a pipe, not a file";
        case S_IFSOCK:
            return "a socket, not a file";
        default:
            return "a device, not a file";
    }
    // These say that they are empty, and some never end.
    struct statfs system {};
    if (::fstatfs(file, &system) == 0) {
        const auto type = static_cast<std::uint64_t>(system.f_type);
        if (type == PROC_SUPER_MAGIC || type == SYSFS_MAGIC) {
            return "made by the kernel, not a file";
        }
    }
    return nullptr;
}

Error unreadable(const std::string& path, const char* why) {
    return Error{fmt::format("cannot be read: {}", why), path, {}};
}

Result<std::string> read_all(int file, const std::string& path, std::uint64_t size,
                             std::uint64_t most_bytes) {
    constexpr std::size_t kPiece = std::size_t{64} << 10U;
    const Error too_long{fmt::format("is longer than {} bytes", most_bytes), path, {}};
    if (size > most_bytes) {
        return too_long;
    }
    std::string text;
    try {
        text.reserve(size + kPiece);
        for (;;) {
            const std::size_t begin = text.size();
            text.resize(begin + kPiece);
            const auto got = ::read(file, text.data() + begin, kPiece);
            text.resize(begin + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
            if (got == 0) {
                return text;
            }
            if (got < 0 && errno != EINTR) {
                return unreadable(path, std::strerror(errno));
            }
            if (text.size() > most_bytes) {
                return too_long;
            }
        }
    } catch (const std::bad_alloc&) {
        return Error{"is too long for the memory there is", path, {}};
    }
}

}  // namespace

Result<Fd> open_user_file(const std::string& path, Pipes pipes) {
    // What is no file is told apart before it is opened: opening a device or a pipe can wait, or
    // do something.
    struct stat about {};
    if (::stat(path.c_str(), &about) != 0) {
        return unreadable(path, std::strerror(errno));
    }
    const bool pipe = S_ISFIFO(about.st_mode);
    if (!S_ISREG(about.st_mode) && !(pipe && pipes == Pipes::Taken)) {
        return Error{fmt::format("is {}", other_kind(-1, about)), path, kPlainFile};
    }
    // Where it became another in between, O_NONBLOCK keeps the promise.
    const int wait = pipe ? 0 : O_NONBLOCK;
    Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | wait));  // NOLINT: the system's
    if (file.get() < 0 || ::fstat(file.get(), &about) != 0) {
        return unreadable(path, std::strerror(errno));
    }
    if (S_ISFIFO(about.st_mode) && pipes == Pipes::Taken) {
        return file;
    }
    if (const char* const kind = other_kind(file.get(), about)) {
        return Error{fmt::format("is {}", kind), path, kPlainFile};
    }
    OpenedFiles::note(path);
    return file;
}

std::uint64_t file_size(const Fd& file) noexcept {
    struct stat about {};
    return ::fstat(file.get(), &about) == 0 ? static_cast<std::uint64_t>(about.st_size) : 0;
}

Result<std::string> read_user_file(const std::string& path, std::uint64_t most_bytes, Pipes pipes) {
    if (path == "-" && pipes == Pipes::Taken) {
        return read_all(STDIN_FILENO, "standard input", 0, most_bytes);
    }
    const auto file = open_user_file(path, pipes);
    if (!file) {
        return file.error();
    }
    return read_all(file->get(), path, file_size(*file), most_bytes);
}

}  // namespace plimsoll
