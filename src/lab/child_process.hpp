// Child processes that never outlive us.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <csignal>
#include <optional>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace plimsoll {

/// Where a child's standard output or error goes.
struct ChildOutput {
    enum class Kind { Inherit, Null, File, Pipe };
    Kind kind = Kind::Inherit;
    std::string path = {};  // for File: appended to, created with mode 0600

    [[nodiscard]] static ChildOutput null() { return {Kind::Null}; }
    [[nodiscard]] static ChildOutput file(std::string path) {
        return {Kind::File, std::move(path)};
    }
    /// Read with `read_line`. Only for `out`, and only for children that write little: a full pipe
    /// stops the child.
    [[nodiscard]] static ChildOutput pipe() { return {Kind::Pipe}; }
};

struct ChildOptions {
    /// The program, looked up in PATH unless it has a slash, and its arguments.
    std::vector<std::string> argv;
    /// The user to become, with that user's groups; empty to stay who we are. Needs root.
    std::string user;
    std::vector<std::pair<std::string, std::string>> environment;  // added to ours, or replaced
    std::string working_directory;                                 // empty: ours
    ChildOutput out;
    ChildOutput err;
    /// Sent by the kernel when the *thread* that called spawn ends, however it ends, SIGKILL of the
    /// whole process included. So spawn from a thread that lives as long as the child should: the
    /// main thread, not a short-lived helper.
    int death_signal = SIGKILL;
};

struct ExitStatus {
    int code = 0;    // exit code, when signal is 0
    int signal = 0;  // what killed it, or 0

    [[nodiscard]] bool clean() const { return code == 0 && signal == 0; }
    /// "exited with code 1" or "was killed by signal 9 (Killed)".
    [[nodiscard]] std::string to_string() const;
};

/// One child process. The destructor kills it and its process group with SIGKILL and reaps it.
/// The child has its own process group, so that Ctrl-C in a terminal reaches us alone and we decide
/// in which order to stop; the default signal handling; nothing open but the three standard
/// streams, with standard input at its end. Threading: one thread at a time; see death_signal for
/// the thread that spawns.
class ChildProcess {
public:
    /// Error: no such program or user, no permission, no process left ... The program was not
    /// started then. A program that starts and fails later is an ExitStatus.
    [[nodiscard]] static Result<ChildProcess> spawn(const ChildOptions& options);
    ~ChildProcess();
    ChildProcess(ChildProcess&& other) noexcept;
    ChildProcess& operator=(ChildProcess&& other) noexcept;

    /// Stays readable after the end, when the number may belong to another process.
    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] bool running();
    /// How it ended; nothing while it runs. Known from the first call that saw the end.
    [[nodiscard]] std::optional<ExitStatus> wait(Clock::time_point deadline);
    /// Does nothing when it has ended.
    void signal(int number);
    /// Sends `number` to the child. When it has ended, or still runs after `grace`, its process
    /// group is killed, so that children of its own go with it. Returns when it has ended; does
    /// nothing when its end was seen before.
    ExitStatus terminate(int number, Nanoseconds grace);
    /// The next line of a piped standard output, without its end.
    /// Error: no pipe, the child closed it, or the deadline passed.
    [[nodiscard]] Result<std::string> read_line(Clock::time_point deadline);

private:
    ChildProcess(pid_t pid, int out_fd) : pid_(pid), out_fd_(out_fd) {}
    void destroy();
    [[nodiscard]] bool awaits_reaping() const;

    pid_t pid_ = -1;
    int out_fd_ = -1;
    std::optional<ExitStatus> status_;
    std::string pending_;
};

}  // namespace plimsoll
