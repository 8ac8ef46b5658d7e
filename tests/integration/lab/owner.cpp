// Owns a child or a PostgreSQL, says which, and waits to be killed.
#include "lab/child_process.hpp"
#include "lab/throwaway_postgres.hpp"

#include <chrono>
#include <cstdio>
#include <string_view>
#include <unistd.h>

using namespace plimsoll;

namespace {

int own_child() {
    ChildOptions options;
    options.argv = {"sleep", "600"};
    const auto child = ChildProcess::spawn(options);
    if (!child) {
        std::printf("failed %s\n", child.error().to_string().c_str());
        return 1;
    }
    std::printf("%d\n", child->pid());
    std::fflush(stdout);
    ::pause();
    return 0;
}

int own_postgres(const char* parent) {
    ThrowawayPostgresOptions options;
    options.parent_folder = parent;
    const auto postgres =
        ThrowawayPostgres::start(options, Clock::now() + std::chrono::seconds(60));
    if (!postgres) {
        std::printf("failed %s\n", postgres.error().to_string().c_str());
        return 1;
    }
    std::printf("%d\n%s\n", postgres->postmaster_pid(), postgres->folder().c_str());
    std::fflush(stdout);
    ::pause();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view what = argc > 1 ? argv[1] : "";
    if (what == "postgres" && argc > 2) {
        return own_postgres(argv[2]);
    }
    return own_child();
}
