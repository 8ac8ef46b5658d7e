// What tests of processes have in common.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <sys/types.h>

namespace plimsoll::test {

/// Only ends a hopeless wait; the machine may be loaded.
inline constexpr std::chrono::seconds kPatience{60};

/// Whether the process has ended. One that waits to be reaped has.
bool is_gone(pid_t pid);
bool eventually(const std::function<bool()>& condition);

/// A folder other users may enter, in which temporary folders can be made, removed at the end.
class SharedFolder {
public:
    SharedFolder();
    ~SharedFolder();
    SharedFolder(const SharedFolder&) = delete;
    SharedFolder& operator=(const SharedFolder&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] int entries() const;

private:
    std::string path_;
};

}  // namespace plimsoll::test
