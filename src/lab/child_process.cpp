#include "lab/child_process.hpp"

#include "lab/child_start.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

}  // namespace

std::string ExitStatus::to_string() const {
    if (signal == 0) {
        return "exited with code " + std::to_string(code);
    }
    const char* name = ::sigdescr_np(signal);
    return "was killed by signal " + std::to_string(signal) + " (" +
           (name == nullptr ? "unknown" : name) + ")";
}

Result<ChildProcess> ChildProcess::spawn(const ChildOptions& options) {
    ChildPlan plan;
    if (const auto status = fill_plan(options, plan); !status) {
        return status.error();
    }
    Fd in(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    Fd out;
    Fd err;
    Fd out_reader;
    if (const auto status = open_output(options.out, 1, out, &out_reader); !status) {
        return status.error();
    }
    if (const auto status = open_output(options.err, 2, err, nullptr); !status) {
        return status.error();
    }
    std::array<int, 2> ends{-1, -1};
    if (in.get() < 0 || ::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return Error{"could not be prepared: " + errno_text(errno), options.argv[0], {}};
    }
    Fd report_reader(ends[0]);
    Fd report_writer(ends[1]);
    plan.in = in.get();
    plan.out = out.get();
    plan.err = err.get();
    plan.report = report_writer.get();

    const pid_t pid = ::fork();
    if (pid < 0) {
        return Error{"no process could be started: " + errno_text(errno), options.argv[0], {}};
    }
    if (pid == 0) {
        execute(plan);
    }
    ChildProcess child(pid, out_reader.release());
    report_writer.reset();
    ChildReport report{};
    ssize_t count = 0;
    do {
        count = ::read(report_reader.get(), &report, sizeof(report));
    } while (count < 0 && errno == EINTR);
    if (count == static_cast<ssize_t>(sizeof(report))) {
        return explain(report, options);
    }
    return child;
}

ChildProcess::~ChildProcess() {
    destroy();
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      out_fd_(std::exchange(other.out_fd_, -1)),
      status_(other.status_),
      pending_(std::move(other.pending_)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
    if (this != &other) {
        destroy();
        pid_ = std::exchange(other.pid_, -1);
        out_fd_ = std::exchange(other.out_fd_, -1);
        status_ = other.status_;
        pending_ = std::move(other.pending_);
    }
    return *this;
}

void ChildProcess::destroy() {
    if (pid_ > 0 && !status_) {
        terminate(SIGKILL, 0s);
    }
    if (out_fd_ >= 0) {
        ::close(out_fd_);
        out_fd_ = -1;
    }
}

bool ChildProcess::running() {
    return !wait(Clock::now());
}

std::optional<ExitStatus> ChildProcess::wait(Clock::time_point deadline) {
    auto pause = 1ms;
    while (!status_) {
        int raw = 0;
        const pid_t ended = ::waitpid(pid_, &raw, WNOHANG);
        if (ended == pid_) {
            status_ =
                WIFSIGNALED(raw) ? ExitStatus{0, WTERMSIG(raw)} : ExitStatus{WEXITSTATUS(raw), 0};
        } else if (ended < 0 && errno != EINTR) {
            status_ = ExitStatus{};  // reaped by someone else, or SIGCHLD is ignored
        } else if (Clock::now() >= deadline) {
            break;
        } else {
            std::this_thread::sleep_for(pause);
            pause = std::min(pause * 2, 10ms);
        }
    }
    return status_;
}

void ChildProcess::signal(int number) {
    if (running()) {
        ::kill(pid_, number);
    }
}

ExitStatus ChildProcess::terminate(int number, Nanoseconds grace) {
    if (status_) {
        return *status_;
    }
    ::kill(pid_, number);
    const auto deadline = Clock::now() + grace;
    while (!awaits_reaping() && Clock::now() < deadline) {
        std::this_thread::sleep_for(1ms);
    }
    // The group goes also where the child itself has ended: its own children may not have. While it
    // is not reaped yet, its number can be no other group's.
    ::kill(-pid_, SIGKILL);
    // Even a stopped process dies of SIGKILL; only one stuck in the kernel keeps us here.
    while (true) {
        if (auto status = wait(Clock::now() + 1s)) {
            return *status;
        }
    }
}

bool ChildProcess::awaits_reaping() const {
    siginfo_t info{};
    const int result = ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
    // An error: reaped by someone else, or SIGCHLD is ignored; `wait` says so.
    return result == 0 ? info.si_pid == pid_ : errno != EINTR;
}

Result<std::string> ChildProcess::read_line(Clock::time_point deadline) {
    if (out_fd_ < 0) {
        return Error{"the child's output does not go to a pipe", {}, {}};
    }
    while (true) {
        const auto end = pending_.find('\n');
        if (end != std::string::npos) {
            std::string line = pending_.substr(0, end);
            pending_.erase(0, end + 1);
            return line;
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        pollfd entry{out_fd_, POLLIN, 0};
        const int limit = static_cast<int>(std::clamp<long long>(left.count(), 0, INT_MAX));
        const int ready = ::poll(&entry, 1, limit);
        if (ready == 0) {
            return Error{"the child wrote no line in time", {}, {}};
        }
        std::array<char, 4096> block{};
        const ssize_t count = ready < 0 ? -1 : ::read(out_fd_, block.data(), block.size());
        if (count > 0) {
            pending_.append(block.data(), static_cast<std::size_t>(count));
        } else if (count == 0 || errno != EINTR) {
            return Error{"the child closed its output", {}, {}};
        }
    }
}

}  // namespace plimsoll
