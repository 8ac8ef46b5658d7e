#include "probes/container/proc_files.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::size_t kFirstSize = 4096;  // of nearly every such file
using Path = std::array<char, 96>;

const char* form_of(ProcFile file) {
    switch (file) {
        case ProcFile::Stat:
            return "{}/stat";
        case ProcFile::Statm:
            return "{}/statm";
        case ProcFile::Children:
            break;
    }
    return "{0}/task/{1}/children";
}

Path path_of(ProcFile file, pid_t pid, pid_t thread) {
    Path path{};  // ends in a zero: none is that long
    fmt::format_to_n(path.data(), path.size() - 1, fmt::runtime(form_of(file)), pid, thread);
    return path;
}

}  // namespace

ProcessFiles::~ProcessFiles() {
    for (const int file : open_) {
        if (file >= 0) {
            ::close(file);
        }
    }
}

ProcessFiles::ProcessFiles(ProcessFiles&& other) noexcept
    : keep_open_(other.keep_open_), open_(std::exchange(other.open_, {-1, -1, -1})) {}

ProcessFiles& ProcessFiles::operator=(ProcessFiles&& other) noexcept {
    std::swap(keep_open_, other.keep_open_);
    std::swap(open_, other.open_);
    return *this;
}

ProcFiles::ProcFiles(const std::filesystem::path& proc)
    : folder_(::open(proc.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)), buffer_(kFirstSize) {}

ProcFiles::~ProcFiles() {
    if (folder_ >= 0) {
        ::close(folder_);
    }
}

ProcFiles::ProcFiles(ProcFiles&& other) noexcept
    : folder_(std::exchange(other.folder_, -1)), buffer_(std::move(other.buffer_)) {}

ProcFiles& ProcFiles::operator=(ProcFiles&& other) noexcept {
    std::swap(folder_, other.folder_);
    std::swap(buffer_, other.buffer_);
    return *this;
}

std::optional<std::string_view> ProcFiles::read(ProcessFiles& of, pid_t pid, ProcFile file) {
    int& kept = of.open_[static_cast<std::size_t>(file)];
    if (kept < 0) {
        kept = open(path_of(file, pid, pid).data());
    }
    if (kept < 0) {
        return std::nullopt;
    }
    const auto text = read_all(kept);
    if (!of.keep_open_) {
        ::close(std::exchange(kept, -1));
    }
    return text;
}

std::optional<std::string_view> ProcFiles::read_children(pid_t pid, pid_t thread) {
    const int file = open(path_of(ProcFile::Children, pid, thread).data());
    if (file < 0) {
        return std::nullopt;
    }
    const auto text = read_all(file);
    ::close(file);
    return text;
}

int ProcFiles::open(const char* path) const {
    return ::openat(folder_, path, O_RDONLY | O_CLOEXEC);
}

std::optional<std::string_view> ProcFiles::read_all(int file) {
    std::size_t size = 0;
    for (;;) {
        const ssize_t count =
            ::pread(file, buffer_.data() + size, buffer_.size() - size, static_cast<off_t>(size));
        if (count < 0) {
            return std::nullopt;
        }
        size += static_cast<std::size_t>(count);
        // Those that end in a line's end come whole: no need to ask whether there is more.
        if (count == 0 || buffer_[size - 1] == '\n') {
            return std::string_view(buffer_.data(), size);
        }
        if (size == buffer_.size()) {
            buffer_.resize(2 * size);
        }
    }
}

}  // namespace plimsoll
