// The command line: which command, what flags, and what exit status it comes to.
#include "app/commands/command_line.hpp"
#include "app/commands/commands.hpp"
#include "app/console.hpp"
#include "app/exit_code.hpp"
#include "app/version.hpp"
#include "run/memory_reserve.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <exception>
#include <fcntl.h>
#include <new>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

#include <fmt/format.h>

namespace {

/// A user needs a descriptor for its connection: take what the system allows.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/// Whether the few that any command opens can be had; a run looks for its own later.
bool has_descriptors() {
    constexpr std::size_t kFew = 16;
    std::array<int, kFew> tried{};
    bool all = true;
    for (int& fd : tried) {
        fd = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);  // NOLINT: the system's own interface
        all = all && (fd >= 0 || errno != EMFILE);
    }
    for (const int fd : tried) {
        if (fd >= 0) {
            ::close(fd);
        }
    }
    return all;
}

void add_commands(plimsoll::Command& app, plimsoll::Action& action) {
    app.require_subcommand(1);
    app.footer(
        "Examples:\n"
        "  plimsoll demo\n"
        "  plimsoll run http://127.0.0.1:8080/ -u 50 -d 30s");
    plimsoll::add_run_command(app, action);
    plimsoll::add_find_command(app, action);
    plimsoll::add_demo_command(app, action);
    plimsoll::add_lab_command(app, action);
    plimsoll::add_probe_command(app, action);
    plimsoll::add_ui_command(app, action);
    plimsoll::add_report_command(app, action);
    plimsoll::add_compare_command(app, action);
    plimsoll::add_alerts_command(app, action);
    plimsoll::add_merge_command(app, action);
    plimsoll::add_gather_command(app, action);
    plimsoll::add_experiment_command(app, action);
    plimsoll::add_export_command(app, action);
    plimsoll::add_calibrate_command(app, action);
    plimsoll::add_plan_capacity_command(app, action);
    plimsoll::add_deploy_command(app, action);
    plimsoll::add_validate_command(app, action);
    plimsoll::add_schema_command(app, action);
    plimsoll::add_new_command(app, action);
    plimsoll::add_import_command(app, action);
    plimsoll::add_completion_command(app, action);  // last: it tells of all the others
}

int dispatch(int argc, char** argv) {
    plimsoll::CommandLine line(
        "plimsoll", "Finds how much load a service carries, and what would give way first.",
        std::string("plimsoll ") + plimsoll::version());
    plimsoll::Action action;
    add_commands(line.top(), action);
    if (const auto status = line.parse(argc, argv)) {
        return *status;
    }
    raise_descriptor_limit();
    // Whoever read our output has left: no reason to end without results, or with children running.
    std::signal(SIGPIPE, SIG_IGN);
    // A file that may not grow is as good as a full disk: what writes it says so.
    std::signal(SIGXFSZ, SIG_IGN);
    if (!has_descriptors()) {
        plimsoll::say(stderr,
                      "plimsoll: too few file descriptors: fewer than 16 are left "
                      "(raise ulimit -n; 64 are enough for a small run)\n");
        return plimsoll::to_int(plimsoll::ExitCode::InvalidInput);
    }
    plimsoll::install_memory_reserve(plimsoll::to_int(plimsoll::ExitCode::InternalError));
    return action();
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return dispatch(argc, argv);
    } catch (const std::bad_alloc&) {
        plimsoll::say(stderr, "plimsoll: no memory is left\n");
        return plimsoll::to_int(plimsoll::ExitCode::InternalError);
    } catch (const std::exception& error) {
        plimsoll::say(stderr, "plimsoll: internal error: {}\n", error.what());
        return plimsoll::to_int(plimsoll::ExitCode::InternalError);
    }
}
