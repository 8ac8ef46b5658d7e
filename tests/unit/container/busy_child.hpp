// A child process that does what a test tells it and reports its own use of CPU.
#pragma once

#include <functional>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace plimsoll::test {

inline double cpu_seconds(int who) {
    rusage usage{};
    getrusage(who, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Burns `seconds` of this process's own CPU time, however busy the machine is.
inline void burn(double seconds) {
    const double until = cpu_seconds(RUSAGE_SELF) + seconds;
    volatile double sink = 0;
    while (cpu_seconds(RUSAGE_SELF) < until) {
        for (int i = 0; i < 10'000; ++i) {
            sink = sink + i;
        }
    }
}

/// Forks a grandchild-like process that runs `work` and ends. Returns its pid.
inline pid_t fork_worker(const std::function<void()>& work) {
    const pid_t pid = fork();
    if (pid == 0) {
        work();
        _exit(0);
    }
    return pid;
}

/// Runs `work` in a child, which then reports the CPU time of itself and its waited-for children,
/// and sleeps until killed. The child dies with the test.
class BusyChild {
public:
    explicit BusyChild(const std::function<void()>& work) {
        int ends[2] = {-1, -1};
        if (pipe(ends) != 0) {
            return;
        }
        pid_ = fork();
        if (pid_ == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            work();
            const double used = cpu_seconds(RUSAGE_SELF) + cpu_seconds(RUSAGE_CHILDREN);
            if (write(ends[1], &used, sizeof(used)) == sizeof(used)) {
                for (;;) {
                    pause();
                }
            }
            _exit(1);
        }
        close(ends[1]);
        report_ = ends[0];
    }
    ~BusyChild() {
        end();
        close(report_);
    }
    BusyChild(const BusyChild&) = delete;
    BusyChild& operator=(const BusyChild&) = delete;

    [[nodiscard]] pid_t pid() const { return pid_; }
    /// Waits until the work is done; -1 if the child ended before.
    double wait_for_report() {
        double used = -1;
        return read(report_, &used, sizeof(used)) == sizeof(used) ? used : -1;
    }
    void end() {
        if (pid_ > 0) {
            kill(pid_, SIGKILL);
            waitpid(pid_, nullptr, 0);
            pid_ = -1;
        }
    }

private:
    pid_t pid_ = -1;
    int report_ = -1;
};

}  // namespace plimsoll::test
