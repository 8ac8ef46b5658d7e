// The command line: which command, what flags, and what exit status it comes to.
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
#include <sstream>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
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

/// What CLI11 has to say: help to stdout, faults to stderr, where what was typed is repeated.
int say_of(const CLI::App& app, const CLI::Error& error) {
    std::ostringstream out;
    std::ostringstream complaints;
    const int status = app.exit(error, out, complaints);
    plimsoll::say("{}", out.str());
    plimsoll::say(stderr, "{}", complaints.str());
    return status;
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

int dispatch(int argc, char** argv) {
    CLI::App app("Finds how much load a service carries, and what would give way first.",
                 "plimsoll");
    app.set_version_flag("--version", std::string("plimsoll ") + plimsoll::version());
    app.require_subcommand(1);
    app.footer(
        "Examples:\n"
        "  plimsoll demo\n"
        "  plimsoll run http://127.0.0.1:8080/ -u 50 -d 30s");
    plimsoll::Action action;
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
    plimsoll::add_validate_command(app, action);
    plimsoll::add_schema_command(app, action);
    plimsoll::add_new_command(app, action);
    plimsoll::add_import_command(app, action);
    plimsoll::add_completion_command(app, action);  // last: it tells of all the others
    try {
        app.parse(argc, argv);
    } catch (const CLI::RequiredError& error) {
        // CLI11 would only say that a command is required.
        if (argc > 1 && argv[1][0] != '-' && app.get_subcommands().empty()) {
            plimsoll::say(stderr, "plimsoll: unknown command \"{}\" (plimsoll --help lists them)\n",
                          argv[1]);
        } else {
            say_of(app, error);
        }
        return plimsoll::to_int(plimsoll::ExitCode::InvalidInput);
    } catch (const CLI::ParseError& error) {
        const int status = say_of(app, error);
        return status == 0 ? 0 : plimsoll::to_int(plimsoll::ExitCode::InvalidInput);
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
