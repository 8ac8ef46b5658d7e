#include "lab/child_start.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <fcntl.h>
#include <grp.h>
#include <string_view>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <system_error>

namespace plimsoll {
namespace {

[[noreturn]] void fail(const ChildPlan& plan, ChildStep step) {
    const ChildReport report{step, errno};
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

void fill_environment(const ChildOptions& options, ChildPlan& plan) {
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

}  // namespace

std::string errno_text(int code) {
    return std::generic_category().message(code);
}

[[noreturn]] void execute(const ChildPlan& plan) {
    ::setpgid(0, 0);
    if (::dup2(plan.in, 0) < 0 || ::dup2(plan.out, 1) < 0 || ::dup2(plan.err, 2) < 0) {
        fail(plan, ChildStep::Streams);
    }
    if (plan.user && !become(*plan.user)) {
        fail(plan, ChildStep::User);
    }
    // After the change of user, which clears it (prctl(2)).
    if (::prctl(PR_SET_PDEATHSIG, plan.death_signal) != 0) {
        fail(plan, ChildStep::Parent);
    }
    // The parent may have ended before the line above; then nobody would ever signal us.
    if (::getppid() != plan.parent) {
        errno = ESRCH;
        fail(plan, ChildStep::Parent);
    }
    if (plan.folder != nullptr && ::chdir(plan.folder) != 0) {
        fail(plan, ChildStep::Folder);
    }
    reset_signals();
    mark_for_closing();
    ::execve(plan.program.c_str(), plan.argv.data(), plan.envp.data());
    fail(plan, ChildStep::Execute);
}

Error explain(const ChildReport& report, const ChildOptions& options) {
    const std::string reason = errno_text(report.code);
    switch (report.step) {
        case ChildStep::User:
            return {"could not become the user " + options.user + ": " + reason, options.argv[0],
                    "changing the user needs root"};
        case ChildStep::Folder:
            return {"could not enter the working folder: " + reason, options.working_directory, {}};
        case ChildStep::Execute:
            return {"could not be started: " + reason, options.argv[0], {}};
        case ChildStep::Streams:
        case ChildStep::Parent:
            break;
    }
    return {"could not be prepared: " + reason, options.argv[0], {}};
}

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

Status fill_plan(const ChildOptions& options, ChildPlan& plan) {
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

}  // namespace plimsoll
