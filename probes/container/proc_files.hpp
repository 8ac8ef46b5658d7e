// Files of many processes, read again and again.
#pragma once

#include "base/fd.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace plimsoll {

enum class ProcFile : std::uint8_t { Stat, Statm, Children };  // the last of the first thread

/// The files of one process, which stay open: reading one again costs a third of opening it anew,
/// and what comes is this process's or nothing, even where another has its pid by then.
class ProcessFiles {
public:
    /// `keep_open`: false for one process too many.
    explicit ProcessFiles(bool keep_open) : keep_open_(keep_open) {}

private:
    friend class ProcFiles;
    bool keep_open_;
    std::array<Fd, 3> open_;  // by ProcFile
};

/// Paths are relative to one open folder and all texts go into one buffer: a database's hundred
/// processes are some hundreds of files in each sample. Threading: one thread's.
class ProcFiles {
public:
    /// `proc`: /proc, or a folder that looks like it.
    explicit ProcFiles(const std::filesystem::path& proc);

    /// The text of `pid`'s file, whole; nothing where it cannot be read: the process has ended.
    /// Valid until the next call.
    [[nodiscard]] std::optional<std::string_view> read(ProcessFiles& of, pid_t pid, ProcFile file);
    /// The same of PID/task/TID/children.
    [[nodiscard]] std::optional<std::string_view> read_children(pid_t pid, pid_t thread);

private:
    [[nodiscard]] Fd open(ProcFile file, pid_t pid, pid_t thread) const;
    [[nodiscard]] std::optional<std::string_view> read_all(int file);

    Fd folder_;
    std::vector<char> buffer_;
};

}  // namespace plimsoll
