#include "lab/child_process.hpp"

#include "lab/program_lookup.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstring>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

std::string errno_text(int code) {
    return std::generic_category().message(code);
}

/// Which step between fork and exec failed, sent to the parent through a pipe.
enum class Step : int { Streams, Parent, User, Folder, Execute };
struct Report {
    Step step;
    int code;
};

/// Everything the child needs, made before the fork: after it, in a program with threads, only
/// async-signal-safe calls are allowed, so no allocation.
struct Plan {
    std::string program;
    std::vector<char*> argv;
    std::vector<std::string> variables;
    std::vector<char*> envp;
    std::optional<UserIdentity> user;
    const char* folder = nullptr;
    int in = -1;
    int out = -1;
    int err = -1;
    int report = -1;
    int death_signal = 0;
    pid_t parent = 0;
};

/// A file descriptor that is closed in the end.
class Fd {
public:
    explicit Fd(int fd = -1) : fd_(fd) {}
    ~Fd() { reset(); }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    [[nodiscard]] int get() const { return fd_; }
    void set(int fd) {
        reset();
        fd_ = fd;
    }
    int release() { return std::exchange(fd_, -1); }
    void reset() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
        fd_ = -1;
    }

private:
    int fd_;
};

[[noreturn]] void fail(const Plan& plan, Step step) {
    const Report report{step, errno};
    // Nothing can be done when this fails too; the exit code still says that something did.
    [[maybe_unused]] const ssize_t ignored = ::write(plan.report, &report, sizeof(report));
    ::_exit(127);
}

/// Closes all but the standard streams at exec. Sockets opened by libraries are not all marked so.
void mark_for_closing() {
#ifdef CLOSE_RANGE_CLOEXEC
    if (::close_range(3, UINT_MAX, CLOSE_RANGE_CLOEXEC) == 0) {
        return;
    }
#endif
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    const int last = static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 1U << 20U));
    for (int fd = 3; fd < last; ++fd) {
        ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
}

void reset_signals() {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number) {
        ::sigaction(number, &action, nullptr);
    }
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool become(const UserIdentity& user) {
    return ::setgroups(user.groups.size(), user.groups.data()) == 0 &&
           ::setresgid(user.gid, user.gid, user.gid) == 0 &&
           ::setresuid(user.uid, user.uid, user.uid) == 0;
}

/// Runs in the child.
[[noreturn]] void execute(const Plan& plan) {
    ::setpgid(0, 0);
    if (::dup2(plan.in, 0) < 0 || ::dup2(plan.out, 1) < 0 || ::dup2(plan.err, 2) < 0) {
        fail(plan, Step::Streams);
    }
    if (plan.user && !become(*plan.user)) {
        fail(plan, Step::User);
    }
    // After the change of user, which clears it (prctl(2)).
    if (::prctl(PR_SET_PDEATHSIG, plan.death_signal) != 0) {
        fail(plan, Step::Parent);
    }
    // The parent may have ended before the line above; then nobody would ever signal us.
    if (::getppid() != plan.parent) {
        errno = ESRCH;
        fail(plan, Step::Parent);
    }
    if (plan.folder != nullptr && ::chdir(plan.folder) != 0) {
        fail(plan, Step::Folder);
    }
    reset_signals();
    mark_for_closing();
    ::execve(plan.program.c_str(), plan.argv.data(), plan.envp.data());
    fail(plan, Step::Execute);
}

Error explain(const Report& report, const ChildOptions& options) {
    const std::string reason = errno_text(report.code);
    switch (report.step) {
        case Step::User:
            return {"could not become the user " + options.user + ": " + reason, options.argv[0],
                    "changing the user needs root"};
        case Step::Folder:
            return {"could not enter the working folder: " + reason, options.working_directory, {}};
        case Step::Execute:
            return {"could not be started: " + reason, options.argv[0], {}};
        case Step::Streams:
        case Step::Parent:
            break;
    }
    return {"could not be prepared: " + reason, options.argv[0], {}};
}

/// Opens what `output` names. The descriptor to hand to the child is put in `child`; a descriptor
/// above 2 so that the dup2 calls cannot overwrite one another.
Status open_output(const ChildOutput& output, int inherited, Fd& child, Fd* parent_end) {
    int fd = -1;
    switch (output.kind) {
        case ChildOutput::Kind::Inherit:
            fd = ::fcntl(inherited, F_DUPFD_CLOEXEC, 3);
            if (fd < 0) {
                fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
            }
            break;
        case ChildOutput::Kind::Null:
            fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
            break;
        case ChildOutput::Kind::File:
            fd = ::open(output.path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
            break;
        case ChildOutput::Kind::Pipe: {
            std::array<int, 2> ends{-1, -1};
            if (parent_end == nullptr) {
                return Error{"only standard output can go to a pipe", {}, {}};
            }
            if (::pipe2(ends.data(), O_CLOEXEC) == 0) {
                parent_end->set(ends[0]);
                fd = ends[1];
            }
            break;
        }
    }
    if (fd >= 0 && fd < 3) {
        const int higher = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
        ::close(fd);
        fd = higher;
    }
    if (fd < 0) {
        return Error{"the output of a child process could not be opened: " + errno_text(errno),
                     output.path,
                     {}};
    }
    child.set(fd);
    return {};
}

void fill_environment(const ChildOptions& options, Plan& plan) {
    for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const auto replaced = [&](const auto& added) {
            return text.starts_with(added.first) &&
                   text.substr(added.first.size()).starts_with('=');
        };
        if (std::none_of(options.environment.begin(), options.environment.end(), replaced)) {
            plan.variables.emplace_back(text);
        }
    }
    for (const auto& [name, value] : options.environment) {
        plan.variables.push_back(name + "=" + value);
    }
    for (auto& variable : plan.variables) {
        plan.envp.push_back(variable.data());
    }
    plan.envp.push_back(nullptr);
}

Status fill_plan(const ChildOptions& options, Plan& plan) {
    auto program = find_program(options.argv.empty() ? std::string{} : options.argv[0]);
    if (!program) {
        return program.error();
    }
    plan.program = std::move(program).value();
    if (!options.user.empty()) {
        auto user = find_user(options.user);
        if (!user) {
            return user.error();
        }
        if (user->uid != ::geteuid()) {
            plan.user = std::move(user).value();
        }
    }
    for (const auto& argument : options.argv) {
        plan.argv.push_back(const_cast<char*>(argument.c_str()));
    }
    plan.argv.push_back(nullptr);
    fill_environment(options, plan);
    plan.folder = options.working_directory.empty() ? nullptr : options.working_directory.c_str();
    plan.death_signal = options.death_signal;
    plan.parent = ::getpid();
    return {};
}

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
    Plan plan;
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
    Report report{};
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
    signal(number);
    if (auto status = wait(Clock::now() + grace)) {
        return *status;
    }
    if (running()) {
        ::kill(-pid_, SIGKILL);  // its group, so that children of its own go with it
    }
    // Even a stopped process dies of SIGKILL; only one stuck in the kernel keeps us here.
    while (true) {
        if (auto status = wait(Clock::now() + 1s)) {
            return *status;
        }
    }
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
