#include "lab/program_lookup.hpp"
#include "lab/throwaway_postgres.hpp"

#include <array>
#include <chrono>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <optional>
#include <poll.h>
#include <sstream>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <system_error>
#include <thread>

extern "C" {
#include <sys/pidfd.h>  // glibc 2.36 forgot the linkage
}
#include <unistd.h>

namespace plimsoll {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "plimsoll-";
constexpr std::size_t kSuffixLength = 6;
constexpr std::time_t kYoungSeconds = 600;

bool has_our_name(const std::string& name) {
    return name.starts_with(kPrefix) && name.size() == kPrefix.size() + kSuffixLength;
}

/// Our own folders, and for root those handed over to the user PostgreSQL runs as.
bool is_ours(uid_t owner) {
    if (owner == ::geteuid()) {
        return true;
    }
    if (::geteuid() != 0) {
        return false;
    }
    const auto postgres = find_user("postgres");
    return postgres && owner == postgres->uid;
}

/// Line `number` (from 1) of postmaster.pid.
std::string pid_file_line(const std::string& data_folder, int number) {
    std::ifstream file(data_folder + "/postmaster.pid");
    std::string line;
    for (int i = 0; i < number; ++i) {
        if (!std::getline(file, line)) {
            return {};
        }
    }
    return line;
}

/// Whether the process is a postgres that runs from this data folder. A number in a file proves
/// nothing: it may belong to an unrelated process by now.
bool runs_from(pid_t pid, const std::string& data_folder) {
    const std::string process = "/proc/" + std::to_string(pid);
    std::error_code problem;
    const fs::path where = fs::read_symlink(process + "/cwd", problem);
    if (problem || !fs::equivalent(where, data_folder, problem)) {
        return false;
    }
    std::ifstream file(process + "/cmdline", std::ios::binary);
    std::string program;
    std::getline(file, program, '\0');
    return fs::path(program).filename() == "postgres";
}

bool ends_within(int pidfd, int milliseconds) {
    pollfd entry{pidfd, POLLIN, 0};
    return ::poll(&entry, 1, milliseconds) > 0;
}

void stop_postmaster_of(const std::string& data_folder) {
    const pid_t pid =
        static_cast<pid_t>(std::strtol(pid_file_line(data_folder, 1).c_str(), nullptr, 10));
    if (pid <= 1) {
        return;
    }
    // The descriptor first: from then on the number cannot come to mean another process.
    const int pidfd = ::pidfd_open(pid, 0);
    if (pidfd < 0) {
        return;
    }
    if (runs_from(pid, data_folder)) {
        ::pidfd_send_signal(pidfd, SIGQUIT, nullptr, 0);
        if (!ends_within(pidfd, 5000)) {
            ::pidfd_send_signal(pidfd, SIGKILL, nullptr, 0);
            ends_within(pidfd, 5000);
        }
    }
    ::close(pidfd);
}

void remove_folder(const std::string& folder) {
    std::error_code problem;
    for (int attempt = 0; attempt < 50; ++attempt) {
        fs::remove_all(folder, problem);
        if (!problem) {
            return;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

/// True when it was stale and has been removed.
bool sweep(const std::string& folder) {
    struct stat info {};
    if (::lstat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode) || !is_ours(info.st_uid)) {
        return false;
    }
    const int lock = ::open((folder + "/lock").c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (lock < 0) {
        // Its owner died, or is just now, between making the folder and locking it.
        return std::time(nullptr) - info.st_mtime > kYoungSeconds && ::rmdir(folder.c_str()) == 0;
    }
    const bool stale = ::flock(lock, LOCK_EX | LOCK_NB) == 0;
    if (stale) {
        const std::string data = folder + "/data";
        stop_postmaster_of(data);
        remove_orphaned_shared_memory(data);
        remove_folder(folder);
    }
    ::close(lock);
    return stale;
}

}  // namespace

int sweep_stale_folders(const std::string& parent) {
    int removed = 0;
    std::error_code problem;
    fs::directory_iterator entries(parent.empty() ? temp_parent() : parent, problem);
    while (!problem && entries != fs::directory_iterator()) {
        const fs::path path = entries->path();
        entries.increment(problem);
        if (has_our_name(path.filename().string()) && sweep(path.string())) {
            ++removed;
        }
    }
    return removed;
}

void remove_orphaned_shared_memory(const std::string& data_folder) {
    // Line 7 is "key id" of the System V segment (PostgreSQL documentation, "Database File
    // Layout").
    std::istringstream line(pid_file_line(data_folder, 7));
    unsigned long key = 0;
    int id = -1;
    if (!(line >> key >> id) || id < 0) {
        return;
    }
    // The last backends may need a moment to notice that their postmaster is gone.
    for (int attempt = 0; attempt < 100; ++attempt) {
        shmid_ds info{};
        if (::shmctl(id, IPC_STAT, &info) != 0 ||
            static_cast<unsigned long>(static_cast<unsigned>(info.shm_perm.__key)) != key) {
            return;
        }
        if (info.shm_nattch == 0) {
            ::shmctl(id, IPC_RMID, nullptr);
            return;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

}  // namespace plimsoll
