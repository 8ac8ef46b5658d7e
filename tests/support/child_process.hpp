// Real components as children of a test.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

namespace plimsoll::test {

/// A running program. Gets SIGTERM on destruction, SIGKILL when that does not help, and SIGKILL
/// from the kernel should the test itself be killed. Its output goes to one file.
class ChildProcess {
public:
    /// `argv[0]` is looked up in PATH. Throws when it cannot be started.
    ChildProcess(const std::vector<std::string>& argv, std::filesystem::path output);
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] bool running();
    /// The exit code, or 128 + signal; -1 when it still runs after `patience`.
    int wait(std::chrono::seconds patience);
    [[nodiscard]] std::string output() const;

private:
    bool reap(bool block);
    pid_t pid_ = -1;
    int status_ = -1;
    bool ended_ = false;
    std::filesystem::path output_;
};

/// A loopback port that was free a moment ago.
[[nodiscard]] unsigned short free_port();

}  // namespace plimsoll::test
