#include "run/run_folder.hpp"

#include <cerrno>
#include <cstring>
#include <string>
#include <unistd.h>

namespace plimsoll {
namespace {

Error cannot_make_folder(const std::filesystem::path& folder, const std::string& why) {
    return Error{"cannot create the run folder: " + why, folder.string(),
                 "choose another with --results or --run-dir"};
}

}  // namespace

Status check_run_folder(const std::filesystem::path& folder) {
    std::error_code error;
    if (std::filesystem::exists(folder / "run.db", error)) {
        return cannot_make_folder(folder, "it holds a run already");
    }
    std::filesystem::path there = std::filesystem::absolute(folder, error);
    while (there.has_relative_path() && !std::filesystem::exists(there, error)) {
        there = there.parent_path();
    }
    if (!std::filesystem::is_directory(there, error)) {
        return cannot_make_folder(folder, there.string() + " is no folder");
    }
    if (::access(there.c_str(), W_OK) != 0) {
        return cannot_make_folder(folder, there.string() + ": " + std::strerror(errno));
    }
    return {};
}

Status make_run_folder(const std::filesystem::path& folder) {
    if (Status free = check_run_folder(folder); !free) {
        return free;
    }
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    return error ? cannot_make_folder(folder, error.message()) : Status();
}

}  // namespace plimsoll
