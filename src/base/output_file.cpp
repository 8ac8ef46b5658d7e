#include "base/output_file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

namespace plimsoll {

Result<OutputFile> open_output(const std::filesystem::path& path) {
    constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK;
    const int fd = ::open(path.c_str(), kFlags, 0666);  // NOLINT: the system's own interface
    if (fd < 0 && errno == ENXIO) {
        return Error{"cannot be written: it is a pipe that nobody reads", path.string(),
                     "start its reader first"};
    }
    if (fd >= 0) {
        ::fcntl(fd, F_SETFL, O_WRONLY);  // NOLINT: the system's own interface
        if (OutputFile file(::fdopen(fd, "w")); file) {
            return file;
        }
        ::close(fd);
    }
    return Error{fmt::format("cannot be written: {}", std::strerror(errno)), path.string(),
                 "name a file that can be made"};
}

}  // namespace plimsoll
