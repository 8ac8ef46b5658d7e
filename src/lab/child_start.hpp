// Private to lab: how a child process comes to be, from fork to exec.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "lab/child_process.hpp"
#include "lab/program_lookup.hpp"

#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace plimsoll {

/// Which step between fork and exec failed, sent to the parent through a pipe.
enum class ChildStep : int { Streams, Parent, User, Folder, Execute };
struct ChildReport {
    ChildStep step;
    int code;
};

/// What an error number says.
[[nodiscard]] std::string errno_text(int code);

/// Everything the child needs, made before the fork: after it, in a program with threads, only
/// async-signal-safe calls are allowed, so no allocation.
struct ChildPlan {
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

/// Error: no such program or user. `plan` points into `options`.
[[nodiscard]] Status fill_plan(const ChildOptions& options, ChildPlan& plan);

/// Opens what `output` names. The descriptor to hand to the child is put in `child`; a descriptor
/// above 2 so that the dup2 calls cannot overwrite one another.
[[nodiscard]] Status open_output(const ChildOutput& output, int inherited, Fd& child,
                                 Fd* parent_end);

/// Runs in the child and does not return; what fails goes through `plan.report`.
[[noreturn]] void execute(const ChildPlan& plan);

/// The report as the parent tells it.
[[nodiscard]] Error explain(const ChildReport& report, const ChildOptions& options);

}  // namespace plimsoll
