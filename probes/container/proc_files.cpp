#include "probes/container/proc_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::size_t kFirstSize = 4096;  // of nearly every such file

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

}  // namespace

ProcFiles::ProcFiles(const std::filesystem::path& proc)
    : folder_(::open(proc.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)), buffer_(kFirstSize) {}

std::optional<std::string_view> ProcFiles::read(ProcessFiles& of, pid_t pid, ProcFile file) {
    Fd& kept = of.open_[static_cast<std::size_t>(file)];
    if (kept.get() < 0) {
        kept = open(file, pid, pid);
    }
    const auto text = read_all(kept.get());
    if (!of.keep_open_) {
        kept.reset();
    }
    return text;
}

std::optional<std::string_view> ProcFiles::read_children(pid_t pid, pid_t thread) {
    return read_all(open(ProcFile::Children, pid, thread).get());
}

Fd ProcFiles::open(ProcFile file, pid_t pid, pid_t thread) const {
    std::array<char, 96> path{};  // ends in a zero: none is that long
    fmt::format_to_n(path.data(), path.size() - 1, fmt::runtime(form_of(file)), pid, thread);
    return Fd(::openat(folder_.get(), path.data(), O_RDONLY | O_CLOEXEC));
}

std::optional<std::string_view> ProcFiles::read_all(int file) {
    std::size_t size = 0;
    for (;;) {
        const ssize_t count =
            ::pread(file, buffer_.data() + size, buffer_.size() - size, static_cast<off_t>(size));
        if (count < 0) {  // not open, or its process has ended
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
